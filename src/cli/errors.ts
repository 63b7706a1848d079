/** Every failure ends as one paragraph that says what happened, to which record, and what to do; and as an exit code. */
import { CommanderError } from 'commander';
import { DatabaseFailure, type ErrorKind, isSyncError, SyncError, toError } from '../errors.ts';

/** interface.md, "Command line". */
export const EXIT = { done: 0, failed: 1, usage: 2, guard: 3, openWork: 4 } as const;

export function exitCodeFor(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (isSyncError(thrown, 'config')) return EXIT.usage;
  if (isSyncError(thrown, 'guard')) return EXIT.guard;
  return EXIT.failed;
}

/** Text for stderr, without a line break at its end. `debug` adds the stack and the causes. */
export function renderError(thrown: unknown, debug: boolean): string {
  const error = foreseen(toError(thrown));
  const paragraph = isSyncError(error) ? renderSyncError(error) : renderUnexpected(error);
  return debug ? `${paragraph}\n${stacks(error)}` : paragraph;
}

/** The same for `--json`: one document on stdout. */
export function errorDocument(thrown: unknown): unknown {
  const error = foreseen(toError(thrown));
  if (!isSyncError(error)) return { error: { kind: 'unexpected', message: unexpectedText(error) } };
  const { advice, code, pair, side, record, field } = error.details;
  return { error: { kind: error.kind, message: error.message, advice, code, pair, side, record, field } };
}

/** Where the error itself names no way out. */
const ADVICE: Readonly<Record<ErrorKind, string>> = {
  config: 'Mend the configuration, then run `udesk-sync check`.',
  transient: 'Try again in a moment; `udesk-sync check` tells which side does not answer.',
  throttled: 'Wait a minute, or lower udesk.quota.perMinute in the configuration.',
  ambiguous: 'Run the command again: it first reads back what really happened.',
  stale: 'Run the command again: it first reads the record anew.',
  rejected: 'Correct the record on the side that refused it; the rest goes on.',
  auth: 'Check the e-mail, the token and the clock of this machine, then run `udesk-sync check`.',
  'cursor-expired': 'Run the command again: it starts with a full read.',
  contract: 'Run `udesk-sync check`; if it finds nothing, report the message above.',
  guard: 'Look at `udesk-sync plan`, then approve exactly that plan with `udesk-sync sync --approve HASH`.',
  'lease-lost': 'Another process works on this pair; nothing needs to be done.',
  invariant:
    'Start the command again; it recovers by itself. If it comes back, report it with the output of --log-level debug.',
};

/** What the person should do next. */
export function adviceOf(error: SyncError): string {
  return error.details.advice ?? ADVICE[error.kind];
}

function renderSyncError(error: SyncError): string {
  const { pair, side, record, field } = error.details;
  const place = [
    pair === undefined ? [] : [`pair ${pair}`],
    record === undefined
      ? side === undefined
        ? []
        : [`side ${side}`]
      : [`${side ?? ''} record ${record}`.trim()],
    field === undefined ? [] : [`field ${field}`],
  ].flat();
  const where = place.length === 0 ? '' : ` (${place.join(', ')})`;
  const separator = error.message.includes('\n') ? '\n' : ' ';
  return `${sentence(error.message, where)}${separator}${sentence(adviceOf(error))}`;
}

function foreseen(error: Error): Error {
  if (!(error instanceof DatabaseFailure) || !error.passing) return error;
  return new SyncError('transient', error.message, {
    ...(error.code === null ? {} : { code: error.code }),
    advice: 'See that the database runs, and run the command again: it goes on where it was.',
    cause: error,
  });
}

function renderUnexpected(error: Error): string {
  return `${sentence(`Unexpected failure: ${unexpectedText(error)}`)} This is a fault of udesk-sync, not of your data. Run the command again with --log-level debug and report what it prints.`;
}

function unexpectedText(error: Error): string {
  const line = error.message.split('\n', 1)[0] ?? '';
  return line === '' ? error.name : line.slice(0, 300);
}

/** Stack lines only: the messages above them may quote values. */
function stacks(error: Error): string {
  const lines: string[] = [];
  let current: unknown = error;
  for (let depth = 0; current instanceof Error && depth < 5; depth++) {
    lines.push(`${depth === 0 ? '' : 'caused by '}${current.name}`);
    lines.push(...(current.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)));
    current = current.cause;
  }
  return lines.join('\n');
}

function sentence(text: string, where = ''): string {
  const trimmed = text.trim();
  const body = trimmed.replace(/\.$/, '');
  const start = /^[a-z]+[\s,]/.test(body) ? body.charAt(0).toUpperCase() + body.slice(1) : body;
  if (trimmed.includes('\n')) return `${start}${where}`;
  return /[?!]$/.test(start) ? `${start}${where}` : `${start}${where}.`;
}
