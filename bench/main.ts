/**
 * `npm run bench`: prints figures, each against a limit that was measured in the same run. Nothing of it is a test:
 * a time says something about a machine, too. What is measured, and what is not: docs/benchmarks.md.
 */
import { parseArgs } from 'node:util';
import { firstLoad } from './first-load.ts';
import { figure, spreadOf, spreadText, table } from './measure.ts';
import { type Peaks, peaksAt } from './memory.ts';
import { noChange } from './no-change.ts';
import { planFromPostgres, planInMemory } from './planning.ts';
import { cells, growthRow, megabytes, noteRow, type Row, rateRow, timeRow } from './report.ts';
import { type Cluster, machine, startCluster } from './stage.ts';
import type { Cost } from './timed.ts';

const PARTS = ['load', 'cycle', 'plan', 'memory'] as const;
type Part = (typeof PARTS)[number];

interface Sizes {
  readonly repetitions: number;
  readonly loadRows: number;
  readonly customers: number;
  readonly plannedLinks: number;
  readonly storedLinks: number;
  readonly memory: { readonly small: number; readonly large: number };
}

/** One customer less than Udesk's list can show, so that the sweep is certified and the proof of absences runs too. */
const FULL: Sizes = {
  repetitions: 15,
  loadRows: 20_000,
  customers: 9_999,
  plannedLinks: 50_000,
  storedLinks: 100_000,
  memory: { small: 10_000, large: 100_000 },
};
const QUICK: Sizes = {
  repetitions: 3,
  loadRows: 5_000,
  customers: 2_000,
  plannedLinks: 10_000,
  storedLinks: 10_000,
  memory: { small: 3_000, large: 12_000 },
};

const ALL_SHAPES = {
  'shape.emails': 'mixed',
  'shape.other_emails': 'mixed',
  'shape.cellphones': 'mixed',
  'shape.ids': 'mixed',
  'shape.organization': 'mixed',
  'shape.tags': 'mixed',
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: PARTS.join(',') },
    help: { type: 'boolean', default: false },
  },
});
const wanted = values.only.split(',');
const unknown = wanted.filter((part) => !PARTS.includes(part as Part));
if (values.help || unknown.length > 0) {
  console.log(`npm run bench -- [--quick] [--only ${PARTS.join(',')}]`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const sizes = values.quick ? QUICK : FULL;
const cluster = await startCluster();
try {
  const parts: Record<Part, () => Promise<Row[]>> = {
    load: () => loadRows(cluster),
    cycle: () => cycleRows(cluster),
    plan: () => planRows(cluster),
    memory: () => memoryRows(cluster),
  };
  const rows: Row[] = [];
  for (const part of PARTS.filter((name) => wanted.includes(name))) {
    console.error(`measuring: ${part} …`);
    rows.push(...(await parts[part]()));
  }
  console.log(`\n${machine(cluster)}`);
  console.log(
    `${sizes.repetitions} rounds each, in turn; median (min–max)${values.quick ? '; --quick' : ''}\n`,
  );
  console.log(table(['figure', 'ours', 'limit', 'ratio', 'aim', 'met'], rows.map(cells)));
} finally {
  await cluster.close();
}

async function loadRows(on: Cluster): Promise<Row[]> {
  const { rows, engine, insert } = await firstLoad(on, sizes.loadRows, sizes.repetitions);
  const aim = { bound: 0.5, atMost: false };
  return [
    rateRow(
      `first load of the mirror, ${figure(rows)} rows, against a plain insert`,
      rows,
      engine,
      insert,
      aim,
    ),
  ];
}

async function cycleRows(on: Cluster): Promise<Row[]> {
  const { customers, repetitions } = sizes;
  const aim = { bound: 3, atMost: true };
  const plain = await noChange(on, customers, repetitions, 'plain');
  const mixed = await noChange(on, customers, repetitions, 'mixed', ALL_SHAPES);
  const name = `cycle without changes, ${figure(customers)} customers`;
  const rate = (costs: typeof plain.cycle) =>
    figure((customers / Math.min(...costs.map(({ wallMs }) => wallMs))) * 1_000);
  return [
    timeRow(`${name}, against fetch and parse`, 'wallMs', plain.cycle, plain.fetch, aim),
    timeRow('… our own CPU', 'cpuMs', plain.cycle, plain.fetch, null),
    timeRow('… customers in every response shape', 'wallMs', mixed.cycle, mixed.fetch, null),
    noteRow('… best round, as a rate', `${rate(plain.cycle)} records/s`, `${rate(plain.fetch)} records/s`),
  ];
}

async function planRows(on: Cluster): Promise<Row[]> {
  const { plannedLinks, storedLinks, repetitions } = sizes;
  const memory = await planInMemory(on, plannedLinks, repetitions);
  const stored = await planFromPostgres(on, storedLinks, Math.min(5, repetitions));
  const diffs = (costs: readonly Cost[]) =>
    spreadOf(costs.map(({ cpuMs }) => ((2 * plannedLinks) / cpuMs) * 1_000));
  const rate = diffs(memory.ours);
  return [
    timeRow(
      `planning ${figure(plannedLinks)} links in memory, against the normal form of each value, our CPU`,
      'cpuMs',
      memory.ours,
      memory.limit,
      null,
    ),
    {
      ...noteRow('… as records held against their bases (two a link)', `${spreadText(rate)} diffs/s`),
      aim: '≥ 100,000/s',
      met: rate.median >= 100_000,
    },
    timeRow(
      `planning ${figure(storedLinks)} links again from Postgres, against reading the rows`,
      'wallMs',
      stored.ours,
      stored.limit,
      null,
    ),
  ];
}

async function memoryRows(on: Cluster): Promise<Row[]> {
  const small = await peaksAt(on, sizes.memory.small);
  const large = await peaksAt(on, sizes.memory.large);
  const aim = { bound: 2, atMost: true };
  const sizesText = `${figure(sizes.memory.small)} → ${figure(sizes.memory.large)} customers`;
  return (['first', 'again'] as const).flatMap((which) => {
    const name = which === 'first' ? 'first cycle' : 'cycle without changes';
    const ids = { small: small[which].live.idSetBytes, large: large[which].live.idSetBytes };
    const live = { small: small[which].live.liveBytes, large: large[which].live.liveBytes };
    const rss = (peaks: Peaks) =>
      `${megabytes(peaks[which].rss.rssBytes)} (${megabytes(peaks[which].rss.rssBeforeBytes)} before)`;
    const secondsOf = (peaks: Peaks) => (peaks[which].rss.wallMs / 1_000).toFixed(1);
    return [
      growthRow(`peak of live memory, ${name}, ${sizesText}`, live, ids, aim),
      noteRow(`… resident set, smaller (it took ${secondsOf(small)} s)`, rss(small)),
      noteRow(`… resident set, larger (it took ${secondsOf(large)} s)`, rss(large)),
    ];
  });
}
