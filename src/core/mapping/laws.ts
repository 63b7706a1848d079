/**
 * The round-trip laws on one value (docs/mapping.md). A law is broken when the declared rules turn a value into another
 * one on its way there and back: edits would then come back as edits of nobody. Pure.
 */
import { equalValues } from '../equivalence.ts';
import { fromCommon, toCommon } from '../mapping.ts';
import type { SideName } from '../record.ts';
import type { FieldSpec } from '../spec.ts';
import { isSet, type Value } from '../value.ts';

export type Law = 'GetPut' | 'PutGet';

export type Verdict =
  | { readonly kind: 'broken'; readonly law: Law }
  /** It has no image on the other side: an incident of its own when it has to travel, and no broken law. */
  | { readonly kind: 'no-image'; readonly reason: string };

/** Null: the value goes there and comes back. `value` is what the side holds in this field. */
export function brokenLaw(spec: FieldSpec, side: SideName, value: Value, region: string): Verdict | null {
  if (!isSet(value)) return ofOne(spec, side, value, region, value);
  // Elements of a set travel one by one, and none knows of its image over there.
  const element: FieldSpec = { ...spec, shape: 'scalar' };
  for (const one of value) {
    const verdict = ofOne(element, side, one.value, region, undefined);
    if (verdict !== null) return verdict;
  }
  return null;
}

function ofOne(
  spec: FieldSpec,
  side: SideName,
  value: Value,
  region: string,
  was: Value | undefined,
): Verdict | null {
  const there = side === 'crm' ? toCommon(spec, 'crm', value) : fromCommon(spec, 'crm', value);
  if (!there.ok) return { kind: 'no-image', reason: there.reason };
  const back =
    side === 'crm' ? fromCommon(spec, 'crm', there.value, was) : toCommon(spec, 'crm', there.value, was);
  if (back.ok && equalValues(spec, back.value, value, region)) return null;
  return { kind: 'broken', law: side === 'crm' ? 'GetPut' : 'PutGet' };
}
