/**
 * When two values of a field are the same (sync design §3): by the field's declared equivalence, never by `===` on
 * raw text. A form that a remote made of what we sent must not look like an edit (promise P4, no echo).
 */
import { normalizePhone } from './phone.ts';
import type { Equivalence, FieldSpec } from './spec.ts';
import { isAbsent, isBlank, isSet, type Scalar, type SetValue, type Value } from './value.ts';

/**
 * Whether `a` and `b` are the same value of this field. Both must be in one domain: both of one side, or both in
 * Udesk's values. Blank scalars are all equal, except under `exact`, where ABSENT, NULL and '' are three values.
 * Sets are equal when they hold the same normalised values; ids and order do not count. Where one of the two is a
 * set, the other is read as a set of one (blank: none).
 */
export function equalValues(spec: FieldSpec, a: Value, b: Value, region: string): boolean {
  if (spec.shape === 'set' || isSet(a) || isSet(b)) {
    return sameMembers(
      setKeys(spec.equivalence, asElements(a), region),
      setKeys(spec.equivalence, asElements(b), region),
    );
  }
  return scalarKey(spec.equivalence, a, region) === scalarKey(spec.equivalence, b, region);
}

/** The form in which two texts are compared. Idempotent for every equivalence. */
export function normalizeText(eq: Equivalence, text: string, region: string): string {
  switch (eq) {
    case 'exact':
      return text;
    case 'text':
      return text.normalize('NFC').trim();
    case 'email':
      return text.normalize('NFC').toLowerCase().normalize('NFC').trim();
    case 'phone':
      return normalizePhone(text, region);
    case 'boolean':
      return booleanText(text);
    case 'number':
      return decimalText(text);
  }
}

/** Text of a scalar that is not blank; null for ABSENT and NULL. */
export function scalarText(value: Scalar): string | null {
  if (value === null || isAbsent(value)) return null;
  return typeof value === 'boolean' ? String(value) : value;
}

/** Any value read as a set: a set as it is, a scalar as a set of one, a blank as none. Blank elements are left out. */
export function asElements(value: Value): SetValue {
  if (isSet(value)) return value.filter((element) => element.value.trim() !== '');
  if (isBlank(value)) return [];
  const text = scalarText(value);
  return text === null ? [] : [{ id: null, value: text }];
}

function scalarKey(eq: Equivalence, value: Scalar, region: string): string {
  if (eq === 'exact') {
    if (isAbsent(value)) return 'absent';
    return value === null ? 'null' : `${typeof value}:${value}`;
  }
  if (isBlank(value)) return '';
  return normalizeText(eq, scalarText(value) ?? '', region);
}

function setKeys(eq: Equivalence, elements: SetValue, region: string): Set<string> {
  return new Set(elements.map((element) => normalizeText(eq, element.value, region)));
}

function sameMembers(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((key) => b.has(key));
}

const TRUE_WORDS = new Set(['true', 't', 'yes', 'y', '1', 'on', '是']);
const FALSE_WORDS = new Set(['false', 'f', 'no', 'n', '0', 'off', '否']);

function booleanText(text: string): string {
  const word = text.normalize('NFC').trim();
  const folded = word.toLowerCase();
  if (TRUE_WORDS.has(folded)) return 'true';
  return FALSE_WORDS.has(folded) ? 'false' : word;
}

/** Beyond this many digits an exponent is not written out, and the text stays as it is. */
const MAX_EXPONENT = 400;

/** Canonical decimal text, without a detour through a float: ids and amounts beyond 2^53 keep every digit. */
function decimalText(text: string): string {
  const trimmed = text.normalize('NFC').trim();
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(trimmed);
  if (!match) return trimmed;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  const exponent = Number(exponentText);
  if (whole + fraction === '' || Math.abs(exponent) > MAX_EXPONENT) return trimmed;
  const point = whole.length + exponent;
  const digits = whole + fraction;
  const padded = '0'.repeat(Math.max(0, -point)) + digits + '0'.repeat(Math.max(0, point - digits.length));
  const cut = Math.max(0, point);
  const integer = padded.slice(0, cut).replace(/^0+/, '') || '0';
  const decimals = padded.slice(cut).replace(/0+$/, '');
  const magnitude = decimals === '' ? integer : `${integer}.${decimals}`;
  return magnitude === '0' || sign !== '-' ? magnitude : `-${magnitude}`;
}
