import type { ObserveScope } from '../engine/observe-sides.ts';
import type { SweepHolder } from '../engine/sweep.ts';

/** The lanes that a schedule may make due (interface: `schedule`). */
export const LANES = ['head', 'sweep', 'pages', 'crm', 'feeds', 'audit'] as const;
export type ScheduledLane = (typeof LANES)[number];

/** `rest`: what is under way in the background goes on. */
export type DueLane = ScheduledLane | 'rest';

/** How long one cycle reads what hints named, before it turns to everything else. */
export const POINTS_SLICE_MS = 5_000;
/** How long one cycle reads on a sweep before it turns to what people and the CRM have done. */
const SWEEP_SLICE_MS = 5_000;
/** How long one cycle visits single pages when there is nothing else to do; whatever comes up ends it. */
const VISIT_SLICE_MS = 10_000;
/** How long visits go on after the tick that made them due. */
const VISITS_LAST_MS = 75_000;
/** Where no page is worth a call now, the question is asked again after so long. */
export const VISITS_PAUSE_MS = 5_000;
/** The same for customers beyond the list, and for the sample of the audit. */
const REVISIT_SLICE_MS = 5_000;
const AUDIT_SLICE_MS = 5_000;
/** Links that one audit looks at. With the usual schedule that is 480 a day, for as many calls of Udesk. */
export const AUDIT_LINKS = 20;
/** How often the CRM is read in full: the only way to see a deletion where its change cursor does not show them. */
const CRM_FULL_EVERY_MS = 60 * 60_000;

/** What a worker remembers between two cycles. */
export interface Background {
  readonly holder: SweepHolder;
  readonly suspects: Set<string>;
  /** Begin of the last cycle that read the CRM in full; null since the start. */
  crmReadAt: Date | null;
  /** A hint named a record of the CRM that is not there: a complete reading shows whether it was deleted. */
  crmMissing: boolean;
  /** Links of the audit that are still to be drawn. */
  auditLeft: number;
  /** Customers beyond the list are still due. */
  revisiting: boolean;
  /** Until when single pages are visited; null: they never were due, and nothing is noted for them. */
  visitsUntil: Date | null;
}

export function startBackground(): Background {
  const suspects = new Set<string>();
  return {
    holder: { current: null, suspects },
    suspects,
    crmReadAt: null,
    crmMissing: false,
    auditLeft: 0,
    revisiting: false,
    visitsUntil: null,
  };
}

/** Single pages are visited from now on, for a while. */
export function openVisits(background: Background, now: Date): void {
  background.visitsUntil = new Date(now.getTime() + VISITS_LAST_MS);
}

export function isVisiting({ visitsUntil }: Background, now: Date): boolean {
  return visitsUntil !== null && now < visitsUntil;
}

/** Something in the background was not finished. */
export function hasRest({ holder, auditLeft, revisiting }: Background): boolean {
  return holder.current !== null || auditLeft > 0 || revisiting;
}

/**
 * What a cycle reads when these lanes are due together: the widest of them, once. A sweep of Udesk, the customers beyond
 * its list and the sample of the audit go on in slices beside everything else. The CRM is read in full with the first
 * sweep after a start (what happened while the daemon was down) and once an hour; in between its changes are enough.
 * @param urgent null: there is more to do than to look at pages; else aborted when that comes up
 */
export function scopeOf(
  due: ReadonlySet<DueLane>,
  background: Background,
  now: Date,
  urgent: AbortSignal | null = null,
): ObserveScope {
  const { holder, suspects, crmReadAt, auditLeft } = background;
  const sweep = due.has('sweep');
  const sinceMs = crmReadAt === null ? CRM_FULL_EVERY_MS : now.getTime() - crmReadAt.getTime();
  // Below zero: the clock was set back, and how long ago it was is not known.
  const stale = sinceMs >= CRM_FULL_EVERY_MS || sinceMs < 0;
  const quiet = urgent !== null && !due.has('head') && !due.has('crm') && !due.has('feeds');
  const visits =
    quiet && isVisiting(background, now) ? { budgetMs: VISIT_SLICE_MS, urgent } : { budgetMs: 0 };
  const look = due.has('crm') || due.has('rest') || sweep;
  return {
    udesk: due.has('head') ? 'head' : 'none',
    ...(holder.current === null ? {} : { sweep: { holder, budgetMs: SWEEP_SLICE_MS } }),
    ...(background.visitsUntil === null ? {} : { visits }),
    ...(sweep || due.has('rest') ? { revisit: { budgetMs: REVISIT_SLICE_MS } } : {}),
    crm: (sweep && stale) || (look && background.crmMissing) ? 'full' : look ? 'changes' : 'none',
    ...(auditLeft > 0 ? { audit: { links: auditLeft, budgetMs: AUDIT_SLICE_MS, suspects } } : {}),
  };
}
