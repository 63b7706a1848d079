/** What each choice about a conflict would do, in words: before a person decides, not after. Pure. */
import { equalValues } from '../core/equivalence.ts';
import { imageFrom } from '../core/field-outcome.ts';
import type { Take } from '../core/link.ts';
import { otherSide, SIDES, type SideName } from '../core/record.ts';
import { type FieldSpec, flowsTo } from '../core/spec.ts';
import { isAbsent, type Value } from '../core/value.ts';
import type { ConflictRow } from '../store/conflicts.ts';

export interface Choice {
  readonly take: Take;
  /** Null: it can be taken; else why not. */
  readonly refused: string | null;
  /** What will be written where. */
  readonly effect: string;
}

type Subject = Pick<ConflictRow, 'field' | 'base' | 'udesk' | 'crm'>;

/**
 * @param spec null when the configuration does not map the field any more
 * @param show how a value is put on the screen
 */
export function choicesFor(
  row: Subject,
  spec: FieldSpec | null,
  region: string,
  show: (value: Value | null) => string,
): Choice[] {
  if (row.field === '*') return wholeRecordChoices(row);
  if (spec === null) return [];
  const takeSide = (side: SideName): Choice => ({
    take: side,
    ...effectOf(row, spec, region, show, imageOf(spec, side, row)),
  });
  const base: Choice = {
    take: 'base',
    refused: row.base === null ? 'the two sides never agreed on this field' : null,
    effect: row.base === null ? '' : effectOf(row, spec, region, show, { ok: true, ...row.base }).effect,
  };
  const flows = SIDES.filter((side) => flowsTo(spec, side)).map(name);
  const value: Choice = {
    take: 'value',
    refused: null,
    effect: `${flows.join(' and ')} ${flows.length === 1 ? 'gets' : 'get'} the value that you give`,
  };
  return [takeSide('udesk'), takeSide('crm'), base, value];
}

type Target =
  | { readonly ok: true; readonly udesk: Value; readonly crm: Value }
  | { readonly ok: false; readonly reason: string };

/** What both sides shall hold when the value of `side` is taken; a side that the field does not flow to keeps its own. */
function imageOf(spec: FieldSpec, side: SideName, row: Subject): Target {
  const { udesk, crm } = row;
  if (!flowsTo(spec, otherSide(side))) return { ok: true, udesk, crm };
  const image = imageFrom(spec, side, row[side]);
  if (!image.ok) return image;
  return side === 'udesk' ? { ok: true, udesk, crm: image.value } : { ok: true, udesk: image.value, crm };
}

function effectOf(
  row: Subject,
  spec: FieldSpec,
  region: string,
  show: (value: Value | null) => string,
  target: Target,
): Pick<Choice, 'refused' | 'effect'> {
  if (!target.ok) return { refused: target.reason, effect: '' };
  const parts = SIDES.map((side) => {
    const after = writable(target[side]);
    const now = row[side];
    if (equalValues(spec, now, after, region)) return `${name(side)} keeps ${show(now)}`;
    if (!flowsTo(spec, side)) {
      return `${name(side)} keeps ${show(now)}, because the field flows ${spec.direction} only`;
    }
    return `${name(side)} gets ${show(after)} instead of ${show(now)}`;
  });
  const quiet = SIDES.every(
    (side) => !flowsTo(spec, side) || equalValues(spec, row[side], writable(target[side]), region),
  );
  return {
    refused: null,
    effect: `${parts.join('; ')}${quiet ? ': nothing is written, the difference is accepted' : ''}`,
  };
}

/** Deleted on one side, edited on the other. */
function wholeRecordChoices(row: Subject): Choice[] {
  const gone: SideName = row.udesk === null ? 'udesk' : 'crm';
  const there = otherSide(gone);
  const bySide: Record<SideName, string> = {
    [gone]: `the record is deleted in ${name(there)}, too`,
    [there]: `the record is created again in ${name(gone)} from what ${name(there)} holds`,
  } as Record<SideName, string>;
  const refused = 'the conflict is about a whole record: take udesk or crm';
  return [
    ...SIDES.map((side): Choice => ({ take: side, refused: null, effect: bySide[side] })),
    { take: 'base', refused, effect: '' },
    { take: 'value', refused, effect: '' },
  ];
}

function name(side: SideName): string {
  return side === 'udesk' ? 'Udesk' : 'the CRM';
}

/** ABSENT cannot be written. */
function writable(value: Value): Value {
  return isAbsent(value) ? null : value;
}
