/** The pair of a world, as its setting has it: what is mapped, and what its guards allow. */
import type { FieldSpec, PairSpec } from '../../src/core/spec.ts';
import { createMemoryCrm, type MemoryCrm } from '../../src/crm/memory/memory.ts';
import type { Configured, Setting } from './script.ts';

export const MAX_DELETES = 3;
/** Of both sides, in an hour; more than a world ever makes, or so few that a plan is held every now and then. */
export function maxCreates({ fewCreates }: Setting): number {
  return fewCreates === true ? 2 : 40;
}
/** How far back the CRM's clock may put an edit that is committed late; its change cursor reaches back as far. */
export const LATE_MS = 3_000;

export function pairSpec(name: string, setting: Setting): PairSpec {
  const field = (udesk: string, crm: string, over: Partial<FieldSpec>): FieldSpec => ({
    udesk,
    crm,
    shape: 'scalar',
    equivalence: 'text',
    direction: 'both',
    policy: 'hold',
    onBlocked: 'hold',
    map: null,
    ...over,
  });
  return {
    name,
    fields: [
      field('nick_name', 'name', { policy: setting.policy }),
      field('description', 'note', {}),
      field('emails', 'emails', { shape: 'set', equivalence: 'email', policy: 'union' }),
      field('cellphones', 'phones', { shape: 'set', equivalence: 'phone', policy: 'union' }),
    ],
    match: { by: ['token', 'email', 'cellphone'], defaultRegion: 'CN', stopAfter: 5 },
    create: { inCrm: true, inUdesk: true },
    deletes: setting.deletes,
    firstRun: 'auto',
    guards: {
      deletes: { max: MAX_DELETES, share: 1 },
      updates: { share: 1 },
      creates: { perHour: maxCreates(setting) },
    },
    capacity: { udesk: {}, crm: {} },
    trustedTime: { udesk: false, crm: true },
  };
}

/** The pair as somebody has configured it for a while. */
export function configuredSpec(spec: PairSpec, as: Configured | null): PairSpec {
  if (as === null) return spec;
  const deletes = as.flags && spec.deletes === 'propagate' ? 'flag' : spec.deletes;
  return { ...spec, create: as.create, deletes, quietMs: as.quietMs };
}

export function createCrm({ crm }: Setting, clock: () => number): MemoryCrm {
  return createMemoryCrm({
    clock,
    pageSize: 4,
    region: 'CN',
    fields: [
      { name: 'name', shape: 'scalar', equivalence: 'text' },
      { name: 'note', shape: 'scalar', equivalence: 'text' },
      { name: 'emails', shape: 'set', equivalence: 'email' },
      { name: 'phones', shape: 'set', equivalence: 'phone' },
    ],
    manifest: {
      compareAndSet: crm.compareAndSet,
      changeCursor: crm.changeCursor ? { overlapMs: LATE_MS, lateMs: LATE_MS } : null,
      visibleDeletes: crm.visibleDeletes,
      elementIds: crm.elementIds,
      externalId: crm.externalId ? { unique: true } : null,
      lookupLagMs: crm.lookupLagMs,
    },
    // Whose search lags asks for one after the other, so that there are worlds of both kinds.
    asksMany: crm.lookupLagMs === 0,
    ...(crm.normalises ? { normalise } : {}),
  });
}

/** Its own form of what it is sent: not even equal by the declared equivalence, for texts. */
function normalise(field: string, value: string): string {
  if (field === 'phones') return value.startsWith('+') ? value : `+86 ${value}`;
  return field === 'emails' ? value.toLowerCase() : value.toUpperCase();
}
