/** The engine between a simulated Udesk and a real Odoo. */
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { odooAddress } from '../support/odoo/address.ts';
import { type OdooTables, openOdooTables } from '../support/odoo/tables.ts';
import { createWorld, ourRows, UNITING_FIELDS, type World, type WorldOptions } from '../support/world.ts';

const MODULE = 'sync_engine';

describe.skipIf(inject('odooMissing') !== null)('a pair with a real Odoo', () => {
  let tables: OdooTables;
  let world: World | null = null;

  beforeEach(async () => {
    tables = await openOdooTables(MODULE);
  });
  afterEach(async () => {
    await world?.close();
    world = null;
    await tables.close();
  });

  async function start(options: WorldOptions = {}, more: object = {}): Promise<World> {
    const { url, database, login, password } = odooAddress();
    const crmBlock = {
      ...{ adapter: 'odoo', url, database, login, password },
      domain: [['id', '>', tables.base]],
      externalIdModule: MODULE,
      fields: { emails: { slots: ['email', 'x_email_2', 'x_email_3'] }, note: 'comment' },
      ...more,
    };
    world = await createWorld({ crmBlock, ...options, pair: { fields: UNITING_FIELDS, ...options.pair } });
    return world;
  }
  const partner = (values: object) => tables.admin.call<number>('res.partner', 'create', [values]);
  const partners = () =>
    tables.sql<{ id: number; name: string; email: string | null; comment: string | null; active: boolean }[]>`
      select id, name, email, comment, active from res_partner where id > ${tables.base} order by id`;
  /** Of all rows of Odoo's table: a write of any kind to any of them shows. */
  const touched = async () => {
    const [row] = await tables.sql`
      select max(write_date)::text as latest, md5(string_agg(xmin::text, ',' order by id)) as rows from res_partner`;
    return row;
  };

  test('P4: creates, edits, a conflict and an archived partner; then ten idle cycles touch nothing in Odoo', async () => {
    const han = await partner({ name: 'Han Meimei', email: 'han@example.com', mobile: '139 0000 0002' });
    const { sync, simulator, conflicts } = await start({
      customers: [{ nick_name: 'Li Lei', email: 'li@example.com', cellphones: ['13800000001'] }],
    });
    await sync();
    const [, li] = await partners();
    expect(li).toMatchObject({ name: 'Li Lei', email: 'li@example.com' });
    const customer = simulator.tenant.find('email', 'han@example.com');
    expect(customer?.nick_name).toBe('Han Meimei');

    await tables.admin.call('res.partner', 'write', [[li?.id], { comment: 'calls on Mondays' }]);
    simulator.tenant.edit(customer?.id ?? '', { nick_name: 'Han in Udesk' });
    await tables.admin.call('res.partner', 'write', [[han], { name: 'Han in Odoo' }]);
    await sync();
    expect(simulator.tenant.find('email', 'li@example.com')?.description).toBe('calls on Mondays');
    expect((await conflicts()).map(({ field, state }) => [field, state])).toEqual([['nick_name', 'open']]);

    await tables.admin.call('res.partner', 'write', [[li?.id], { active: false }]);
    expect((await sync()).observed.crm.changed).toBe(1);
    expect(simulator.tenant.find('email', 'li@example.com')).not.toBeNull();

    const before = await touched();
    const writes = simulator.counts().writes;
    for (let cycle = 0; cycle < 10; cycle++) {
      const crm = cycle % 2 === 0 ? 'changes' : 'full';
      expect((await sync({ observe: { udesk: 'full', crm } })).push?.writes).toEqual({ udesk: 0, crm: 0 });
    }
    expect(await touched()).toEqual(before);
    expect(simulator.counts().writes).toBe(writes);
  });

  test('P7: a partner that is hidden from the user of the sync keeps its link, and the cycle goes on', async () => {
    const { sync } = await start({}, await employee(tables));
    const ids = await tables.admin.call<number[]>('res.partner', 'create', [
      [
        { name: 'hidden', email: 'h@example.com' },
        { name: 'gone', email: 'g@example.com' },
        { name: 'stays', email: 's@example.com' },
      ],
    ]);
    await sync();
    const [company] = await tables.admin.call<number[]>('res.company', 'search', [[['id', '!=', 1]]]);
    await tables.admin.call('res.partner', 'write', [[ids[0]], { company_id: company }]);
    await tables.admin.call('res.partner', 'unlink', [[ids[1]]]);
    const { observed } = await sync();
    expect(observed.crm.deleted).toBe(1);
    const states = await ourRows(
      world as World,
      `select remote_id, state from udesk_sync.record where side = 'crm' order by remote_id::int`,
    );
    expect(states.map(({ state }) => state)).toEqual(['live', 'deleted', 'live']);
  });
});

/** An employee of the first company alone, with the right to change contacts. */
async function employee({ admin: { call } }: OdooTables): Promise<object> {
  const login = 'sync_employee';
  const [known] = await call<number[]>('res.users', 'search', [[['login', '=', login]]]);
  const [other] = await call<number[]>('res.company', 'search', [[['name', '=', 'Other company']]]);
  if (other === undefined) await call('res.company', 'create', [{ name: 'Other company' }]);
  if (known === undefined) {
    const names = ['base.group_user', 'base.group_partner_manager'];
    const groups = await Promise.all(
      names.map((name) => call<number>('ir.model.data', 'xmlid_to_res_id', [name])),
    );
    await call('res.users', 'create', [
      {
        name: login,
        login,
        password: login,
        company_id: 1,
        company_ids: [[6, 0, [1]]],
        groups_id: [[6, 0, groups]],
      },
    ]);
  }
  return { login, password: login };
}
