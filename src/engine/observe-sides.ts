import { SIDES, type SideName } from '../core/record.ts';
import type { EnumerationEnd } from '../crm/adapter.ts';
import { isSyncError } from '../errors.ts';
import { type PairRow, saveCrmCursor, saveEnumeration } from '../store/pairs.ts';
import { fenced } from '../store/tx.ts';
import { proveAbsences } from './absence.ts';
import { carryOutYes, keepAccountName, knownAccount } from './account.ts';
import { type Audit, type AuditReport, auditLinks } from './audit.ts';
import type { Cycle } from './context.ts';
import { observeCrmPoints } from './crm-points.ts';
import { followingMerges } from './merge.ts';
import { type Observed, observePages } from './observe.ts';
import { observePoints, type Points } from './points.ts';
import { type RevisitReport, revisitUnlisted } from './revisit.ts';
import { observeSlice, type SweepHolder, type SweepSlice } from './sweep.ts';
import {
  closeListing,
  type Listing,
  lookInBackground,
  note,
  openListing,
  type VisitReport,
  type Visits,
} from './visits.ts';

/** Which lanes a cycle reads, per side. `full` may find deletions; `changes` uses the side's cursor where it has one. */
export interface ObserveScope {
  readonly udesk: 'full' | 'head' | 'none';
  /** Before the lane: the customers of Udesk that hints named. */
  readonly points?: Points;
  /** Records of the CRM that hints named, read before its lane. */
  readonly crmPoints?: readonly string[];
  /** Beside the lane: a slice of the sweep that the worker holds. */
  readonly sweep?: { readonly holder: SweepHolder; readonly budgetMs: number };
  /** Single pages of the list, by what is known of each; with it, what any lane sees of a page is noted. */
  readonly visits?: Visits;
  /** After it: customers that the list does not reach. */
  readonly revisit?: { readonly budgetMs: number };
  readonly crm: 'full' | 'changes' | 'none';
  /** After both lanes: links drawn by chance, so that what it finds is what they missed. */
  readonly audit?: Audit;
}

export interface SideObservation {
  readonly lane: string;
  readonly pages: number;
  readonly seen: number;
  readonly changed: number;
  readonly dropped: number;
  readonly total: number | null;
  readonly certified: boolean;
  /** Why a full enumeration proves no absence. */
  readonly uncertified: string | null;
  readonly deleted: number;
  /** What a full look found for the guards; null for lanes that see only a part. */
  readonly alarm: { readonly empty: boolean; readonly clockSkewMs: number | null } | null;
}

export interface Observation {
  readonly udesk: SideObservation;
  readonly crm: SideObservation;
  readonly emptySide: SideName | null;
  /** Hints that did not fit into the budget of this cycle. */
  readonly pointsLeft: readonly string[];
  /** Records of the CRM that a hint named and that were not there: only a complete reading proves a deletion. */
  readonly crmMissing?: number;
  /** Hints that were nothing but our own writes coming back: nobody was read for them. */
  readonly echoes: number;
  readonly visits?: VisitReport;
  readonly revisit?: RevisitReport;
  readonly audit?: AuditReport;
}

const NOT_READ: SideObservation = {
  lane: 'none',
  pages: 0,
  seen: 0,
  changed: 0,
  dropped: 0,
  total: null,
  certified: false,
  uncertified: null,
  deleted: 0,
  alarm: null,
};

/** Reads both sides into the mirror, each through the lane that the scope names. */
export async function observeSides(
  cycle: Cycle,
  known: PairRow,
  scope: ObserveScope,
  approve: string | null,
): Promise<Observation> {
  await carryOutYes(cycle, known, approve);
  let points = { left: [] as readonly string[], echoes: 0 };
  if (scope.points !== undefined && scope.points.ids.length > 0) {
    const fingerprint = await cycle.sides.udesk.fingerprint({ signal: cycle.signal });
    await knownAccount(cycle, known, 'udesk', fingerprint, approve);
    points = await observePoints(cycle, scope.points);
  }
  const listing =
    scope.visits === undefined || cycle.sides.udesk.page === undefined
      ? null
      : await openListing(cycle, scope.points?.ids ?? [], scope.sweep?.holder.current ?? null);
  const lane = await observeSide(cycle, known, 'udesk', scope.udesk, approve, (looks) => {
    if (listing !== null) note(listing, looks);
  });
  const { udesk, visits } = await inBackground(cycle, known, lane, scope, listing, approve);
  if (listing !== null) await closeListing(cycle, listing);
  const onlyKnown = async (side: SideName) =>
    knownAccount(cycle, known, side, await cycle.sides[side].fingerprint({ signal: cycle.signal }), approve);
  let revisit: RevisitReport | null = null;
  if (scope.revisit !== undefined) {
    await onlyKnown('udesk');
    revisit = await revisitUnlisted(cycle, scope.revisit.budgetMs);
  }
  let crmMissing = 0;
  if (scope.crmPoints !== undefined && scope.crmPoints.length > 0) {
    await onlyKnown('crm');
    crmMissing = await observeCrmPoints(cycle, scope.crmPoints);
  }
  const crm = await observeSide(cycle, known, 'crm', scope.crm, approve);
  let audit: AuditReport | null = null;
  if (scope.audit !== undefined) {
    for (const side of SIDES) await onlyKnown(side);
    audit = await auditLinks(cycle, scope.audit);
  }
  const emptySide = udesk.alarm?.empty ? 'udesk' : crm.alarm?.empty ? 'crm' : null;
  return {
    udesk,
    crm,
    emptySide,
    pointsLeft: points.left,
    echoes: points.echoes,
    ...(crmMissing === 0 ? {} : { crmMissing }),
    ...(visits === null ? {} : { visits }),
    ...(revisit === null ? {} : { revisit }),
    ...(audit === null ? {} : { audit }),
  };
}

async function observeSide(
  cycle: Cycle,
  known: PairRow,
  side: SideName,
  lane: 'full' | 'head' | 'changes' | 'none',
  approve: string | null,
  onLooks: (looks: Observed['looks']) => void = () => {},
): Promise<SideObservation> {
  if (lane === 'none') return NOT_READ;
  const adapter = cycle.sides[side];
  const options = { signal: cycle.signal };
  const fingerprint = await adapter.fingerprint(options);
  await knownAccount(cycle, known, side, fingerprint, approve);
  // A position in another table says nothing about this one.
  const position =
    side === 'crm' && adapter.manifest.changeCursor !== null && known.fingerprint.crm === fingerprint
      ? known.crmCursor
      : null;
  if (lane === 'head') {
    const newest = adapter.enumerate({ ...options, urgency: 'soon' });
    const observed = await observePages(cycle, side, 'head', newest, true);
    onLooks(observed.looks);
    return toObservation('head', observed);
  }
  if (lane === 'changes' && position !== null) {
    try {
      const startedAt = cycle.clock();
      const pages = followingMerges(cycle, side, adapter.changes(position, options));
      const observed = await observePages(cycle, side, 'changes', pages);
      const cursor = observed.end?.cursor ?? null;
      // The cursor moves after the observations it stands for were stored: a kill in between reads them again.
      if (cursor !== null) {
        await fenced(cycle.db, cycle.fence, (tx) => saveCrmCursor(tx, cycle.spec.name, cursor, startedAt));
      }
      return toObservation('changes', observed);
    } catch (error) {
      if (!isSyncError(error, 'cursor-expired')) throw error;
      cycle.log.warn({ side, kind: 'cursor-expired' }, 'the change cursor has expired: reading everything');
      return await observeAll(cycle, known, side, null);
    }
  }
  return await observeAll(cycle, known, side, position);
}

/** The sweep under way and visits, as far as they are asked for. */
async function inBackground(
  cycle: Cycle,
  known: PairRow,
  lane: SideObservation,
  { sweep, visits }: ObserveScope,
  listing: Listing | null,
  approve: string | null,
): Promise<{ readonly udesk: SideObservation; readonly visits: VisitReport | null }> {
  if (sweep === undefined && (listing === null || visits === undefined || visits.budgetMs === 0))
    return { udesk: lane, visits: null };
  const startedAt = sweep?.holder.current?.startedAt ?? cycle.clock();
  if (lane.lane === 'none') {
    const fingerprint = await cycle.sides.udesk.fingerprint({ signal: cycle.signal });
    await knownAccount(cycle, known, 'udesk', fingerprint, approve);
  }
  if (listing !== null && visits !== undefined) {
    const { slice, visited } = await lookInBackground(cycle, listing, visits, sweep);
    const udesk = slice === null ? lane : await sweepSlice(cycle, known, lane, startedAt, slice);
    return { udesk: { ...udesk, changed: udesk.changed + visited.changed }, visits: visited };
  }
  if (sweep === undefined) return { udesk: lane, visits: null };
  const slice = await observeSlice(cycle, sweep.holder, sweep.budgetMs);
  return { udesk: await sweepSlice(cycle, known, lane, startedAt, slice), visits: null };
}

/** A slice of the sweep under way; what the head lane saw in this cycle is added to it. */
async function sweepSlice(
  cycle: Cycle,
  known: PairRow,
  lane: SideObservation,
  startedAt: Date,
  { observed, ended }: SweepSlice,
): Promise<SideObservation> {
  const slice = {
    ...toObservation('sweep', observed),
    pages: lane.pages + observed.pages,
    changed: lane.changed + observed.changed,
    dropped: lane.dropped + observed.dropped,
  };
  if (ended === null) return slice;
  const started = { at: startedAt, run: ended.startedRun };
  const uncertified = await saveEnd(cycle, known, 'udesk', started, observed, ended.end, null);
  const skew = await cycle.sides.udesk.check({ signal: cycle.signal });
  await keepAccountName(cycle, known, 'udesk', skew.account);
  return {
    ...slice,
    lane: 'full',
    certified: uncertified === null,
    uncertified,
    deleted: ended.absences.deleted,
    alarm: { empty: ended.absences.empty, clockSkewMs: skew.clockSkewMs },
  };
}

async function saveEnd(
  cycle: Cycle,
  known: PairRow,
  side: SideName,
  started: { readonly at: Date; readonly run: number },
  observed: Observed,
  end: EnumerationEnd | null,
  cursor: string | null,
): Promise<string | null> {
  const certified = end?.certified === true;
  const uncertified = certified ? null : (end?.reason ?? 'the enumeration did not come to its end');
  await fenced(cycle.db, cycle.fence, (tx) =>
    saveEnumeration(tx, cycle.spec.name, side, {
      certified: certified ? started : null,
      uncertified,
      cursor,
      total: observed.total,
    }),
  );
  if (!certified) {
    // A tenant above the cap is never certified: that is told once, and shown by `status`.
    cycle.log[known.uncertified[side] === null ? 'warn' : 'info'](
      { side, reason: uncertified },
      'the enumeration is not certified: no absence follows from it',
    );
  }
  return uncertified;
}

/**
 * P2: a reading of everything does not stand for the changes before it: a list may leave out a field, or a record that nobody
 * has seen yet, and agree with itself. So it begins the position in the changes only where there is none to go on from.
 * @param position in the changes of the CRM, where it is one to go on from
 */
async function observeAll(
  cycle: Cycle,
  known: PairRow,
  side: SideName,
  position: string | null,
): Promise<SideObservation> {
  const adapter = cycle.sides[side];
  const startedAt = cycle.clock();
  const checked = await adapter.check({ signal: cycle.signal });
  await keepAccountName(cycle, known, side, checked.account);
  const all = followingMerges(cycle, side, adapter.enumerate({ signal: cycle.signal, urgency: 'soon' }));
  const observed = await observePages(cycle, side, 'sweep', all);
  const absences = await proveAbsences(cycle, side, observed, startedAt);
  const cursor = position === null ? (observed.end?.cursor ?? null) : null;
  const started = { at: startedAt, run: cycle.runId };
  const uncertified = await saveEnd(cycle, known, side, started, observed, observed.end, cursor);
  return {
    ...toObservation('full', observed),
    deleted: absences.deleted,
    uncertified,
    alarm: { empty: absences.empty, clockSkewMs: checked.clockSkewMs },
  };
}

function toObservation(lane: string, observed: Observed): SideObservation {
  return {
    lane,
    pages: observed.pages,
    seen: observed.seen.size,
    changed: observed.changed,
    dropped: observed.dropped,
    total: observed.total,
    certified: observed.end?.certified === true,
    uncertified: null,
    deleted: 0,
    alarm: null,
  };
}
