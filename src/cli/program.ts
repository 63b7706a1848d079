/** The command line as a whole. Commands live in files of their own; this one knows only their names. */
import { Command, CommanderError, Option } from 'commander';
import { LOG_LEVELS } from '../lib/log.ts';
import { registerCheck } from './check.ts';
import { registerConflicts } from './conflicts.ts';
import type { CliContext, GlobalOptions } from './context.ts';
import { registerCrm } from './crm-triggers.ts';
import { EXIT, errorDocument, exitCodeFor, renderError } from './errors.ts';
import { registerExplain } from './explain.ts';
import { registerForget } from './forget.ts';
import { registerHashPassword } from './hash-password.ts';
import { registerInit } from './init.ts';
import { registerLinks } from './links.ts';
import { registerMigrate } from './migrate.ts';
import { registerParked } from './parked.ts';
import { registerPlan } from './plan.ts';
import { registerProbe } from './probe.ts';
import { registerRebaseline } from './rebaseline.ts';
import { registerRefresh } from './refresh.ts';
import { registerReport } from './report.ts';
import { registerRetention } from './retention.ts';
import { registerRevert } from './revert.ts';
import { registerRules } from './rules.ts';
import { registerRun } from './run.ts';
import { registerSimulate } from './simulate.ts';
import { registerStatus } from './status.ts';
import { registerSync } from './sync.ts';
import { registerVerifyLog } from './verify-log.ts';

/** `parent` is the program, or the command under which a subcommand hangs. */
export type Register = (parent: Command, context: CliContext) => void;

const COMMANDS: readonly Register[] = [
  registerInit,
  registerCheck,
  registerPlan,
  registerProbe,
  registerSync,
  registerRun,
  registerStatus,
  registerConflicts,
  registerRules,
  registerLinks,
  registerParked,
  registerReport,
  registerExplain,
  registerRefresh,
  registerRevert,
  registerCrm,
  registerForget,
  registerRetention,
  registerMigrate,
  registerRebaseline,
  registerHashPassword,
  registerVerifyLog,
  registerSimulate,
];

/** Runs one command line (without the names of node and the program) and returns the exit code. Never throws. */
export async function runProgram(
  args: readonly string[],
  context: CliContext,
  version: string,
): Promise<number> {
  const program = buildProgram(context, version);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return context.exitCode;
  } catch (thrown) {
    report(thrown, context, args);
    return exitCodeFor(thrown);
  }
}

function buildProgram(context: CliContext, version: string): Command {
  const program = new Command('udesk-sync')
    .description('Keeps customers in step between Udesk, a Postgres mirror and a CRM, both ways.')
    .version(version)
    .option('--config <file>', 'configuration (default: UDESK_SYNC_CONFIG, else config/udesk-sync.yaml)')
    .addOption(
      new Option('--log-level <level>', 'how much to log; debug also shows stack traces').choices(LOG_LEVELS),
    )
    .option('--json', 'print one JSON document, for scripts')
    .helpCommand(true)
    .hook('preAction', (_, action) => context.setGlobals(action.optsWithGlobals<GlobalOptions>()));
  for (const register of COMMANDS) register(program, context);
  for (const command of everyCommand(program)) settle(command, context);
  return program;
}

/** Commands under a command, too: what commander does on its own is to write to the process and to leave it. */
function settle(command: Command, context: CliContext): void {
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError(`Run \`${pathOf(command)} --help\` for what is possible.`)
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
      getOutHasColors: () => context.color(context.stdout),
      getErrHasColors: () => context.color(context.stderr),
    });
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function report(thrown: unknown, context: CliContext, args: readonly string[]): void {
  if (thrown instanceof CommanderError) return; // commander has said it, in its own words
  if (context.signal.aborted && exitCodeFor(thrown) === EXIT.failed && isAbort(thrown)) {
    context.stderr.write('Interrupted.\n');
    return;
  }
  const json = context.json || args.includes('--json');
  if (json) context.printJson(errorDocument(thrown));
  context.stderr.write(`${context.redact(renderError(thrown, context.debug))}\n`);
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}
