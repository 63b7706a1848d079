import type { ObserveScope } from '../engine/observe-sides.ts';

/** The lanes that a schedule may make due (interface: `schedule`). `feeds` is read from a later version on. */
export const LANES = ['head', 'sweep', 'crm', 'audit'] as const;
export type ScheduledLane = (typeof LANES)[number];

/**
 * What a cycle reads when these lanes are due together: the widest of them, once. A sweep includes the head;
 * the audit reads both sides in full, which is also how deletions in a CRM with a change cursor are found.
 */
export function scopeOf(due: ReadonlySet<ScheduledLane>): ObserveScope {
  const all = due.has('audit');
  return {
    udesk: all || due.has('sweep') ? 'full' : due.has('head') ? 'head' : 'none',
    crm: all ? 'full' : due.has('crm') || due.has('sweep') ? 'changes' : 'none',
  };
}
