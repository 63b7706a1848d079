/** One process of a soak: runs the worlds that it is told, one after the other, in a database of its own. */
import { createWorldDatabase } from './database.ts';
import { pinTogether } from './pin.ts';
import { type Outcome, runScript } from './run.ts';
import { generate } from './script.ts';

/** What became of one world. */
export interface Done {
  readonly steps: number;
  readonly calls: number;
  readonly inside: number;
  readonly violation: string | null;
}

const [admin = '', world = '', steps = '', turn = '0'] = process.argv.slice(2);
const place = await createWorldDatabase((name) =>
  name === 'postgres' ? admin : world.replace('WORLD', name),
);
process.on('message', ({ seed }: { seed: string | null }) => {
  if (seed === null) {
    void place.drop().then(() => process.disconnect());
    return;
  }
  void run(seed).then(
    ({ violations, steps: done, sideCalls, inside }) => {
      const [first] = violations;
      const violation = first === undefined ? null : `${first.promise}: ${first.message}`;
      process.send?.({ steps: done, calls: sideCalls, inside, violation } satisfies Done);
    },
    (error: unknown) => {
      process.stderr.write(`world ${seed}: ${String((error as Error).stack)}\n`);
      process.exit(1);
    },
  );
});

let pinned = 0;

async function run(seed: string): Promise<Outcome> {
  const backend = await place.backendPid();
  if (backend !== pinned) pinTogether(Number(turn), [process.pid, backend]);
  pinned = backend;
  return await runScript(generate(seed, Number(steps)), place.database.db);
}

process.send?.('ready');
