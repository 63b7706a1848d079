import { describe, expect, test } from 'vitest';
import { diagnoseDatabase, diagnosePair, type Finding } from '../../../src/report/doctor.ts';
import type { DatabaseFacts, PairFacts } from '../../../src/store/doctor.ts';

const NOW = new Date('2026-01-02T12:00:00Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();

const months = { table: 'observation', monthsAhead: 3, stray: null, lookedHoursAgo: 5, held: 0 };
const database: DatabaseFacts = {
  sizeBytes: 10 * 1024 ** 2,
  bloated: [],
  autovacuum: true,
  clockAheadMs: 300,
  unknownPairs: [],
  history: [months],
};
const pair: PairFacts = {
  oldestPendingAt: ago(5),
  oldestUnknownAt: ago(5),
  pending: 2,
  unknown: 1,
  expiredLease: { owner: 'host:1', agoMs: 20_000 },
  linksWithoutRecord: 0,
  recordsWithoutLink: 0,
  rowsWithoutLink: 0,
  udeskTotal: 9_000,
  udeskListed: 9_000,
  udeskCapped: false,
  deadLetters: [],
  breakers: [],
};
const quota = { perMinute: 60, shards: 0 };

const ofDatabase = (over: Partial<DatabaseFacts>) => diagnoseDatabase({ ...database, ...over });
const ofPair = (over: Partial<PairFacts>, q = quota) => diagnosePair({ ...pair, ...over }, q, NOW);
const codes = (findings: readonly Finding[]) => findings.map(({ code }) => code);

test('what goes well is no finding: short waits, a lease of a process that just ended, clocks a second apart', () => {
  expect(ofDatabase({})).toEqual([]);
  expect(ofPair({})).toEqual([]);
  expect(ofDatabase({ sizeBytes: null })).toEqual([]);
  expect(ofPair({ udeskTotal: null, udeskListed: null })).toEqual([]);
});

describe('the database', () => {
  test.each<[string, Partial<DatabaseFacts>, Finding['code'], RegExp]>([
    ['large', { sizeBytes: 80 * 1024 ** 3 }, 'database-large', /80 GB/],
    [
      'full of dead rows',
      { bloated: [{ table: 'udesk_sync.record', live: 100, dead: 90_000 }] },
      'database-bloat',
      /udesk_sync\.record holds 90000 dead rows beside 100/,
    ],
    ['never vacuumed', { autovacuum: false }, 'autovacuum-off', /only grow/],
    ['ahead of our clock', { clockAheadMs: 120_000 }, 'database-clock', /120 s ahead of/],
    ['behind our clock', { clockAheadMs: -61_000 }, 'database-clock', /61 s behind/],
    [
      'without a partition for next month',
      { history: [{ table: 'feed', monthsAhead: 0, stray: null, lookedHoursAgo: 900, held: 0 }] },
      'history-months',
      /udesk_sync\.feed has partitions for 0 months ahead; they were last looked after 900 h ago/,
    ],
    [
      'with rows that nobody gave a partition',
      { history: [{ ...months, stray: { rows: 1, from: '2026-01', to: '2026-01' }, lookedHoursAgo: null }] },
      'history-months',
      /and 1 row without one; nobody ever looked after them/,
    ],
    [
      'with rows of another time',
      { history: [{ ...months, stray: { rows: 7, from: '1970-01', to: '2031-02' } }] },
      'history-stray',
      /7 rows of udesk_sync\.observation are of a time without a partition \(1970-01 to 2031-02\)/,
    ],
    [
      'of which more is due to go than goes by itself',
      { history: [{ ...months, held: 12 }] },
      'history-held',
      /12 months of udesk_sync\.observation are due to go/,
    ],
    ['of a pair that is configured no more', { unknownPairs: ['old'] }, 'pair-unknown', /the pair old/],
  ])('%s is a finding with a fix', (_what, facts, code, sentence) => {
    const found = ofDatabase(facts);
    expect(codes(found)).toEqual([code]);
    expect(found[0]?.sentence).toMatch(sentence);
    expect(found[0]?.fix.length).toBeGreaterThan(10);
  });

  test('dead rows that are few beside the live ones are what vacuum is for', () => {
    expect(ofDatabase({ bloated: [{ table: 'udesk_sync.record', live: 90_000, dead: 20_000 }] })).toEqual([]);
  });
});

describe('a pair', () => {
  test.each<[string, Partial<PairFacts>, Finding['code'], Finding['level'], RegExp]>([
    ['writes that wait', { oldestPendingAt: ago(180) }, 'outbox-stuck', 'problem', /2 writes wait .* 3 h/],
    ['an unknown outcome', { oldestUnknownAt: ago(120) }, 'outbox-unknown', 'problem', /of 1 write .* 2 h/],
    [
      'a process that ended',
      { expiredLease: { owner: 'host:7', agoMs: 7_200_000 } },
      'lease-expired',
      'warning',
      /host:7 .* 2 h ago/,
    ],
    [
      'rows that contradict each other',
      { linksWithoutRecord: 1, recordsWithoutLink: 2, rowsWithoutLink: 1 },
      'orphans',
      'problem',
      /1 link whose record .*, 2 records of a link .*, 1 open conflict or parked record of/,
    ],
    [
      'a list that ends early',
      { udeskTotal: 12_000, udeskListed: 10_000, udeskCapped: true },
      'coverage-capped',
      'warning',
      /10000 of 12000/,
    ],
    [
      'a lane that was given up',
      {
        deadLetters: [
          { pair: 'main', lane: 'head', count: 2, since: ago(60), last: ago(5), reason: 'transient' },
        ],
      },
      'dead-letters',
      'warning',
      /lane head .* 2 jobs .* \(transient\)/,
    ],
    [
      'an endpoint that is left alone',
      {
        breakers: [
          { pair: 'main', side: 'crm', endpoint: 'GET crm.example.com/contacts', state: 'open', waitMs: 9 },
        ],
      },
      'breaker-open',
      'warning',
      /leaves GET crm\.example\.com\/contacts \(crm\) alone/,
    ],
    ['a quota that is too small', { udeskTotal: 900_000 }, 'quota-slow', 'warning', /about 200 min/],
  ])('%s: a finding with a fix', (_what, facts, code, level, sentence) => {
    const found = ofPair(facts);
    expect(found).toMatchObject([{ code, level, sentence: expect.stringMatching(sentence) }]);
    expect(found[0]?.fix).toMatch(/udesk-sync|Udesk|operations\.md|by itself/);
  });

  test('everything that is wrong is told at once', () => {
    const found = ofPair({
      oldestPendingAt: ago(90),
      oldestUnknownAt: ago(90),
      expiredLease: { owner: 'host:7', agoMs: 7_200_000 },
      linksWithoutRecord: 1,
      udeskTotal: 900_000,
      udeskListed: 10_000,
      udeskCapped: true,
    });
    expect(codes(found)).toEqual([
      'outbox-stuck',
      'outbox-unknown',
      'lease-expired',
      'orphans',
      'coverage-capped',
      'quota-slow',
    ]);
  });
});
