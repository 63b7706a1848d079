import { afterEach, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import {
  type Analyst,
  addAgents,
  addFeeds,
  answerTo,
  createAnalyst,
  headings,
  readFeedsOf,
} from '../../support/reporting.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let analyst: Analyst;
/** By name. */
let ids: Map<string, string>;
afterEach(async () => {
  await analyst.close();
  await world.close();
});

/** Four customers in step with a CRM; two agents. */
async function start(): Promise<void> {
  world = await createWorld({
    customers: [
      { nick_name: 'Ann', email: 'ann@example.com', level: 'vip', owner_id: 8 },
      { nick_name: 'Bob', email: 'bob@example.com', level: 'normal', owner_id: 8 },
      { nick_name: 'Cid', email: 'cid@example.com', level: 'vip', owner_id: 12 },
      { nick_name: 'Dee', email: 'dee@example.com', level: 'normal' },
    ],
  });
  analyst = await createAnalyst(world.database);
  await world.sync();
  await addAgents(world.database);
  ids = new Map(world.simulator.tenant.list().map(({ id, nick_name }) => [nick_name, id]));
}

const id = (name: string) => ids.get(name) ?? '';
const ask = (question: string) => analyst.ask(answerTo(question));

/** Both sides change one name. */
async function conflictOf(name: string): Promise<void> {
  world.simulator.tenant.edit(id(name), { nick_name: `${name} U` });
  await world.crm`update contact set name = ${`${name} C`} where name = ${name}`;
  await world.sync();
}

test('customers by owner', async () => {
  await start();
  expect(await ask('How many customers does each agent own?')).toEqual([
    { owner: 'Tom', customers: '2', vips: '1' },
    { owner: 'nobody', customers: '1', vips: '0' },
    { owner: '王芳', customers: '1', vips: '1' },
  ]);
});

test('VIPs with open conflicts, without the customers and conflicts that are neither', async () => {
  await start();
  for (const name of ['Ann', 'Bob', 'Cid']) await conflictOf(name);
  const ofCid = (await world.conflicts()).find(({ udeskId }) => udeskId === id('Cid'));
  await decideConflict(world.database.db, {
    conflictId: ofCid?.id ?? '',
    who: 'reviewer',
    take: 'crm',
    value: null,
    at: new Date(),
  });
  await world.sync();
  expect(await ask('Which VIPs have open conflicts?')).toMatchObject([
    {
      udesk_id: id('Ann'),
      nick_name: 'Ann U',
      owner_name: 'Tom',
      field: 'nick_name',
      udesk: 'Ann U',
      crm: 'Ann C',
    },
  ]);
});

test('the median time from an edit to its arrival, per side', async () => {
  await start();
  for (const [name, seconds] of [
    ['Ann', 2],
    ['Bob', 4],
    ['Cid', 60],
  ] as const) {
    await world.crm`update contact set note = ${`note of ${name}`} where name = ${name}`;
    await world.sync();
    // The clock of the cycles is real; what the question measures is put in its place.
    await world.database.sql`
      update udesk_sync.intent i set settled_at = o.at + ${`${seconds} seconds`}::interval
      from udesk_sync.observation o
      where i.settled_at is not null and o.side = 'crm' and o.delta -> 'note' ->> 1 = ${`note of ${name}`}
        and i.patch -> 'description' ->> 'after' = ${`note of ${name}`}`;
  }
  const rows = await ask('How long does an edit take to arrive?');
  expect(rows).toEqual([{ target: 'udesk', writes: '3', median: '00:00:04', slow: expect.any(String) }]);
});

test('tickets and calls per customer and month', async () => {
  await start();
  const item = (kind: string, n: number, name: string, seen: string) => ({
    kind,
    id: String(n),
    udeskId: id(name),
    seen,
  });
  await addFeeds(world.database, [
    item('Ticket', 1, 'Ann', '2026-03-01T10:00:00Z'),
    item('Ticket', 2, 'Ann', '2026-03-30T10:00:00Z'),
    item('CallLog', 1, 'Ann', '2026-03-02T10:00:00Z'),
    item('CallLog', 2, 'Ann', '2026-04-02T10:00:00Z'),
    { ...item('Ticket', 3, 'Bob', '2026-04-20T10:00:00Z'), at: '2026-03-15T10:00:00Z' },
    item('ImSubSession', 1, 'Bob', '2026-04-20T10:00:00Z'),
  ]);
  const rows = await ask('How many tickets and calls had each customer, by month?');
  const expected = [
    { udesk_id: id('Ann'), nick_name: 'Ann', month: '2026-03-01', tickets: '2', calls: '1' },
    { udesk_id: id('Bob'), nick_name: 'Bob', month: '2026-03-01', tickets: '1', calls: '0' },
    { udesk_id: id('Ann'), nick_name: 'Ann', month: '2026-04-01', tickets: '0', calls: '1' },
  ];
  expect(rows.map(({ month, ...row }) => ({ ...row, month: day(month) }))).toEqual(
    expect.arrayContaining(expected),
  );
  expect(rows).toHaveLength(expected.length);
});

test('what changed last week, and who changed it', async () => {
  await start();
  world.simulator.tenant.edit(id('Dee'), { level: 'vip' }, { id: 13, nick_name: '李雷' });
  await world.sync();
  await world.crm`update contact set note = 'called' where name = 'Bob'`;
  await world.sync();
  await readFeedsOf(world, id('Dee'));
  await world.database.sql`
    insert into udesk_sync.observation (pair, side, remote_id, delta, lane, at)
    values ('main', 'udesk', ${id('Ann')}, '{"level": ["normal", "vip"]}', 'sweep', now() - interval '8 days')`;
  const rows = await ask('What changed last week, and who changed it?');
  expect(rows.map(({ side, udesk_id, field, new: now, who }) => [side, udesk_id, field, now, who])).toEqual([
    ['udesk', id('Dee'), 'level', 'vip', '李雷'],
    ['crm', id('Dee'), 'tier', 'gold', 'udesk-sync'],
    ['crm', id('Bob'), 'note', 'called', 'unknown'],
    ['udesk', id('Bob'), 'description', 'called', 'udesk-sync'],
  ]);
});

test('every other query that the document shows runs, too', async () => {
  await start();
  const questions = headings().filter((heading) => heading.endsWith('?'));
  expect(questions.length).toBeGreaterThanOrEqual(8);
  for (const question of questions) await ask(question);
  expect(await ask('Can the numbers be trusted now?')).toMatchObject([
    { side: 'udesk', live_records: '4', total_on_side: 4 },
    { side: 'crm', live_records: '4' },
  ]);
});

/** The driver gives a date as midnight UTC. */
function day(value: unknown): string {
  return value instanceof Date ? value.toISOString().slice(0, 10) : String(value);
}
