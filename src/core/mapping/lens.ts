/**
 * How the text of a field travels between the sides where it does not travel as it is: one small lens for each rule that
 * is declared under `fields`, put together in a row from Udesk to the CRM. Pure.
 *
 * The laws (docs/mapping.md): what was read and is put back changes nothing (GetPut), and what was put is read again as
 * it was (PutGet). Where one side can hold less than the other, what the other holds now (`was`) decides: as long as the
 * two correspond, the fuller one stays.
 */
import type { SideName } from '../record.ts';
import type { DateForm } from './date.ts';
import type { PhoneForm } from './phone.ts';

/** One rule of a field, as data: part of what the mapping means, so that a change of it is noticed. */
export type LensSpec =
  | { readonly kind: 'date'; readonly udesk: DateForm; readonly crm: DateForm }
  | { readonly kind: 'phone'; readonly udesk: PhoneForm; readonly crm: PhoneForm; readonly region: string }
  | { readonly kind: 'email'; readonly lower: SideName | 'both' }
  /** `on` holds at most so many characters (code points). */
  | { readonly kind: 'truncate'; readonly on: SideName; readonly characters: number }
  /** `on` holds this text in the place of a blank. */
  | { readonly kind: 'default'; readonly on: SideName; readonly value: string }
  /** The CRM keeps it in several fields, joined by the separator in this order. */
  | {
      readonly kind: 'join';
      readonly parts: readonly string[];
      readonly separator: string;
      readonly split: SplitRule;
    }
  /** A place inside a JSON document that the CRM keeps as one field. */
  | { readonly kind: 'path'; readonly document: string; readonly path: string }
  /** `on` is the side where it stands in no field: it is declared. */
  | { readonly kind: 'constant'; readonly on: SideName; readonly value: string };

/** Where a text with more separators than expected is cut: refused, or all that is too much goes to the last or first part. */
export type SplitRule = 'exact' | 'first' | 'last';

/** Null is a blank. `why` continues the sentence "the value that Udesk holds in level …" and never tells the value. */
export type Image =
  | { readonly ok: true; readonly text: string | null }
  | { readonly ok: false; readonly why: string };

/** What the target side holds now; undefined where that is not known, or where it does not exist yet. */
export type Was = string | null | undefined;

export interface Lens {
  toCrm(text: string | null, was: Was): Image;
  toUdesk(text: string | null, was: Was): Image;
}

export function image(text: string | null): Image {
  return { ok: true, text };
}

export function noImage(why: string): Image {
  return { ok: false, why };
}

/** The lenses one after the other, the first next to Udesk. */
export function inRow(lenses: readonly Lens[]): Lens {
  const [first, ...others] = lenses;
  if (first === undefined) return { toCrm: image, toUdesk: image };
  return others.reduce(pairOf, first);
}

function pairOf(near: Lens, far: Lens): Lens {
  const known = (answer: Image): Was => (answer.ok ? answer.text : undefined);
  return {
    toCrm(text, was) {
      const between = was === undefined ? undefined : known(far.toUdesk(was, undefined));
      const half = near.toCrm(text, between);
      return half.ok ? far.toCrm(half.text, was) : half;
    },
    toUdesk(text, was) {
      const between = was === undefined ? undefined : known(near.toCrm(was, undefined));
      const half = far.toUdesk(text, between);
      return half.ok ? near.toUdesk(half.text, was) : half;
    },
  };
}
