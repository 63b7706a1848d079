/**
 * Between a side's own values and the common domain, which is Udesk's values (promise P1, no invention: a value
 * that has no image is said to have none; nothing is put in its place).
 */
import { equalValues, scalarText } from './equivalence.ts';
import type { Image, Was } from './mapping/lens.ts';
import { lensOf } from './mapping/lens-of.ts';
import { nameTrouble } from './names.ts';
import type { SideName } from './record.ts';
import type { FieldSpec } from './spec.ts';
import { isBlank, isSet, type Value } from './value.ts';

export type Mapped =
  | { readonly ok: true; readonly value: Value }
  /** `reason` names the field and the side, never the value. */
  | { readonly ok: false; readonly reason: string };

/**
 * A side's own value in Udesk's values. Element ids stay (they are the side's). `was`: what Udesk holds, where that is
 * known; it is the answer as long as the two correspond, so equal to it means that they do.
 */
export function toCommon(spec: FieldSpec, side: SideName, value: Value, was?: Value): Mapped {
  if (side === 'udesk') return { ok: true, value };
  if (spec.names !== undefined) return nameInUdesk(spec, value);
  return travelsAsItIs(spec) ? { ok: true, value } : translate(spec, value, 'to-udesk', was);
}

/**
 * A value of Udesk's domain in the side's own values. Element ids stay as they are: the caller says what they mean.
 * `was`: what the side holds, where that is known; it is the answer as long as the two correspond.
 */
export function fromCommon(spec: FieldSpec, side: SideName, value: Value, was?: Value): Mapped {
  if (side === 'udesk' || travelsAsItIs(spec)) return { ok: true, value };
  return translate(spec, value, 'to-crm', was);
}

/** Whether the two values correspond: neither side has anything to learn from the other. */
export function correspond(spec: FieldSpec, udesk: Value, crm: Value, region: string): boolean {
  const common = toCommon(spec, 'crm', crm, udesk);
  return common.ok && equalValues(spec, udesk, common.value, region);
}

/**
 * PutGet (docs/mapping.md): whether what the target shall hold would be read as `value` again. A field that flows both ways
 * carries nothing that would come back as something else.
 */
export function comesBack(
  spec: FieldSpec,
  from: SideName,
  value: Value,
  image: Value,
  { element = false } = {},
): boolean {
  if (spec.direction !== 'both' || spec.lenses === undefined) return true;
  // An element of a set does not know of its image over there.
  const was = element ? undefined : value;
  const back = from === 'udesk' ? toCommon(spec, 'crm', image, was) : fromCommon(spec, 'crm', image, was);
  return back.ok && equalValues(spec, back.value, value, regionOf(spec));
}

/** For a value that would not come back. */
export function notBack(spec: FieldSpec, from: SideName): Mapped {
  const holder = from === 'udesk' ? 'Udesk' : 'the CRM';
  return {
    ok: false,
    reason: `the value that ${holder} holds in ${spec.udesk} would come back as another one: its rules break the round trip`,
  };
}

function regionOf({ lenses = [] }: FieldSpec): string {
  return lenses.find((lens) => lens.kind === 'phone')?.region ?? '';
}

function travelsAsItIs(spec: FieldSpec): boolean {
  return spec.map === null && spec.lenses === undefined;
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

type Way = 'to-udesk' | 'to-crm';

function translate(spec: FieldSpec, value: Value, way: Way, was?: Value): Mapped {
  if (!isSet(value)) {
    const text = isBlank(value) ? null : scalarText(value);
    const answer = textImage(spec, text, way, wasText(was));
    if (!answer.ok) return noImage(spec, way, answer.why);
    // What does not change keeps its type, and a blank its kind.
    return { ok: true, value: answer.text === text ? value : answer.text };
  }
  const elements = [];
  for (const element of value) {
    if (element.value.trim() === '') continue;
    const answer = textImage(spec, element.value, way, undefined);
    if (!answer.ok) return noImage(spec, way, answer.why);
    elements.push({ id: element.id, value: answer.text ?? '' });
  }
  return { ok: true, value: elements };
}

function textImage(spec: FieldSpec, text: string | null, way: Way, was: Was): Image {
  const lens = lensOf(spec);
  if (lens === null) return { ok: true, text };
  return way === 'to-crm' ? lens.toCrm(text, was) : lens.toUdesk(text, was);
}

function wasText(was: Value | undefined): Was {
  if (was === undefined || isSet(was)) return undefined;
  return isBlank(was) ? null : scalarText(was);
}

function noImage(spec: FieldSpec, way: Way, why: string): Mapped {
  const holder = way === 'to-crm' ? 'Udesk' : 'the CRM';
  return { ok: false, reason: `the value that ${holder} holds in ${spec.udesk} ${why}` };
}
