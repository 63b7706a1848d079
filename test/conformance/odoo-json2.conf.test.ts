/** The `odoo` adapter over `/json/2`, as far as its documentation goes. */
import { createOdooSide } from '../../src/crm/odoo/adapter.ts';
import { odooConfigSchema } from '../../src/crm/odoo/config.ts';
import { DEFAULT_RETRY } from '../../src/http/retry.ts';
import { FAKE_DATABASE, FAKE_KEY, FAKE_PERSON, startFakeJson2 } from '../support/odoo/fake-json2.ts';
import { CONTEXT, type Harness, type Person } from './harness.ts';
import { describeSide } from './suite.ts';

const EMAILS = ['email', 'x_email_2', 'x_email_3'];
const PHONES = ['phone', 'x_phone_2'];

async function json2Harness(): Promise<Harness> {
  const odoo = await startFakeJson2();
  const config = odooConfigSchema.parse({
    adapter: 'odoo',
    url: odoo.url,
    database: FAKE_DATABASE,
    login: 'sync@example.com',
    apiKey: FAKE_KEY,
    newRecords: { name: 'without a name' },
    fields: { note: 'comment', emails: { slots: EMAILS }, phones: { slots: PHONES } },
  });
  // A fault must be seen, and not be healed by a second try.
  const side = await createOdooSide(config, CONTEXT, { retry: { ...DEFAULT_RETRY, retries: 0 } });
  const slots = (fields: readonly string[], texts: readonly string[]) =>
    Object.fromEntries(fields.map((field, at) => [field, texts[at] ?? false]));
  const values = ({ name, note, emails, phones }: Person) => ({
    ...(name === undefined ? {} : { name: name ?? 'without a name' }),
    ...(note === undefined ? {} : { comment: note ?? false }),
    ...(emails === undefined ? {} : slots(EMAILS, emails)),
    ...(phones === undefined ? {} : slots(PHONES, phones)),
  });
  return {
    side,
    refusesNul: true,
    person: { id: String(FAKE_PERSON[0]), name: FAKE_PERSON[1] },
    async insert(person, externalId) {
      const { id } = odoo.insert({ name: 'without a name', ...values(person) });
      const row = { module: config.externalIdModule, model: 'res.partner', res_id: id };
      if (externalId !== undefined)
        odoo.externalIds.push({ ...row, id: odoo.externalIds.length + 2, name: `customer_${externalId}` });
      return String(id);
    },
    insertMany: async (count) =>
      Array.from({ length: count }, (_, at) => String(odoo.insert({ name: `person ${at}` }).id)),
    edit: async (id, person) => odoo.edit(Number(id), values(person)),
    remove: async (id) => odoo.edit(Number(id), { active: false }),
    stamp: async (id) => `${odoo.writes()}/${JSON.stringify(odoo.partners.get(Number(id)))}`,
    count: async () => [...odoo.partners.values()].filter(({ active }) => active === true).length,
    breakNextWrite: (when) => odoo.faults.push({ kind: when === 'before-commit' ? 'given-up' : 'cut-after' }),
    async close() {
      await side.close();
      await odoo.close();
    },
  };
}

describeSide('odoo by /json/2, against its documentation', json2Harness);
