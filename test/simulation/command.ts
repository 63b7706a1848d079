/**
 * npm run sim -- --seed S --steps N     one world, its trace, and what broke; a failing one is shortened
 * npm run soak -- --minutes M           worlds with fresh seeds, one after the other, until the time is over
 */
import { parseArgs } from 'node:util';
import { removeDataDir } from '../../src/store/embedded/start.ts';
import type { Db } from '../../src/store/tx.ts';
import { startCluster } from '../support/postgres-setup.ts';
import { createWorldDatabase } from './database.ts';
import { runScript } from './run.ts';
import { generate } from './script.ts';
import { shrink } from './shrink.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now()) },
    steps: { type: 'string', default: '120' },
    soak: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
    worlds: { type: 'string', default: '1000000000' },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const say = (line: string) => process.stdout.write(`${line}\n`);

const cluster = await startCluster();
const place = await createWorldDatabase(cluster.url('postgres'));
try {
  process.exitCode = values.soak ? await soak(place.database.db) : await one(place.database.db, values.seed);
} finally {
  await place.drop();
  await cluster.stop();
  removeDataDir(cluster);
}

async function one(db: Db, seed: string): Promise<number> {
  const script = generate(seed, Number(values.steps));
  const outcome = await runScript(script, db);
  if (values.trace && outcome.violations.length === 0) for (const line of outcome.trace) say(line);
  say(
    `seed ${seed}: ${outcome.steps} steps, ${outcome.sideCalls} calls, ${outcome.violations.length} violations, trace ${outcome.hash.slice(0, 16)}`,
  );
  if (outcome.violations.length === 0) return 0;
  const short = values.shrink ? await shrink(script, outcome, db) : { script, outcome, runs: 0 };
  say(JSON.stringify(script.setting));
  for (const line of short.outcome.trace) say(line);
  for (const { promise, message } of short.outcome.violations) say(`${promise}: ${message}`);
  say(`${short.script.steps.length} of ${outcome.steps} steps are needed (${short.runs} runs)`);
  say(`again: npm run sim -- --seed ${seed} --steps ${values.steps}`);
  return 1;
}

async function soak(db: Db): Promise<number> {
  const startedAt = performance.now();
  const until = startedAt + Number(values.minutes) * 60_000;
  let [worlds, steps, calls, failed] = [0, 0, 0, 0];
  const report = () => {
    const seconds = (performance.now() - startedAt) / 1_000;
    say(
      `${worlds} seeds, ${steps} steps, ${calls} calls of the sides, ${failed} failed, ${(steps / seconds).toFixed(1)} steps/s, ${seconds.toFixed(0)} s`,
    );
  };
  for (; performance.now() < until && worlds < Number(values.worlds); worlds += 1) {
    const seed = `${values.seed}-${worlds}`;
    const outcome = await runScript(generate(seed, Number(values.steps)), db);
    steps += outcome.steps;
    calls += outcome.sideCalls;
    if (outcome.violations.length > 0) {
      failed += 1;
      const [first] = outcome.violations;
      say(`npm run sim -- --seed ${seed} --steps ${values.steps}   # ${first?.promise}: ${first?.message}`);
    }
    if (worlds % 50 === 49) report();
  }
  report();
  return failed === 0 ? 0 : 1;
}
