/** What a violation prints: a trace that holds no more than it takes, and a command that plays the same world. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { placeForWorlds } from './by-hand.ts';
import { runScript, type Watching } from './run.ts';
import { generate, type Script } from './script.ts';
import { shrink } from './shrink.ts';

const STEPS = 40;
const COMMAND = fileURLToPath(new URL('command.ts', import.meta.url));
const place = placeForWorlds();

test('a failing world is shortened to what it takes, breaks the same promise then, and does so again with the same trace', async () => {
  const script = generate('shrink', STEPS);
  const cycles = script.steps.filter(({ kind }) => kind === 'cycle');
  const last = cycles.at(-1)?.id ?? -1;
  // As a faulty engine might: somebody whom nobody deleted counts as deleted, after the last cycle of forty steps.
  const meddle: Watching['meddle'] = async ({ db }, { id }) => {
    if (id !== last) return;
    await db.execute(sql`update udesk_sync.record set state = 'deleted' where side = 'crm'`);
  };
  const run = (candidate: Script) => runScript(candidate, place.database.db, { meddle });
  const outcome = await run(script);
  expect(outcome.violations.map(({ promise }) => promise)).toContain('P7');

  const short = await shrink(script, outcome, run);

  expect(short.outcome.violations[0]?.promise).toBe(outcome.violations[0]?.promise);
  const kept = short.script.steps.map(({ id }) => id);
  expect(kept).toContain(last);
  expect(kept.length).toBeLessThanOrEqual(3);
  const interrupts = short.script.steps.flatMap((step) => (step.kind === 'cycle' ? step.interrupts : []));
  expect(interrupts).toEqual([]);
  // Nothing of it can be left out.
  for (const left of short.script.steps) {
    const steps = short.script.steps.filter((step) => step !== left);
    expect((await run({ ...script, steps })).violations).toEqual([]);
  }
  expect((await run(short.script)).hash).toBe(short.outcome.hash);
});

test('the printed command plays the same world again', async () => {
  const outcome = await runScript(generate('again', STEPS), place.database.db);
  const args = [COMMAND, '--seed', 'again', '--steps', String(STEPS)];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ stdout: stdout.trim().split('\n').at(-1), status }).toEqual({
    stdout: `seed again: ${STEPS} steps, ${outcome.sideCalls} calls, 0 violations, trace ${outcome.hash.slice(0, 16)}`,
    status: 0,
  });
});
