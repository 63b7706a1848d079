/**
 * Carries a plan out on a link as the engine would (settling as src/core/reconcile.ts says), without an engine:
 * records, bases and conflict rows as they are when everything was written and settled.
 */
import type {
  ActiveConflict,
  FieldBase,
  LinkPlan,
  LinkState,
  PlannedWrite,
  Presence,
} from '../../src/core/link.ts';
import type { SideName } from '../../src/core/record.ts';
import { settledBases, siblingOf } from '../../src/core/settle.ts';
import { type FieldSpec, type PairSpec, sideField } from '../../src/core/spec.ts';
import { isSet, type Value } from '../../src/core/value.ts';

export interface Remote {
  /** What a side makes of a value that it is sent; by default it stores it as it is. */
  readonly store?: (side: SideName, field: FieldSpec, value: Value, held: Value) => Value;
  /** Writes that are lost on their way: not carried out and not settled. */
  readonly drops?: (write: PlannedWrite) => boolean;
}

export function applyPlan(spec: PairSpec, link: LinkState, plan: LinkPlan, remote: Remote = {}): LinkState {
  const done = plan.writes.filter((write) => !remote.drops?.(write));
  const after: Record<SideName, Presence> = { udesk: link.udesk, crm: link.crm };
  for (const write of done) after[write.side] = carryOut(spec, link, after[write.side], write, remote);
  const bases = settleAll(spec, { ...link.bases, ...plan.bases }, done, after);
  const rows = new Map<string, ActiveConflict>(link.conflicts.map((row) => [row.field, row]));
  for (const change of plan.conflicts) {
    if (change.action === 'hold') {
      const { field, kind, base, udesk, crm, undone = false } = change;
      rows.set(field, { id: `K-${field}`, field, kind, base, udesk, crm, undone, decision: null });
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
    const stored = remote.store ? remote.store(write.side, field, change.after, change.before) : change.after;
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

/** Settles the writes in turn, as the engine does: each knows what became of the one before it. */
function settleAll(
  spec: PairSpec,
  bases: Readonly<Record<string, FieldBase>>,
  done: readonly PlannedWrite[],
  after: Readonly<Record<SideName, Presence>>,
): Readonly<Record<string, FieldBase>> {
  let now = bases;
  const results = new Map<PlannedWrite, Record<string, Value>>();
  for (const write of done) {
    const presence = after[write.side];
    if (presence.state !== 'live') continue;
    const result: Record<string, Value> = {};
    for (const [name, change] of Object.entries(write.patch)) {
      result[change.field] = presence.record.fields[name] ?? change.after;
    }
    const sibling = (field: string) => {
      const other = siblingOf(write.side, done, field);
      const known = other === undefined ? undefined : results.get(other);
      return known && { settled: true, patch: other?.patch ?? {}, result: known };
    };
    now = settledBases(spec, now, { write, result, looked: new Set(), sibling }).bases;
    results.set(write, result);
  }
  return now;
}
