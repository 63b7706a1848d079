/** Small builders for tests of the pure core. No defaults that a test could depend on without saying so. */
import type { ActiveConflict, FieldBase, LinkState, Presence } from '../../src/core/link.ts';
import type { SideRecord } from '../../src/core/record.ts';
import type { FieldSpec, PairSpec } from '../../src/core/spec.ts';
import type { Element, Value } from '../../src/core/value.ts';

export function field(over: Partial<FieldSpec> = {}): FieldSpec {
  return {
    udesk: 'nick_name',
    crm: 'name',
    shape: 'scalar',
    equivalence: 'text',
    direction: 'both',
    policy: 'hold',
    onBlocked: 'hold',
    map: null,
    ...over,
  };
}

export function pair(fields: readonly FieldSpec[], over: Partial<PairSpec> = {}): PairSpec {
  return {
    name: 'main',
    fields,
    match: { by: ['token', 'email', 'cellphone'], defaultRegion: 'CN', stopAfter: 2 },
    create: { inCrm: true, inUdesk: true },
    deletes: 'flag',
    firstRun: 'review',
    guards: { deletes: { max: 20, share: 0.02 }, updates: { share: 0.3 }, creates: { perHour: 500 } },
    capacity: { udesk: {}, crm: {} },
    ...over,
  };
}

export function record(
  id: string,
  fields: Record<string, Value>,
  over: Partial<SideRecord> = {},
): SideRecord {
  return { id, fields, externalId: null, version: null, updatedAt: null, ...over };
}

export function live(id: string, fields: Record<string, Value>, over: Partial<SideRecord> = {}): Presence {
  return { state: 'live', record: record(id, fields, over) };
}

export const deleted: Presence = { state: 'deleted' };
export const missing: Presence = { state: 'missing' };

export function link(
  udesk: Presence,
  crm: Presence,
  bases: Record<string, FieldBase> = {},
  conflicts: readonly ActiveConflict[] = [],
): LinkState {
  return {
    linkId: 'L1',
    udeskId: udesk.state === 'live' ? udesk.record.id : 'u-gone',
    crmId: crm.state === 'live' ? crm.record.id : 'c-gone',
    udesk,
    crm,
    bases,
    conflicts,
  };
}

export function base(udesk: Value, crm: Value = udesk, accepted = false): FieldBase {
  return { udesk, crm, accepted };
}

/** Elements without ids, or with ids where an entry is `[id, value]`. */
export function set(...items: readonly (string | readonly [string | null, string])[]): Element[] {
  return items.map((item) =>
    typeof item === 'string' ? { id: null, value: item } : { id: item[0], value: item[1] },
  );
}

export function conflict(over: Partial<ActiveConflict> = {}): ActiveConflict {
  return {
    id: 'K1',
    field: 'nick_name',
    kind: 'edit/edit',
    base: null,
    udesk: null,
    crm: null,
    decision: null,
    ...over,
  };
}
