/** What a violation prints: a trace that holds no more than it takes, and a command that plays the same world. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { copyCheckout } from '../mutation/copy.ts';
import { BUGS } from './bugs.ts';
import { placeForWorlds } from './by-hand.ts';
import { runScript, type Watching } from './run.ts';
import { generate, type Script } from './script.ts';
import { shrink } from './shrink.ts';
import { type SoakState, saveSoak } from './soak-state.ts';

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

/** What a soak or one world prints from its trace on; what comes before tells how long it took. */
function told(stdout: string): string {
  return stdout.slice(stdout.indexOf('\n{') + 1);
}

test('a soak that finds a bug prints the shortened trace, and one command that shows the same again; it says its steps per second', async () => {
  const copy = copyCheckout();
  const bug = BUGS.find(({ name }) => name === 'the base is what was sent');
  if (bug === undefined) throw new Error('the bug is called otherwise by now');
  // An interrupted soak goes on: its worlds are as long as they were, whatever the command says.
  const state: SoakState = { seed: 'bug', steps: 30, next: 0, open: [], ran: [], broken: [] };
  const file = join(copy.dir, 'soak.json');
  saveSoak(file, state);
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(copy.dir, 'test/simulation/command.ts'), ...args], {
      encoding: 'utf8',
      cwd: copy.dir,
    });
  try {
    const [soak, again] = await copy.having(bug, async () => {
      const soak = run('--soak', '--workers', '1', '--resume', file);
      const command = /^again: npm run sim -- (.+)$/m.exec(soak.stdout)?.[1] ?? '';
      expect(command).toMatch(/^--seed bug-\d+ --steps 30$/);
      return [soak, run(...command.split(' '))];
    });
    expect([soak?.status, again?.status]).toEqual([1, 1]);
    expect(soak?.stdout).toMatch(/ steps, [\s\S]* \d+\.\d steps\/s$/m);
    expect(told(again?.stdout ?? '')).toBe(told(soak?.stdout ?? ''));
    expect(told(soak?.stdout ?? '')).toMatch(/^P\d+: .+$/m);
    const [, kept, of] = /^(\d+) of (\d+) steps are needed/m.exec(soak?.stdout ?? '') ?? [];
    expect(Number(kept)).toBeLessThan(Number(of));
  } finally {
    copy.remove();
  }
});
