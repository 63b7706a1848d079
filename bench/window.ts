/**
 * `npm run bench:window -- [edits] [first seed]`: so many edits of agents, each between our look and our write, over HTTP
 * and on a real Postgres. Prints where they ended, world by world; a world is one seed, so that a run which was stopped
 * goes on with the seed that it had come to. Exits with 1 when an edit vanished.
 */
import { removeDataDir } from '../src/store/embedded/start.ts';
import { startCluster } from '../test/support/postgres-setup.ts';
import type { WindowCounts } from '../test/support/window-edits.ts';

const edits = Number(process.argv[2] ?? 10_000);
const firstSeed = Number(process.argv[3] ?? 1);
if (!(edits > 0) || !Number.isSafeInteger(firstSeed)) {
  console.error('npm run bench:window -- [edits] [first seed]');
  process.exit(2);
}
/** A world ends after four rounds: its histories stay as short as those of real customers. */
const ROUNDS = 4;
const LINKS = Math.min(250, Math.ceil(edits / ROUNDS));

const cluster = await startCluster();
process.env.TEST_POSTGRES_URL = cluster.url('postgres');
try {
  // Only now: which server it works on is read when it is loaded.
  const { runWindowEdits } = await import('../test/support/window-edits.ts');
  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1_000).toFixed(0);
  const all = { injected: 0, merged: 0, kept: 0, vanished: [] as string[] };
  let seed = firstSeed;
  for (; all.injected < edits; seed += 1) {
    const rounds = Math.min(ROUNDS, Math.ceil((edits - all.injected) / LINKS));
    const onRound = (round: number, counts: WindowCounts) =>
      console.error(`${seconds()} s: seed ${seed}, round ${round} of ${rounds}: ${counts.injected} edits`);
    const counts = await runWindowEdits({ links: LINKS, rounds, seed, onRound });
    if (counts.injected === 0)
      throw new Error(`seed ${seed}: nothing was written, so no edit fell in between`);
    all.injected += counts.injected;
    all.merged += counts.merged;
    all.kept += counts.kept;
    all.vanished.push(...counts.vanished.map((one) => `seed ${seed}: ${one}`));
    console.log(`${seconds()} s, seed ${seed}: ${textOf(all)}`);
  }
  for (const one of all.vanished) console.log(one);
  console.log(
    `seeds ${firstSeed} to ${seed - 1}, ${LINKS} customers each: ${textOf(all)}, in ${seconds()} s`,
  );
  process.exitCode = all.vanished.length === 0 ? 0 : 1;
} finally {
  await cluster.stop();
  removeDataDir(cluster);
}

function textOf({ injected, merged, kept, vanished }: WindowCounts): string {
  return `${injected} edits in the window, ${merged} on both sides, ${kept} kept in a conflict, ${vanished.length} vanished`;
}
