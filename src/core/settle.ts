/**
 * What a settled write does to the bases (sync design §3, §8; the rule stands in the header of reconcile.ts). Only what
 * was carried counts as agreed (P2): one half of a set merge moves the bases by its own delta, one half of a scalar,
 * or of a set that somebody chose, by nothing until the other half is settled too, what others added to a set or took from it meanwhile by nothing, and a value that a later look shows, and that is not what was sent, may
 * be somebody's edit: its base stays.
 */
import { equalValues } from './equivalence.ts';
import type { FieldBase, HalfWrite, PlannedWrite, Reason } from './link.ts';
import { correspond } from './mapping.ts';
import { type FieldWrite, otherSide, type Patch, type SideName, type SideRecord } from './record.ts';
import { asCarried, type Sides, settledHalf } from './set-merge.ts';
import { type FieldSpec, flowsTo, type PairSpec, sideField } from './spec.ts';
import { isBlank, type Value } from './value.ts';

export interface SettledWrite {
  readonly write: Pick<PlannedWrite, 'side' | 'patch' | 'source' | 'halves'> & {
    readonly reasons: Readonly<Record<string, string>>;
  };
  /** By the pair's field name: what the target holds now. */
  readonly result: Readonly<Record<string, Value>>;
  /** The target's own names of fields whose result was read later, and not told by the write's own answer. */
  readonly looked: ReadonlySet<string>;
  /** The other half of the same plan, where there is one. `result` by the pair's field name, once it is settled. */
  readonly sibling: (field: string) => SiblingHalf | undefined;
}

export interface SiblingHalf {
  readonly settled: boolean;
  readonly patch: Patch;
  readonly result: Readonly<Record<string, Value>> | null;
}

export interface SettledBases {
  /** All bases of the link, the moved ones among them. */
  readonly bases: Readonly<Record<string, FieldBase>>;
  /** Fields of which nothing is left to be written: their decided conflicts are settled. */
  readonly settled: readonly string[];
  /** Fields of which the target accepted the write and kept what it had before. */
  readonly ignored: readonly { readonly field: string; readonly base: FieldBase }[];
}

/** Writes that put a chosen set in the place of whatever is there: there is no delta that one half has carried. */
const REPLACING: ReadonlySet<string> = new Set<Reason>(['decision', 'policy', 'revert', 'revert-blocked']);

export function settledBases(
  spec: PairSpec,
  known: Readonly<Record<string, FieldBase>>,
  { write, result, looked, sibling }: SettledWrite,
): SettledBases {
  const region = spec.match.defaultRegion;
  const bases: Record<string, FieldBase> = { ...known };
  const settled: string[] = [];
  const ignored: { field: string; base: FieldBase }[] = [];
  for (const [name, change] of Object.entries(write.patch)) {
    const field = spec.fields.find(({ udesk }) => udesk === change.field);
    const own = result[change.field];
    if (field === undefined || own === undefined) continue;
    const asSent = equalValues(field, own, change.after, region);
    const isSure = asSent || !looked.has(name);
    const half = write.halves[change.field];
    const known = bases[change.field];
    const isUndoOfSet = field.shape === 'set' && write.reasons[change.field] === 'revert';
    if (isUndoOfSet && known !== undefined && (half !== undefined || !isSure)) {
      // What an undo changed is nobody's edit: it counts for its own side, whatever becomes of the other half (P2).
      const held = isSure ? carriedOf(field, region, own, change) : change.after;
      bases[change.field] = baseOf(field, region, pairOf(write.side, held, known[otherSide(write.side)]));
      continue;
    }
    if (!isSure) continue;
    const carried = carriedOf(field, region, own, change);
    if (half !== undefined && field.shape === 'set' && !REPLACING.has(write.reasons[change.field] ?? '')) {
      const move = { planned: half, before: change.before, after: carried };
      bases[change.field] = afterSetHalf(field, region, write.side, bases[change.field] ?? null, move);
      if (sibling(change.field)?.settled === true) settled.push(change.field);
      continue;
    }
    const other = otherValue(field, region, write, sibling);
    if (other === undefined) continue;
    const base = baseOf(field, region, pairOf(write.side, carried, other));
    bases[change.field] = base;
    settled.push(change.field);
    if (!asSent && equalValues(field, own, change.before, region))
      ignored.push({ field: change.field, base });
  }
  return { bases, settled, ignored };
}

/**
 * What an undo left in the fields of its side, by the pair's field name: as the side told it. What a later look shows, and is not
 * what was sent, may be an edit: there it is what was sent.
 */
export function restoredBy(
  spec: PairSpec,
  { write, result, looked }: Pick<SettledWrite, 'write' | 'result' | 'looked'>,
): Record<string, Value> {
  const restored: Record<string, Value> = {};
  for (const [name, { field: udesk, after }] of Object.entries(write.patch)) {
    if (write.reasons[udesk] !== 'revert') continue;
    const field = spec.fields.find((one) => one.udesk === udesk);
    const own = result[udesk];
    const isSure =
      field !== undefined &&
      own !== undefined &&
      (!looked.has(name) || equalValues(field, own, after, spec.match.defaultRegion));
    restored[udesk] = isSure ? own : after;
  }
  return restored;
}

/**
 * A new record comes with defaults (a level, say) in fields that may not flow to it. Nobody edited anything, and
 * nothing may be written there: the difference is where the field starts from, not a conflict.
 */
export function withDefaults(
  spec: PairSpec,
  known: Readonly<Record<string, FieldBase>>,
  side: SideName,
  { created, source }: { readonly created: SideRecord; readonly source: SideRecord },
): Record<string, FieldBase> {
  const bases: Record<string, FieldBase> = { ...known };
  for (const field of spec.fields) {
    const own = created.fields[sideField(field, side)];
    const other = source.fields[sideField(field, otherSide(side))];
    if (flowsTo(field, side) || field.udesk in bases || own === undefined || other === undefined) continue;
    // A blank over there is filled by the ordinary way.
    if (!isBlank(other))
      bases[field.udesk] = baseOf(field, spec.match.defaultRegion, pairOf(side, own, other));
  }
  return bases;
}

/** A pair of values as a base: `accepted` where they correspond without being equal. */
export function baseOf(field: FieldSpec, region: string, pair: Sides): FieldBase {
  return { ...pair, accepted: !correspond(field, pair.udesk, pair.crm, region) };
}

export function pairOf(side: SideName, own: Value, other: Value): Sides {
  return side === 'udesk' ? { udesk: own, crm: other } : { udesk: other, crm: own };
}

/** The other half of the same plan among the writes of one link. */
export function siblingOf<T extends Pick<PlannedWrite, 'side' | 'patch'>>(
  side: SideName,
  siblings: readonly T[],
  field: string,
): T | undefined {
  return siblings.find(
    (candidate) =>
      candidate.side === otherSide(side) &&
      Object.values(candidate.patch).some((write) => write.field === field),
  );
}

function afterSetHalf(
  field: FieldSpec,
  region: string,
  side: SideName,
  bases: FieldBase | null,
  move: { readonly planned: HalfWrite; readonly before: Value; readonly after: Value },
): FieldBase {
  return baseOf(field, region, settledHalf(field, region, { side, bases, ...move }));
}

/** What the other side holds in this field: as planned, or as its own write of the same plan left it. */
function otherValue(
  field: FieldSpec,
  region: string,
  write: Pick<PlannedWrite, 'source'>,
  sibling: SettledWrite['sibling'],
): Value | undefined {
  const name = field.udesk;
  if (name in write.source) return write.source[name];
  const other = sibling(name);
  const held = other?.settled === true ? other.result?.[name] : undefined;
  const change = Object.values(other?.patch ?? {}).find((one) => one.field === name);
  return held === undefined || change === undefined ? held : carriedOf(field, region, held, change);
}

/** What a written side holds, without what others did to it meanwhile. */
function carriedOf(field: FieldSpec, region: string, held: Value, { before, after }: FieldWrite): Value {
  return field.shape === 'set' ? asCarried(field, region, held, after, before) : held;
}
