/** Keeps the calls of a create in docs/scaling.md true: they decide how long filling an empty CRM takes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import type { AdapterContext } from '../../../src/crm/definition.ts';
import { createHttpSide } from '../../../src/crm/http/adapter.ts';
import { httpConfigSchema } from '../../../src/crm/http/config.ts';
import { createHubspotSide } from '../../../src/crm/hubspot/adapter.ts';
import { hubspotConfigSchema } from '../../../src/crm/hubspot/config.ts';
import { createOdooSide } from '../../../src/crm/odoo/adapter.ts';
import { odooConfigSchema } from '../../../src/crm/odoo/config.ts';
import { createSalesforceSide } from '../../../src/crm/salesforce/adapter.ts';
import { salesforceConfigSchema } from '../../../src/crm/salesforce/config.ts';
import { CONTEXT, person } from '../../conformance/harness.ts';
import { startHubspotCrm } from '../../support/hubspot-crm.ts';
import { FAKE_DATABASE, FAKE_KEY, startFakeJson2 } from '../../support/odoo/fake-json2.ts';
import { startRestCrm } from '../../support/rest-crm.ts';
import { startSalesforce } from '../../support/salesforce/server.ts';

interface Opened {
  readonly side: Side;
  readonly crm: { close(): Promise<void> };
}

const SIDES: Readonly<Record<string, (context: AdapterContext) => Promise<Opened>>> = {
  async odoo(context) {
    const crm = await startFakeJson2();
    const fields = {
      note: 'comment',
      emails: { slots: ['email', 'x_email_2'] },
      phones: { slots: ['phone', 'x_phone_2'] },
    };
    const account = { database: FAKE_DATABASE, login: 'sync@example.com', apiKey: FAKE_KEY };
    const config = odooConfigSchema.parse({ adapter: 'odoo', url: crm.url, ...account, fields });
    return { crm, side: await createOdooSide(config, context) };
  },
  async http(context) {
    const crm = await startRestCrm();
    return { crm, side: createHttpSide(httpConfigSchema.parse(crm.block), context) };
  },
  async salesforce(context) {
    const crm = await startSalesforce();
    return { crm, side: await createSalesforceSide(salesforceConfigSchema.parse(crm.block), context) };
  },
  async hubspot(context) {
    const crm = await startHubspotCrm();
    return { crm, side: await createHubspotSide(hubspotConfigSchema.parse(crm.block), context) };
  },
};

const someone = (email: string) => person({ name: 'Wang', emails: [email], phones: ['13812345678'] });
const scaling = readFileSync(fileURLToPath(new URL('../../../docs/scaling.md', import.meta.url)), 'utf8');

test.each(Object.keys(SIDES))('%s is asked as often for a create as docs/scaling.md says', async (name) => {
  let calls = 0;
  const onAttempt = () => {
    calls += 1;
  };
  const { side, crm } = await (SIDES[name] as (typeof SIDES)[string])({ ...CONTEXT, onAttempt });
  const counted = async (work: () => Promise<unknown>): Promise<number> => {
    const before = calls;
    await work();
    return calls - before;
  };
  try {
    // Whatever it learns once.
    await side.lookup('email', 'nobody@example.com');
    await side.create({ marker: '1', patch: someone('li@example.com') });
    const looked = await counted(async () => {
      expect(await side.lookup('email', 'wang@example.com')).toEqual([]);
      expect(await side.lookup('cellphone', '13900000000')).toEqual([]);
    });
    const created = await counted(() => side.create({ marker: '2', patch: someone('wang@example.com') }));
    const row = new RegExp(`^\\| C \\| \`${name}\` \\| (\\d) \\| (\\d) \\|`, 'm').exec(scaling);
    expect([looked, created]).toEqual([Number(row?.[1]), Number(row?.[2])]);
  } finally {
    await side.close();
    await crm.close();
  }
});
