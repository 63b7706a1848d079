/** Reads what a person typed as a value of a field, in Udesk's values. Pure. */
import { normalizeText } from './equivalence.ts';
import type { FieldSpec } from './spec.ts';
import type { Value } from './value.ts';

/** Why a typed value does not fit its field. */
export type ValueProblem =
  | 'not-one'
  | 'not-boolean'
  | 'not-number'
  | 'not-mapped'
  | 'not-many'
  | 'twice'
  | 'not-email'
  | 'not-phone';

export type TypedValue =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: ValueProblem };

/**
 * JSON or plain text: `null` clears the field, `"null"` is the word. A set is a JSON array of texts, or one plain
 * text for a set of one.
 */
export function readTyped(typed: string, field: FieldSpec, region: string): TypedValue {
  if (field.shape === 'set') return readSet(typed, field, region);
  const json = readJson(typed);
  if (json !== undefined && typeof json === 'object' && json !== null) return no('not-one');
  if (field.equivalence === 'boolean') {
    return json === null || typeof json === 'boolean' ? { ok: true, value: json } : no('not-boolean');
  }
  // Anything but a quoted text stays as it was typed: 007 is not 7, and a long number keeps its digits.
  const text = json === null ? null : typeof json === 'string' ? json : typed;
  if (text === null) return { ok: true, value: null };
  if (field.equivalence === 'number' && !/^\s*[+-]?\d+(\.\d+)?\s*$/.test(text)) return no('not-number');
  const unlikely = text.trim() === '' ? null : unlikelyText(text, field, region);
  if (unlikely !== null) return no(unlikely);
  if (field.map !== null && !field.map.some(([udesk]) => udesk === text)) return no('not-mapped');
  return { ok: true, value: text };
}

function readSet(typed: string, field: FieldSpec, region: string): TypedValue {
  const json = readJson(typed);
  const given = Array.isArray(json)
    ? json
    : typeof json === 'string'
      ? [json]
      : json === undefined || typeof json === 'number' // a phone, as it was typed
        ? [typed]
        : null;
  if (given === null || !given.every((item) => typeof item === 'string' && item.trim() !== '')) {
    return no('not-many');
  }
  const texts = (given as string[]).map((text) => text.trim());
  for (const text of texts) {
    const unlikely = unlikelyText(text, field, region);
    if (unlikely !== null) return no(unlikely);
  }
  const keys = texts.map((text) => normalizeText(field.equivalence, text, region));
  if (new Set(keys).size < keys.length) return no('twice');
  return { ok: true, value: texts.map((value) => ({ id: null, value })) };
}

/** A slip of the keyboard must not replace every number of a customer: what was typed has to look like one. */
function unlikelyText(text: string, field: FieldSpec, region: string): ValueProblem | null {
  if (field.equivalence === 'email' && !/^[^\s@]+@[^\s@]+$/.test(text.trim())) return 'not-email';
  if (field.equivalence !== 'phone') return null;
  const digits = normalizeText('phone', text, region).replace(/\D/g, '').length;
  return digits < 5 || /[^\d\s()+.\-/*#,;xXextEXT]/.test(text) ? 'not-phone' : null;
}

/** Undefined when it is not JSON. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function no(problem: ValueProblem): TypedValue {
  return { ok: false, problem };
}
