/** Translates one configured pair into what the pure core needs to know. Pure. */
import type { Manifest, SideName } from '../core/record.ts';
import { SIDES } from '../core/record.ts';
import type { Equivalence, FieldSpec, PairSpec } from '../core/spec.ts';
import { type FieldConfig, isNamed, isUdeskSet, type PairConfig } from './schema.ts';

/**
 * `manifests` are those of the two sides as configured; from them come the most elements that a set can hold.
 * Whether a side knows the mapped fields at all is for `check`, which asks it.
 */
export function toPairSpec(pair: PairConfig, manifests: Readonly<Record<SideName, Manifest>>): PairSpec {
  const capacity: Record<SideName, Record<string, number>> = { udesk: {}, crm: {} };
  for (const side of SIDES) {
    for (const field of pair.fields) {
      const limit = manifests[side].capacity[field[side]];
      if (limit !== undefined) capacity[side][field.udesk] = limit;
    }
  }
  return {
    name: pair.name,
    fields: pair.fields.map(toFieldSpec),
    match: pair.match,
    create: pair.create,
    deletes: pair.deletes,
    firstRun: pair.firstRun,
    guards: pair.guards,
    quietMs: pair.quietMs,
    capacity,
    automations: [...pair.automations, pair.udesk.email],
    trustedTime: { udesk: manifests.udesk.trustedTime, crm: manifests.crm.trustedTime },
  };
}

/** What the pair says of one field, sides aside. */
export function toFieldSpec(field: FieldConfig): FieldSpec {
  return {
    udesk: field.udesk,
    crm: field.crm,
    shape: isUdeskSet(field.udesk) ? 'set' : 'scalar',
    equivalence: field.compare ?? equivalenceOf(field),
    direction: field.direction,
    policy: field.policy,
    onBlocked: field.onBlocked,
    map: field.map ?? null,
    ...(field.lenses === undefined ? {} : { lenses: field.lenses }),
    ...(isNamed(field) ? { named: true } : {}),
  };
}

/** By the Udesk field, because its meaning is known; a CRM may call it anything. */
function equivalenceOf(field: FieldConfig): Equivalence {
  switch (field.udesk) {
    case 'email':
    case 'emails':
      return 'email';
    case 'cellphones':
      return 'phone';
    case 'is_blocked':
      return 'boolean';
    case 'owner':
      return isNamed(field) ? 'email' : 'text';
    default:
      return 'text';
  }
}
