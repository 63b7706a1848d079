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

/** Turns anything thrown into an `Error`, once, at the catch site. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
