/** Whether a record is still the one that was planned on, for adapters that look before they write. Pure. */
import { equalValues } from '../core/equivalence.ts';
import type { SideRecord } from '../core/record.ts';
import type { FieldSpec } from '../core/spec.ts';
import { isAbsent, type Value } from '../core/value.ts';
import { SyncError } from '../errors.ts';
import type { UpdateRequest } from './adapter.ts';
import type { AdapterContext } from './definition.ts';

export type Comparer = Pick<AdapterContext, 'fields' | 'region'>;

/** For the error about a record that does not tell a field. */
export interface Teller {
  /** Who it is that does not tell: "Salesforce". */
  readonly name: string;
  /** What to do about it. */
  readonly advice?: string;
}

export function compareVersion(seen: SideRecord, now: SideRecord): void {
  if (seen.version === null || now.version === null || seen.version === now.version) return;
  throw stale('the record has a newer version than the one that was planned on');
}

/** @throws SyncError `stale` where a field moved, `contract` where the record does not tell it */
export function compareFields(
  comparer: Comparer,
  now: SideRecord,
  seen: SideRecord['fields'],
  teller: Teller,
): void {
  for (const [field, before] of Object.entries(seen)) compareField(comparer, now, field, before, teller);
}

function compareField(
  comparer: Comparer,
  now: SideRecord,
  field: string,
  seen: Value,
  { name, ...advice }: Teller,
): void {
  const current = now.fields[field];
  if (current === undefined)
    throw new SyncError('contract', `${name} does not tell "${field}"`, { side: 'crm', field, ...advice });
  const before = isAbsent(seen) ? null : seen;
  if (!equalValues(specOf(comparer, field), before, current, comparer.region))
    throw new SyncError('stale', `"${field}" moved since it was read`, { side: 'crm', field });
}

/** What must still be there for an update to be the one that was planned. */
export function seenBy({ patch, beside }: Pick<UpdateRequest, 'patch' | 'beside'>): SideRecord['fields'] {
  const written = Object.entries(patch).map(([field, { before }]) => [field, before]);
  return { ...Object.fromEntries(written), ...beside };
}

export function specOf(comparer: Pick<Comparer, 'fields'>, field: string): FieldSpec {
  const mapped = comparer.fields.find((candidate) => candidate.name === field);
  const { shape = 'scalar', equivalence = 'text' } = mapped ?? {};
  const rest = { direction: 'both', policy: 'hold', onBlocked: 'hold', map: null } as const;
  return { udesk: field, crm: field, shape, equivalence, ...rest };
}

export function stale(message: string): SyncError {
  return new SyncError('stale', message, { side: 'crm' });
}
