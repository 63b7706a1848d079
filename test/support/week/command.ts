/**
 * `npm run week -- [--days 7] [--seed S]`: a week of the daemon in virtual time with every kind of failure, and what it
 * was like. Exits with 1 when something was lost, grew, or needed a person.
 */
import { parseArgs } from 'node:util';
import { figure, table } from '../../../bench/measure.ts';
import { removeDataDir } from '../../../src/store/embedded/start.ts';
import { startCluster } from '../postgres-setup.ts';
import type { Sample } from './measures.ts';
import { brokenPromises, type WeekResult } from './verdict.ts';

const { values } = parseArgs({
  options: { days: { type: 'string', default: '7' }, seed: { type: 'string', default: 'a week' } },
});
const days = Number(values.days);
if (!(Number.isInteger(days) && days > 0)) {
  console.error('npm run week -- [--days 7] [--seed S]');
  process.exit(2);
}

const HEAD = 'day,RSS MB,heap MB,handles,fds,connections,database MB,cycles,writes,edits'.split(',');

const startedAt = performance.now();
const cluster = await startCluster();
process.env.TEST_POSTGRES_URL = cluster.url('postgres');
try {
  // Only now: which server it works on is read when it is loaded.
  const { runWeek } = await import('./run.ts');
  const result = await runWeek({
    days,
    seed: values.seed,
    onDay: (sample) => console.error(`${seconds()} s: ${rowOf(sample).join(' | ')}`),
  });
  say(result);
} finally {
  await cluster.stop();
  removeDataDir(cluster);
}

function say(result: WeekResult): void {
  const { fates, suffered, alerts, clashes, calls, busiest, perMinute, edits, takeovers } = result;
  console.log(`\n${table(HEAD, result.samples.map(rowOf))}\n`);
  const names = new Map<string, number>();
  for (const { trouble } of suffered) names.set(trouble.name, (names.get(trouble.name) ?? 0) + 1);
  for (const [name, times] of names) console.log(`  ${times} × ${name}`);
  for (const { killedAt, startedAt, goodAt } of takeovers)
    console.log(
      `  killed; the next one was there after ${figure((startedAt - killedAt) / 1_000)} s and had read and written after ` +
        `${goodAt === null ? 'ever' : figure((goodAt - startedAt) / 1_000)} s more`,
    );
  const count = (kind: string) => alerts.filter((alert) => alert.kind === kind).length;
  console.log(
    `${days} days in ${seconds()} s: ${edits} edits, of which ${fates.arrived} arrived, ${fates.held} are in a conflict, ` +
      `${fates.superseded} were superseded on their own side and ${fates.lost.length} are lost; ${clashes.length} conflicts ` +
      `were expected; ${calls} calls of Udesk, at most ${busiest} in a minute of ${perMinute}; ${count('raised')} alerts and ` +
      `${count('recovered')} recoveries`,
  );
  const broken = brokenPromises(result);
  for (const one of broken) console.log(`  BROKEN: ${one}`);
  console.log(
    broken.length === 0
      ? 'nothing lost, nothing grows, nobody was needed'
      : `${broken.length} promises broken`,
  );
  process.exitCode = broken.length === 0 ? 0 : 1;
}

function rowOf(sample: Sample): string[] {
  const { day, rssMb, heapMb, handles, fds, connections, databaseMb, runs, intents, edits } = sample;
  return [day, rssMb, heapMb, handles, fds ?? 0, connections, databaseMb, runs, intents, edits].map(
    (value) => (Number.isInteger(value) ? String(value) : figure(value)),
  );
}

function seconds(): string {
  return ((performance.now() - startedAt) / 1_000).toFixed(0);
}
