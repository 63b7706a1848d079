/** Set fields of a live link (sync design §5): they merge and do not conflict, except where a side cannot take the result. */
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
  isLeftApart,
  isStillUndone,
  noRoom,
  resolveTo,
  type SideWrite,
} from './field-outcome.ts';
import type { ConflictChange, FieldBase, Reason } from './link.ts';
import { otherSide, SIDES, type SideName } from './record.ts';
import { agreedPart, mergeSets, type SetMerge, type SetMergeInput, withoutOwnEdits } from './set-merge.ts';
import { flowsTo } from './spec.ts';

/** `changed`: the sides that were edited since the base; both on the first link. */
export function mergeSetField(field: FieldContext, changed: readonly SideName[]): FieldOutcome {
  const { spec, now, base, region } = field;
  const input: SetMergeInput = { spec, region, base, now };
  const merge = mergeSets(input);
  const lost = merge.unmappable.find(({ from }) => flowsTo(spec, otherSide(from)));
  if (lost)
    return heldBack(field, input, (agreed) => hold(field, 'unmappable', lost.reason, { base: agreed }));
  const blockedSide =
    base === null
      ? undefined
      : changed.find((side) => !flowsTo(spec, otherSide(side)) && needsMore(merge, otherSide(side)));
  if (blockedSide !== undefined) return blocked(field, input, merge, blockedSide);
  return write(field, input, merge, base !== null && changed.length === 1 ? 'propagate' : 'set-merge');
}

/** The other side lacks something of the edit, whether it could be written or not. */
function needsMore(merge: SetMerge, side: SideName): boolean {
  return merge[side].changed || merge.unmappable.some(({ from }) => from === otherSide(side));
}

function write(field: FieldContext, input: SetMergeInput, merge: SetMerge, reason: Reason): FieldOutcome {
  const { spec, capacity } = field;
  const writes: Partial<Record<SideName, SideWrite>> = {};
  let full: SideName | null = null;
  for (const side of SIDES) {
    const { after, ops, changed } = merge[side];
    if (!changed || !flowsTo(spec, side)) continue;
    if (after.length > (capacity[side] ?? Number.POSITIVE_INFINITY)) full = side;
    else writes[side] = { after, ops, reason };
  }
  if (full !== null) {
    const told = noRoom(spec, full);
    return {
      ...heldBack(field, input, (agreed) => hold(field, 'capacity', told, { base: agreed })),
      writes,
      partial: true,
    };
  }
  if (Object.keys(writes).length === 0) {
    if (isStillUndone(field)) return goesOnUndone(field);
    // A row that shows what no side holds any more has nothing left to ask.
    const over = equalNow(field) || !holdsRowValues(field);
    return { base: adopt(field), conflict: over ? closeConverged(field) : null };
  }
  return { writes, conflict: elementFlag(field, merge) };
}

/** What both hold now was seen; the row about the undo says it, too. */
function goesOnUndone(field: FieldContext): FieldOutcome {
  const base = adopt(field);
  // A flag goes on by itself.
  return { base, conflict: isFlag(field.row) ? null : holdUndone({ ...field, base }) };
}

/** Said once, and only where no other row of the field is open: nothing was lost, so it stops nothing. */
function elementFlag(field: FieldContext, merge: SetMerge): ConflictChange | null {
  const [first] = merge.elementConflicts;
  if (field.row !== null || first === undefined || field.spec.direction !== 'both') return null;
  const reason =
    first.kind === 'edit/edit'
      ? 'one element was edited to two different values: both are kept'
      : 'one element was edited on one side and deleted on the other: the edit is kept';
  return hold(field, 'element', reason);
}

/**
 * While the field is held for the first time, what both sides hold becomes its base: so that a deletion made before
 * a person decides is a deletion, and not something to unite again.
 */
function heldBack(
  field: FieldContext,
  input: SetMergeInput,
  row: (base: FieldBase | null) => ConflictChange | null,
): FieldOutcome {
  if (field.base !== null) return { conflict: row(field.base) };
  const { now, spec } = input;
  const part = agreedPart(input);
  // From a side that the field is not read from, nothing is pending: what it has is its own.
  const own = (side: SideName) => (flowsTo(spec, otherSide(side)) ? part[side] : now[side]);
  const agreed: FieldBase = { udesk: own('udesk'), crm: own('crm'), accepted: spec.direction !== 'both' };
  return { base: agreed, conflict: row(agreed) };
}

/** `side` was edited, and the field is not read from there. The other side's own edits still come over. */
function blocked(field: FieldContext, input: SetMergeInput, merge: SetMerge, side: SideName): FieldOutcome {
  const { spec, now, region } = field;
  const kind = 'blocked-by-direction';
  const edited = `${spec.udesk} was edited in ${side}, and the field flows ${spec.direction} only`;
  const become = (after: SetMerge[SideName]['after']) => ({ ...now, [side]: after });
  switch (spec.onBlocked) {
    case 'hold':
      return { conflict: hold(field, kind, edited) };
    case 'ignore':
      // The row about an undo is not closed by an edit of another element.
      if (isLeftApart(field)) return goesOnUndone(field);
      return resolveTo(
        field,
        become(merge[side].after),
        { by: 'policy', kind, reason: `${edited}: ignored` },
        'set-merge',
      );
    case 'revert': {
      const undone = { ...now, [side]: withoutOwnEdits(input, side) };
      const target = mergeSets({ spec, region, base: input.base, now: undone })[side].after;
      const outcome = resolveTo(
        field,
        become(target),
        { by: 'policy', kind, reason: `${edited}: reverted` },
        'revert-blocked',
      );
      if (!isLeftApart(field)) return outcome;
      // Written, the two differ as the undo left them: the next plan says so.
      return outcome.writes === undefined ? goesOnUndone(field) : { writes: outcome.writes, conflict: null };
    }
  }
}
