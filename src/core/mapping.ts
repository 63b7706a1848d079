/**
 * Between a side's own values and the common domain, which is Udesk's values (promise P1, no invention: a value
 * that has no image is said to have none; nothing is put in its place).
 */
import { normalizeText, scalarText } from './equivalence.ts';
import { nameTrouble } from './names.ts';
import type { SideName } from './record.ts';
import type { Equivalence, FieldSpec } from './spec.ts';
import { isBlank, isSet, type Value } from './value.ts';

export type Mapped =
  | { readonly ok: true; readonly value: Value }
  /** `reason` names the field and the side, never the value. */
  | { readonly ok: false; readonly reason: string };

/** A side's own value in Udesk's values. Element ids stay (they are the side's). */
export function toCommon(spec: FieldSpec, side: SideName, value: Value): Mapped {
  if (side === 'udesk') return { ok: true, value };
  if (spec.names !== undefined) return nameInUdesk(spec, value);
  return spec.map === null ? { ok: true, value } : translate(spec, value, 'to-udesk');
}

/** A value of Udesk's domain in the side's own values. Element ids stay as they are: the caller says what they mean. */
export function fromCommon(spec: FieldSpec, side: SideName, value: Value): Mapped {
  if (side === 'udesk' || spec.map === null) return { ok: true, value };
  return translate(spec, value, 'to-crm');
}

/**
 * The name by which the one travels whom the CRM means. One who is gone from Udesk still has a name, so that customers
 * who hold it are equal; that it cannot be written is told by `writableName`.
 */
function nameInUdesk(spec: FieldSpec, value: Value): Mapped {
  if (spec.names === undefined || isSet(value) || isBlank(value)) return { ok: true, value };
  const found = spec.names.find(scalarText(value) ?? '');
  return found.kind === 'one' ? { ok: true, value: found.word } : noName(spec, nameTrouble(found) ?? '');
}

/** Whether a name (in Udesk's values) can be written to Udesk. */
export function writableName(spec: FieldSpec, common: Value): Mapped {
  if (spec.names === undefined || isSet(common) || isBlank(common)) return { ok: true, value: common };
  const trouble = nameTrouble(spec.names.find(scalarText(common) ?? ''));
  return trouble === null ? { ok: true, value: common } : noName(spec, trouble);
}

function noName(spec: FieldSpec, trouble: string): Mapped {
  return { ok: false, reason: `the value that the CRM holds in ${spec.udesk} ${trouble}` };
}

function translate(spec: FieldSpec, value: Value, direction: 'to-udesk' | 'to-crm'): Mapped {
  if (!isSet(value)) {
    if (isBlank(value)) return { ok: true, value };
    const image = imageOf(spec, scalarText(value) ?? '', direction);
    return image === null ? noImage(spec, direction) : { ok: true, value: image };
  }
  const elements = [];
  for (const element of value) {
    if (element.value.trim() === '') continue;
    const image = imageOf(spec, element.value, direction);
    if (image === null) return noImage(spec, direction);
    elements.push({ id: element.id, value: image });
  }
  return { ok: true, value: elements };
}

function imageOf(spec: FieldSpec, text: string, direction: 'to-udesk' | 'to-crm'): string | null {
  const [from, to] = direction === 'to-crm' ? ([0, 1] as const) : ([1, 0] as const);
  const pairs = spec.map ?? [];
  const exact = pairs.find((pair) => pair[from] === text);
  if (exact) return exact[to];
  const key = mapKey(spec.equivalence, text);
  return pairs.find((pair) => mapKey(spec.equivalence, pair[from]) === key)?.[to] ?? null;
}

/** Enumerated values have no region: a phone field with a map is compared as text. */
function mapKey(eq: Equivalence, text: string): string {
  return normalizeText(eq === 'phone' ? 'text' : eq, text, '');
}

function noImage(spec: FieldSpec, direction: 'to-udesk' | 'to-crm'): Mapped {
  const holder = direction === 'to-crm' ? 'Udesk' : 'the CRM';
  return { ok: false, reason: `the value that ${holder} holds in ${spec.udesk} is not in the field's map` };
}
