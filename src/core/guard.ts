/**
 * What stops a plan that would do too much (promise P8, sync design §10). A tripped guard parks the destructive part
 * only; the rest goes on, and a person approves exactly that plan.
 */
import { inSingular } from '../lib/counted.ts';
import type { SideName } from './record.ts';
import type { GuardSpec } from './spec.ts';

export interface GuardCounts {
  readonly creates: Readonly<Record<SideName, number>>;
  /** Links that the plan updates. */
  readonly updates: number;
  /** Records that the plan deletes, on both sides. */
  readonly deletes: number;
}

export interface GuardContext {
  readonly confirmedLinks: number;
  /** On both sides; the plan's own not counted. */
  readonly createsLastHour: number;
  /** Links of which something was overwritten; those that the plan overwrites again not counted. */
  readonly updatesLastHour: number;
  /** On both sides; the plan's own not counted. */
  readonly deletesLastDay: number;
  /** This very plan is the pair's first, and was accepted as a whole: how much it creates and updates is known. */
  readonly firstRunAccepted: boolean;
  /** A side that had records and now shows none. */
  readonly emptySide: SideName | null;
  /** A side that is not the account or table that we knew. */
  readonly fingerprintChanged: SideName | null;
  /** The pair goes on from a backup: whom and what it created or deleted after that is forgotten. */
  readonly restored: boolean;
  /** The worse of both sides; null when it cannot be known. */
  readonly clockSkewMs: number | null;
}

export type GuardName =
  | 'empty-side'
  | 'fingerprint'
  | 'deletes'
  | 'updates'
  | 'creates'
  | 'clock-skew'
  | 'restored';

export interface TrippedGuard {
  readonly guard: GuardName;
  /** One sentence, with the numbers. */
  readonly message: string;
}

export interface GuardVerdict {
  readonly tripped: readonly TrippedGuard[];
  readonly holdCreates: boolean;
  readonly holdUpdates: boolean;
  readonly holdDeletes: boolean;
}

/** Fewer links than this, and a share says nothing. */
const MIN_LINKS_FOR_SHARE = 20;
/** Up to this many deletes a share says nothing. */
const MIN_DELETES_FOR_SHARE = 2;
/** Beyond this, times of the two sides cannot be held against each other. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

const HOLDS: Record<GuardName, Pick<GuardVerdict, 'holdCreates' | 'holdUpdates' | 'holdDeletes'>> = {
  'empty-side': { holdCreates: true, holdUpdates: true, holdDeletes: true },
  fingerprint: { holdCreates: true, holdUpdates: true, holdDeletes: true },
  deletes: { holdCreates: false, holdUpdates: false, holdDeletes: true },
  updates: { holdCreates: false, holdUpdates: true, holdDeletes: false },
  creates: { holdCreates: true, holdUpdates: false, holdDeletes: false },
  'clock-skew': { holdCreates: false, holdUpdates: false, holdDeletes: true },
  restored: { holdCreates: true, holdUpdates: false, holdDeletes: true },
};

export function evaluateGuards(spec: GuardSpec, counts: GuardCounts, context: GuardContext): GuardVerdict {
  const tripped = [
    emptySide(context),
    fingerprint(context),
    deletes(spec, counts, context),
    updates(spec, counts, context),
    creates(spec, counts, context),
    clockSkew(context),
    restored(counts, context),
  ].flatMap((one) => (one === null ? [] : [{ ...one, message: inSingular(one.message) }]));
  return {
    tripped,
    holdCreates: tripped.some(({ guard }) => HOLDS[guard].holdCreates),
    holdUpdates: tripped.some(({ guard }) => HOLDS[guard].holdUpdates),
    holdDeletes: tripped.some(({ guard }) => HOLDS[guard].holdDeletes),
  };
}

function emptySide({ emptySide: side, confirmedLinks }: GuardContext): TrippedGuard | null {
  if (side === null) return null;
  return {
    guard: 'empty-side',
    message: `${side} shows no records at all, and ${confirmedLinks} links are known.`,
  };
}

function fingerprint({ fingerprintChanged: side }: GuardContext): TrippedGuard | null {
  if (side === null) return null;
  return {
    guard: 'fingerprint',
    message: `${side} is not the account or table that was synchronised before.`,
  };
}

function deletes(spec: GuardSpec, counts: GuardCounts, context: GuardContext): TrippedGuard | null {
  if (counts.deletes === 0) return null;
  const { max, share } = spec.deletes;
  const total = counts.deletes + context.deletesLastDay;
  const planned = `The plan deletes ${counts.deletes} records, ${context.deletesLastDay} were deleted in the last day`;
  if (total > max) return { guard: 'deletes', message: `${planned}, and at most ${max} may go.` };
  const limit = share * context.confirmedLinks;
  if (total <= MIN_DELETES_FOR_SHARE || total <= limit) return null;
  const shown = `${percent(share)} of ${context.confirmedLinks} links`;
  return { guard: 'deletes', message: `${planned}, and at most ${shown} may go.` };
}

/** By share of all links, in an hour: many small plans may not do what one large plan may not. */
function updates(spec: GuardSpec, counts: GuardCounts, context: GuardContext): TrippedGuard | null {
  const { confirmedLinks, updatesLastHour } = context;
  if (counts.updates === 0 || context.firstRunAccepted || confirmedLinks <= MIN_LINKS_FOR_SHARE) return null;
  const { share } = spec.updates;
  if (counts.updates + updatesLastHour <= share * confirmedLinks) return null;
  return {
    guard: 'updates',
    message: `The plan updates ${counts.updates} links after ${updatesLastHour} others in the last hour, and at most ${percent(share)} of ${confirmedLinks} may change in an hour.`,
  };
}

function creates(spec: GuardSpec, counts: GuardCounts, context: GuardContext): TrippedGuard | null {
  const planned = counts.creates.udesk + counts.creates.crm;
  if (planned === 0 || context.firstRunAccepted) return null;
  const { perHour } = spec.creates;
  if (planned + context.createsLastHour <= perHour) return null;
  return {
    guard: 'creates',
    message: `The plan creates ${counts.creates.udesk} customers and ${counts.creates.crm} CRM records after ${context.createsLastHour} in the last hour, and at most ${perHour} an hour may be created.`,
  };
}

function clockSkew({ clockSkewMs }: GuardContext): TrippedGuard | null {
  if (clockSkewMs === null || Math.abs(clockSkewMs) <= MAX_CLOCK_SKEW_MS) return null;
  const seconds = Math.round(Math.abs(clockSkewMs) / 1000);
  return { guard: 'clock-skew', message: `A side's clock is ${seconds} seconds away from ours.` };
}

/** Whoever was created since the backup and cannot be recognised would be created a second time (P5). */
function restored(counts: GuardCounts, context: GuardContext): TrippedGuard | null {
  const creates = counts.creates.udesk + counts.creates.crm;
  if (!context.restored || creates + counts.deletes === 0) return null;
  return {
    guard: 'restored',
    message: `The database was restored from a backup; the plan creates ${creates} records and deletes ${counts.deletes}, and what was created or deleted since the backup is not known.`,
  };
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
