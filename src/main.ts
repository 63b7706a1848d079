/** The composition root: puts the pieces together, and turns signals and failures into an exit code. */
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CliContext } from './cli/context.ts';
import { runProgram } from './cli/program.ts';
import { STOP_LIMITS, type StopLimits } from './cli/stop-limits.ts';
import { crmAdapters } from './crm/registry.ts';
import { surviveLostConnections } from './store/driver-fault.ts';

/**
 * `argv` as in process.argv. Resolves with the exit code (interface.md, "Command line"); leaves the process only where a stop does
 * not come to its end, or is asked for twice.
 */
export async function main(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  { drainMs, withinMs }: StopLimits = STOP_LIMITS,
): Promise<number> {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    // The second one is from somebody who has lost patience; the next start recovers.
    if (stop.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    stop.abort();
    setTimeout(() => {
      process.stderr.write(
        `udesk-sync: the stop did not come to its end within ${withinMs / 1_000} s; the next start recovers what was in flight\n`,
      );
      process.exit(1);
    }, withinMs).unref();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const endSurvival = surviveLostConnections(() =>
    process.stderr.write(
      'udesk-sync: a database connection was lost in the middle of a transaction or of its login\n',
    ),
  );
  // A reader such as `head` that leaves early is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  try {
    const context = new CliContext({
      env,
      cwd: process.cwd(),
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
      signal: stop.signal,
      drainMs,
      adapters: crmAdapters,
    });
    return await runProgram(argv.slice(2), context, packageVersion());
  } finally {
    endSurvival();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function isEntry(): boolean {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url);
}

if (isEntry()) process.exitCode = await main(process.argv, process.env);
