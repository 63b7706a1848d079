/** Reads what a person typed after --value as a value of the field, in Udesk's values. Pure. */
import { normalizeText } from '../core/equivalence.ts';
import type { FieldSpec } from '../core/spec.ts';
import type { Value } from '../core/value.ts';
import { SyncError } from '../errors.ts';

/**
 * JSON or plain text: `null` clears the field, `"null"` is the word. A set is a JSON array of texts, or one plain
 * text for a set of one. Throws `SyncError('config')` with what would be right.
 */
export function parseValue(typed: string, field: FieldSpec, region: string): Value {
  if (field.shape === 'set') return parseSet(typed, field, region);
  const json = readJson(typed);
  if (json !== undefined && typeof json === 'object' && json !== null) {
    throw wrong(field, 'holds one value', `give a text, such as --value 'Wang'`);
  }
  if (field.equivalence === 'boolean') {
    if (json === null || typeof json === 'boolean') return json;
    throw wrong(field, 'is true or false', 'give --value true or --value false');
  }
  // Anything but a quoted text stays as it was typed: 007 is not 7, and a long number keeps its digits.
  const text = json === null ? null : typeof json === 'string' ? json : typed;
  if (text !== null && field.equivalence === 'number' && !/^\s*[+-]?\d+(\.\d+)?\s*$/.test(text)) {
    throw wrong(field, 'holds a number', 'give one, such as --value 12.5');
  }
  if (text !== null && text.trim() !== '') refuseUnlikely(text, field, region);
  if (text !== null && field.map !== null && !field.map.some(([udesk]) => udesk === text)) {
    const allowed = field.map.map(([udesk]) => udesk).join(', ');
    throw wrong(field, 'has a value map', `give one of Udesk's values: ${allowed}`);
  }
  return text;
}

function parseSet(typed: string, field: FieldSpec, region: string): Value {
  const json = readJson(typed);
  const given = Array.isArray(json)
    ? json
    : typeof json === 'string'
      ? [json]
      : json === undefined || typeof json === 'number' // a phone, as it was typed
        ? [typed]
        : null;
  if (given === null || !given.every((item) => typeof item === 'string' && item.trim() !== '')) {
    throw wrong(field, 'holds several values', `give a JSON array of texts: --value '["a","b"]'`);
  }
  const texts = (given as string[]).map((text) => text.trim());
  const keys = texts.map((text) => normalizeText(field.equivalence, text, region));
  for (const text of texts) refuseUnlikely(text, field, region);
  const twice = keys.findIndex((key, index) => keys.indexOf(key) !== index);
  if (twice >= 0) throw wrong(field, 'would hold one value twice', `leave entry ${twice + 1} out`);
  return texts.map((value) => ({ id: null, value }));
}

/** A slip of the keyboard must not replace every number of a customer: what was typed has to look like one. */
function refuseUnlikely(text: string, field: FieldSpec, region: string): void {
  if (field.equivalence === 'email' && !/^[^\s@]+@[^\s@]+$/.test(text.trim())) {
    throw wrong(field, 'holds e-mail addresses', `give one, such as --value '["wang@example.com"]'`);
  }
  const digits = normalizeText('phone', text, region).replace(/\D/g, '').length;
  if (field.equivalence === 'phone' && (digits < 5 || /[^\d\s()+.\-/*#,;xXextEXT]/.test(text))) {
    throw wrong(field, 'holds phone numbers', `give one, such as --value '["13800138000"]'`);
  }
}

/** Undefined when it is not JSON. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function wrong(field: FieldSpec, what: string, advice: string): SyncError {
  return new SyncError('config', `this --value does not fit: the field ${what}`, {
    code: 'usage',
    field: field.udesk,
    advice,
  });
}
