/** What the planner knows of one field, and the ways in which its answer is put. Internal to reconciliation. */
import { equalValues } from './equivalence.ts';
import type {
  ActiveConflict,
  ConflictChange,
  ConflictKind,
  FieldBase,
  Reason,
  RevertChange,
} from './link.ts';
import {
  comesBack,
  correspond,
  fromCommon,
  type Mapped,
  notBack,
  toCommon,
  writableName,
} from './mapping.ts';
import type { EditTimes } from './policy.ts';
import { otherSide, type SetOps, SIDES, type SideName } from './record.ts';
import { replaceSet, type Sides } from './set-merge.ts';
import { type FieldSpec, flowsTo } from './spec.ts';
import type { OwnWrite } from './tug-of-war.ts';
import { isAbsent, isSet, type Value } from './value.ts';

export interface FieldContext {
  readonly spec: FieldSpec;
  readonly region: string;
  /** Each in its own side's values. */
  readonly now: Sides;
  readonly base: FieldBase | null;
  /** The active conflict row of the field. */
  readonly row: ActiveConflict | null;
  readonly times: EditTimes;
  /** The base came from a backup (LinkState). */
  readonly rebased?: boolean;
  /** Most elements per side; missing: no limit. */
  readonly capacity: Readonly<Partial<Record<SideName, number>>>;
  /** Of all fields of the link. */
  readonly ownWrites?: readonly OwnWrite[];
}

export interface SideWrite {
  readonly after: Value;
  readonly ops: SetOps | null;
  readonly reason: Reason;
}

export interface FieldOutcome {
  readonly writes?: Readonly<Partial<Record<SideName, SideWrite>>>;
  /** Part of what had to be written is held back: no base may advance by the writes that are left. */
  readonly partial?: boolean;
  readonly base?: FieldBase;
  readonly conflict?: ConflictChange | null;
  /** What becomes of a person's wish to undo; left out: it waits. */
  readonly revert?: Omit<RevertChange, 'id'>;
}

export type DecidedBy = {
  readonly by: 'policy' | 'person';
  readonly kind: ConflictKind;
  readonly reason: string;
};

/** Kinds that report what happened and stop nothing: only a person or a policy closes them, and so it is with edits that were overwritten. */
const FLAGS: ReadonlySet<ConflictKind> = new Set(['element', 'overwritten-in-window', 'edited-since']);

export function isFlag(row: ActiveConflict | null): boolean {
  return row !== null && (FLAGS.has(row.kind) || (row.overwritten?.length ?? 0) > 0);
}

/** Whether both sides hold the same, compared in Udesk's values. What has no image equals nothing. */
export function equalNow({ spec, now, region }: FieldContext): boolean {
  return correspond(spec, now.udesk, now.crm, region);
}

/**
 * A value of `from` in the values of the other side, which holds `was` (left out: not known, or nothing yet). ABSENT
 * cannot be written: it becomes NULL.
 */
export function imageFrom(spec: FieldSpec, from: SideName, value: Value, was?: Value): Mapped {
  const common = toCommon(spec, from, value, was);
  if (!common.ok) return common;
  const named = from === 'crm' ? writableName(spec, common.value) : common;
  if (!named.ok) return named;
  const image = imageOn(spec, otherSide(from), named.value, was);
  return image.ok && !comesBack(spec, from, value, image.value) ? notBack(spec, from) : image;
}

/** A value of Udesk's domain in the values of `side`, which holds `was`. */
export function imageOn(spec: FieldSpec, side: SideName, common: Value, was?: Value): Mapped {
  const image = fromCommon(spec, side, common, was);
  return image.ok && isAbsent(image.value) ? { ok: true, value: null } : image;
}

/** Both sides count as corresponding from now on, as they are. */
export function adopt(field: FieldContext): FieldBase {
  return { udesk: field.now.udesk, crm: field.now.crm, accepted: !equalNow(field) };
}

/** Closes the row because the sides agree again. A flag stays. */
export function closeConverged(field: FieldContext): ConflictChange | null {
  if (field.row === null || isFlag(field.row)) return null;
  return { action: 'close', field: field.spec.udesk, outcome: 'converged' };
}

/** A row for a person. Null when the very same row is open already: a quiet cycle says nothing (P4). */
export function hold(
  field: FieldContext,
  kind: ConflictKind,
  reason: string,
  { reopened = false, base = field.base }: { reopened?: boolean; base?: FieldBase | null } = {},
): ConflictChange | null {
  const { now, spec } = field;
  if (!reopened && isHeld(field, kind, base)) return null;
  const held = { kind, base, udesk: now.udesk, crm: now.crm, reason, reopened } as const;
  // The row ends; what it kept is still not decided.
  const overwritten = reopened ? (field.row?.overwritten ?? []) : [];
  return {
    ...{ action: 'hold', field: spec.udesk, ...held },
    ...(wasUndone(field) ? { undone: true } : {}),
    ...(overwritten.length > 0 ? { overwritten } : {}),
  };
}

/** Whether the row says exactly this already. */
export function isHeld(field: FieldContext, kind: ConflictKind, base: FieldBase | null): boolean {
  return field.row?.kind === kind && sameBase(field, base) && holdsRowValues(field);
}

/** Whether both sides still hold what the row shows. */
export function holdsRowValues({ row, spec, now, region }: FieldContext): boolean {
  return row !== null && SIDES.every((side) => equalValues(spec, now[side], row[side], region));
}

/**
 * An undo left the two different, and an edit of a set carries over its own elements only: the row goes on, with what both
 * hold now, until they are equal or a person decides (P6). So it does when what it became meanwhile (no room, no image) is
 * over. A scalar's edit is carried over whole; but one that was held may be taken back again.
 */
export function isStillUndone(field: FieldContext): boolean {
  return isLeftApart(field) && !isFlag(field.row);
}

/** The same where the row has something else to tell, too, so that only a person or a policy closes it: then it must not close this. */
export function isLeftApart(field: FieldContext): boolean {
  return wasUndone(field) && field.row?.decision === null && !equalNow(field);
}

/** The same once `outcome` is carried out: a scalar that is written is equal afterwards. */
export function staysApart(field: FieldContext, { writes }: FieldOutcome): boolean {
  return isLeftApart(field) && (field.spec.shape === 'set' || writes === undefined);
}

function wasUndone({ row }: FieldContext): boolean {
  return row?.kind === 'reverted' || row?.undone === true;
}

/** @param reopened a decision about it is void */
export function holdUndone(field: FieldContext, reopened = false): ConflictChange | null {
  const reason = 'what we wrote was undone on one side only, and the two still differ in what that was about';
  return hold(field, 'reverted', reason, { reopened });
}

function sameBase({ row, spec, region }: FieldContext, base: FieldBase | null): boolean {
  const shown = row?.base ?? null;
  if (shown === null || base === null) return shown === base;
  return SIDES.every((side) => equalValues(spec, shown[side], base[side], region));
}

/**
 * Each side shall hold its value of `target` (in its own values). A side that the field does not flow to keeps what
 * it has; when nothing is left to write, the difference is accepted and the row is done at once.
 */
export function resolveTo(
  field: FieldContext,
  target: Sides,
  decided: DecidedBy,
  reason: Reason,
): FieldOutcome {
  const { spec, now, region, capacity } = field;
  const writes: Partial<Record<SideName, SideWrite>> = {};
  for (const side of SIDES) {
    if (!flowsTo(spec, side) || equalValues(spec, now[side], target[side], region)) continue;
    const write = writeTo(field, side, target[side], reason);
    if (isSet(write.after) && write.after.length > (capacity[side] ?? Number.POSITIVE_INFINITY)) {
      const reopened = decided.by === 'person';
      return { conflict: hold(field, 'capacity', noRoom(spec, side), { reopened }) };
    }
    writes[side] = write;
  }
  const done = Object.keys(writes).length === 0;
  const conflict: ConflictChange = {
    action: 'decided',
    field: spec.udesk,
    ...decided,
    ...shownBy(field, decided),
    done,
    // A policy that decides anew: the row that shows what it replaced before ends as it is, and this is one of its own (P2).
    ...(decided.by === 'policy' && field.row !== null && !holdsRowValues(field) ? { reopened: true } : {}),
  };
  return done ? { base: adopt(field), conflict } : { writes, conflict };
}

/**
 * A person's choice keeps the row as they saw it: half of it may have been carried out before, and what a side held until
 * then is in no other place (P2).
 */
function shownBy({ row, base, now }: FieldContext, { by }: DecidedBy) {
  return by === 'person' && row !== null
    ? { base: row.base, udesk: row.udesk, crm: row.crm }
    : { base, udesk: now.udesk, crm: now.crm };
}

export function writeTo(field: FieldContext, side: SideName, value: Value, reason: Reason): SideWrite {
  if (field.spec.shape !== 'set') return { after: value, ops: null, reason };
  const { after, ops } = replaceSet(field.spec, side, field.now[side], value, field.region);
  return { after, ops, reason };
}

export function noRoom(spec: FieldSpec, side: SideName): string {
  return `${side} has no room for all elements of ${spec.udesk}`;
}
