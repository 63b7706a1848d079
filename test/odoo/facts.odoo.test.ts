/** What is known of a real Odoo and breaks a naive sync, each shown against one. */
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import type { Side } from '../../src/crm/adapter.ts';
import type { AdapterContext } from '../../src/crm/definition.ts';
import { createOdooSide } from '../../src/crm/odoo/adapter.ts';
import { odooConfigSchema } from '../../src/crm/odoo/config.ts';
import { DEFAULT_RETRY } from '../../src/http/retry.ts';
import {
  CONTEXT,
  failure,
  mustRead,
  person,
  readAll,
  scalar,
  setWrite,
  texts,
} from '../conformance/harness.ts';
import { odooAddress } from '../support/odoo/address.ts';
import { type OdooPerson, odooPerson } from '../support/odoo/person.ts';
import { type OdooTables, openOdooTables } from '../support/odoo/tables.ts';

const MODULE = 'sync_facts';
const FIELDS: AdapterContext = {
  ...CONTEXT,
  fields: [
    ...CONTEXT.fields.filter(({ name }) => name !== 'note'),
    { name: 'tags', shape: 'set', equivalence: 'text' },
    { name: 'owner', shape: 'scalar', equivalence: 'email' },
    { name: 'organization', shape: 'scalar', equivalence: 'text' },
  ],
};

describe.skipIf(inject('odooMissing') !== null)('a real Odoo', () => {
  let tables: OdooTables;
  let admin: OdooPerson;
  const open: Side[] = [];

  beforeEach(async () => {
    tables = await openOdooTables(MODULE);
    admin = tables.admin;
  });
  afterEach(async () => {
    for (const side of open.splice(0)) await side.close();
    await tables.close();
  });

  async function connect(more: object = {}, totalMs = 90_000): Promise<Side> {
    const { url, database, login, password } = odooAddress();
    const config = odooConfigSchema.parse({
      ...{ adapter: 'odoo', url, database, login, password },
      domain: [['id', '>', tables.base]],
      externalIdModule: MODULE,
      limits: { concurrency: 20 },
      ...more,
    });
    const retry = { ...DEFAULT_RETRY, retries: 0 };
    const side = await createOdooSide(config, FIELDS, { retry, timeouts: { headersMs: totalMs, totalMs } });
    open.push(side);
    return side;
  }

  /** Holds every write to this table back until the returned function is called. */
  async function hold(table: 'mail_message' | 'ir_model_data'): Promise<() => Promise<void>> {
    const connection = await tables.sql.reserve();
    await connection`begin`;
    await connection`lock table ${connection(table)} in share mode`;
    return async () => {
      await connection`commit`;
      connection.release();
    };
  }
  const waiting = async () => {
    const [row] =
      await tables.sql`select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'`;
    return Number(row?.n);
  };

  test('1,500 partners created in one slow transaction all arrive, though later ones were seen first', async () => {
    const side = await connect();
    const naive = await connect({ overlapMs: 0 });
    let cursor = (await readAll(side.enumerate())).end.cursor ?? '';
    let naiveCursor = (await readAll(naive.enumerate())).end.cursor ?? '';
    const seen = new Set<string>();
    const naiveSeen = new Set<string>();
    const poll = async () => {
      const found = await readAll(side.changes(cursor));
      cursor = found.end.cursor ?? '';
      for (const id of found.ids) seen.add(id);
      const late = await readAll(naive.changes(naiveCursor));
      naiveCursor = late.end.cursor ?? '';
      for (const id of late.ids) naiveSeen.add(id);
    };

    const release = await hold('mail_message');
    const rows = Array.from({ length: 1_500 }, (_, at) => ({ name: `slow ${at}` }));
    const slow = admin.call<number[]>('res.partner', 'create', [rows]);
    await vi.waitFor(async () => expect(await waiting()).toBeGreaterThan(0), {
      timeout: 60_000,
      interval: 100,
    });
    const begun = Date.now();
    // Past the chatter, so not held back: committed before the slow ones, and stamped after them.
    const [quick] = await tables.sql`
      insert into res_partner (name, active, type, partner_share, write_date)
      values ('quick', true, 'contact', true, now() at time zone 'UTC') returning id::text`;
    await vi.waitFor(
      async () => {
        await poll();
        expect(Date.parse(naiveCursor)).toBeGreaterThan(begun + 1_000);
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(seen).toEqual(new Set([quick?.id]));
    await release();
    const created = (await slow).map(String);
    await poll();

    expect(created).toHaveLength(1_500);
    expect(created.filter((id) => !seen.has(id))).toEqual([]);
    // The same look without an overlap: what this protects from.
    expect(created.filter((id) => naiveSeen.has(id))).toEqual([]);
  });

  test('P5: time-outs during many creates at once make no double, whether they were done or not', async () => {
    const hasty = await connect({}, 1_500);
    const patient = await connect();
    const requests = Array.from({ length: 8 }, (_, at) => ({
      patch: person({ name: `lost ${at}`, emails: [`lost${at}@example.com`] }),
      marker: `lost-${at}`,
    }));
    const release = await hold('ir_model_data');
    const errors = await Promise.all(requests.map((one) => failure(hasty.create(one))));
    expect(new Set(errors.map(({ kind }) => kind))).toEqual(new Set(['ambiguous']));
    // Nothing is there yet, and all of it is still under way: a second create now is what makes doubles elsewhere.
    expect(await patient.lookup('token', 'lost-0')).toEqual([]);
    const again = Promise.all(requests.map((one) => patient.create(one)));
    await vi.waitFor(async () => expect(await waiting()).toBeGreaterThan(8), {
      timeout: 20_000,
      interval: 100,
    });
    await release();
    const made = await again;

    expect(new Set(made.map(({ id }) => id)).size).toBe(8);
    const { ids } = await readAll(patient.enumerate());
    expect(new Set(ids)).toEqual(new Set(made.map(({ id }) => id)));
    expect(ids).toHaveLength(8);
    expect(made.map(({ externalId }) => externalId)).toEqual(requests.map(({ marker }) => marker));
  });

  test('P5: eight callers with one marker make one partner, and one tag', async () => {
    const sides = await Promise.all(Array.from({ length: 8 }, () => connect()));
    const request = { patch: person({ name: 'one', tags: ['eight callers'] }), marker: 'm' };
    const made = await Promise.all(sides.map((side) => side.create(request)));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    const category = 'res.partner.category';
    const tags = await admin.call<number[]>(category, 'search', [[['name', '=', 'eight callers']]]);
    expect(tags).toHaveLength(1);
    await admin.call(category, 'unlink', [tags]);
  });

  test('a create that finds its marker leaves alone what a person made of the partner', async () => {
    const side = await connect();
    const request = { patch: person({ name: 'as sent' }), marker: 'm' };
    const { id } = await side.create(request);
    await admin.call('res.partner', 'write', [[Number(id)], { name: 'by a person' }]);
    expect((await side.create(request)).fields.name).toBe('by a person');
  });

  test('P7: a partner that moves to a company which the sync may not see is refused, and not taken for deleted', async () => {
    const other = await otherCompany(admin);
    const side = await connect(await restricted(admin));
    const id = await admin.call<number>('res.partner', 'create', [{ name: 'Han' }]);
    expect(await side.read(String(id))).not.toBeNull();
    await admin.call('res.partner', 'write', [[id], { company_id: other }]);

    const refused = await failure(side.read(String(id)));
    expect(refused).toMatchObject({ kind: 'rejected', details: { code: 'hidden', record: String(id) } });
    expect(refused.message).not.toContain('Han');
    expect((await readAll(side.enumerate())).ids).toEqual([]);
    expect(await side.read('999999999')).toBeNull();
  });

  test('where archived counts as live, only what was deleted for good is gone', async () => {
    const side = await connect({ archived: 'live' });
    const [kept, gone] = await admin.call<number[]>('res.partner', 'create', [
      [{ name: 'kept' }, { name: 'gone' }],
    ]);
    await admin.call('res.partner', 'write', [[kept], { active: false }]);
    await admin.call('res.partner', 'unlink', [[gone]]);
    const { ids, deletedIds } = await readAll(side.enumerate());
    expect([ids, deletedIds]).toEqual([[String(kept)], []]);
    expect(await side.read(String(gone))).toBeNull();
    expect((await side.check()).count).toBe(1);
    await side.delete(String(kept));
    expect(await side.read(String(kept))).toBeNull();
    await side.delete(String(kept));
  });

  test('a merge in Odoo moves the external id: the survivor is found by both', async () => {
    const side = await connect();
    const one = await side.create({
      patch: person({ name: 'one', emails: ['m@example.com'] }),
      marker: 'one',
    });
    const two = await side.create({ patch: person({ name: 'two', phones: ['13800138000'] }), marker: 'two' });
    const wizard = 'base.partner.merge.automatic.wizard';
    const ids = [[6, 0, [Number(one.id), Number(two.id)]]];
    const merge = await admin.call<number>(wizard, 'create', [
      { state: 'selection', partner_ids: ids, dst_partner_id: Number(one.id) },
    ]);
    await admin.call(wizard, 'action_merge', [[merge]]);
    expect(await side.read(two.id)).toBeNull();
    expect((await side.lookup('token', 'two')).map(({ id }) => id)).toEqual([one.id]);
    const survivor = await mustRead(side, one.id);
    expect(survivor.externalId).toBe('one');
    expect(texts(survivor, 'phones')).toEqual(['13800138000']);
  });

  test('tags are categories, the owner is the salesperson, the organization the company; language and country are left alone', async () => {
    const side = await connect();
    const [company] = await admin.call<number[]>('res.partner', 'create', [
      [{ name: 'Acme Ltd', is_company: true }],
    ]);
    const id = await admin.call<number>('res.partner', 'create', [{ name: 'Han', lang: false }]);
    const current = await mustRead(side, String(id));
    expect(current.fields).toMatchObject({ tags: [], owner: null, organization: null });
    const patch = {
      tags: setWrite([], { add: ['Gold customer'] }),
      owner: scalar(null, 'ADMIN@example.com'),
      organization: scalar(null, 'acme ltd'),
    };
    const refused = await failure(side.update({ id: String(id), current, patch }));
    // Names of companies are compared as they are written: never guessed.
    expect(refused).toMatchObject({ kind: 'rejected', details: { field: 'organization', code: 'word' } });
    const exact = { ...patch, organization: scalar(null, 'Acme Ltd') };
    const after = await side.update({ id: String(id), current, patch: exact });
    expect(after.fields).toMatchObject({ owner: 'admin@example.com', organization: 'Acme Ltd' });
    expect(texts(after, 'tags')).toEqual(['Gold customer']);
    const [row] = await admin.call<Record<string, unknown>[]>('res.partner', 'read', [
      [id],
      ['lang', 'country_id', 'parent_id', 'category_id'],
    ]);
    expect(row).toMatchObject({ lang: false, country_id: false, parent_id: [company, 'Acme Ltd'] });
    const list = after.fields.tags;
    if (!Array.isArray(list)) throw new Error('tags are a set');
    const without = { tags: setWrite(list, { remove: [...list] }) };
    expect((await side.update({ id: String(id), current: after, patch: without })).fields.tags).toEqual([]);
    await admin.call('res.partner.category', 'unlink', [row?.category_id]);
  });

  test('a salesperson that two share, or nobody is, is never guessed', async () => {
    const side = await connect();
    const create = (owner: string) =>
      failure(side.create({ patch: person({ name: 'x', owner }), marker: owner }));
    expect(await create('nobody@example.com')).toMatchObject({
      kind: 'rejected',
      details: { field: 'owner' },
    });
    expect((await readAll(side.enumerate())).ids).toEqual([]);
  });

  test('a user without the right to create is told so by check, and nothing is sent that Odoo would refuse', async () => {
    const side = await connect(await restricted(admin, []));
    const { findings } = await side.check();
    expect(findings).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        message: expect.stringContaining('may not create, write'),
      }),
    );
    // To such a user Odoo says of every field that it is only to be read.
    expect(side.manifest.readOnlyFields).toEqual(side.manifest.fields);
    const refused = await failure(side.create({ patch: person({ name: 'Han Meimei' }), marker: 'm' }));
    expect(refused).toMatchObject({ kind: 'config', details: { field: 'name' } });
    expect(refused.message).not.toContain('Han');
  });

  test('a user with "Contact Creation" and nothing more can do all that is needed', async () => {
    const side = await connect(await restricted(admin));
    const { findings } = await side.check();
    expect(findings.filter(({ level }) => level !== 'info')).toEqual([]);
    const made = await side.create({
      patch: person({ name: 'Han', emails: ['h@example.com'] }),
      marker: 'm',
    });
    const after = await side.update({ id: made.id, current: made, patch: { name: scalar('Han', 'Han 2') } });
    expect(after).toMatchObject({ externalId: 'm', fields: { name: 'Han 2' } });
    await side.delete(made.id);
    expect(await side.read(made.id)).toBeNull();
  });

  test('a wrong password is told as such, without it', async () => {
    const error = await failure(connect({ password: 'not-the-password' }));
    expect(error).toMatchObject({ kind: 'auth', details: { pair: 'test', side: 'crm' } });
    expect(JSON.stringify([error.message, error.details])).not.toContain('not-the-password');
    expect((await failure(connect({ database: 'nowhere' }))).kind).toBe('config');
  });

  test('what does not fit to this Odoo is told at once, each with its key', async () => {
    const fields = { name: 'nmae', owner: { ref: 'user_id', by: 'shoe_size' } };
    const error = await failure(connect({ fields, newRecords: { x_missing: 1 } }));
    expect(error.kind).toBe('config');
    expect(error.message.split('\n')).toEqual([
      expect.stringContaining('crm.fields.name'),
      expect.stringContaining('crm.newRecords.x_missing'),
      expect.stringContaining('crm.fields.owner.by'),
    ]);
  });
});

async function otherCompany({ call }: OdooPerson): Promise<number> {
  const [known] = await call<number[]>('res.company', 'search', [[['name', '=', 'Other company']]]);
  return known ?? (await call('res.company', 'create', [{ name: 'Other company' }]));
}

/** An employee of the first company, with these rights besides. */
async function restricted(
  { call }: OdooPerson,
  rights: readonly string[] = ['base.group_partner_manager'],
): Promise<object> {
  const login = rights.length === 0 ? 'sync_reader' : 'sync_writer';
  const [known] = await call<number[]>('res.users', 'search', [[['login', '=', login]]]);
  if (known === undefined) {
    const groups = await Promise.all(
      ['base.group_user', ...rights].map((name) => call<number>('ir.model.data', 'xmlid_to_res_id', [name])),
    );
    await call('res.users', 'create', [
      {
        name: login,
        login,
        password: login,
        email: `${login}@example.com`,
        company_id: 1,
        company_ids: [[6, 0, [1]]],
        groups_id: [[6, 0, groups]],
      },
    ]);
  }
  await odooPerson({ login, password: login });
  return { login, password: login };
}
