/**
 * What a custom field's values mean: on the wire a selection holds option values (often mere positions), in the mapping
 * it holds labels. A value whose label is not the one that it was pinned to is never given a meaning (udesk/api.md
 * §3.6: reordering options in Udesk changes what stored values mean; promise P1). Pure.
 */
import { type Element, isAbsent, isBlank, isSet, type SetValue, type Value } from '../core/value.ts';
import { SyncError } from '../errors.ts';
import type { CustomFieldMeta, FieldOption } from './custom-fields.ts';

export interface OptionMeaning {
  /** On the wire; of a cascade the values on the way down, with commas. */
  readonly value: string;
  /** Of a cascade the labels on the way down, with ` / `. */
  readonly label: string;
}

export interface FieldMeaning {
  readonly contentType: string;
  readonly required: boolean;
  /** As Udesk says now. */
  readonly options: readonly OptionMeaning[];
  /** As they were when a person, or the first sight, accepted them. */
  readonly pinned: readonly OptionMeaning[];
  /** Udesk does not list the field any more. */
  readonly vanished: boolean;
}

/** By the pair's field name: custom.SelectField_1. */
export type FieldMeanings = Readonly<Record<string, FieldMeaning>>;

const CASCADE = 'chained_droplist';
const SINGLE: ReadonlySet<string> = new Set(['droplist', 'radio']);
const SELECTIONS: ReadonlySet<string> = new Set([...SINGLE, 'checkbox', CASCADE]);

export function isSelection(contentType: string): boolean {
  return SELECTIONS.has(contentType);
}

/** All options in one list; of a cascade every place where a choice may end. */
export function flatOptions(field: Pick<CustomFieldMeta, 'contentType' | 'options'>): OptionMeaning[] {
  const below = (options: readonly FieldOption[], above: OptionMeaning | null): OptionMeaning[] =>
    options.flatMap((option) => {
      const label = option.label.trim();
      const own =
        above === null
          ? { value: option.value, label }
          : { value: `${above.value},${option.value}`, label: `${above.label} / ${label}` };
      return [own, ...below(option.subs ?? [], own)];
    });
  return field.contentType === CASCADE
    ? below(field.options, null)
    : field.options.map(({ value, label }) => ({ value, label: label.trim() }));
}

/**
 * A value as Udesk shows it, in the words of the mapping.
 * @returns undefined (NOT-RETURNED) when one of its options does not mean what it was pinned to, or the field is gone
 * @param drifted told the option value that has lost its meaning
 */
export function toLabels(
  meaning: FieldMeaning | undefined,
  value: Value,
  drifted: (value: string) => void,
): Value | undefined {
  // Customers stop listing a field that was removed: that is no edit, and must not blank the other side.
  if (meaning === undefined || meaning.vanished) return undefined;
  if (!isSelection(meaning.contentType)) return value;
  if (value === null || isAbsent(value) || typeof value === 'boolean') return value;
  const texts = isSet(value) ? value.map((element) => element.value) : value.split(',');
  const values = texts.map((text) => text.trim()).filter((text) => text !== '');
  const chosen = meaning.contentType === CASCADE && values.length > 0 ? [values.join(',')] : values;
  const labels: Element[] = [];
  for (const option of chosen) {
    const label = labelOf(meaning, option);
    if (label === null) {
      drifted(option);
      return undefined;
    }
    labels.push({ id: null, value: label });
  }
  return labels;
}

/** Null: today's label is not the pinned one, or one of them is missing. */
function labelOf({ options, pinned }: FieldMeaning, value: string): string | null {
  const was = pinned.find((option) => option.value === value)?.label;
  const now = options.find((option) => option.value === value)?.label;
  return was === undefined || was !== now ? null : was;
}

/**
 * A value of the mapping as it is sent.
 * @throws SyncError `rejected` when Udesk could not take it, or would understand something else
 */
export function toWire(field: string, meaning: FieldMeaning | undefined, value: Value): Value {
  if (meaning === undefined || meaning.vanished) {
    throw refuse(
      field,
      'is not among the custom fields of Udesk any more',
      'Take it out of the mapping, or bring it back in Udesk.',
    );
  }
  if (meaning.contentType === 'calculate') {
    throw refuse(field, 'is calculated by Udesk and cannot be written', 'Set direction: to-crm.');
  }
  if (isBlank(value)) {
    if (meaning.required) throw requiredField(field);
    return value;
  }
  if (isSelection(meaning.contentType)) return optionsOf(field, meaning, value);
  const rule = RULES[meaning.contentType];
  if (rule !== undefined && typeof value === 'string' && !rule.holds(value.trim())) {
    throw refuse(
      field,
      `is of the type ${meaning.contentType} in Udesk and takes ${rule.words}`,
      'Correct the value in the CRM.',
    );
  }
  return value;
}

/** What a customer was seen to hold, as it stands on the wire; for comparing only, so that nothing is refused. */
export function asHeld(meaning: FieldMeaning | undefined, value: Value): Value {
  if (meaning === undefined || !isSet(value) || !isSelection(meaning.contentType)) return value;
  return value.flatMap(({ id, value: label }) => {
    const option = meaning.pinned.find((pinned) => pinned.label === label)?.value ?? label;
    const parts = meaning.contentType === CASCADE ? option.split(',') : [option];
    return parts.map((part) => ({ id, value: part }));
  });
}

export function requiredField(field: string): SyncError {
  return refuse(field, 'is required in Udesk and would be empty', 'Fill it in the CRM.');
}

function optionsOf(field: string, meaning: FieldMeaning, value: Value): SetValue {
  const labels = isSet(value) ? value.map((element) => element.value.trim()) : [String(value).trim()];
  const one = SINGLE.has(meaning.contentType) || meaning.contentType === CASCADE;
  if (one && labels.length > 1) {
    throw refuse(field, 'takes one option in Udesk', 'Leave one of them in the CRM.');
  }
  const values = labels.map((label) => wireValueOf(field, meaning, label));
  const sent = meaning.contentType === CASCADE ? values.flatMap((path) => path.split(',')) : values;
  return sent.map((option) => ({ id: null, value: option }));
}

function wireValueOf(field: string, meaning: FieldMeaning, label: string): string {
  const pinned = meaning.pinned.filter((option) => option.label === label);
  const [only, ...others] = pinned.filter(({ value }) => labelOf(meaning, value) !== null);
  if (only !== undefined && others.length === 0) return only.value;
  if (only !== undefined) {
    throw refuse(
      field,
      'has several options of this name in Udesk',
      'Give the options different names in Udesk.',
    );
  }
  if (pinned.length > 0 || meaning.options.some((option) => option.label === label)) {
    throw refuse(
      field,
      'has an option that was moved, renamed or removed in Udesk',
      'See `udesk-sync check`; accept the options of today with `udesk-sync check --pin-options`.',
    );
  }
  const allowed = meaning.options.filter((option) => labelOf(meaning, option.value) !== null);
  const words = allowed.map((option) => `"${option.label}"`).join(', ');
  throw refuse(
    field,
    `has no such option in Udesk; it has: ${words === '' ? 'none' : words}`,
    'Use one of them in the CRM, or add the option in Udesk.',
  );
}

interface Rule {
  readonly words: string;
  holds(text: string): boolean;
}

/** The types of V2-CF (api.md §3.6) that have a form of their own; how Udesk treats another form is not documented. */
const RULES: Readonly<Record<string, Rule>> = {
  number: { words: 'a whole number without a sign', holds: (text) => /^\d+$/.test(text) },
  numeric: { words: 'a number, such as 12.5', holds: (text) => /^-?\d+(\.\d+)?$/.test(text) },
  date: { words: 'a day, such as 2017-01-18', holds: isDay },
  time: { words: 'a time of day, such as 10:14', holds: isTimeOfDay },
  datetime: {
    words: 'a day and a time, such as 2017-01-18 10:14:41',
    holds: (text) => {
      const [day = '', time = '', ...more] = text.split(/[ T]/);
      return more.length === 0 && isDay(day) && isTimeOfDay(time.replace(/(\.\d+)?(Z|[+-]\d\d:?\d\d)?$/, ''));
    },
  },
  link: {
    words: 'a web address',
    holds: (text) =>
      /^\S+\.\S+$/.test(text) && URL.canParse(/^https?:\/\//i.test(text) ? text : `http://${text}`),
  },
};

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function isTimeOfDay(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(text);
}

/** Never with the value: it is the customer's. */
function refuse(field: string, why: string, advice: string): SyncError {
  return new SyncError('rejected', `${field} ${why}`, { side: 'udesk', field, code: 'custom-field', advice });
}
