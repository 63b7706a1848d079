/** What each choice about a conflict would do: before a person decides, not after. Pure. */
import { equalValues } from '../core/equivalence.ts';
import { imageFrom } from '../core/field-outcome.ts';
import type { Take } from '../core/link.ts';
import { otherSide, SIDES, type SideName } from '../core/record.ts';
import { type Direction, type FieldSpec, flowsTo } from '../core/spec.ts';
import { isAbsent, type Value } from '../core/value.ts';
import type { ConflictRow } from '../store/conflicts.ts';

/** What becomes of one side. */
export type SideEffect =
  | {
      readonly side: SideName;
      readonly action: 'keeps';
      readonly now: Value | null;
      readonly because: Direction | null;
    }
  | {
      readonly side: SideName;
      readonly action: 'gets';
      readonly now: Value | null;
      readonly after: Value | null;
    };

export interface Choice {
  readonly take: Take;
  /** Null: it can be taken; else why not. */
  readonly refused: string | null;
  /** The same as a word for programs and dictionaries. */
  readonly refusal: 'no-base' | 'no-image' | 'whole-record' | null;
  /** By side; empty for a value that is still to be given, for a whole record, and for what is refused. */
  readonly effects: readonly SideEffect[];
  /** For a whole record: the side where it is deleted, or made again. */
  readonly record: { readonly action: 'delete' | 'create'; readonly side: SideName } | null;
  /** `effects` in English. */
  readonly effect: string;
}

type Subject = Pick<ConflictRow, 'field' | 'base' | 'udesk' | 'crm'>;
type Show = (value: Value | null) => string;

/**
 * @param spec null when the configuration does not map the field any more
 * @param show how a value is put on the screen
 */
export function choicesFor(row: Subject, spec: FieldSpec | null, region: string, show: Show): Choice[] {
  if (row.field === '*') return wholeRecordChoices(row);
  if (spec === null) return [];
  const towards = (take: Take, target: Target): Choice => {
    if (!target.ok) return refusedChoice(take, 'no-image', target.reason);
    const effects = effectsOf(row, spec, region, target);
    return { take, refused: null, refusal: null, effects, record: null, effect: inEnglish(effects, show) };
  };
  const base =
    row.base === null
      ? refusedChoice('base', 'no-base', 'the two sides never agreed on this field')
      : towards('base', { ok: true, ...row.base });
  const flows = SIDES.filter((side) => flowsTo(spec, side)).map(name);
  const effect = `${flows.join(' and ')} ${flows.length === 1 ? 'gets' : 'get'} the value that you give`;
  return [
    towards('udesk', imageOf(spec, 'udesk', row)),
    towards('crm', imageOf(spec, 'crm', row)),
    base,
    { take: 'value', refused: null, refusal: null, effects: [], record: null, effect },
  ];
}

/** How many writes to each side a choice comes to. */
export function writesOf(choice: Choice): Readonly<Record<SideName, number>> {
  const count = (side: SideName) =>
    choice.effects.filter((effect) => effect.side === side && effect.action === 'gets').length +
    (choice.record?.side === side ? 1 : 0);
  return { udesk: count('udesk'), crm: count('crm') };
}

type Target =
  | { readonly ok: true; readonly udesk: Value | null; readonly crm: Value | null }
  | { readonly ok: false; readonly reason: string };

/** What both sides shall hold when the value of `side` is taken; a side that the field does not flow to keeps its own. */
function imageOf(spec: FieldSpec, side: SideName, row: Subject): Target {
  const { udesk, crm } = row;
  if (!flowsTo(spec, otherSide(side))) return { ok: true, udesk, crm };
  const image = imageFrom(spec, side, row[side]);
  if (!image.ok) return image;
  return side === 'udesk' ? { ok: true, udesk, crm: image.value } : { ok: true, udesk: image.value, crm };
}

function effectsOf(
  row: Subject,
  spec: FieldSpec,
  region: string,
  target: Extract<Target, { ok: true }>,
): SideEffect[] {
  return SIDES.map((side): SideEffect => {
    const after = writable(target[side]);
    const now = row[side];
    if (equalValues(spec, now, after, region)) return { side, action: 'keeps', now, because: null };
    if (!flowsTo(spec, side)) return { side, action: 'keeps', now, because: spec.direction };
    return { side, action: 'gets', now, after };
  });
}

function inEnglish(effects: readonly SideEffect[], show: Show): string {
  const parts = effects.map((effect) => {
    const { side, now } = effect;
    if (effect.action === 'gets') return `${name(side)} gets ${show(effect.after)} instead of ${show(now)}`;
    const because = effect.because === null ? '' : `, because the field flows ${effect.because} only`;
    return `${name(side)} keeps ${show(now)}${because}`;
  });
  const quiet = effects.every(({ action }) => action === 'keeps');
  return `${parts.join('; ')}${quiet ? ': nothing is written, the difference is accepted' : ''}`;
}

/** Deleted on one side, edited on the other. */
function wholeRecordChoices(row: Subject): Choice[] {
  const gone: SideName = row.udesk === null ? 'udesk' : 'crm';
  const there = otherSide(gone);
  const refused = 'the conflict is about a whole record: take udesk or crm';
  return [
    ...SIDES.map((take): Choice => {
      const record =
        take === gone
          ? ({ action: 'delete', side: there } as const)
          : ({ action: 'create', side: gone } as const);
      const effect =
        take === gone
          ? `the record is deleted in ${name(there)}, too`
          : `the record is created again in ${name(gone)} from what ${name(there)} holds`;
      return { take, refused: null, refusal: null, effects: [], record, effect };
    }),
    refusedChoice('base', 'whole-record', refused),
    refusedChoice('value', 'whole-record', refused),
  ];
}

function refusedChoice(take: Take, refusal: Choice['refusal'], refused: string): Choice {
  return { take, refused, refusal, effects: [], record: null, effect: '' };
}

function name(side: SideName): string {
  return side === 'udesk' ? 'Udesk' : 'the CRM';
}

/** ABSENT cannot be written. */
function writable(value: Value | null): Value | null {
  return value !== null && isAbsent(value) ? null : value;
}
