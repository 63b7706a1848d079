import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentHash, deltaOf, mergeObserved } from '../../../src/core/observation.ts';
import type { SideRecord } from '../../../src/core/record.ts';
import { ABSENT, isAbsent, isSet, type Value } from '../../../src/core/value.ts';
import type { Database } from '../../../src/store/database.ts';
import { markDeleted, upsertRecords } from '../../../src/store/records.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';
import { type Analyst, createAnalyst } from '../../support/reporting.ts';

let testDb: TestDatabase;
let database: Database;
let analyst: Analyst;
beforeAll(async () => {
  testDb = await createTestDatabase();
  database = await testDb.open();
  analyst = await createAnalyst(database);
});
afterAll(async () => {
  await analyst.close();
  await testDb.drop();
});

/** What people see of a value; written apart from the SQL. */
function shown(value: Value | undefined): unknown {
  if (value === undefined || value === null || isAbsent(value)) return null;
  if (isSet(value)) return value.map((element) => shown(element.value)).sort();
  if (typeof value === 'boolean') return value;
  return value.replaceAll('\0', '␀').replaceAll(/[\ud800-\udbff](?![\udc00-\udfff])/g, '�');
}

const text = fc.constantFrom(
  'a',
  'b',
  '',
  'nul\0inside',
  'mark\uf8ff0000',
  'half\ud83d',
  '😀',
  'quote\'"\\u0000',
  '名字',
);
const scalar = fc.oneof(text, fc.constantFrom(null, ABSENT));
const set = fc
  .uniqueArray(
    text.filter((value) => value !== ''),
    { maxLength: 3 },
  )
  .chain((values) =>
    fc.tuple(
      ...values.map((value) => fc.record({ id: fc.constantFrom(null, '1', '2'), value: fc.constant(value) })),
    ),
  );
const fields = fc.record(
  {
    nick_name: scalar,
    emails: set,
    is_blocked: fc.constantFrom(true, false, null),
    'custom.T_1': fc.oneof(scalar, set),
  },
  { requiredKeys: [] },
);
const step = fc.record({
  id: fc.constantFrom('1', '2', '3'),
  action: fc.oneof(
    { weight: 5, arbitrary: fields },
    { weight: 1, arbitrary: fc.constant('delete' as const) },
  ),
  /** Several things may happen in one millisecond. */
  later: fc.constantFrom(0, 1, 1000),
});

type Mirror = Map<string, { record: SideRecord; live: boolean }>;

interface AsOf {
  udesk_id: string;
  nick_name: string | null;
  emails: string[] | null;
  is_blocked: boolean | null;
  custom: string;
}

function expected(mirror: Mirror) {
  return [...mirror.values()]
    .filter(({ live }) => live)
    .map(({ record: { id, fields: held } }) => ({
      udesk_id: id,
      nick_name: shown(held.nick_name),
      emails: shown(held.emails),
      is_blocked: shown(held.is_blocked),
      custom: shown(held['custom.T_1']) === null ? {} : { T_1: shown(held['custom.T_1']) },
    }))
    .sort((a, b) => a.udesk_id.localeCompare(b.udesk_id));
}

async function known(pair: string, query: string) {
  const rows = await analyst.ask<AsOf & Record<string, unknown>>(
    `select udesk_id, nick_name, emails, is_blocked, custom from ${query} where pair = '${pair}' order by udesk_id`,
  );
  return rows.map((row) => {
    const custom = Object.entries(JSON.parse(row.custom) as Record<string, unknown>);
    return {
      ...row,
      emails: row.emails === null ? null : [...row.emails].sort(),
      custom: Object.fromEntries(custom.map(([name, v]) => [name, Array.isArray(v) ? v.sort() : v])),
    };
  });
}

/** Through the store's own functions, as the engine observes: what is missing in a sight was not returned. */
async function replay(
  pair: string,
  steps: readonly { id: string; action: 'delete' | SideRecord['fields']; at: Date }[],
) {
  const mirror: Mirror = new Map();
  const states = new Map<number, ReturnType<typeof expected>>();
  for (const { id, action, at } of steps) {
    const target = { pair, side: 'udesk' as const, at, lane: 'sweep', runId: null };
    const before = mirror.get(id);
    if (action === 'delete') {
      await markDeleted(database.db, target, [id]);
      if (before !== undefined) mirror.set(id, { ...before, live: false });
    } else {
      const seen: SideRecord = { id, fields: action, externalId: null, version: null, updatedAt: null };
      const record = mergeObserved(before?.record ?? null, seen);
      const unchanged = before?.live === true && contentHash(before.record) === contentHash(record);
      if (!unchanged) {
        const delta = before === undefined ? null : deltaOf(before.record, record);
        await upsertRecords(database.db, target, [{ record, hash: contentHash(record), keys: [], delta }]);
        mirror.set(id, { record, live: true });
      }
    }
    states.set(at.getTime(), expected(mirror));
  }
  return states;
}

describe('P12 provenance: what was known at any time can be read again', () => {
  test('customer_asof gives for every moment of a replayed history what the mirror held then', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const pair = `p${runs++}`;
        let now = Date.UTC(2026, 0, 1);
        const timed = steps.map(({ id, action, later }) => {
          now += later;
          return { id, action: action as 'delete' | SideRecord['fields'], at: new Date(now) };
        });
        const states = await replay(pair, timed);
        for (const [at, state] of states) {
          expect(await known(pair, `report.customer_asof('${new Date(at).toISOString()}')`)).toEqual(state);
        }
        const last = [...states.values()].at(-1);
        expect(await known(pair, `report.customer_asof(now())`)).toEqual(last);
        expect(await known(pair, 'report.customer')).toEqual(last);
        expect(await known(pair, `report.customer_asof('2025-12-31')`)).toEqual([]);
        await historyIsAChain(pair);
      }),
      { numRuns: 40 },
    );
  });

  test('no time at all gives no customers', async () => {
    expect(await analyst.ask('select 1 from report.customer_asof(null)')).toEqual([]);
  });
});

/** Each change of a field begins with the value that the change before it left, and ends when the next one begins. */
async function historyIsAChain(pair: string): Promise<void> {
  const rows = await analyst.ask<{
    record_id: string;
    field: string;
    old: string | null;
    new: string | null;
    from: string;
    to: string | null;
  }>(
    `select record_id, field, old, new, valid_from::text as from, valid_to::text as to from report.customer_history
     where pair = '${pair}' order by record_id, field, observation_id nulls first`,
  );
  const [deletions, others] = [
    rows.filter((row) => row.field === '*'),
    rows.filter((row) => row.field !== '*'),
  ];
  for (const [before, row] of others.slice(1).map((row, n) => [others[n], row] as const)) {
    if (before === undefined || before.record_id !== row.record_id || before.field !== row.field) continue;
    expect(sorted(row.old)).toEqual(sorted(before.new));
    const gone = deletions.find(
      (d) => d.record_id === row.record_id && d.new === 'deleted' && d.from === before.to,
    );
    if (gone === undefined) expect(before.to).toBe(row.from);
  }
  const states = new Map<string, string | null>();
  for (const row of deletions) {
    expect(row.old).toBe(states.get(row.record_id) ?? null);
    states.set(row.record_id, row.new);
  }
  const live = [...states].filter(([, state]) => state === 'live').map(([id]) => id);
  expect((await known(pair, 'report.customer')).map(({ udesk_id }) => udesk_id)).toEqual(live.sort());
}

function sorted(value: string | null): string[] | null {
  return value === null ? null : value.split(', ').sort();
}
