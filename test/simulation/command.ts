/**
 * npm run sim -- --seed S --steps N     one world, its trace, and what broke; a failing one is shortened
 * npm run soak -- --target N            worlds with fresh seeds until so many steps are done (soak.ts)
 *   --workers W   processes side by side, each with a database of its own (2)
 *   --minutes M   or until the time is over
 *   --all         goes on after a violation
 *   --resume FILE goes on where FILE says that an earlier soak was interrupted; keeps it up to date
 */
import { parseArgs } from 'node:util';
import { removeDataDir } from '../../src/store/embedded/start.ts';
import type { Db } from '../../src/store/tx.ts';
import { createWorldDatabase, startWorldCluster } from './database.ts';
import { runScript } from './run.ts';
import { generate, type Script } from './script.ts';
import { shrink } from './shrink.ts';
import { soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    steps: { type: 'string', default: '400' },
    soak: { type: 'boolean', default: false },
    minutes: { type: 'string', default: 'Infinity' },
    target: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: '2' },
    resume: { type: 'string' },
    all: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const say = (line: string) => process.stdout.write(`${line}\n`);

const cluster = await startWorldCluster();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    say(`stopped by ${signal}`);
    void cluster.stop().then(() => {
      removeDataDir(cluster);
      process.exit(130);
    });
  });
try {
  process.exitCode = values.soak
    ? await soak({
        urlOf: cluster.url,
        seed: values.seed,
        steps: Number(values.steps),
        target: Number(values.target),
        minutes: Number(values.minutes),
        workers: Number(values.workers),
        file: values.resume,
        all: values.all,
        failed: one,
        say,
      })
    : await one(values.seed ?? String(Date.now()), Number(values.steps));
} finally {
  await cluster.stop();
  removeDataDir(cluster);
}

async function one(seed: string, steps: number): Promise<number> {
  const place = await createWorldDatabase(cluster.url);
  try {
    return await runOne(seed, steps, place.database.db);
  } finally {
    await place.drop();
  }
}

async function runOne(seed: string, steps: number, db: Db): Promise<number> {
  const script = generate(seed, steps);
  const run = (candidate: Script) => runScript(candidate, db);
  const outcome = await run(script);
  if (values.trace && outcome.violations.length === 0) for (const line of outcome.trace) say(line);
  say(
    `seed ${seed}: ${outcome.steps} steps, ${outcome.sideCalls} calls, ${outcome.violations.length} violations, trace ${outcome.hash.slice(0, 16)}`,
  );
  if (outcome.violations.length === 0) return 0;
  const short = values.shrink ? await shrink(script, outcome, run) : { script, outcome, runs: 0 };
  say(JSON.stringify(script.setting));
  for (const line of short.outcome.trace) say(line);
  for (const { promise, message } of short.outcome.violations) say(`${promise}: ${message}`);
  say(`${short.script.steps.length} of ${outcome.steps} steps are needed (${short.runs} runs)`);
  say(`again: npm run sim -- --seed ${seed} --steps ${steps}`);
  return 1;
}
