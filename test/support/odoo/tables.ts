/** The partners that a test makes: rows beyond those that were there before, gone again before the next test. */
import postgres from 'postgres';
import { odooAddress } from './address.ts';
import { type OdooPerson, odooPerson } from './person.ts';

export interface OdooTables {
  readonly admin: OdooPerson;
  /** Odoo's own database. */
  readonly sql: postgres.Sql;
  /** Partners of this test have higher ids. */
  readonly base: number;
  close(): Promise<void>;
}

/** Custom fields of the test database: more e-mail addresses, as people add them in Odoo. */
export const MORE_EMAILS = ['x_email_2', 'x_email_3'] as const;

/** @param module prefix of the external ids of this test */
export async function openOdooTables(module: string): Promise<OdooTables> {
  const admin = await odooPerson();
  const sql = postgres(odooAddress().postgresUrl, { max: 3, onnotice: () => {} });
  await addFields(admin);
  const [row] = await sql`select coalesce(max(id), 0)::int as last from res_partner`;
  const base = (row?.last as number) ?? 0;
  return {
    admin,
    sql,
    base,
    async close() {
      await sql`delete from ir_model_data where module = ${module}`;
      await sql`update res_partner set parent_id = null, commercial_partner_id = null where id > ${base}`;
      // Users and companies stay, and so do the partners that they are.
      await sql`
        delete from res_partner where id > ${base}
          and id not in (select partner_id from res_users union select partner_id from res_company)`;
      await sql.end();
    },
  };
}

async function addFields({ call }: OdooPerson): Promise<void> {
  const domain = [
    ['model', '=', 'res.partner'],
    ['name', 'in', MORE_EMAILS],
  ];
  const known = await call<{ name: string }[]>('ir.model.fields', 'search_read', [domain, ['name']]);
  const [model] = await call<number[]>('ir.model', 'search', [[['model', '=', 'res.partner']]]);
  for (const name of MORE_EMAILS) {
    if (known.some((field) => field.name === name)) continue;
    await call('ir.model.fields', 'create', [
      { name, model_id: model, ttype: 'char', field_description: name, state: 'manual' },
    ]);
  }
}

/** As an import that goes past the ORM leaves them: many at once, in one transaction. */
export async function insertPartners({ sql }: OdooTables, count: number): Promise<string[]> {
  const rows = await sql`
    insert into res_partner (name, display_name, active, type, is_company, partner_share, lang, color,
                             create_uid, create_date, write_uid, write_date)
    select 'person ' || n, 'person ' || n, true, 'contact', false, true, 'en_US', 0,
           2, now() at time zone 'UTC', 2, now() at time zone 'UTC'
    from generate_series(1, ${count}) n returning id::text`;
  return rows.map(({ id }) => id as string);
}
