import type postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forget } from '../../../src/engine/forget.ts';
import { previewRevert } from '../../../src/engine/revert.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { addNote } from '../../../src/store/notes.ts';
import { requestRevert } from '../../../src/store/reverts.ts';
import { copyPair, rowsOfPair, tablesOfPairs, takeNextIds } from '../../support/twin-pair.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let sql: postgres.Sql;
afterAll(() => world.close());

const udeskId = (email: string) => world.simulator.tenant.find('email', email)?.id ?? '';
const editCrm = (email: string, name: string) =>
  world.crm`update contact set name = ${name} where ${email} = any(emails)`;

/** Both sides name the person anew before anybody looks. */
async function disagree(email: string): Promise<string> {
  world.simulator.tenant.edit(udeskId(email), { nick_name: `${email} in Udesk` });
  await editCrm(email, `${email} in the CRM`);
  await world.sync();
  const open = (await world.conflicts()).filter(
    ({ state, field }) => state === 'open' && field === 'nick_name',
  );
  return open.at(-1)?.id ?? '';
}

beforeAll(async () => {
  world = await createWorld({
    customers: ['anna', 'bo', 'cy', 'di'].map((name) => ({ nick_name: name, email: `${name}@example.com` })),
    people: [{ name: 'ed', emails: ['ed@example.com'] }],
    pair: { deletes: 'propagate' },
  });
  sql = world.database.sql;
  await world.sync();
  world.simulator.tenant.edit(udeskId('anna@example.com'), { nick_name: 'Anna of Udesk' });
  await world.sync({ readFeeds: true });
  const conflictId = await disagree('bo@example.com');
  const by = { conflictId, who: 'li', at: new Date() };
  await addNote(world.database.db, { ...by, text: 'asked on the phone' });
  await decideConflict(world.database.db, { ...by, take: 'crm', value: null });
  await world.sync();
});

test('every unique key of a table with a pair, and every reference to such a table, begins with the pair', async () => {
  const keys = await sql`
    select c.relname || '.' || k.relname as name, a.attname as first
    from pg_index i join pg_class c on c.oid = i.indrelid join pg_class k on k.oid = i.indexrelid
    left join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
    where c.relnamespace = 'udesk_sync'::regnamespace and i.indisunique
      and exists (select 1 from pg_attribute p where p.attrelid = c.oid and p.attname = 'pair' and not p.attisdropped)`;
  const references = await sql`
    select c.relname || '.' || f.conname as name, a.attname as first, b.attname as referred
    from pg_constraint f join pg_class c on c.oid = f.conrelid
    join pg_attribute a on a.attrelid = f.conrelid and a.attnum = f.conkey[1]
    join pg_attribute b on b.attrelid = f.confrelid and b.attnum = f.confkey[1]
    where c.relnamespace = 'udesk_sync'::regnamespace and f.contype = 'f'`;

  expect(keys.length).toBeGreaterThan(30);
  expect(references.length).toBeGreaterThan(1);
  expect(keys.filter(({ first }) => first !== 'pair').map(({ name }) => name)).toEqual([]);
  expect(references.filter(({ first, referred }) => first !== 'pair' || referred !== 'pair')).toEqual([]);
});

test('tables without a pair are those of all pairs, and no others', async () => {
  const all = await sql`
    select relname from pg_class where relnamespace = 'udesk_sync'::regnamespace and relkind in ('r', 'p')
      and not relispartition order by relname`;
  const ofPairs = await tablesOfPairs(sql);
  expect(all.map(({ relname }) => relname).filter((table) => !ofPairs.includes(table))).toEqual([
    ...['alert', 'alert_channel', 'decision_log', 'idempotency', 'inbox_view', 'migration', 'pair'],
    ...['quota_call', 'replica', 'retention', 'session'],
  ]);
});

test('a row that a person names by its id alone is found by an index', async () => {
  for (const table of ['link', 'conflict', 'run', 'decision', 'parked', 'review_rule']) {
    const plan = await sql.begin(async (tx) => {
      // The tables here are small enough to be read whole.
      await tx`set local enable_seqscan = off`;
      return await tx.unsafe(`explain select * from udesk_sync."${table}" where id = 1`);
    });
    expect(plan.map((line) => line['QUERY PLAN']).join('\n'), table).toContain(`${table}_id`);
  }
});

const viewsOfPairs = async (tx: postgres.ISql) =>
  (
    await tx`select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'pair'
      where c.relnamespace = 'report'::regnamespace and c.relkind = 'v' order by 1`
  ).map(({ relname }) => `report."${relname}"`);

/** What each view of `report`, and `customer_asof`, shows of a pair. */
async function shown(tx: postgres.ISql, pair: string): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const view of [...(await viewsOfPairs(tx)), 'report.customer_asof(now())']) {
    const found = await tx.unsafe(
      `select to_jsonb(v)::text as row from ${view} v where pair = $1 order by 1`,
      [pair],
    );
    all[view] = found.map(({ row }) => String(row));
  }
  return all;
}

test('no view of report mixes rows of two pairs, whatever ids these have', async () => {
  await sql
    .begin(async (tx) => {
      const alone = await shown(tx, 'main');
      await copyPair(tx, 'main', 'twin');
      // What would be mixed up must not be the same on both.
      await tx`update udesk_sync.decision set at = at + interval '1 millisecond' where pair = 'twin'`;
      await tx`delete from udesk_sync.intent where pair = 'twin' and state <> 'settled' or pair = 'twin' and side = 'crm'`;
      const beside = await shown(tx, 'twin');
      for (const view of ['customer', 'customer_history', 'conflict', 'sync_lag', 'link', 'sync_run']) {
        expect(alone[`report."${view}"`]?.length, view).toBeGreaterThan(0);
      }

      expect(await shown(tx, 'main')).toEqual(alone);

      for (const table of (await tablesOfPairs(tx)).reverse()) {
        await tx.unsafe(`delete from udesk_sync."${table}" where pair = 'main'`);
      }
      expect(await shown(tx, 'twin')).toEqual(beside);
      throw new Error('all of it is rolled back');
    })
    .catch((error: Error) => {
      if (error.message !== 'all of it is rolled back') throw error;
    });
});

test('nothing that is done about a pair touches or reads a row of another one that has the same id', async () => {
  const { db } = world.database;
  const { tenant } = world.simulator;
  // A choice and an undo that are still to be carried out, and edits, a creation and a deletion on both sides.
  const conflictId = await disagree('cy@example.com');
  await decideConflict(db, { conflictId, who: 'li', take: 'udesk', value: null, at: new Date() });
  const [anna] = await ourRows(
    world,
    `select id from udesk_sync.link where udesk_id = '${udeskId('anna@example.com')}'`,
  );
  const scope = { link: String(anna?.id) };
  const preview = await previewRevert({ db, clock: () => new Date() }, world.pair.spec, scope, true);
  expect(preview.wishes.length).toBeGreaterThan(0);
  await requestRevert(db, { pair: 'main', who: 'li', scope, at: new Date() }, preview.wishes);
  await copyPair(sql, 'main', 'twin');
  await takeNextIds(sql, 'twin');
  const before = await rowsOfPair(sql, 'twin');
  tenant.create({ nick_name: 'Flo', email: 'flo@example.com' });
  await world.insert({ name: 'Gus', emails: ['gus@example.com'] });
  tenant.edit(udeskId('di@example.com'), { description: 'a note' });
  tenant.delete(udeskId('ed@example.com'));

  expect(await world.sync({ readFeeds: true })).toMatchObject({ outcome: 'done' });
  await disagree('bo@example.com');
  await world.sync();
  await forget(world.engine, {
    ...{ pair: 'main', side: 'udesk', id: udeskId('bo@example.com'), who: 'li', keepOut: true },
  });

  expect(await rowsOfPair(sql, 'twin')).toEqual(before);
  expect(tenant.find('email', 'anna@example.com')?.nick_name).toBe('anna');
  const names = new Map((await world.people()).map(({ emails: [email], name }) => [email, name]));
  expect(Object.fromEntries(names)).toMatchObject({
    'anna@example.com': 'anna',
    'cy@example.com': 'cy@example.com in Udesk',
    'flo@example.com': 'Flo',
  });
  const [open] = await ourRows(
    world,
    `select count(*)::int as n from udesk_sync.intent where pair = 'main' and state <> 'settled' and state <> 'dropped'`,
  );
  expect(open?.n).toBe(0);
});
