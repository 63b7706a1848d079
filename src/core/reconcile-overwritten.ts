/**
 * An edit that a write of ours replaced before anybody had seen it (src/core/witness.ts): it is judged as it would have
 * been had we seen it in time. Sets merge, a policy decides, and what none decides waits for a person.
 */
import { equalValues } from './equivalence.ts';
import {
  equalNow,
  type FieldContext,
  type FieldOutcome,
  holdsRowValues,
  holdUndone,
  imageFrom,
  imageOn,
  isHeld,
  resolveTo,
  staysApart,
} from './field-outcome.ts';
import type { ActiveConflict, ConflictChange } from './link.ts';
import { toCommon } from './mapping.ts';
import { applyPolicy } from './policy.ts';
import { otherSide, SIDES } from './record.ts';
import { mergeSets, type Sides } from './set-merge.ts';
import { pairOf } from './settle.ts';
import { type FieldSpec, flowsTo } from './spec.ts';
import { isAbsent, isSet, type Value } from './value.ts';
import type { Overwritten } from './witness-records.ts';

/**
 * Null: there is none, it is not known, or a person has to decide; the field goes on as it would without.
 * Of a scalar, the last of several edits on one side has superseded those before it. Of a set, each was an edit of its own:
 * all of them come back.
 * @param ordinary what becomes of the field as both sides hold it now, were there no row
 */
export function restoreOverwritten(field: FieldContext, ordinary: () => FieldOutcome): FieldOutcome | null {
  const { row, spec } = field;
  const all = row?.overwritten ?? [];
  const lost = standing(spec, all);
  if (row === null || lost === null || !holdsRowValues(field)) return null;
  const blocked = all.filter(({ side }) => !flowsTo(spec, otherSide(side)));
  if (blocked.length > 0) {
    if (spec.onBlocked === 'hold' || blocked.length < all.length) return null;
    const why = `the field flows ${spec.direction} only: ${spec.onBlocked}`;
    return keepAsItIs(field, row, all, why, ordinary);
  }
  if (spec.shape === 'set') return merge(field, row, lost);
  if (areOfBothSides(all)) return null;
  const [only] = lost;
  return only === undefined ? null : decide(field, row, all, only, ordinary);
}

type Told = Overwritten & { readonly value: Value };

/**
 * The edits of a row that no later one has superseded: of a set each, of a scalar the last. Null: there is none, or the history
 * does not tell one of them.
 */
function standing({ shape }: FieldSpec, all: readonly Overwritten[]): readonly Told[] | null {
  const edits = shape === 'set' ? all : all.slice(-1);
  return edits.length > 0 && edits.every(isTold) ? edits : null;
}

/** Of a scalar: neither edit has superseded the other. */
function areOfBothSides(all: readonly Overwritten[]): boolean {
  return all.some(({ side }) => side !== all[0]?.side);
}

function isTold(one: Overwritten): one is Told {
  return one.value !== undefined;
}

function merge(field: FieldContext, row: ActiveConflict, lost: readonly Told[]): FieldOutcome | null {
  const target = mergedInto(field, row, lost);
  if (target === null) return null;
  const decided = { by: 'policy', kind: row.kind, reason: `${described(lost)}; merged` } as const;
  // Not a merge of what both sides hold now: one half alone has carried nothing that the other still lacks (settle.ts).
  return resolveTo(field, target, decided, 'policy');
}

/** Each edit is merged from what it was made of into what both sides hold by then, as it would have been in its time. */
function mergedInto(field: FieldContext, row: ActiveConflict, lost: readonly Told[]): Sides | null {
  const { spec, region } = field;
  let target: Sides = field.now;
  for (const one of lost) {
    const now = { ...target, [one.side]: one.value };
    const merged = mergeSets({ spec, region, base: madeFrom(field, row, one), now });
    if (merged.unmappable.length > 0) return null;
    target = { udesk: merged.udesk.after, crm: merged.crm.after };
  }
  return target;
}

/** What both sides held, as far as our write knew, when the edit was made. */
function madeFrom({ spec }: FieldContext, row: ActiveConflict, { side, before }: Told): Sides | null {
  if (before === undefined) return row.base;
  const image = imageFrom(spec, side, before);
  return image.ok ? pairOf(side, before, image.value) : row.base;
}

function decide(
  field: FieldContext,
  row: ActiveConflict,
  all: readonly Overwritten[],
  lost: Told,
  ordinary: () => FieldOutcome,
): FieldOutcome | null {
  const { spec, region, now, times } = field;
  const seen = { ...now, [lost.side]: lost.value };
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
    return keepAsItIs(field, row, all, outcome.reason, ordinary);
  const common = outcome.kind === 'value' ? outcome.value : lost.side === 'udesk' ? seen.udesk : crm.value;
  const image = lost.side === 'udesk' ? imageFrom(spec, 'udesk', common) : imageOn(spec, 'crm', common);
  if (!image.ok) return null;
  const decided = {
    by: 'policy',
    kind: row.kind,
    reason: `${described(all)}; restored: ${outcome.reason}`,
  } as const;
  return resolveTo(field, { udesk: common, crm: image.value }, decided, 'policy');
}

/** The edit that was replaced stays so. What else was edited since goes its own way, and is not agreed on by this (P2, P6). */
function keepAsItIs(
  field: FieldContext,
  row: ActiveConflict,
  all: readonly Overwritten[],
  why: string,
  ordinary: () => FieldOutcome,
): FieldOutcome {
  const decided = {
    by: 'policy',
    kind: row.kind,
    reason: `${described(all)}; kept as it is: ${why}`,
  } as const;
  const kept = resolveTo(field, field.now, decided, 'policy');
  if (equalNow(field)) return kept;
  const { conflict, ...rest } = ordinary();
  if (conflict === undefined || conflict === null || conflict.action === 'close') {
    // That it stays so ends this question, and not that of an undo (P6).
    if (staysApart(field, rest))
      return { ...rest, conflict: holdUndone({ ...field, base: rest.base ?? field.base }) };
    return { ...rest, conflict: kept.conflict ?? null };
  }
  // The row that a replan before this one left says so already: a quiet cycle says nothing (P4).
  if (conflict.action === 'hold' && isHeld(field, conflict.kind, conflict.base))
    return { ...rest, conflict: null };
  return { ...rest, conflict: { ...conflict, reopened: true } };
}

/** A flag of which no choice is under way any more is over where what it tells is back, and else a person's again. */
export function flagAgain(field: FieldContext, row: ActiveConflict): ConflictChange {
  if (isBack(field, row)) return { action: 'close', field: row.field, outcome: 'converged' };
  const over = 'what a policy chose was not carried out, and both sides have moved since';
  const reason = [...(row.overwritten ?? []).map(describeOverwritten), over].join('; ');
  const { kind, base, udesk, crm } = row;
  return { action: 'hold', field: row.field, kind, base, udesk, crm, reason, reopened: false };
}

/**
 * Whether both sides hold what the edits of the row had made of the field: of a set each of them, of a scalar the last one,
 * which superseded those before it on its side. False where nobody can tell.
 */
function isBack(field: FieldContext, row: ActiveConflict): boolean {
  const { spec, now, region } = field;
  const all = row.overwritten ?? [];
  const lost = standing(spec, all);
  const [only] = lost ?? [];
  if (lost === null || only === undefined || !equalNow(field)) return false;
  if (spec.shape !== 'set') {
    return !areOfBothSides(all) && equalValues(spec, now[only.side], only.value, region);
  }
  const target = mergedInto(field, row, lost);
  return target !== null && SIDES.every((side) => equalValues(spec, now[side], target[side], region));
}

function described(lost: readonly Overwritten[]): string {
  return lost.map(describeOverwritten).join('; ');
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
