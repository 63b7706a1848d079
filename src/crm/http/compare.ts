/** Whether a record is still the one that was planned on. Pure. */
import { equalValues } from '../../core/equivalence.ts';
import type { SideRecord } from '../../core/record.ts';
import type { FieldSpec } from '../../core/spec.ts';
import { isAbsent, type Value } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import type { AdapterContext } from '../definition.ts';

export type Comparer = Pick<AdapterContext, 'fields' | 'region'>;

const UNTOLD = 'Check its path under crm.fields; where the API leaves out what is empty, set crm.omitsEmpty.';

export function compareVersion(seen: SideRecord, now: SideRecord): void {
  if (seen.version === null || now.version === null || seen.version === now.version) return;
  throw stale('the record has a newer version than the one that was planned on');
}

/** @param advice what to do when the record does not tell the field */
export function compareField(
  comparer: Comparer,
  now: SideRecord,
  field: string,
  seen: Value,
  advice = UNTOLD,
): void {
  const current = now.fields[field];
  if (current === undefined)
    throw new SyncError('contract', `the CRM does not tell "${field}"`, {
      side: 'crm',
      field,
      advice,
    });
  const before = isAbsent(seen) ? null : seen;
  if (!equalValues(specOf(comparer, field), before, current, comparer.region))
    throw stale(`"${field}" moved since it was read`);
}

export function specOf(comparer: Comparer, field: string): FieldSpec {
  const mapped = comparer.fields.find((candidate) => candidate.name === field);
  const { shape = 'scalar', equivalence = 'text' } = mapped ?? {};
  const rest = { direction: 'both', policy: 'hold', onBlocked: 'hold', map: null } as const;
  return { udesk: field, crm: field, shape, equivalence, ...rest };
}

export function stale(message: string): SyncError {
  return new SyncError('stale', message, { side: 'crm' });
}
