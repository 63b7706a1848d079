/**
 * The planner: what to do with one link, from what both sides hold, their bases and the open conflicts, and from
 * nothing else (promise P11). It walks the decision tables of sync design §4; nothing here decides a cell.
 *
 * Settling a write to side S (the engine's part): for each field in `write.source`, base[S] becomes what S was
 * observed to hold after the write, and the other side's base becomes `source`; `accepted` when the two are not
 * equal. A field in `halves` has another half (a write of the same plan to the other side, or an element that is held
 * back). A set half moves the bases by the delta that it carried and by nothing else (`settledHalf` in set-merge.ts), so
 * that what the other half would have carried stays an edit. A scalar half, and one of a set that somebody chose as a
 * whole, moves nothing until both are settled.
 */
import { type Change, FIELD_TABLE, PRESENCE_TABLE } from './decision-table.ts';
import { equalValues } from './equivalence.ts';
import {
  adopt,
  closeConverged,
  equalNow,
  type FieldContext,
  type FieldOutcome,
  hold,
  holdsRowValues,
  holdUndone,
  isFlag,
  isStillUndone,
  type SideWrite,
  staysApart,
} from './field-outcome.ts';
import type {
  ActiveConflict,
  ConflictChange,
  FieldBase,
  HalfWrite,
  LinkPlan,
  LinkState,
  PlannedWrite,
  Reason,
  RevertChange,
} from './link.ts';
import { applyDecision, undecided } from './reconcile-decision.ts';
import { flagAgain, restoreOverwritten } from './reconcile-overwritten.ts';
import { createRecord, oneSideDeleted, WHOLE_RECORD } from './reconcile-presence.ts';
import { decideRestored } from './reconcile-restored.ts';
import { applyRevert } from './reconcile-revert.ts';
import { carryScalar, decideScalar, linkScalar } from './reconcile-scalar.ts';
import { mergeSetField } from './reconcile-set.ts';
import { type FieldWrite, otherSide, SIDES, type SideName, type SideRecord } from './record.ts';
import { type FieldSpec, type PairSpec, sideField } from './spec.ts';
import { quarantine } from './tug-of-war.ts';
import type { Value } from './value.ts';

export function reconcileLink(spec: PairSpec, link: LinkState): LinkPlan {
  const plan = {
    linkId: link.linkId,
    writes: [],
    bases: {},
    conflicts: [],
    life: { action: 'none' },
  } as const;
  const { udesk, crm } = link;
  switch (PRESENCE_TABLE[udesk.state][crm.state]) {
    case 'reconcile-fields':
      if (udesk.state !== 'live' || crm.state !== 'live') return plan;
      return { ...plan, ...reconcileFields(spec, link, { udesk: udesk.record, crm: crm.record }) };
    case 'create-in-crm':
      return spec.create.inCrm ? { ...plan, ...createRecord(spec, link, 'crm', 'create') } : plan;
    case 'create-in-udesk':
      return spec.create.inUdesk ? { ...plan, ...createRecord(spec, link, 'udesk', 'create') } : plan;
    case 'udesk-deleted':
      return { ...plan, ...oneSideDeleted(spec, link, 'udesk') };
    case 'crm-deleted':
      return { ...plan, ...oneSideDeleted(spec, link, 'crm') };
    case 'close':
      return { ...plan, life: { action: 'close' } };
    case 'nothing':
      return plan;
  }
}

type Records = Readonly<Record<SideName, SideRecord>>;

function reconcileFields(
  spec: PairSpec,
  link: LinkState,
  records: Records,
): Pick<LinkPlan, 'writes' | 'bases' | 'conflicts' | 'reverts'> {
  const bases: Record<string, FieldBase> = {};
  const conflicts: ConflictChange[] = [];
  const reverts: RevertChange[] = [];
  const drafts = { udesk: newDraft(), crm: newDraft() };
  if (link.conflicts.some(({ field }) => field === WHOLE_RECORD)) {
    conflicts.push({ action: 'close', field: WHOLE_RECORD, outcome: 'converged' });
  }
  for (const field of spec.fields) {
    const context = contextOf(spec, link, records, field);
    // NOT-RETURNED never takes part in a diff (§3).
    if (context === null) continue;
    const request = link.reverts?.find((one) => one.field === field.udesk);
    const ordinary = () => reconcileField(context);
    const outcome = request === undefined ? ordinary() : applyRevert(context, request, ordinary);
    if (request && outcome.revert) reverts.push({ id: request.id, ...outcome.revert });
    if (outcome.base) bases[field.udesk] = outcome.base;
    if (outcome.conflict) conflicts.push(outcome.conflict);
    for (const side of SIDES) {
      const write = outcome.writes?.[side];
      if (write) addWrite(drafts[side], side, context, write, isWhole(outcome, side));
    }
  }
  const writes = SIDES.flatMap((side): PlannedWrite[] => {
    const { byRule, ...draft } = drafts[side];
    if (Object.keys(draft.patch).length === 0) return [];
    return [{ side, op: 'update', ...draft, ...(byRule.length > 0 ? { byRule } : {}) }];
  });
  return { writes, bases, conflicts, ...(reverts.length > 0 ? { reverts } : {}) };
}

/** One field of two live records. */
function reconcileField(field: FieldContext): FieldOutcome {
  const { row } = field;
  if (!row?.decision) {
    const outcome = quarantine(field, byTable(field));
    return row?.underWay === true ? notCarriedOut(field, row, outcome) : outcome;
  }
  const applied = applyDecision(field, row, row.decision);
  if (!('void' in applied)) return applied;
  const open = { ...field, row: { ...row, decision: null } };
  const outcome = quarantine(open, byTable(open));
  const still = staysApart(open, outcome) ? holdUndone(open, true) : null;
  return { ...outcome, conflict: afterVoid(field, outcome.conflict ?? still, applied.void) };
}

/**
 * A policy's choice of which a side refused its part is over, and not what an undo left apart (P6), nor what a flag tells: the
 * row asks for that again, and does not stay under way for ever (P3).
 */
function notCarriedOut(field: FieldContext, row: ActiveConflict, outcome: FieldOutcome): FieldOutcome {
  if (outcome.conflict) return outcome;
  if (staysApart(field, outcome)) {
    return { ...outcome, conflict: holdUndone({ ...field, base: outcome.base ?? field.base }) };
  }
  // A write that is left settles the row.
  if (outcome.writes !== undefined || !isFlag(row)) return outcome;
  return { ...outcome, conflict: flagAgain(field, row) };
}

/** The row of a void decision ends as the person saw it; what is to be held or decided now is a row of its own (P2). */
function afterVoid(field: FieldContext, now: ConflictChange | null, reason: string): ConflictChange {
  const lost = undecided(field);
  const kept = lost.length > 0 ? { overwritten: lost } : {};
  switch (now?.action) {
    case 'hold': {
      const { overwritten: _, ...row } = now;
      return { ...row, reason, reopened: true, ...kept };
    }
    case 'decided':
      return { ...now, reopened: true };
    default: {
      const base = field.row?.base ?? null;
      const again = hold(field, 'overwritten-in-window', reason, { reopened: true, base });
      if (lost.length > 0 && again?.action === 'hold') return { ...again, ...kept };
      return now ?? { action: 'close', field: field.spec.udesk, outcome: 'resolved' };
    }
  }
}

function byTable(field: FieldContext): FieldOutcome {
  const { spec, row, base } = field;
  // Refused because the value belongs to another record there: trying again is for when something moved.
  if (row?.kind === 'identity' && holdsRowValues(field)) return {};
  const afterBackup = decideRestored(field);
  if (afterBackup !== null) return afterBackup;
  const restored = restoreOverwritten(field, () => byTable({ ...field, row: null }));
  if (restored !== null) return restored;
  const isSetField = spec.shape === 'set';
  if (base === null) {
    if (!isSetField) return linkScalar(field);
    return equalNow(field) ? converged(field) : mergeSetField(field, SIDES);
  }
  const change = (side: SideName): Change =>
    equalValues(spec, field.now[side], base[side], field.region) ? 'unchanged' : 'changed';
  const now = equalNow(field) ? 'equal' : 'differs';
  switch (FIELD_TABLE[change('udesk')][change('crm')][now]) {
    case 'nothing':
      return { conflict: closeConverged(field) };
    case 'diverged':
      return diverged(field, base);
    case 'adopt':
      return converged(field);
    case 'carry-to-crm':
      return isSetField ? mergeSetField(field, ['udesk']) : carryScalar(field, 'udesk');
    case 'carry-to-udesk':
      return isSetField ? mergeSetField(field, ['crm']) : carryScalar(field, 'crm');
    case 'decide':
      return isSetField ? mergeSetField(field, SIDES) : decideScalar(field, 'edit/edit');
  }
}

function converged(field: FieldContext): FieldOutcome {
  return { base: adopt(field), conflict: closeConverged(field) };
}

/** Nobody edited, and the two differ: either that was accepted, or something outside the rules happened. */
function diverged(field: FieldContext, base: FieldBase): FieldOutcome {
  if (!base.accepted) {
    return { conflict: hold(field, 'diverged-base', 'both sides are unchanged, and they are not equal') };
  }
  if (isStillUndone(field)) return { conflict: holdUndone(field) };
  // The edits that opened a row were taken back: both sides are where they were last seen to correspond.
  return { conflict: holdsRowValues(field) ? null : closeConverged(field) };
}

function contextOf(spec: PairSpec, link: LinkState, records: Records, field: FieldSpec): FieldContext | null {
  const udesk = records.udesk.fields[field.udesk];
  const crm = records.crm.fields[field.crm];
  if (udesk === undefined || crm === undefined) return null;
  const capacity: Partial<Record<SideName, number>> = {};
  for (const side of SIDES) {
    const limit = spec.capacity[side][field.udesk];
    if (limit !== undefined) capacity[side] = limit;
  }
  return {
    spec: field,
    region: spec.match.defaultRegion,
    now: { udesk, crm },
    base: link.bases[field.udesk] ?? null,
    row: link.conflicts.find((conflict) => conflict.field === field.udesk) ?? null,
    times: {
      udeskAt: records.udesk.updatedAt,
      crmAt: records.crm.updatedAt,
      trusted: spec.trustedTime?.udesk === true && spec.trustedTime.crm,
    },
    capacity,
    rebased: link.rebased ?? false,
    ownWrites: link.ownWrites ?? [],
  };
}

interface Draft {
  readonly patch: Record<string, FieldWrite>;
  readonly reasons: Record<string, Reason>;
  readonly source: Record<string, Value>;
  readonly halves: Record<string, HalfWrite>;
  readonly byRule: string[];
}

function newDraft(): Draft {
  return { patch: {}, reasons: {}, source: {}, halves: {}, byRule: [] };
}

/** The write to `side` is all that this field needs, so its settling may move both bases. */
function isWhole(outcome: FieldOutcome, side: SideName): boolean {
  return outcome.partial !== true && outcome.writes?.[otherSide(side)] === undefined;
}

function addWrite(draft: Draft, side: SideName, field: FieldContext, write: SideWrite, whole: boolean): void {
  const { spec, now } = field;
  draft.patch[sideField(spec, side)] = {
    field: spec.udesk,
    before: now[side],
    after: write.after,
    ops: write.ops,
  };
  draft.reasons[spec.udesk] = write.reason;
  if (write.reason === 'decision' && field.row?.decision?.byRule === true) draft.byRule.push(spec.udesk);
  const other = now[otherSide(side)];
  if (whole) draft.source[spec.udesk] = other;
  else draft.halves[spec.udesk] = { other, base: field.base };
}
