import { describe, expect, it } from 'vitest';
import { judgePair } from '../../../src/report/pair-health.ts';
import type { PairStatus } from '../../../src/store/pair-status.ts';
import type { RunRow } from '../../../src/store/pairs.ts';
import type { ReviewRule } from '../../../src/store/review-rules.ts';

const NOW = new Date('2025-01-02T12:00:00Z');
const side = { records: 10, total: null, certifiedAt: '2025-01-02T11:59:00.000Z', uncertified: null };

function run(over: Partial<RunRow> = {}): RunRow {
  return {
    id: '1',
    trigger: 'run',
    startedAt: '2025-01-02T11:58:59.000Z',
    finishedAt: '2025-01-02T11:59:00.000Z',
    outcome: 'done',
    stats: {},
    error: null,
    ...over,
  };
}

function status(over: Partial<PairStatus> = {}): PairStatus {
  return {
    firstRun: 'accepted',
    restoredAt: null,
    firstPlanHash: null,
    runs: [run()],
    sides: { udesk: side, crm: side },
    coverage: {
      total: 10,
      listed: 10,
      unlisted: 0,
      missing: 0,
      oldestVerifiedAt: '2025-01-02T11:59:00.000Z',
      unreachable: 0,
    },
    audit: { links: 0, differences: 0 },
    links: { candidate: 0, confirmed: 10, rejected: 0, broken: 0 },
    conflicts: { open: 0, resolving: 0 },
    outbox: { pending: 0, held: 0, unknown: 0 },
    parked: 0,
    keptWaiting: 0,
    backfills: [],
    guards: [],
    accounts: [],
    witness: { due: 0, clean: 0, overwritten: 0, unclear: 0, none: 0 },
    fieldDrift: [],
    endedRules: [],
    lease: null,
    ...over,
  };
}

const judge = (over: Partial<PairStatus>) => judgePair('main', status(over), NOW);
const failed = run({ outcome: 'failed', error: 'Udesk did not answer' });

describe('a pair', () => {
  it('is healthy when nothing is wrong and nothing waits', () => {
    expect(judge({})).toEqual({ health: 'healthy', troubles: [], problems: [], todos: [], notes: [] });
    expect(judge({ runs: [], firstRun: 'new' }).health).toBe('new');
  });

  it('is unhealthy while its newest cycles fail, and well again after one that did not', () => {
    expect(judge({ runs: [failed, failed, run()] })).toMatchObject({
      health: 'unhealthy',
      problems: ['the last 2 cycles failed: Udesk did not answer'],
    });
    expect(judge({ runs: [run(), failed] }).health).toBe('healthy');
    expect(judge({ runs: [run({ outcome: 'abandoned' }), failed] }).health).toBe('unhealthy');
  });

  it('is unhealthy when its daemon has finished nothing for long, unless one is at work', () => {
    const old = run({ startedAt: '2025-01-02T11:00:00.000Z', finishedAt: '2025-01-02T11:00:01.000Z' });
    expect(judge({ runs: [old] }).problems).toEqual([
      'the daemon has finished no cycle for 59 min: look whether `udesk-sync run` runs',
    ]);
    const long = run({ finishedAt: null, outcome: null });
    expect(judge({ runs: [long, old], lease: { owner: 'host:1', remainingMs: 9000 } }).health).toBe(
      'healthy',
    );
    expect(judge({ runs: [run({ ...old, trigger: 'sync' })] }).health).toBe('healthy');
  });

  it('names for everything that waits the command that answers', () => {
    const { health, todos } = judge({
      firstRun: 'pending',
      guards: [
        { hash: 'abc', state: 'waiting', writes: 30, tripped: [{ guard: 'deletes', message: 'too many.' }] },
      ],
      conflicts: { open: 2, resolving: 0 },
      links: { candidate: 1, confirmed: 0, rejected: 0, broken: 0 },
      parked: 1,
    });
    expect(health).toBe('waiting');
    expect(todos.map(({ command }) => command)).toEqual([
      'udesk-sync sync --pair main',
      'udesk-sync sync --pair main --approve abc',
      'udesk-sync conflicts list --pair main',
      'udesk-sync links list --state candidate --pair main',
      'udesk-sync parked list --pair main',
    ]);
    expect(todos[1]?.what).toBe(
      'a guard holds 30 writes (deletes: too many.); `udesk-sync plan --show abc` lists them',
    );
    expect(todos.slice(2).map(({ what }) => what)).toEqual([
      '2 open conflicts',
      '1 unanswered match',
      '1 parked record',
    ]);
  });

  it('tells who waits for creates that were left alone', () => {
    expect(judge({ keptWaiting: 3 })).toMatchObject({
      health: 'waiting',
      todos: [
        {
          what: expect.stringMatching(/^3 records not created, /),
          command: 'udesk-sync parked list --pair main',
        },
      ],
    });
  });

  it('tells of a rule that turned itself off', () => {
    const rule: ReviewRule = {
      ...{ id: '7', pair: 'main', field: 'nick_name', pattern: 'x' },
      kind: 'edit/edit',
      take: 'crm',
      ...{ agrees: 10, total: 10, fromConflictId: '0', onBy: 'ann', onAt: '', offBy: 'udesk-sync' },
      offAt: '2025-01-02T11:00:00.000Z',
      offReason: 'undone',
    };
    expect(judge({ endedRules: [rule] })).toMatchObject({
      health: 'waiting',
      todos: [{ command: 'udesk-sync rules show 7' }],
    });
  });

  it('tells honestly how much of a capped list it has seen', () => {
    const capped = {
      ...side,
      records: 10_000,
      total: 12_500,
      uncertified: 'the list reaches 10000 customers',
    };
    expect(judge({ sides: { udesk: capped, crm: side } }).notes).toEqual([
      'udesk was not read completely: the list reaches 10000 customers; 10000 of 12500 are in the mirror (80 %). Nothing is taken as deleted there',
    ]);
  });

  it('says what a killed process left, and that it needs nobody', () => {
    const cut = run({ finishedAt: null, outcome: null });
    expect(judge({ runs: [cut], outbox: { pending: 0, held: 0, unknown: 1 } })).toMatchObject({
      health: 'healthy',
      notes: [
        '1 write of unknown outcome: the next cycle finds out by reading',
        expect.stringContaining('cut off'),
      ],
    });
  });
});
