/**
 * Times of Odoo. `write_date` is the *start* of the transaction that wrote, stored to the microsecond and shown cut to
 * the second, and seen only once that transaction has ended. So a position in time never says that everything before it
 * was seen: each look reaches back, and pages go by id. Pure.
 */

/** `2026-01-31 23:59:59`, UTC, as Odoo shows a time; null for what is none. */
export function parseOdooTime(text: unknown): number | null {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text)) return null;
  const ms = Date.parse(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? null : ms;
}

/** Cut to the second, never rounded up: a later time would miss a change. */
export function formatOdooTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** Positions are ISO times to the millisecond; null for a text that is none. */
export function parsePosition(cursor: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(cursor)) return null;
  const ms = Date.parse(cursor);
  return Number.isNaN(ms) ? null : ms;
}

/** Where a look at the changes begins: a transaction that started within the overlap may have ended only now. */
export function windowStart(positionMs: number, overlapMs: number): string {
  return formatOdooTime(positionMs - overlapMs);
}

/**
 * The position after a look is its start by the server's clock; a clock that was set back is followed, because what is
 * written from now on is stamped by it.
 */
export function positionAt(lookStartedMs: number): string {
  return new Date(lookStartedMs).toISOString();
}
