/**
 * The long run: worlds with fresh seeds, over several processes, until so many steps are done. It ends at the first
 * violation, with the shortened trace; what was done is in a file, so that the next one goes on from there, and says which
 * commit ran how many of the steps.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type Broken, loadSoak, type Ran, type SoakState, saveSoak } from './soak-state.ts';
import type { Done } from './soak-worker.ts';
import { runWorlds } from './workers.ts';

export interface SoakOptions {
  readonly urlOf: (database: string) => string;
  /** Names the worlds; without one, another each time. */
  readonly seed: string | undefined;
  /** Of each world. */
  readonly steps: number;
  /** Steps of all worlds. */
  readonly target: number;
  readonly minutes: number;
  readonly workers: number;
  readonly file: string | undefined;
  /** Goes on after a violation, to find others. */
  readonly all: boolean;
  /** Runs a failing seed again with as many steps as its world had, shortens it, and prints it. */
  readonly failed: (seed: string, steps: number) => Promise<number>;
  readonly say: (line: string) => void;
}

const REPORT_MS = 60_000;

/** @returns the exit code: 0 when everything held */
export async function soak(options: SoakOptions): Promise<number> {
  const { say, file, target } = options;
  const state = loadSoak(file, { seed: options.seed ?? String(Date.now()), steps: options.steps });
  const ran: Ran = {
    commit: commit(),
    code: codeOf(SIMULATED),
    seeds: 0,
    steps: 0,
    calls: 0,
    inside: 0,
    seconds: 0,
  };
  const total = [...state.ran, ran];
  const broken: Broken[] = [...state.broken];
  const startedAt = performance.now();
  say(
    `soak ${state.seed} of commit ${ran.commit}: ${options.workers} workers, ${sum(state.ran, 'steps')} of ${target} steps are done`,
  );
  const report = () => {
    say(
      `${new Date().toISOString()} ${sum(total, 'seeds')} seeds, ${sum(total, 'steps')} steps, ${sum(total, 'calls')} calls of the sides, ${sum(total, 'inside')} acts and faults inside of cycles, ${sum(total, 'seconds').toFixed(0)} s, ${(ran.steps / ran.seconds).toFixed(1)} steps/s`,
    );
  };
  const timer = setInterval(report, REPORT_MS);
  const free = [...state.open];
  const open = new Set<number>();
  const underWay = new Set<number>();
  let failing: string | null = null;
  const before = broken.length;
  const next = (): number | null => {
    const late = performance.now() - startedAt > options.minutes * 60_000;
    if (failing !== null || late || sum(total, 'steps') + underWay.size * state.steps >= target) return null;
    const index = free.shift() ?? state.next;
    if (index === state.next) state.next += 1;
    open.add(index);
    underWay.add(index);
    return index;
  };
  const finished = (index: number, done: Done) => {
    underWay.delete(index);
    if (done.violation !== null) {
      if (!options.all) failing ??= `${state.seed}-${index}`;
      broken.push({ seed: `${state.seed}-${index}`, commit: ran.commit, violation: done.violation });
      say(`seed ${state.seed}-${index}: ${done.violation}`);
    } else {
      open.delete(index);
      ran.seeds += 1;
      ran.steps += done.steps;
      ran.calls += done.calls;
      ran.inside += done.inside;
    }
    ran.seconds = (performance.now() - startedAt) / 1_000;
    saveSoak(file, { ...state, ran: total, open: [...free, ...open], broken } satisfies SoakState);
  };
  try {
    await runWorlds({
      urlOf: options.urlOf,
      workers: options.workers,
      steps: state.steps,
      next: () => {
        const index = next();
        return index === null ? null : { key: index, seed: `${state.seed}-${index}` };
      },
      finished,
    });
  } finally {
    clearInterval(timer);
    report();
  }
  for (const { commit: by, code, seeds, steps, seconds } of total)
    say(`  commit ${by} (code ${code}): ${seeds} seeds, ${steps} steps, ${seconds.toFixed(0)} s`);
  say(
    `  of this code ${sum(
      total.filter(({ code }) => code === ran.code),
      'steps',
    )} steps`,
  );
  const failures = broken.slice(before);
  if (failures.length > 0) {
    say(`${failures.length} worlds broke a promise:`);
    for (const { seed, violation } of failures)
      say(`  ${seed}: ${violation}\n    again: npm run sim -- --seed ${seed} --steps ${state.steps}`);
  } else {
    say(`0 violations in ${sum(total, 'steps')} steps`);
    return 0;
  }
  if (failing !== null) await options.failed(failing, state.steps);
  return 1;
}

function sum(ran: readonly Ran[], key: 'seeds' | 'steps' | 'calls' | 'inside' | 'seconds'): number {
  return ran.reduce((total, one) => total + one[key], 0);
}

/** What a world is made of: a commit that touches none of it goes on where the last one ended. */
const SIMULATED = [
  ...['core', 'crm', 'engine', 'http', 'lib', 'simulator', 'store', 'udesk'].map((room) => `src/${room}`),
  ...['src/daemon', 'drizzle', 'test/simulation', 'package-lock.json'],
];

/** A digest of what git holds of these paths, and whether the files differ from it. */
function codeOf(paths: readonly string[]): string {
  return fromGit((git) => {
    const trees = paths.map((path) => git('rev-parse', `HEAD:${path}`)).join(' ');
    const digest = createHash('sha256').update(trees).digest('hex').slice(0, 12);
    return `${digest}${changes(git('status', '--porcelain', '-uno', '--', ...paths))}`;
  });
}

function commit(): string {
  return fromGit(
    (git) => `${git('rev-parse', '--short', 'HEAD')}${changes(git('status', '--porcelain', '-uno'))}`,
  );
}

function changes(status: string): string {
  return status === '' ? '' : ' and changes';
}

function fromGit(ask: (git: (...args: string[]) => string) => string): string {
  try {
    return ask((...args) => execFileSync('git', args, { encoding: 'utf8' }).trim());
  } catch {
    return 'unknown';
  }
}
