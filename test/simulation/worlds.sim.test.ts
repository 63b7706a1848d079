/**
 * The whole engine on a real database, with two sides whose people, faults and crashes come from one seed
 * (sync design §11). A violation prints the shortened trace and the command that runs it again.
 */
import { describe, expect, test } from 'vitest';
import { placeForWorlds } from './by-hand.ts';
import { runScript } from './run.ts';
import { generate, type Script } from './script.ts';
import { shrink } from './shrink.ts';

const STEPS = 60;
/** Seeds that stay. What the others found once has a test of its own, by its shortest trace. */
const KEPT = ['kept-1', 'kept-2', 'kept-3', 'kept-4'];
const FRESH = 10;

const place = placeForWorlds();

async function check(seed: string): Promise<void> {
  const script = generate(seed, STEPS);
  const run = (candidate: Script) => runScript(candidate, place.database.db);
  const outcome = await run(script);
  if (outcome.violations.length === 0) return;
  const short = await shrink(script, outcome, run, 40);
  const broken = short.outcome.violations.map(({ promise, message }) => `${promise}: ${message}`);
  const again = `npm run sim -- --seed ${seed} --steps ${STEPS}`;
  expect.fail([...short.outcome.trace, ...broken, `again: ${again}`].join('\n'));
}

describe('P1–P10, P12: worlds with people, faults and crashes', () => {
  test.each(KEPT)('seed %s', async (seed) => await check(seed));

  test(`${FRESH} fresh seeds`, async () => {
    for (let n = 0; n < FRESH; n += 1) {
      const seed = crypto.randomUUID().slice(0, 8);
      process.stdout.write(`fresh seed: npm run sim -- --seed ${seed} --steps ${STEPS}\n`);
      await check(seed);
    }
  });
});

describe('P11 determinism', () => {
  test('the same seed gives the same trace, to the last word', async () => {
    const [first, second] = [
      await runScript(generate('twice', 40), place.database.db),
      await runScript(generate('twice', 40), place.database.db),
    ];
    expect(second.trace).toEqual(first.trace);
    expect(second.hash).toBe(first.hash);
    const other = await runScript(generate('thrice', 40), place.database.db);
    expect(other.hash).not.toBe(first.hash);
  });
});
