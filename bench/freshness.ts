/**
 * `npm run bench:freshness -- [--customers 3000] [--minutes 60] [--warm 20] [--per-minute 30] [--tenants zipf-1.0,flat]`:
 * how long an edit in Udesk waits until the mirror holds it, by the real lanes in virtual time. Once with nothing but
 * sweeps, one after the other, as fast as the quota lets the background go; once with a sweep every ten minutes and visits
 * of single pages. Heads every 15 seconds in both. Beside it what the square-root law gives when every rate is known.
 * With `--model` the rules alone, in seconds instead of minutes.
 */
import { parseArgs } from 'node:util';
import { allocate } from '../src/core/freshness/visits.ts';
import { createPairWorker } from '../src/daemon/pair-worker.ts';
import { memoryLedger } from '../src/http/quota.ts';
import { type Random, seededRandom } from '../src/simulator/random.ts';
import { removeDataDir } from '../src/store/embedded/start.ts';
import { createDay } from '../test/support/day.ts';
import { startCluster } from '../test/support/postgres-setup.ts';
import { modelDelays } from './freshness-model.ts';
import { table } from './measure.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const START = Date.UTC(2025, 2, 3);
const PAGE = 100;
const HEAD_EVERY = 15 * SECOND;
const SWEEP_EVERY = 10 * MINUTE;

/** Weight of the customer at this place, newest first. */
const TENANTS: Readonly<Record<string, (place: number, random: Random, count: number) => number>> = {
  'zipf-0.8': (place) => (place + 1) ** -0.8,
  'zipf-1.0': (place) => (place + 1) ** -1,
  'zipf-1.2': (place) => (place + 1) ** -1.2,
  // The same customers in any order: what is hot has nothing to do with age.
  'scattered-1.0': (_, random, count) => (1 + random.int(count)) ** -1,
  '5%-80%': (_, random) => (random.chance(0.05) ? 16 : 4 / 19),
  flat: () => 1,
};

const { values } = parseArgs({
  options: {
    customers: { type: 'string', default: '3000' },
    minutes: { type: 'string', default: '60' },
    warm: { type: 'string', default: '20' },
    'per-minute': { type: 'string', default: '30' },
    edits: { type: 'string', default: '12' },
    model: { type: 'boolean', default: false },
    tenants: { type: 'string', default: Object.keys(TENANTS).join(',') },
  },
});
const customers = Number(values.customers);
const until = Number(values.minutes) * MINUTE;
const warm = Number(values.warm) * MINUTE;
const perMinute = Number(values['per-minute']);
const editsPerMinute = Number(values.edits);
const chosen = values.tenants.split(',');
const unknown = chosen.filter((name) => TENANTS[name] === undefined);
if (unknown.length > 0 || !(customers > 0 && until > warm && perMinute > 0 && editsPerMinute > 0)) {
  console.error(`npm run bench:freshness -- [--tenants ${Object.keys(TENANTS).join(',')}] [--minutes 60] …`);
  process.exit(2);
}

interface Edit {
  readonly at: number;
  readonly place: number;
}

interface Delays {
  readonly meanMs: number;
  readonly p95Ms: number;
  readonly edits: number;
  readonly calls: number;
  readonly busiest: number;
}

if (values.model) {
  await compare(async (edits, withVisits) => modelled(edits, withVisits));
} else {
  const cluster = await startCluster();
  process.env.TEST_POSTGRES_URL = cluster.url('postgres');
  try {
    // Only now: which server it works on is read when it is loaded.
    const { createWorld } = await import('../test/support/world.ts');
    await compare((edits, withVisits) => delays(createWorld, edits, withVisits));
  } finally {
    await cluster.stop();
    removeDataDir(cluster);
  }
}

async function compare(
  measure: (edits: readonly Edit[], withVisits: boolean) => Promise<Delays>,
): Promise<void> {
  const lines: string[][] = [];
  for (const name of chosen) {
    const weights = weightsOf(name);
    const edits = editsOf(name, weights);
    const uniform = await measure(edits, false);
    const ours = await measure(edits, true);
    const best = limitMs(weights, ours.calls / until);
    const seconds = (ms: number) => (ms / SECOND).toFixed(1);
    const line = [
      name,
      String(ours.edits),
      `${seconds(uniform.meanMs)} / ${seconds(uniform.p95Ms)}`,
      `${seconds(ours.meanMs)} / ${seconds(ours.p95Ms)}`,
      (uniform.meanMs / ours.meanMs).toFixed(2),
      seconds(best),
      (uniform.meanMs / best).toFixed(2),
      `${uniform.calls} / ${ours.calls}`,
      `${uniform.busiest} / ${ours.busiest}`,
    ];
    console.error(line.join(' · '));
    lines.push(line);
  }
  console.log(
    `${customers} customers, ${perMinute} calls a minute, ${editsPerMinute} edits a minute, ${values.minutes} minutes of which the first ${values.warm} are not counted\n`,
  );
  console.log(
    table(
      [
        'tenant',
        'edits',
        'sweeps alone, mean / p95 s',
        'with visits, mean / p95 s',
        'gain',
        'limit, mean s',
        'gain at the limit',
        'pages read',
        'busiest minute',
      ],
      lines,
    ),
  );
}

/** The same by the rules alone. As many pages as three quarters of the quota let the background read. */
function modelled(edits: readonly Edit[], withVisits: boolean): Delays {
  const callMs = 61_250 / Math.floor(perMinute * 0.75);
  const options = { customers, pageRows: PAGE, callMs, headEveryMs: HEAD_EVERY, sweepEveryMs: SWEEP_EVERY };
  const waited = modelDelays({ ...options, untilMs: until, edits }, withVisits);
  return { ...summary(edits, (n) => waited[n] ?? null), calls: Math.round(until / callMs), busiest: 0 };
}

function summary(edits: readonly Edit[], delayOf: (n: number) => number | null) {
  const waited = edits.flatMap(({ at }, n) => {
    // What is still on its way at the end is left out, for both: as long as the longest wait.
    if (at < warm || at > until - SWEEP_EVERY) return [];
    const ms = delayOf(n);
    if (ms === null) throw new Error(`edit ${n} was never seen`);
    return [ms];
  });
  waited.sort((a, b) => a - b);
  return {
    meanMs: waited.reduce((sum, ms) => sum + ms, 0) / waited.length,
    p95Ms: waited[Math.floor(waited.length * 0.95)] ?? Number.NaN,
    edits: waited.length,
  };
}

function weightsOf(name: string): number[] {
  const random = seededRandom(name);
  const weights = Array.from(
    { length: customers },
    (_, place) => TENANTS[name]?.(place, random, customers) ?? 0,
  );
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / all);
}

/** The same for both ways of looking. */
function editsOf(name: string, weights: readonly number[]): Edit[] {
  const random = seededRandom(`edits of ${name}`);
  const sums: number[] = [];
  for (const weight of weights) sums.push((sums.at(-1) ?? 0) + weight);
  const edits: Edit[] = [];
  for (let at = 0; ; ) {
    at += (-Math.log(1 - random.next()) * MINUTE) / editsPerMinute;
    if (at >= until) return edits;
    const drawn = random.next() * (sums.at(-1) ?? 1);
    edits.push({ at: Math.round(at), place: sums.findIndex((sum) => sum >= drawn) });
  }
}

/** Mean delay of an edit when the rates are known and nothing has to be learned, with the same number of pages read. */
function limitMs(weights: readonly number[], perMs: number): number {
  const pages = Array.from({ length: Math.ceil(customers / PAGE) }, (_, page) =>
    weights.slice(page * PAGE, (page + 1) * PAGE).reduce((sum, weight) => sum + weight, 0),
  );
  const shares = allocate(pages, { perMs, floorMs: SWEEP_EVERY, free: [1 / HEAD_EVERY] });
  return pages.reduce((sum, weight, page) => sum + weight / (2 * (shares[page] ?? 1)), 0);
}

type CreateWorld = typeof import('../test/support/world.ts').createWorld;

async function delays(
  createWorld: CreateWorld,
  edits: readonly Edit[],
  withVisits: boolean,
): Promise<Delays> {
  const day = createDay(START);
  const world = await createWorld({
    customers: Array.from({ length: customers }, (_, n) => ({
      nick_name: `Name ${n}`,
      email: `n${n}@example.com`,
    })),
    pair: { create: '{ inCrm: false, inUdesk: false }' },
    switches: { 'rate.per_minute': String(perMinute) },
    perMinute,
    time: day.time,
    udesk: { ledger: memoryLedger(day.time.monotonic) },
  });
  const ids = world.simulator.tenant.list().map(({ id }) => id);
  let sweptOnce = false;
  const stop = new AbortController();
  const worker = createPairWorker(
    { ...world.engine, clock: day.clock },
    world.pair,
    ({ observed }) => {
      if (observed.udesk.lane !== 'full') return;
      sweptOnce = true;
      if (!withVisits) worker.due('sweep');
    },
    day.ended,
  );
  const running = worker.run(stop.signal);
  worker.due('sweep');
  const left = edits.map((edit, n) => ({ ...edit, n }));
  for (let at = 0; at < until; at += HEAD_EVERY) {
    for (let next = left[0]; next !== undefined && next.at <= at; next = left[0]) {
      await day.passUntil(START + next.at);
      world.simulator.tenant.edit(ids[next.place] ?? '', { description: `edit ${next.n}` });
      left.shift();
    }
    await day.passUntil(START + at);
    worker.due('head');
    if (withVisits && at % MINUTE === 0) worker.due('pages');
    if (withVisits && at > 0 && at % SWEEP_EVERY === 0) worker.due('sweep');
  }
  await day.passUntil(START + until);
  stop.abort();
  await running;
  if (!sweptOnce) throw new Error('no sweep came to its end');

  const seen = await world.database.sql<{ remote_id: string; value: string; at: string | Date }[]>`
    select remote_id, delta -> 'description' ->> 1 as value, at from udesk_sync.observation
    where side = 'udesk' and delta ? 'description' order by id`;
  const byId = Map.groupBy(seen, ({ remote_id }) => remote_id);
  const numberOf = (value: string) => Number(value.replace('edit ', ''));
  const delayOf = (n: number): number | null => {
    const edit = edits[n];
    const found = byId.get(ids[edit?.place ?? -1] ?? '')?.find(({ value }) => numberOf(value) >= n);
    return found === undefined || edit === undefined ? null : new Date(found.at).getTime() - START - edit.at;
  };
  const log = world.simulator.log;
  const pages = log.filter(({ path }) => path.endsWith('/customers'));
  const times = log.map((entry) => entry.at);
  const busiest = times.reduce((most, end, n) => {
    const first = times.findIndex((time) => time > end - MINUTE);
    return Math.max(most, n + 1 - first);
  }, 0);
  if (log.some(({ status }) => status === 429)) throw new Error('a call was refused as too many');
  await world.close();
  return {
    ...summary(edits, delayOf),
    // The heads are the same in both, and not chosen.
    calls: pages.length - until / HEAD_EVERY,
    busiest,
  };
}
