/**
 * A person's wish to undo what we wrote (docs/decisions: undo). It is an input of the planner like a decision, and goes
 * through guards, outbox, verify and settle like everything else. It never touches a value that is not ours: people's
 * edits go first, and where they changed what we wrote, a person decides.
 */
import { equalValues } from './equivalence.ts';
import {
  adopt,
  closeConverged,
  equalNow,
  type FieldContext,
  type FieldOutcome,
  hold,
  imageFrom,
  noRoom,
  type SideWrite,
  writeTo,
} from './field-outcome.ts';
import type { FieldBase, RevertRequest } from './link.ts';
import type { Mapped } from './mapping.ts';
import { otherSide, SIDES, type SideName } from './record.ts';
import { mergeSets } from './set-merge.ts';
import { flowsTo } from './spec.ts';
import { redoSet, restoredScalar, type Undone, undoWrites } from './undo.ts';
import { isSet } from './value.ts';

type Goals = Partial<Record<SideName, Undone>>;

export function applyRevert(
  field: FieldContext,
  request: RevertRequest,
  ordinary: () => FieldOutcome,
): FieldOutcome {
  const { row, base, spec, capacity } = field;
  const ours = row?.kind === 'reverted' && row.decision === null && (row.overwritten?.length ?? 0) === 0;
  if (row !== null && !ours) {
    const outcome = ordinary();
    if (request.carried.length > 0) {
      // What a person chose, with both values before them, is the last word: the other half would write over it (P2).
      if (isChosen(outcome)) return { ...outcome, revert: restoredIn(request) };
      // Carried out: once the row is over, it is seen whether the sides differ by it (P6), whatever becomes of what the row writes.
      return outcome;
    }
    const reason = `conflict ${row.id} of this field is not decided, or not carried out yet`;
    return { ...outcome, revert: { outcome: 'refused', reason } };
  }
  // Both hold the same, as it restored them, or as somebody chose since: nothing is left to do.
  if (request.carried.length > 0 && equalNow(field))
    return { base: adopt(field), conflict: closeConverged(field), revert: restoredIn(request) };
  // What people changed since both sides last agreed goes first; then it is seen what of our write still stands.
  if (base === null || !SIDES.every((side) => isQuiet(field, base, request, side))) return ordinary();
  const goals = goalsOf(field, request);
  const sides = SIDES.filter((side) => goals[side] !== undefined);
  if (sides.some((side) => goals[side]?.kind === 'edited')) {
    const edited = sides.filter((side) => goals[side]?.kind === 'edited');
    const reason = `an undo met a later edit: ${edited.join(' and ')} does not hold what we wrote any more; base shows what it would have restored`;
    const conflict = hold(field, 'edited-since', reason, { base: restoredPair(field, goals) });
    return { ...ordinary(), conflict, revert: { outcome: 'edited', reason } };
  }
  const writes: Partial<Record<SideName, SideWrite>> = {};
  for (const side of sides) {
    const goal = goals[side];
    if (goal?.kind !== 'restore') continue;
    const write = writeTo(field, side, goal.value, 'revert');
    const refusal = !flowsTo(spec, side)
      ? `${spec.udesk} does not flow to ${side} any more`
      : isSet(write.after) && write.after.length > (capacity[side] ?? Number.POSITIVE_INFINITY)
        ? noRoom(spec, side)
        : null;
    if (refusal !== null) {
      const revert = { outcome: 'refused', reason: refusal } as const;
      // The other half was carried out: a person is told that the two differ (P6).
      return request.carried.length > 0
        ? { base: adopt(field), conflict: hold(field, 'reverted', `${keeps(request)}: ${refusal}`), revert }
        : { ...ordinary(), revert };
    }
    writes[side] = write;
  }
  if (Object.keys(writes).length > 0) return { writes };
  if (request.carried.length === 0) {
    return { ...ordinary(), revert: { outcome: 'done', reason: 'there was nothing left to undo' } };
  }
  const kept = request.carried.length === 2 ? 'both were restored, and they differ' : keeps(request);
  return { base: adopt(field), conflict: hold(field, 'reverted', kept), revert: restoredIn(request) };
}

function isChosen({ conflict }: FieldOutcome): boolean {
  return conflict?.action === 'decided' && conflict.by === 'person';
}

function restoredIn({ carried }: RevertRequest): NonNullable<FieldOutcome['revert']> {
  return { outcome: 'done', reason: `restored in ${carried.join(' and ')}` };
}

function keeps(request: RevertRequest): string {
  const [restored = 'crm'] = request.carried;
  return `what we wrote to ${restored} was undone; ${otherSide(restored)} keeps its value until a person decides, or both hold the same`;
}

/** Nothing that a person did waits to be carried over from this side. */
function isQuiet(field: FieldContext, base: FieldBase, request: RevertRequest, side: SideName): boolean {
  const { spec, now, region } = field;
  if (equalValues(spec, now[side], base[side], region)) return true;
  if (spec.shape === 'set' || !request.carried.includes(side)) return false;
  // The first half of an undo of both sides: its base moves with the second. Whatever else it holds by now is an edit.
  const writes = request.writes[side];
  const left = request.restored?.[side];
  const restored = left === undefined && writes !== undefined ? restoredScalar(spec, region, writes) : left;
  return restored !== undefined && equalValues(spec, now[side], restored, region);
}

/** What is left to do, per side. */
function goalsOf(field: FieldContext, request: RevertRequest): Goals {
  const { spec, now, region } = field;
  const goals: Goals = {};
  for (const side of SIDES) {
    const writes = request.writes[side];
    if (writes === undefined || request.carried.includes(side)) continue;
    goals[side] = undoWrites(spec, region, now[side], writes);
  }
  const [from, second] = SIDES.filter((side) => request.writes[side] !== undefined);
  if (!request.bothSides || from === undefined || second !== undefined) return goals;
  const to = otherSide(from);
  if (!flowsTo(spec, to) || request.carried.includes(to) || goals[from]?.kind === 'edited') return goals;
  const image = carriedOver(field, request, from);
  // Without an image it stays as it is, and a person is told that the two differ.
  if (image.ok) {
    const { value } = image;
    goals[to] = equalValues(spec, now[to], value, region) ? { kind: 'same' } : { kind: 'restore', value };
  }
  return goals;
}

/** What the other side shall hold when the undo of `from` counts there, too. */
function carriedOver(field: FieldContext, request: RevertRequest, from: SideName): Mapped {
  const { spec, now, region } = field;
  const writes = request.writes[from] ?? [];
  const done = request.carried.includes(from);
  if (spec.shape !== 'set') {
    return imageFrom(
      spec,
      from,
      done ? now[from] : restoredScalar(spec, region, writes),
      now[otherSide(from)],
    );
  }
  const undone = undoWrites(spec, region, now[from], writes);
  const wrong = done ? redoSet(spec, region, now[from], writes) : now[from];
  const right = done || undone.kind !== 'restore' ? now[from] : undone.value;
  const to = otherSide(from);
  const base = { ...now, [from]: wrong };
  return { ok: true, value: mergeSets({ spec, region, base, now: { ...now, [from]: right } })[to].after };
}

/** For the person who decides: what both sides would hold, had the undo been possible. */
function restoredPair(field: FieldContext, goals: Goals): FieldBase {
  const { spec, now } = field;
  const pair = { ...now };
  for (const side of SIDES) {
    const goal = goals[side];
    const other = goals[otherSide(side)];
    if (goal !== undefined && goal.kind !== 'same') pair[side] = goal.value;
    else if (goal === undefined && other !== undefined && other.kind !== 'same' && flowsTo(spec, side)) {
      const image = imageFrom(spec, otherSide(side), other.value, now[side]);
      if (image.ok) pair[side] = image.value;
    }
  }
  return { ...pair, accepted: true };
}
