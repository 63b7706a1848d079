/** `npm run demo`: two systems that agree, and the differences on which they could not. Wires the steps and ends cleanly. */
import { CliContext } from '../cli/context.ts';
import { EXIT, exitCodeFor, renderError } from '../cli/errors.ts';
import { crmAdapters } from '../crm/registry.ts';
import { judge } from './claims.ts';
import { oneConflict } from './conflict-step.ts';
import { startDaemon, wholeCycles } from './daemon.ts';
import { firstSteps, showConflicts } from './first-steps.ts';
import { lastLook, snapshot } from './last-look.ts';
import { liveEdits } from './live-edits.ts';
import { type DemoOptions, parseOptions, usage } from './options.ts';
import { configFileIn, defaultDir } from './place.ts';
import { createShow } from './show.ts';
import { runSql } from './sql.ts';
import { type Stage, setStage } from './stage.ts';
import { watch } from './watch.ts';
import { type Words, wordsOf } from './words.ts';

/** Resolves with the exit code: 0 when each claim held (or the person ended it after that), 1 otherwise, 2 for bad usage. */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    // The second one is from somebody who has lost patience; the server ends with us all the same.
    if (stop.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  const context = new CliContext({
    // A database of the operator's own is never touched by a demo.
    env: { ...env, DATABASE_URL: undefined },
    cwd: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stop.signal,
    adapters: crmAdapters,
  });
  try {
    return await run(context, parseOptions(args));
  } catch (thrown) {
    if (stop.signal.aborted) {
      context.stderr.write('Interrupted.\n');
      return 130;
    }
    context.stderr.write(`${context.redact(renderError(thrown, context.debug))}\n`);
    return exitCodeFor(thrown);
  }
}

async function run(context: CliContext, options: DemoOptions): Promise<number> {
  if (options.help) {
    context.print(usage);
    return EXIT.done;
  }
  if (options.sql !== null) {
    context.setGlobals({ config: configFileIn(options.dir ?? defaultDir()) });
    await runSql(context, options.sql);
    return EXIT.done;
  }
  const words = wordsOf(options.lang);
  const show = createShow(context);
  const startedAt = performance.now();
  show.title(words.title);
  show.step(1, words.steps.start);
  const stage = await show.during(words.steps.start, () => setStage(context, show, words, options));
  try {
    context.signal.throwIfAborted();
    showStage(stage, performance.now() - startedAt);
    return await play(stage, options, startedAt);
  } finally {
    await stage.close();
    if (options.keep) show.line(words.kept(stage.place.dataDir));
  }
}

async function play(stage: Stage, { once }: DemoOptions, startedAt: number): Promise<number> {
  const { show, words, context } = stage;
  const start = snapshot(stage);
  const first = await firstSteps(stage);
  const daemon = await startDaemon(stage);
  try {
    const { edited, ...live } = await liveEdits(stage);
    const conflict = await oneConflict(stage);
    await wholeCycles(daemon, 1, context.signal);
    const last = await lastLook(stage, daemon, start, edited);
    const claims = judge({ ...first, ...live, ...conflict, ...last }, words);
    const failed = claims.filter(({ held }) => !held).length;
    show.step(6, words.steps.claims);
    show.claims(claims);
    show.line();
    show.mark(failed === 0, words.result(claims.length, failed, (performance.now() - startedAt) / 1000));
    if (!once) {
      await showConflicts(stage);
      await watch(stage, daemon);
      show.line(words.ending);
    }
    return failed === 0 ? EXIT.done : EXIT.failed;
  } finally {
    await daemon.stop();
  }
}

function showStage({ show, words, runtime, people, simulator, place }: Stage, ms: number): void {
  show.mark(true, words.postgres(runtime.database.description, place.dataDir, ms / 1000));
  show.mark(true, words.tenant(simulator.tenant.count, simulator.url));
  show.mark(true, words.crm(people.contacts.length));
  for (const [group, count] of Object.entries(people.groups)) {
    show.line(`${String(count).padStart(7)}  ${words.groups[group as keyof Words['groups']]}`);
  }
}
