/**
 * What kind of difference a conflict is about, so that people can look at similar ones together. Total, and a function of
 * the row alone: the same row has the same pattern wherever and whenever it is asked. Names of fields, pairs, records and
 * elements do not count. A change of these rules is a new version, and its migration marks every row unclassified.
 */
import { asElements, normalizeText, scalarText } from './equivalence.ts';
import type { FieldBase } from './link.ts';
import { toCommon } from './mapping.ts';
import type { FieldSpec } from './spec.ts';
import { isBlank, isSet, type Value } from './value.ts';

const VERSION = 'v1';

/** Who made an edit: of Udesk, by its own history; of the CRM, where it told who edited this field. */
export const AUTHOR_KINDS = ['person', 'automation', 'unknown'] as const;
export type AuthorKind = (typeof AUTHOR_KINDS)[number];

/** In the order in which they are tried: the first that fits is the shape. */
export const SHAPES = [
  /** Of whole records. */
  'deleted-in-udesk',
  'deleted-in-crm',
  /** ABSENT, NULL and '' against each other. */
  'both-blank',
  /** Both once held something, and one side holds nothing now. */
  'emptied-in-udesk',
  'emptied-in-crm',
  /** One side holds nothing, and nothing is known that it ever did. */
  'blank-in-udesk',
  'blank-in-crm',
  /** The value of the CRM has no counterpart in Udesk. */
  'no-image',
  /** The same but for spaces, case, and full or half width. */
  'same-text',
  'same-but-punctuation',
  /** A number that one side holds with a country code or prefix. */
  'same-digits',
  'udesk-contains-crm',
  'crm-contains-udesk',
  /** In another order. */
  'same-words',
  /** The same but for its digits. */
  'other-digits',
  /** Sets that share some of their entries. */
  'overlap',
  /** At least twice as long. */
  'udesk-longer',
  'crm-longer',
  'other',
] as const;
export type Shape = (typeof SHAPES)[number];

/** Which edit came long after the other. */
export const ORDERS = ['udesk-later', 'crm-later', 'together', 'time-unknown'] as const;
export type Order = (typeof ORDERS)[number];

/** Edits that are no further apart count as made together: clocks differ, and a sighting is later than its edit. */
const TOGETHER_MS = 3_600_000;

export interface Pattern {
  /** Of the edit in Udesk. */
  readonly author: AuthorKind;
  readonly crmAuthor: AuthorKind;
  readonly shape: Shape;
  readonly order: Order;
}

export interface PatternSubject {
  readonly field: string;
  readonly base: FieldBase | null;
  /** Each in its own side's values, as the row has them. */
  readonly udesk: Value | null;
  readonly crm: Value | null;
  /** ISO 8601. */
  readonly udeskAt: string | null;
  readonly crmAt: string | null;
}

/** @param spec null when the configuration does not map the field: values are compared as plain text then */
export function patternOf(
  subject: PatternSubject,
  author: AuthorKind,
  spec: FieldSpec | null,
  region: string,
  crmAuthor: AuthorKind = 'unknown',
): Pattern {
  return { author, crmAuthor, shape: shapeOf(subject, spec, region), order: orderOf(subject) };
}

/**
 * As it is stored, and stands in addresses: `v1.person.same-text.crm-later`, and with `.crm-person` behind it where the CRM
 * told its author: what was grouped while no CRM did keeps its group, and the rules of that group.
 */
export function patternText({ author, crmAuthor, shape, order }: Pattern): string {
  const base = [VERSION, author, shape, order];
  return (crmAuthor === 'unknown' ? base : [...base, `${CRM}${crmAuthor}`]).join('.');
}

const CRM = 'crm-';

/** Null for what is no pattern of this version. */
export function readPattern(text: string): Pattern | null {
  const [version, author, shape, order, crm, ...more] = text.split('.');
  const crmAuthor = crm === undefined ? 'unknown' : crm.slice(CRM.length);
  const known =
    version === VERSION &&
    more.length === 0 &&
    isOneOf(AUTHOR_KINDS, author) &&
    isOneOf(SHAPES, shape) &&
    isOneOf(ORDERS, order) &&
    isOneOf(AUTHOR_KINDS, crmAuthor) &&
    (crm === undefined || (crm.startsWith(CRM) && crmAuthor !== 'unknown'));
  return known ? { author, crmAuthor, shape, order } : null;
}

function isOneOf<T extends string>(all: readonly T[], text: string | undefined): text is T {
  return (all as readonly (string | undefined)[]).includes(text);
}

/** `automations`: names under which programs write to either side. Our own writes are a program's, too. */
export function authorKind(name: string | null, automations: ReadonlySet<string>): AuthorKind {
  if (name === null) return 'unknown';
  return name === 'udesk-sync' || automations.has(name) ? 'automation' : 'person';
}

function orderOf({ udeskAt, crmAt }: PatternSubject): Order {
  const ahead = Date.parse(udeskAt ?? '') - Date.parse(crmAt ?? '');
  if (Number.isNaN(ahead)) return 'time-unknown';
  if (Math.abs(ahead) <= TOGETHER_MS) return 'together';
  return ahead > 0 ? 'udesk-later' : 'crm-later';
}

function shapeOf(subject: PatternSubject, spec: FieldSpec | null, region: string): Shape {
  const { field, base, udesk, crm } = subject;
  if (field === '*') return udesk === null ? 'deleted-in-udesk' : crm === null ? 'deleted-in-crm' : 'other';
  const blank = { udesk: isBlank(udesk), crm: isBlank(crm) };
  if (blank.udesk && blank.crm) return 'both-blank';
  if (blank.udesk || blank.crm) {
    const side = blank.udesk ? 'udesk' : 'crm';
    return base !== null && !isBlank(base[side]) ? `emptied-in-${side}` : `blank-in-${side}`;
  }
  const common = spec === null ? ({ ok: true, value: crm } as const) : toCommon(spec, 'crm', crm);
  if (!common.ok || isBlank(common.value)) return 'no-image';
  if (spec?.shape === 'set' || isSet(udesk as Value) || isSet(common.value as Value)) {
    return setShape(entries(udesk, spec, region), entries(common.value, spec, region));
  }
  return textShape(text(udesk), text(common.value));
}

function text(value: Value | null): string {
  return value === null || isSet(value) ? '' : (scalarText(value) ?? '');
}

/** The entries of a set in the form in which the field compares them, and folded. */
function entries(value: Value | null, spec: FieldSpec | null, region: string): string[] {
  const forms = asElements(value).map((element) =>
    fold(normalizeText(spec?.equivalence ?? 'text', element.value, region)),
  );
  return [...new Set(forms)];
}

function setShape(udesk: readonly string[], crm: readonly string[]): Shape {
  const shared = udesk.filter((entry) => crm.includes(entry)).length;
  if (shared === udesk.length && shared === crm.length) return 'same-text';
  if (shared === crm.length) return 'udesk-contains-crm';
  if (shared === udesk.length) return 'crm-contains-udesk';
  if (shared > 0) return 'overlap';
  const [one, two] = [udesk[0] ?? '', crm[0] ?? ''];
  return udesk.length === 1 && crm.length === 1 ? textShape(one, two) : 'other';
}

/** Of fewer digits a common ending says nothing. */
const NUMBER_DIGITS = 5;

function textShape(udesk: string, crm: string): Shape {
  const [one, two] = [fold(udesk), fold(crm)];
  if (one === two) return 'same-text';
  if (bare(one) !== '' && bare(one) === bare(two)) return 'same-but-punctuation';
  if (isSameNumber(one, two)) return 'same-digits';
  if (one.includes(two)) return 'udesk-contains-crm';
  if (two.includes(one)) return 'crm-contains-udesk';
  if (words(udesk) === words(crm)) return 'same-words';
  if (/\d/.test(one) && withoutDigits(one) === withoutDigits(two)) return 'other-digits';
  const [lengthOne, lengthTwo] = [[...one].length, [...two].length];
  if (lengthOne >= 2 * lengthTwo) return 'udesk-longer';
  return lengthTwo >= 2 * lengthOne ? 'crm-longer' : 'other';
}

/** Spaces, case, full and half width, and characters that nobody sees do not count. */
function fold(value: string): string {
  return value
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, '');
}

function bare(folded: string): string {
  return folded.replace(/[\p{P}\p{S}]+/gu, '');
}

function isSameNumber(one: string, two: string): boolean {
  if (/\p{L}/u.test(one + two)) return false;
  const [a, b] = [one.replace(/\D/g, ''), two.replace(/\D/g, '')];
  return Math.min(a.length, b.length) >= NUMBER_DIGITS && (a.endsWith(b) || b.endsWith(a));
}

function words(value: string): string {
  return value
    .normalize('NFKC')
    .toLowerCase()
    .split(/[\s\p{P}\p{S}]+/u)
    .filter((word) => word !== '')
    .sort()
    .join(' ');
}

function withoutDigits(folded: string): string {
  return folded.replace(/\d+/g, '0');
}
