/**
 * Every failure says who must act: its kind alone decides what the engine does
 * (docs/architecture.md "Errors"; the kinds are those of the sync design, §9).
 */
export type ErrorKind =
  | 'config'
  | 'transient'
  | 'throttled'
  | 'ambiguous'
  | 'stale'
  | 'rejected'
  | 'auth'
  | 'cursor-expired'
  | 'contract'
  | 'guard'
  | 'lease-lost'
  | 'invariant';

export interface ErrorDetails {
  /** What the person reading it should do next; one sentence, may name a command. */
  advice?: string;
  /** Machine code: a vendor's number as text, a Postgres SQLSTATE, or our own word. */
  code?: string;
  pair?: string;
  side?: 'udesk' | 'crm';
  /** Remote id or link id of the record concerned. Never its contents. */
  record?: string;
  field?: string;
  /** For `config`: what is wrong stands in the configuration itself, and no answer of anybody can mend it. A start ends with it. */
  inFile?: true;
  /** For `throttled`: how long the remote asked us to wait. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** The one error class that crosses a module border. Messages never hold a secret or a customer's data. */
export class SyncError extends Error {
  readonly kind: ErrorKind;
  readonly details: ErrorDetails;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = 'SyncError';
    this.kind = kind;
    this.details = details;
  }
}

export function isSyncError(error: unknown, kind?: ErrorKind): error is SyncError {
  return error instanceof SyncError && (kind === undefined || error.kind === kind);
}

/**
 * Our own database failed. A driver's error quotes the statement and its values, which are customer data: here only the
 * code is left. It is no `SyncError`, because a write to a side that was under way has then happened or not; who catches
 * `transient` must not take it for a side that did not answer.
 */
export class DatabaseFailure extends Error {
  /** SQLSTATE, or the driver's word; null where neither is known. */
  readonly code: string | null;
  /** It is not there, does not let us in, or has no room, now: what was under way can be tried again later, and nothing of ours is wrong. */
  readonly passing: boolean;

  constructor(code: string | null, cause: unknown) {
    const passing = code !== null && isPassing(code);
    super(
      passing ? passingText(code) : `a database statement failed${code === null ? '' : ` with code ${code}`}`,
      {
        cause,
      },
    );
    this.name = 'DatabaseFailure';
    this.code = code;
    this.passing = passing;
  }
}

/** The server was not reached, or the connection to it broke, in the words of the system and of postgres.js. */
export const UNREACHABLE: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOENT',
  'EACCES',
  'EPIPE',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
]);

/**
 * Lost, stopping, not letting us in now (a password that was changed, a database that is being renamed), out of room, or in
 * the way of somebody else (PostgreSQL, appendix A).
 */
const PASSING = /^(08...|25P03|28...|3D000|40001|40P01|53...|57014|57P0[1-5]|58030)$/;

function isPassing(code: string): boolean {
  return UNREACHABLE.has(code) || PASSING.test(code);
}

function passingText(code: string): string {
  if (code === '53100') return 'the disk of the database is full (53100)';
  if (code.startsWith('53') || code === '58030') return `the database has run out of something (${code})`;
  if (code === '40001' || code === '40P01' || code === '57014')
    return `the database gave a statement up (${code})`;
  if (code.startsWith('28')) return `the database refuses our login (${code})`;
  if (code === '3D000') return `the database is not there under its name (${code})`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host of the database is not found (${code})`;
  return `the connection to the database was lost (${code})`;
}

/** Turns anything thrown into an `Error` whose message may be logged, once, at the catch site. */
export function toError(thrown: unknown): Error {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof SyncError || error instanceof DatabaseFailure) return error;
  const { query, severity, code, syscall, cause } = error as {
    query?: unknown;
    severity?: unknown;
    code?: unknown;
    syscall?: unknown;
    cause?: { code?: unknown } | null;
  };
  // drizzle wraps the driver's error and has the statement; the driver's own has a severity and often the statement, too,
  // or only a word for a code.
  const told = query === undefined ? code : (cause?.code ?? code);
  const known = typeof told === 'string' ? told : null;
  const isDatabase = query !== undefined || severity !== undefined || isDriverWord(known, syscall);
  return isDatabase ? new DatabaseFailure(known, error) : error;
}

/** Sides tell their failures to connect as a `SyncError`: what comes here from a socket is our database's. */
function isDriverWord(code: string | null, syscall: unknown): boolean {
  if (code === null) return false;
  if (
    /^(CONNECT(ION)?_|(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$)/.test(
      code,
    )
  )
    return true;
  // The rest are words of files as well.
  return UNREACHABLE.has(code) && syscall === 'connect';
}
