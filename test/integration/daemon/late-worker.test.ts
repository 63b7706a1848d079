import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLateWorker } from '../../../src/daemon/late-worker.ts';
import type { PairWorker } from '../../../src/daemon/pair-worker.ts';
import type { EngineContext } from '../../../src/engine/context.ts';
import { SyncError } from '../../../src/errors.ts';
import type { Database } from '../../../src/store/database.ts';
import { lastRuns } from '../../../src/store/pairs.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';

const MINUTE = 60_000;
let testDb: TestDatabase;
let database: Database;
beforeEach(async () => {
  testDb = await createTestDatabase();
  database = await testDb.open();
});
afterEach(() => testDb.drop());

const gone = (column: string) =>
  new SyncError('config', `crm: there is no column "${column}"`, { side: 'crm', advice: 'correct it' });

/** A pair that waits, in a time that is that of its waits; each try meets what `answer` says of that moment, null: it opens. */
async function late(answer: (minutes: number) => Error | null, stopAtMinutes = Number.POSITIVE_INFINITY) {
  let now = Date.parse('2026-11-26T08:00:00Z');
  const start = now;
  const minutes = () => (now - start) / MINUTE;
  const stop = new AbortController();
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const context: EngineContext = {
    db: database.db,
    log: pino({ level: 'info', formatters: { level: (level) => ({ level }) } }, { write }),
    clock: () => new Date(now),
    monotonic: () => now - start,
    async sleep(ms) {
      now += ms;
      if (minutes() >= stopAtMinutes) stop.abort();
    },
    random: () => 0.5,
    owner: 'test',
  };
  const opened = { due: () => {}, run: async () => {} } as unknown as PairWorker;
  const worker = createLateWorker(context, 'main', answer(0), async () => {
    const error = answer(minutes());
    if (error !== null) throw error;
    return opened;
  });
  await worker.run(stop.signal);
  return { worker, lines, runs: await lastRuns(database.db, 'main', 100) };
}

test('what keeps a pair from being opened is told once, as an error with what to do; another reason is told again', async () => {
  const { lines } = await late((at) => (at < 20 ? gone('emails') : at < 40 ? gone('phones') : null));

  expect(lines).toMatchObject([
    { level: 'error', pair: 'main', side: 'crm', err: gone('emails').message, advice: 'correct it' },
    { level: 'error', pair: 'main', side: 'crm', err: gone('phones').message },
    { level: 'info', msg: 'the sides of the pair are open now' },
  ]);
});

test('it stands among the cycles of the pair as one that failed, so that status tells it, and no more often than those', async () => {
  const { runs, worker } = await late(() => gone('emails'), 60);

  expect(runs.length).toBeGreaterThan(5);
  expect(runs.length).toBeLessThan(14);
  for (const run of runs)
    expect(run).toMatchObject({ outcome: 'failed', trigger: 'run', error: gone('emails').message });
  expect(worker.health).toMatchObject({
    lastKind: 'config',
    lastSide: 'crm',
    lastError: gone('emails').message,
  });
  expect(worker.health.failures).toBeGreaterThan(30);
});

test('a daemon that does not work on the pair any more knows nothing of it', async () => {
  const { worker } = await late(() => gone('emails'), 1);
  worker.forget();
  expect(worker.health).toEqual({
    ...{ lastGoodAtMs: null, failures: 0, lastError: null, lastKind: null, lastSide: null },
  });
});
