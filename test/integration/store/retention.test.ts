import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKeeper } from '../../../src/daemon/keeper.ts';
import type { Database } from '../../../src/store/database.ts';
import { saveHistory } from '../../../src/store/feeds.ts';
import { erasePerson } from '../../../src/store/forget.ts';
import { monthPartitions, strayMonths } from '../../../src/store/partitions.ts';
import { lookAfterHistory } from '../../../src/store/retention.ts';
import { knownBefore } from '../../../src/store/witnesses.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';

const MONTHS = { observation: 3, feed: 3, run: 1 };
const at = (text: string) => new Date(`${text}T12:00:00.000Z`);

let ours: TestDatabase;
let database: Database;

beforeEach(async () => {
  ours = await createTestDatabase();
  database = await ours.open();
});
afterEach(() => ours.drop());

const look = (day: string, how: { allowed?: boolean; force?: boolean } = {}) =>
  lookAfterHistory(database.db, MONTHS, { now: at(day), ...how });

async function observe(...days: string[]): Promise<void> {
  for (const day of days) {
    await database.sql`insert into udesk_sync.observation (pair, side, remote_id, delta, lane, at)
      values ('main', 'udesk', '1', '{"nick_name": ["a", "b"]}', 'sweep', ${`${day}T12:00:00Z`})`;
  }
}

async function observed(): Promise<string[]> {
  const found =
    await database.sql`select to_char(at at time zone 'UTC', 'YYYY-MM-DD') as day from udesk_sync.observation order by at`;
  return found.map(({ day }) => String(day));
}

const months = async () => (await monthPartitions(database.db, 'observation')).map(({ month }) => month);

/** Days after the one that a first look is made on, so that time has moved on as it does. */
async function lookDaily(from: string, days: number): Promise<void> {
  for (let n = 0; n <= days; n += 1) {
    await look(new Date(at(from).getTime() + n * 86_400_000).toISOString().slice(0, 10));
  }
}

test('three months ahead have a partition after a look, and rows that came before it are moved into theirs', async () => {
  await observe('2031-05-02', '2031-06-30', '2031-07-01');
  expect([...(await strayMonths(database.db, 'observation')).values()]).toEqual([1, 1, 1]);

  const [kept] = await look('2031-05-20');

  expect(kept).toMatchObject({ created: ['2031-05', '2031-06', '2031-07', '2031-08'], moved: 3 });
  expect(await strayMonths(database.db, 'observation')).toEqual(new Map());
  expect(await observed()).toEqual(['2031-05-02', '2031-06-30', '2031-07-01']);
  const [index] = await database.sql`select count(*)::int as n from pg_index
    where indrelid = 'udesk_sync.observation_y2031m05'::regclass and indisvalid`;
  expect(index?.n).toBe(2);
});

test('each month goes when its time has come, the younger ones stay', async () => {
  await look('2031-05-15');
  await observe('2031-05-31', '2031-06-01');
  await lookDaily('2031-05-16', 107);
  expect(await observed()).toEqual(['2031-05-31', '2031-06-01']);
  await lookDaily('2031-09-01', 0);

  expect(await observed()).toEqual(['2031-06-01']);
  expect((await months())[0]).not.toBe('2031-05');
  const kept = await database.sql`select kind, kept_since::text from report.history_kept order by kind`;
  expect(kept.map((row) => [row.kind, row.kept_since])).toEqual([
    ['feed', '2031-06-01 00:00:00+00'],
    ['observation', '2031-06-01 00:00:00+00'],
    ['run', null],
  ]);
  await expect(database.sql`select * from report.customer_asof('2031-05-31T23:00:00Z')`).rejects.toThrow(
    /the history before 2031-06-01 .* is deleted/,
  );
  expect(await database.sql`select * from report.customer_asof('2031-06-02T00:00:00Z')`).toHaveLength(0);
});

test('a clock that jumps a year ahead and back takes nothing away', async () => {
  await look('2031-05-15');
  await observe('2031-03-01', '2031-04-01', '2031-05-01');
  await look('2031-05-16');
  await look('2032-05-17');
  await observe('2032-05-17');
  await look('2032-05-18');
  await look('2031-05-17');

  expect(await observed()).toEqual(['2031-03-01', '2031-04-01', '2031-05-01', '2032-05-17']);
});

test('fewer months in the configuration take no more than two at once without a person', async () => {
  await observe('2031-01-01', '2031-02-01', '2031-03-01', '2031-04-01');
  await lookAfterHistory(database.db, { ...MONTHS, observation: 12 }, { now: at('2031-08-15') });
  const [held] = await look('2031-08-16');
  expect(held).toMatchObject({ dropped: [], held: 4 });
  expect(await observed()).toHaveLength(4);

  const [kept] = await look('2031-08-16', { allowed: true, force: true });

  expect(kept).toMatchObject({ dropped: ['2031-01', '2031-02', '2031-03', '2031-04'], held: 0 });
  expect(await observed()).toEqual([]);
});

test('a look that is killed half-way leaves all as it was, and the next one does the whole', async () => {
  await observe('2031-05-02', '2031-06-02');
  // What Postgres does with a transaction whose client is gone, it does with one that fails.
  await database.sql`create function udesk_sync.kill() returns event_trigger language plpgsql as $$
    begin if to_regclass('udesk_sync.observation_y2031m06') is not null then raise 'killed'; end if; end $$`;
  await database.sql`create event trigger kill on ddl_command_end when tag in ('CREATE TABLE')
    execute function udesk_sync.kill()`;
  await expect(look('2031-05-20')).rejects.toThrow();
  await database.sql`drop event trigger kill`;
  expect(await observed()).toEqual(['2031-05-02', '2031-06-02']);
  expect(await strayMonths(database.db, 'observation')).not.toEqual(new Map());

  const [kept] = await look('2031-05-20');

  expect(kept).toMatchObject({ created: ['2031-05', '2031-06', '2031-07', '2031-08'], moved: 2 });
});

test('two replicas that look at once do it once', async () => {
  await observe('2031-05-02');
  const both = await Promise.all([look('2031-05-20'), look('2031-05-20')]);
  expect(both.flat().filter(({ kind }) => kind === 'observation')).toHaveLength(1);
  expect(await observed()).toEqual(['2031-05-02']);
});

test('a long query keeps a look waiting for seconds at most, and nothing is half done', async () => {
  await observe('2031-05-02');
  await database.sql.begin(async (sql) => {
    await sql`select count(*) from udesk_sync.observation`;
    await expect(look('2031-05-20')).rejects.toThrow();
  });
  expect(await look('2031-05-20')).toMatchObject([{ moved: 1 }, {}, {}]);
});

test('change records of before the kept history are not taken again, tickets stay as they are', async () => {
  await look('2031-05-20');
  const item = (kind: string, id: string, time: string | null) => ({
    kind,
    id,
    at: time,
    author: null,
    data: {},
  });
  const items = [
    item('Alteration', '1', '2031-01-31T00:00:00.000Z'),
    item('Alteration', '2', '2031-02-01T00:00:00.000Z'),
    item('Ticket', '3', null),
  ];
  expect(await saveHistory(database.db, 'main', '9', items, { at: at('2031-05-20'), runId: 1 })).toBe(2);
  expect(await saveHistory(database.db, 'main', '9', items, { at: at('2031-05-21'), runId: 2 })).toBe(0);
  // Until then they lie in the default partition.
  await look('2031-05-22');
  const places =
    await database.sql`select feed_id, tableoid::regclass::text as place from udesk_sync.feed order by 1`;
  expect(places.map((row) => [row.feed_id, row.place])).toEqual([
    ['2', 'udesk_sync.feed_y2031m02'],
    ['3', 'udesk_sync.feed_timeless'],
  ]);
  const known = async (run: string) => [
    ...(await knownBefore(database.db, 'main', items, '2031-05-01T00:00:00.000Z', run)),
  ];
  expect(await known('1')).toEqual([['Alteration:1', 'time']]);
  // What an earlier run saw was there, whatever our clock said then.
  expect(await known('2')).toEqual([
    ['Alteration:1', 'time'],
    ['Alteration:2', 'run'],
    ['Ticket:3', 'run'],
  ]);
});

test('cycles that did nothing go after their months; those that wrote, and the last ones of a pair, stay', async () => {
  const { sql } = database;
  await sql`insert into udesk_sync.pair (name) values ('main'), ('quiet')`;
  await sql`insert into udesk_sync.run (pair, trigger, started_at, stats)
    select 'main', 'run', timestamptz '2031-01-01' + n * interval '1 hour', '{}' from generate_series(1, 3000) n`;
  await sql`insert into udesk_sync.run (pair, trigger, started_at, stats) values ('quiet', 'run', '2030-01-01', '{}')`;
  await sql`insert into udesk_sync.intent (pair, link_id, run_id, side, op, guard_class, patch, reasons, source, state, priority, created_at)
    values ('main', 1, 5, 'udesk', 'update', 'update', '{}', '{}', '{}', 'settled', 1, '2031-01-01')`;

  const kept = (await look('2031-05-20')).find(({ kind }) => kind === 'run');

  const [left] = await sql`select count(*)::int as n, count(*) filter (where id = 5)::int as wrote,
    count(*) filter (where pair = 'quiet')::int as quiet from udesk_sync.run`;
  expect([kept?.deleted, left?.wrote, left?.quiet]).toEqual([1_999, 1, 1]);
  expect(left?.n).toBe(1_002);
});

test('a person is forgotten in every month, and where there is none', async () => {
  await observe('2031-03-01', '2031-05-01');
  await look('2031-05-20');
  await observe('2033-01-01');
  const feed = (id: string, time: string | null) => ({
    ...{ kind: time === null ? 'Ticket' : 'Alteration', id, at: time, author: null, data: {} },
  });
  const items = [
    feed('1', '2031-03-01T00:00:00.000Z'),
    feed('2', '2031-05-01T00:00:00.000Z'),
    feed('3', null),
  ];
  await saveHistory(database.db, 'main', '1', items, { at: at('2031-05-20'), runId: 1 });

  const erased = await database.db.transaction((tx) =>
    erasePerson(tx, 'main', { ids: { udesk: ['1'], crm: [] }, linkIds: [] }),
  );

  expect(erased).toMatchObject({ observations: 3, histories: 3 });
  expect(await observed()).toEqual([]);
});

test('a look that the database does not let happen is told with its code, and by no other word', async () => {
  const gone = await ours.open();
  await gone.close();
  const lines: string[] = [];
  const keeper = createKeeper({
    db: gone.db,
    log: pino({}, { write: (line) => void lines.push(line) }),
    clock: () => at('2031-05-20'),
    sleep: async () => {},
    months: MONTHS,
  });

  await keeper.tick(new AbortController().signal);

  expect(lines.map((line) => JSON.parse(line) as { code: string })).toMatchObject([
    { code: 'CONNECTION_ENDED' },
  ]);
});
