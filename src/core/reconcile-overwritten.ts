/**
 * An edit that a write of ours replaced before anybody had seen it (src/core/witness.ts): it is judged as it would have
 * been had we seen it in time. Sets merge, a policy decides, and what none decides waits for a person.
 */
import {
  equalNow,
  type FieldContext,
  type FieldOutcome,
  holdsRowValues,
  imageFrom,
  imageOn,
  resolveTo,
} from './field-outcome.ts';
import type { ActiveConflict } from './link.ts';
import { toCommon } from './mapping.ts';
import { applyPolicy } from './policy.ts';
import { otherSide } from './record.ts';
import { mergeSets } from './set-merge.ts';
import { flowsTo } from './spec.ts';
import { isAbsent, isSet, type Value } from './value.ts';
import type { Overwritten } from './witness-records.ts';

/**
 * Null: there is none, it is not known, or a person has to decide; the field goes on as it would without.
 * @param ordinary what becomes of the field as both sides hold it now, were there no row
 */
export function restoreOverwritten(field: FieldContext, ordinary: () => FieldOutcome): FieldOutcome | null {
  const { row, spec } = field;
  const lost = row?.overwritten?.at(-1);
  if (row === null || lost?.value === undefined || !holdsRowValues(field)) return null;
  if (!flowsTo(spec, otherSide(lost.side))) {
    if (spec.onBlocked === 'hold') return null;
    return keepAsItIs(
      field,
      row,
      lost,
      `the field flows ${spec.direction} only: ${spec.onBlocked}`,
      ordinary,
    );
  }
  return spec.shape === 'set'
    ? merge(field, row, lost, lost.value)
    : decide(field, row, lost, lost.value, ordinary);
}

function merge(
  field: FieldContext,
  row: ActiveConflict,
  lost: Overwritten,
  value: Value,
): FieldOutcome | null {
  const { spec, region, now } = field;
  const merged = mergeSets({ spec, region, base: row.base, now: { ...now, [lost.side]: value } });
  if (merged.unmappable.length > 0) return null;
  const target = { udesk: merged.udesk.after, crm: merged.crm.after };
  const decided = { by: 'policy', kind: row.kind, reason: `${describeOverwritten(lost)}; merged` } as const;
  // Not a merge of what both sides hold now: one half alone has carried nothing that the other still lacks (settle.ts).
  return resolveTo(field, target, decided, 'policy');
}

function decide(
  field: FieldContext,
  row: ActiveConflict,
  lost: Overwritten,
  value: Value,
  ordinary: () => FieldOutcome,
): FieldOutcome | null {
  const { spec, region, now, times } = field;
  const seen = { ...now, [lost.side]: value };
  const crm = toCommon(spec, 'crm', seen.crm);
  if (!crm.ok) return null;
  const outcome = applyPolicy({
    spec,
    region,
    base: row.base?.udesk ?? null,
    udesk: seen.udesk,
    crm: crm.value,
    times: { ...times, [`${lost.side}At`]: lost.at },
  });
  if (outcome.kind === 'undecided') return null;
  if (outcome.kind === 'take' && outcome.side !== lost.side)
    return keepAsItIs(field, row, lost, outcome.reason, ordinary);
  const common = outcome.kind === 'value' ? outcome.value : lost.side === 'udesk' ? seen.udesk : crm.value;
  const image = lost.side === 'udesk' ? imageFrom(spec, 'udesk', common) : imageOn(spec, 'crm', common);
  if (!image.ok) return null;
  const decided = {
    by: 'policy',
    kind: row.kind,
    reason: `${describeOverwritten(lost)}; restored: ${outcome.reason}`,
  } as const;
  return resolveTo(field, { udesk: common, crm: image.value }, decided, 'policy');
}

/** The edit that was replaced stays so. What else was edited since goes its own way, and is not agreed on by this (P2, P6). */
function keepAsItIs(
  field: FieldContext,
  row: ActiveConflict,
  lost: Overwritten,
  why: string,
  ordinary: () => FieldOutcome,
): FieldOutcome {
  const decided = {
    by: 'policy',
    kind: row.kind,
    reason: `${describeOverwritten(lost)}; kept as it is: ${why}`,
  } as const;
  const kept = resolveTo(field, field.now, decided, 'policy');
  if (equalNow(field)) return kept;
  const { conflict, ...rest } = ordinary();
  if (conflict === undefined || conflict === null || conflict.action === 'close')
    return { ...rest, conflict: kept.conflict ?? null };
  return { ...rest, conflict: { ...conflict, reopened: true } };
}

/** In words for the reviewer: who, when, what. */
export function describeOverwritten({ side, author, at, value, text }: Overwritten): string {
  const who = author?.name ?? author?.id ?? 'somebody';
  const when = at === null ? '' : ` at ${at}`;
  const what = value === undefined ? (text ?? 'something that the history does not tell') : quoted(value);
  return `${who} edited it in ${side}${when}, right before our write replaced that edit: ${what}`;
}

function quoted(value: Value): string {
  if (value === null || isAbsent(value)) return '(emptied)';
  if (isSet(value)) return value.map((element) => `"${element.value}"`).join(', ') || '(emptied)';
  return `"${String(value)}"`;
}
