/** Authors come with what is read anyway: they cost no call, whoever edited however many records. */
import { expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { createHttpSide } from '../../../src/crm/http/adapter.ts';
import { httpConfigSchema } from '../../../src/crm/http/config.ts';
import { createOdooSide } from '../../../src/crm/odoo/adapter.ts';
import { odooConfigSchema } from '../../../src/crm/odoo/config.ts';
import { createSalesforceSide } from '../../../src/crm/salesforce/adapter.ts';
import { salesforceConfigSchema } from '../../../src/crm/salesforce/config.ts';
import { CONTEXT, readAll } from '../../conformance/harness.ts';
import { startEnvelopeCrm } from '../../support/envelope-crm.ts';
import { FAKE_DATABASE, FAKE_KEY, startFakeJson2 } from '../../support/odoo/fake-json2.ts';
import { startRestCrm } from '../../support/rest-crm.ts';
import { OTHER_USER } from '../../support/salesforce/org.ts';
import { startSalesforce } from '../../support/salesforce/server.ts';

const PEOPLE = 40;

/** All records, those that changed, and one by its id. */
async function readEverything(side: Side): Promise<{ readonly authors: ReadonlySet<string | null> }> {
  const all = await readAll(side.enumerate());
  await readAll(side.changes(all.end.cursor ?? ''));
  await side.read(all.ids[0] ?? '');
  return { authors: new Set(all.records.map(({ lastEdit }) => lastEdit?.name ?? null)) };
}

test.each([
  ['REST', startRestCrm],
  ['envelopes', startEnvelopeCrm],
])('%s: as many calls with authors as without', async (_, start) => {
  const crm = await start();
  const editors = Array.from({ length: PEOPLE }, (_, n) => ({ id: 100 + n, name: `editor ${n}` }));
  for (const editor of editors) crm.people.touch(crm.people.insert({ name: 'x' }), editor);
  const callsOf = async (block: Readonly<Record<string, unknown>>) => {
    crm.requests.length = 0;
    const side = createHttpSide(httpConfigSchema.parse(block), CONTEXT);
    const { authors } = await readEverything(side);
    await side.close();
    return { calls: crm.requests.length, authors: authors.size };
  };
  const { author: _author, ...without } = crm.block;
  const [plain, told] = [await callsOf(without), await callsOf(crm.block)];
  expect(told).toEqual({ calls: plain.calls, authors: PEOPLE });
  expect(plain.authors).toBe(1);
  await crm.close();
});

test('Salesforce: one record costs as many calls as forty', async () => {
  const crm = await startSalesforce();
  const config = salesforceConfigSchema.parse({
    ...crm.block,
    fields: { name: 'LastName' },
    limits: { perMinute: 1_000_000 },
  });
  const side = await createSalesforceSide(config, {
    ...CONTEXT,
    fields: CONTEXT.fields.filter(({ name }) => name === 'name'),
  });
  const calls = async () => {
    crm.requests.length = 0;
    const { authors } = await readEverything(side);
    return { calls: crm.requests.length, authors: [...authors] };
  };
  crm.org.insert('Contact', { LastName: 'one' }, { user: OTHER_USER });
  const one = await calls();
  for (let n = 1; n < PEOPLE; n += 1) crm.org.insert('Contact', { LastName: 'x' }, { user: OTHER_USER });
  expect(await calls()).toEqual(one);
  expect(one.authors).toEqual(['Somebody Else']);
  await side.close();
  await crm.close();
});

test('Odoo: one partner costs as many calls as forty, of forty authors', async () => {
  const odoo = await startFakeJson2();
  const config = odooConfigSchema.parse({
    adapter: 'odoo',
    url: odoo.url,
    database: FAKE_DATABASE,
    login: 'sync@example.com',
    apiKey: FAKE_KEY,
    fields: { emails: { slots: ['email'] }, phones: { slots: ['phone'] }, note: 'comment' },
  });
  const side = await createOdooSide(config, CONTEXT);
  const count = async () => {
    const before = odoo.calls();
    const { authors } = await readEverything(side);
    return { calls: odoo.calls() - before, authors: authors.size };
  };
  odoo.insert({ name: 'one' });
  const one = await count();
  for (let n = 1; n < PEOPLE; n += 1) odoo.insert({ name: 'x' }, [100 + n, `editor ${n}`]);
  expect(await count()).toEqual({ calls: one.calls, authors: PEOPLE });
  expect(one.calls).toBeGreaterThan(0);
  await side.close();
  await odoo.close();
});
