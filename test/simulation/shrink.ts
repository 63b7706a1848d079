/** Makes a failing script shorter (delta debugging): fewer steps, then fewer interrupts, while the same breaks. */
import type { Outcome } from './run.ts';
import type { Script, Step } from './script.ts';
import type { Violation } from './world.ts';

export interface Shrunk {
  readonly script: Script;
  readonly outcome: Outcome;
  readonly runs: number;
}

/** @param run as the script was run that broke something */
export async function shrink(
  script: Script,
  outcome: Outcome,
  run: (script: Script) => Promise<Outcome>,
  maxRuns = 400,
): Promise<Shrunk> {
  const wanted = kindOf(outcome.violations[0]);
  let best: Shrunk = { script, outcome, runs: 0 };
  let runs = 0;
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    if (runs >= maxRuns) return false;
    runs += 1;
    const candidate = { ...script, steps };
    const found = await run(candidate);
    if (!found.violations.some((violation) => kindOf(violation) === wanted)) return false;
    best = { script: candidate, outcome: found, runs };
    return true;
  };
  let steps: readonly Step[] = script.steps.slice(0, outcome.steps);
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < steps.length; ) {
      const without = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (await fails(without)) steps = without;
      else at += size;
    }
  }
  for (const [at, step] of steps.entries()) {
    if (step.kind !== 'cycle') continue;
    let now = step;
    for (const interrupt of step.interrupts) {
      const fewer = { ...now, interrupts: now.interrupts.filter((one) => one !== interrupt) };
      const candidate = steps.map((one, n) => (n === at ? fewer : one));
      if (!(await fails(candidate))) continue;
      now = fewer;
      steps = candidate;
    }
  }
  return { ...best, runs };
}

/** The promise and the words, without what names a place in this very run. */
function kindOf(violation: Violation | undefined): string {
  return `${violation?.promise} ${violation?.message.replaceAll(/"[^"]*"|\S*\d\S*/g, '#')}`;
}
