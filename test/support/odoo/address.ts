/** Where the Odoo of the tests answers: as `start.sh` makes it, unless the environment says otherwise. */
export interface OdooAddress {
  readonly url: string;
  readonly database: string;
  readonly login: string;
  readonly password: string;
  /** Odoo's own Postgres, for what no API can do: a transaction that stays open, a time to the microsecond. */
  readonly postgresUrl: string;
}

export function odooAddress(env: Readonly<Record<string, string | undefined>> = process.env): OdooAddress {
  return {
    url: env.ODOO_URL ?? 'http://127.0.0.1:8079',
    database: env.ODOO_DATABASE ?? 'crm14',
    login: env.ODOO_LOGIN ?? 'admin',
    password: env.ODOO_PASSWORD ?? 'admin',
    postgresUrl: env.ODOO_POSTGRES_URL ?? 'postgres://odoo:odoo@127.0.0.1:55433/crm14',
  };
}
