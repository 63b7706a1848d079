/**
 * Carries a plan out on a link as the engine would (settling as src/core/reconcile.ts says), without an engine:
 * records, bases and conflict rows as they are when everything was written and settled.
 */
import { equalValues } from '../../src/core/equivalence.ts';
import type {
  ActiveConflict,
  FieldBase,
  LinkPlan,
  LinkState,
  PlannedWrite,
  Presence,
} from '../../src/core/link.ts';
import { toCommon } from '../../src/core/mapping.ts';
import { otherSide, type SideName } from '../../src/core/record.ts';
import { type Sides, settledHalf } from '../../src/core/set-merge.ts';
import { type FieldSpec, type PairSpec, sideField } from '../../src/core/spec.ts';
import { isSet, type Value } from '../../src/core/value.ts';

export interface Remote {
  /** What a side makes of a value that it is sent; by default it stores it as it is. */
  readonly store?: (side: SideName, field: FieldSpec, value: Value) => Value;
  /** Writes that are lost on their way: not carried out and not settled. */
  readonly drops?: (write: PlannedWrite) => boolean;
}

export function applyPlan(spec: PairSpec, link: LinkState, plan: LinkPlan, remote: Remote = {}): LinkState {
  const done = plan.writes.filter((write) => !remote.drops?.(write));
  const after: Record<SideName, Presence> = { udesk: link.udesk, crm: link.crm };
  for (const write of done) after[write.side] = carryOut(spec, link, after[write.side], write, remote);
  const bases: Record<string, FieldBase> = { ...link.bases, ...plan.bases };
  for (const field of spec.fields) {
    const base = settle(field, spec, plan.writes, done, after, bases[field.udesk] ?? null);
    if (base) bases[field.udesk] = base;
  }
  const rows = new Map<string, ActiveConflict>(link.conflicts.map((row) => [row.field, row]));
  for (const change of plan.conflicts) {
    if (change.action === 'hold') {
      const { field, kind, base, udesk, crm } = change;
      rows.set(field, { id: `K-${field}`, field, kind, base, udesk, crm, decision: null });
    } else if (change.action === 'close' || done.length === plan.writes.length) {
      rows.delete(change.field);
    }
  }
  const id = (side: SideName) => {
    const presence = after[side];
    return presence.state === 'live' ? presence.record.id : null;
  };
  return { ...link, ...after, udeskId: id('udesk'), crmId: id('crm'), bases, conflicts: [...rows.values()] };
}

function carryOut(
  spec: PairSpec,
  link: LinkState,
  presence: Presence,
  write: PlannedWrite,
  remote: Remote,
): Presence {
  if (write.op === 'delete') return { state: 'deleted' };
  const record =
    presence.state === 'live'
      ? presence.record
      : { id: `${write.side}-new`, fields: {}, externalId: null, version: null, updatedAt: null };
  const fields: Record<string, Value> = { ...record.fields };
  if (write.op === 'create') {
    for (const field of spec.fields)
      fields[sideField(field, write.side)] ??= field.shape === 'set' ? [] : null;
  }
  for (const [name, change] of Object.entries(write.patch)) {
    const field = spec.fields.find((candidate) => candidate.udesk === change.field);
    if (!field) throw new Error('a write of an unknown field');
    const stored = remote.store ? remote.store(write.side, field, change.after) : change.after;
    fields[name] = isSet(stored) ? withIds(stored, link.linkId) : stored;
  }
  return { state: 'live', record: { ...record, fields } };
}

/** New elements get ids of their own, as Udesk gives them. */
function withIds(value: Value, seed: string): Value {
  if (!isSet(value)) return value;
  const used = new Set(value.map(({ id }) => id));
  let next = 100;
  return value.map((element) => {
    if (element.id !== null || seed === 'no-ids') return element;
    while (used.has(String(next))) next += 1;
    used.add(String(next));
    return { id: String(next), value: element.value };
  });
}

function settle(
  field: FieldSpec,
  spec: PairSpec,
  planned: readonly PlannedWrite[],
  done: readonly PlannedWrite[],
  after: Readonly<Record<SideName, Presence>>,
  bases: FieldBase | null,
): FieldBase | null {
  const touches = (write: PlannedWrite) =>
    Object.values(write.patch).some((change) => change.field === field.udesk);
  const writes = done.filter(touches);
  const [first] = writes;
  if (!first) return null;
  const observed = (side: SideName): Value | undefined => {
    const presence = after[side];
    return presence.state === 'live' ? presence.record.fields[sideField(field, side)] : undefined;
  };
  if (field.shape === 'set' && field.udesk in first.halves)
    return settleHalves(field, spec, writes, observed, bases);
  const own = observed(first.side);
  const whole = field.udesk in first.source;
  const bothHalves = writes.length === 2 && planned.filter(touches).length === 2;
  const other = whole ? first.source[field.udesk] : bothHalves ? observed(otherSide(first.side)) : undefined;
  if (own === undefined || other === undefined) return null;
  return asBase(
    field,
    spec,
    first.side === 'udesk' ? { udesk: own, crm: other } : { udesk: other, crm: own },
  );
}

function settleHalves(
  field: FieldSpec,
  spec: PairSpec,
  writes: readonly PlannedWrite[],
  observed: (side: SideName) => Value | undefined,
  bases: FieldBase | null,
): FieldBase | null {
  let now: Sides | null = bases;
  for (const write of writes) {
    const planned = write.halves[field.udesk];
    const change = Object.values(write.patch).find((candidate) => candidate.field === field.udesk);
    const after = observed(write.side);
    if (!planned || !change || after === undefined) continue;
    now = settledHalf(field, spec.match.defaultRegion, {
      side: write.side,
      bases: now,
      planned,
      before: change.before,
      after,
    });
  }
  return now === null ? null : asBase(field, spec, now);
}

function asBase(field: FieldSpec, spec: PairSpec, pair: Sides): FieldBase {
  const udesk = toCommon(field, 'udesk', pair.udesk);
  const crm = toCommon(field, 'crm', pair.crm);
  const equal = udesk.ok && crm.ok && equalValues(field, udesk.value, crm.value, spec.match.defaultRegion);
  return { ...pair, accepted: !equal };
}
