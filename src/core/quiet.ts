/**
 * Half-typed values do not travel: where a pair asks for it, an edit is carried on only when its record was left alone
 * for a while, so that a name that is saved twice while somebody types crosses once, and whole.
 */
import { AHEAD_MS } from './ahead.ts';

/**
 * The moment before which a record must have changed last; null where nothing waits. A first plan and a person who runs
 * a cycle by hand are not kept waiting: both have looked at what will be written.
 */
export function quietSince(now: Date, quietMs: number, byHand: boolean): Date | null {
  return byHand || quietMs === 0 ? null : new Date(now.getTime() - quietMs);
}

/**
 * Nobody waits until a clock that was set back has caught up.
 * @param changedAt ISO 8601: when each record of the link was last seen to change
 * @param decided a person decided something about the link: that is carried out at once
 */
export function isLeftAlone(
  changedAt: readonly string[],
  decided: boolean,
  since: Date | null,
  now: Date,
): boolean {
  if (since === null || decided) return true;
  return changedAt
    .map((at) => Date.parse(at))
    .every((ms) => ms <= since.getTime() || ms > now.getTime() + AHEAD_MS);
}
