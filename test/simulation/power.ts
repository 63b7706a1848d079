/**
 * npm run sim:power [-- --seeds N --steps N --only TEXT --only TEXT]   how much the simulation's green says
 *
 * Puts known bugs back into a copy of this checkout, one at a time, and counts the worlds that find them. Without a bug the
 * same worlds must be clean (--no-clean leaves that out). Prints the table of docs/invariants.md.
 */
import { parseArgs } from 'node:util';
import { removeDataDir } from '../../src/store/embedded/start.ts';
import { copyCheckout } from '../mutation/copy.ts';
import { BUGS } from './bugs.ts';
import { startWorldCluster } from './database.ts';
import type { Done } from './soak-worker.ts';
import { runWorlds } from './workers.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    steps: { type: 'string', default: '400' },
    workers: { type: 'string', default: '2' },
    seed: { type: 'string', default: 'power' },
    only: { type: 'string', multiple: true, default: [''] },
    clean: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const [seeds, steps] = [Number(values.seeds), Number(values.steps)];
const say = (line: string) => process.stdout.write(`${line}\n`);

const cluster = await startWorldCluster();
const copy = copyCheckout();
try {
  if (values.clean) {
    const clean = await worlds();
    say(
      `without a bug: ${clean.filter(({ violation }) => violation !== null).length} of ${seeds} seeds fail`,
    );
  }
  say(`| bug | breaks | of ${seeds} seeds find it | as | steps until then, median |\n|---|---|---|---|---|`);
  const isMeant = ({ name, breaks }: (typeof BUGS)[number]) =>
    values.only.some((text) => `${name} ${breaks}`.includes(text));
  for (const bug of BUGS.filter(isMeant)) {
    const found = (await copy.having(bug, worlds)).flatMap((done) => (done.violation === null ? [] : [done]));
    const as = [...new Set(found.map(({ violation }) => violation?.split(':')[0]))].sort().join(', ');
    say(
      `| ${bug.name} | ${bug.breaks} | ${found.length} | ${as || '–'} | ${median(found.map((one) => one.steps))} |`,
    );
  }
} finally {
  copy.remove();
  await cluster.stop();
  removeDataDir(cluster);
}

async function worlds(): Promise<Done[]> {
  const done: Done[] = [];
  let begun = 0;
  await runWorlds({
    urlOf: cluster.url,
    workers: Number(values.workers),
    steps,
    dir: copy.dir,
    next: () => (begun < seeds ? { key: begun, seed: `${values.seed}-${begun++}` } : null),
    finished: (_, one) => done.push(one),
  });
  return done;
}

function median(numbers: readonly number[]): number | string {
  return numbers.length === 0
    ? '–'
    : (numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? '–');
}
