/** Which parts of the values of a conflict are marked: the pages and the terminal show the same. Pure. */
import type { FieldBase } from '../core/link.ts';
import { otherSide, SIDES, type SideName } from '../core/record.ts';
import { isBlank, isSet, type Value } from '../core/value.ts';
import type { ConflictRow } from '../store/conflicts.ts';
import { differences, entryDifferences, losses, type TextPart } from './text-diff.ts';

/** How a value is shown, entry by entry; a single value is one entry, and a blank one is none. */
export type TextsOf = (value: Value | null) => readonly string[];

type Parts = readonly (readonly TextPart[])[];

/** What sets a side's value apart is told from this: what it held when both agreed, or else what the other side holds. */
export function comparedWith(row: ConflictRow, side: SideName): Value | null {
  return row.base !== null && !isBlank(row.base[side]) ? row.base[side] : row[otherSide(side)];
}

/** Per entry of a side's value, what the other one does not have. */
export function ownParts(value: Value, other: Value | null, textsOf: TextsOf): Parts {
  if (isSet(value)) return entryDifferences(textsOf(value), textsOf(other));
  const text = other === null || isSet(other) ? null : (textsOf(other)[0] ?? null);
  return textsOf(value).map((own) => differences(own, text));
}

/** Per agreed entry, what a side has not kept: an edit that only takes away leaves nothing to mark on its own side. */
export function lostParts(row: ConflictRow, base: FieldBase, textsOf: TextsOf): Parts {
  const edits = SIDES.map((side) => ({ from: textsOf(base[side]), to: textsOf(row[side]) }));
  return losses(textsOf(base.udesk), edits, isSet(base.udesk));
}
