/** The `odoo` adapter over a real Odoo, and a person who works in that Odoo beside it. */
import { createOdooSide } from '../../../src/crm/odoo/adapter.ts';
import { odooConfigSchema } from '../../../src/crm/odoo/config.ts';
import { DEFAULT_RETRY } from '../../../src/http/retry.ts';
import { CONTEXT, type Harness, type Person } from '../../conformance/harness.ts';
import { odooAddress } from './address.ts';
import { startOdooProxy } from './proxy.ts';
import { insertPartners, MORE_EMAILS, openOdooTables } from './tables.ts';

const MODULE = 'sync_conformance';
const EMAILS = ['email', ...MORE_EMAILS];
const PHONES = ['mobile', 'phone'];

export async function odooHarness(): Promise<Harness> {
  const { url, database, login, password } = odooAddress();
  const tables = await openOdooTables(MODULE);
  const { admin, sql, base } = tables;
  const proxy = await startOdooProxy(url);
  const config = odooConfigSchema.parse({
    adapter: 'odoo',
    url: proxy.url,
    ...{ database, login, password },
    domain: [['id', '>', base]],
    externalIdModule: MODULE,
    newRecords: { name: 'without a name' },
    fields: { note: 'comment', emails: { slots: EMAILS }, phones: { slots: PHONES } },
  });
  // A fault must be seen, and not be healed by a second try.
  const side = await createOdooSide(config, CONTEXT, { retry: { ...DEFAULT_RETRY, retries: 0 } });

  const values = ({ name, note, emails, phones }: Person) => ({
    ...(name === undefined ? {} : { name: name ?? 'without a name' }),
    ...(note === undefined ? {} : { comment: note ?? false }),
    ...(emails === undefined ? {} : slots(EMAILS, emails)),
    ...(phones === undefined ? {} : slots(PHONES, phones)),
  });

  const [me] = await admin.call<{ name: string }[]>('res.users', 'read', [[admin.uid], ['name']]);
  return {
    side,
    refusesNul: true,
    person: { id: String(admin.uid), name: me?.name ?? null },
    async insert(person, externalId) {
      const id = await admin.call<number>('res.partner', 'create', [
        { name: 'without a name', ...values(person) },
      ]);
      if (externalId !== undefined)
        await admin.call('ir.model.data', 'create', [
          { module: MODULE, name: `customer_${externalId}`, model: 'res.partner', res_id: id },
        ]);
      return String(id);
    },
    insertMany: (count) => insertPartners(tables, count),
    edit: async (id, person) =>
      void (await admin.call('res.partner', 'write', [[Number(id)], values(person)])),
    remove: async (id) => void (await admin.call('res.partner', 'write', [[Number(id)], { active: false }])),
    async stamp(id) {
      const [row] =
        await sql`select xmin::text || '/' || write_date::text as stamp from res_partner where id = ${id}`;
      return String(row?.stamp);
    },
    async count() {
      const [row] = await sql`select count(*)::int as n from res_partner where id > ${base} and active`;
      return Number(row?.n);
    },
    async editLate(id, { name }) {
      const connection = await sql.reserve();
      await connection`begin`;
      await connection`
        update res_partner set name = ${name ?? null}, write_date = now() at time zone 'UTC' where id = ${id}`;
      return async () => {
        await connection`commit`;
        connection.release();
      };
    },
    breakNextWrite: (when) => proxy.loseNextWrite(when),
    async close() {
      await side.close();
      await proxy.close();
      await tables.close();
    },
  };
}

function slots(fields: readonly string[], texts: readonly string[]): Record<string, string | false> {
  return Object.fromEntries(fields.map((field, at) => [field, texts[at] ?? false]));
}
