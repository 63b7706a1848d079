/** A person's choice on its way to both sides (promise P1: it is the one other origin of a value that we write). */
import { equalValues } from './equivalence.ts';
import {
  adopt,
  equalNow,
  type FieldContext,
  type FieldOutcome,
  hold,
  imageFrom,
  resolveTo,
} from './field-outcome.ts';
import type { ActiveConflict, Decision } from './link.ts';
import { otherSide, SIDES, type SideName } from './record.ts';
import { mergeSets, type Sides } from './set-merge.ts';
import { flowsTo } from './spec.ts';
import { isAbsent, type Value } from './value.ts';
import type { Overwritten } from './witness-records.ts';

/** A side holds something that the person did not see: what they chose is not carried out any further. */
export interface VoidDecision {
  readonly void: string;
}

/**
 * Carries the decision out, or says why it cannot be. It is void once a side holds something that the person did not
 * see: neither the row's value nor the chosen one, which our own earlier write may have put there. The field then goes
 * by its table again, from what both sides hold now; the row with what the person saw is kept as it is (P2).
 */
export function applyDecision(
  field: FieldContext,
  row: ActiveConflict,
  decision: Decision,
): FieldOutcome | VoidDecision {
  const chosen = chosenValues(field, row, decision);
  const expected = expectedValues(field, row, chosen.ok ? chosen.target : null);
  const moved = SIDES.filter(
    (side) => !expected[side].some((value) => equalValues(field.spec, field.now[side], value, field.region)),
  );
  if (moved.length > 0) {
    if (equalNow(field) && undecided(field).length === 0) {
      return {
        base: adopt(field),
        conflict: { action: 'close', field: field.spec.udesk, outcome: 'converged' },
      };
    }
    return { void: `${moved.join(' and ')} changed after the decision was made` };
  }
  if (!chosen.ok) return { conflict: hold(field, row.kind, chosen.reason, { reopened: true }) };
  const reason = `a person took ${decision.take}`;
  return resolveTo(field, chosen.target, { by: 'person', kind: row.kind, reason }, 'decision');
}

/**
 * The edits that the row keeps because no side holds them any more: only a person or a policy ends the question about them, and
 * a void decision is neither (P3). Of a scalar, whoever edited the same side since has superseded them.
 */
export function undecided({ spec, row, now, base, region }: FieldContext): readonly Overwritten[] {
  return (row?.overwritten ?? []).filter(
    ({ side }) => spec.shape === 'set' || base === null || equalValues(spec, now[side], base[side], region),
  );
}

type Chosen = { readonly ok: true; readonly target: Sides } | { readonly ok: false; readonly reason: string };

function chosenValues(field: FieldContext, row: ActiveConflict, decision: Decision): Chosen {
  switch (decision.take) {
    case 'udesk':
    case 'crm':
      return taking(field, decision.take, row[decision.take]);
    case 'base':
      if (row.base === null) return { ok: false, reason: `${field.spec.udesk} has no base to go back to` };
      return { ok: true, target: { udesk: writable(row.base.udesk), crm: writable(row.base.crm) } };
    case 'value':
      return taking(field, 'udesk', decision.value);
  }
}

/** `value` is in the values of `from`; a side that the field does not flow to needs no image of it. */
function taking(field: FieldContext, from: SideName, value: Value): Chosen {
  const to = otherSide(from);
  if (!flowsTo(field.spec, to)) return { ok: true, target: { ...field.now, [from]: writable(value) } };
  const kept = imageFrom(field.spec, from, value, field.now[to]);
  // Who chooses a text that was cut has seen the whole one, and wants it gone.
  const image = kept.ok ? kept : imageFrom(field.spec, from, value);
  return image.ok
    ? { ok: true, target: { ...field.now, [from]: writable(value), [to]: image.value } }
    : image;
}

function writable(value: Value): Value {
  return isAbsent(value) ? null : value;
}

/** What each side may hold without the decision being void. */
function expectedValues(
  field: FieldContext,
  row: ActiveConflict,
  target: Sides | null,
): Record<SideName, Value[]> {
  const { spec, region } = field;
  const expected: Record<SideName, Value[]> = { udesk: [row.udesk], crm: [row.crm] };
  for (const side of SIDES) if (target !== null && flowsTo(spec, side)) expected[side].push(target[side]);
  if (row.kind === 'element') {
    // The merge that the flag reports was written after the row was made.
    const merged = mergeSets({ spec, region, base: row.base, now: { udesk: row.udesk, crm: row.crm } });
    for (const side of SIDES) expected[side].push(merged[side].after);
  }
  return expected;
}
