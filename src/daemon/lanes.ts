import type { ObserveScope } from '../engine/observe-sides.ts';
import type { SweepHolder } from '../engine/sweep.ts';

/** The lanes that a schedule may make due (interface: `schedule`). */
export const LANES = ['head', 'sweep', 'crm', 'feeds', 'audit'] as const;
export type ScheduledLane = (typeof LANES)[number];

/** How long one cycle reads what hints named, before it turns to everything else. */
export const POINTS_SLICE_MS = 5_000;
/** How long one cycle reads on a sweep before it turns to what people and the CRM have done. */
export const SWEEP_SLICE_MS = 5_000;

/** A new sweep of Udesk is wanted. The audit is one, too: it reads both sides in full. */
export function wantsSweep(due: ReadonlySet<ScheduledLane>): boolean {
  return due.has('sweep') || due.has('audit');
}

/**
 * What a cycle reads when these lanes are due together: the widest of them, once. A sweep of Udesk goes on in slices
 * beside everything else; the CRM is read in full by the audit, which is how deletions are found where it has a change
 * cursor.
 */
export function scopeOf(due: ReadonlySet<ScheduledLane>, holder: SweepHolder): ObserveScope {
  const sweeping = holder.current !== null;
  return {
    udesk: due.has('head') ? 'head' : 'none',
    ...(sweeping ? { sweep: { holder, budgetMs: SWEEP_SLICE_MS } } : {}),
    crm: due.has('audit') ? 'full' : due.has('crm') || due.has('sweep') ? 'changes' : 'none',
  };
}
