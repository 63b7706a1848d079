/**
 * From what Postgres and the driver throw to the kinds of `SyncError` (sync design §9).
 * Neither a row's data nor a secret gets out: `detail` is left behind, written values are cut out of the message,
 * and the driver's error (which carries the parameters) is not kept as a cause.
 */
import type { ErrorDetails, ErrorKind } from '../../errors.ts';
import { SyncError } from '../../errors.ts';
import { mayBeTls, tlsAdvice } from '../../lib/postgres-driver.ts';
import type { PostgresTls } from '../../lib/postgres-url.ts';

/** The parts of a driver's error that we look at. */
interface DriverError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly constraint_name?: unknown;
  readonly column_name?: unknown;
}

/** A refusal by a constraint, with what it takes to name the field. */
export class RefusedError extends SyncError {
  readonly constraint: string | null;
  readonly column: string | null;

  constructor(message: string, details: ErrorDetails, constraint: string | null, column: string | null) {
    super('rejected', message, details);
    this.constraint = constraint;
    this.column = column;
  }
}

export interface FailureContext {
  readonly pair: string;
  /** The database, without user and password. */
  readonly target: string;
  /** Of the URL. */
  readonly host?: string | undefined;
  /** What the URL asks for. */
  readonly ssl?: PostgresTls | undefined;
  /** What was sent: none of it may show in a message. */
  readonly values: readonly (string | null)[];
}

/** Each has a digit: EPIPE, a word of the system, is none. */
const sqlState = /^(?=.*\d)[0-9A-Z]{5}$/;

/** Whether the connection itself broke, or was refused for want of room (and not a statement on it). */
export function isConnectionFailure(error: unknown): boolean {
  const code = (error as DriverError | null)?.code;
  return typeof code === 'string' && (!sqlState.test(code) || /^(08|57P|53)/.test(code));
}

/** The `SyncError` for it. An error without a code is a fault of ours and comes back as it is. */
export function toFailure(error: unknown, context: FailureContext): unknown {
  const { code, message, constraint_name, column_name } = (error ?? {}) as DriverError;
  if (error instanceof SyncError || typeof code !== 'string') return error;
  const state = code;
  const details = (advice: string): ErrorDetails => ({
    pair: context.pair,
    side: 'crm',
    code: state,
    advice,
  });
  const words = redact(typeof message === 'string' ? message : state, context.values);
  const as = (kind: ErrorKind, text: string, advice: string): SyncError =>
    new SyncError(kind, text, details(advice));

  if (/CERT|TLS|SSL|SIGNATURE/.test(state) && !sqlState.test(state)) {
    return as(
      'config',
      `the CRM's Postgres (${context.target}) has a certificate that is not trusted (${state})`,
      tlsAdvice(state, '`crm.url`'),
    );
  }
  if (isConnectionFailure(error)) {
    return as(
      'transient',
      `the CRM's Postgres (${context.target}) cannot be reached or broke the connection (${state})`,
      'check that the server runs, that host, port and TLS settings in the `crm.url` of the config are right, ' +
        'and that its connection limit is not used up; udesk-sync tries again by itself' +
        mayBeTls(state, context),
    );
  }
  if (state === '28P01' || state === '28000') {
    return as(
      'auth',
      `the CRM's Postgres (${context.target}) refuses the login`,
      `check user and password in \`crm.url\`, and the server’s pg_hba.conf${mayBeTls(state, context)}`,
    );
  }
  if (state === '3D000') {
    return as('config', `there is no such ${context.target}`, 'correct the database name in `crm.url`');
  }
  if (state === '42501') {
    return as(
      'config',
      `the CRM's database: ${words}`,
      'run `udesk-sync check`: it prints the grants needed',
    );
  }
  if (state === '25006') {
    return as(
      'config',
      "the CRM's Postgres is read-only",
      'point `crm.url` at the primary, not at a standby',
    );
  }
  if (/^(40|55P03|57014|25P03|58)/.test(state)) {
    return as(
      'transient',
      `the CRM's database gave the statement up: ${words} (${state})`,
      'tried again later',
    );
  }
  if (/^(22|23|44|54|P0|09)/.test(state)) {
    const constraint = typeof constraint_name === 'string' ? constraint_name : null;
    const column = typeof column_name === 'string' ? column_name : null;
    const place = [column && `column "${column}"`, constraint && `constraint "${constraint}"`].filter(
      Boolean,
    );
    return new RefusedError(
      `the CRM's database refuses the value: ${words}${place.length > 0 ? ` (${place.join(', ')})` : ''}`,
      details('mend the value on the side it came from, or the rule in the CRM'),
      constraint,
      column,
    );
  }
  if (/^42/.test(state)) {
    return as(
      'config',
      `the CRM's table is not what it was: ${words} (${state})`,
      'run `udesk-sync check`, correct the `crm` block, and start again',
    );
  }
  return as(
    'contract',
    `the CRM's database answered what was not expected: ${words} (${state})`,
    'see its log',
  );
}

/**
 * Messages of class 22 quote the value at their end; a trigger may quote anything. What we sent is cut out
 * wherever it stands, except single letters and digits, which would only garble the words.
 */
function redact(message: string, values: readonly (string | null)[]): string {
  let text = message.replace(/: ".*$/s, ': ‹value›');
  const sent = values.flatMap((value) => (value === null ? [] : [value, ...jsonStrings(value)]));
  sent.sort((a, b) => b.length - a.length);
  for (const value of sent) if (value.length > 1) text = text.replaceAll(value, '‹value›');
  return text;
}

/** Sets travel as JSON; a message may quote one element. */
function jsonStrings(value: string): string[] {
  if (!value.startsWith('[')) return [];
  try {
    return (JSON.parse(value) as unknown[]).filter((item) => typeof item === 'string');
  } catch {
    return [];
  }
}
