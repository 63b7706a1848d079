/** Whether a record is still the one that was planned on. Pure. */
import { equalValues } from '../../core/equivalence.ts';
import type { SideRecord } from '../../core/record.ts';
import type { Equivalence, FieldSpec } from '../../core/spec.ts';
import { isAbsent, type Value } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import type { AdapterContext } from '../definition.ts';

type Mapped = Pick<AdapterContext, 'fields' | 'region'>;

export function compareField(mapped: Mapped, now: SideRecord, field: string, seen: Value): void {
  const current = now.fields[field];
  if (current === undefined)
    throw new SyncError('contract', `Salesforce does not tell "${field}"`, { side: 'crm', field });
  const before = isAbsent(seen) ? null : seen;
  if (!equalValues(specOf(mapped, field), before, current, mapped.region))
    throw stale(`"${field}" moved since it was read`);
}

export function equivalenceOf({ fields }: Pick<Mapped, 'fields'>, field: string): Equivalence {
  return fields.find(({ name }) => name === field)?.equivalence ?? 'text';
}

function specOf(mapped: Mapped, field: string): FieldSpec {
  const shape = mapped.fields.find(({ name }) => name === field)?.shape ?? 'scalar';
  const rest = { direction: 'both', policy: 'hold', onBlocked: 'hold', map: null } as const;
  return { udesk: field, crm: field, shape, equivalence: equivalenceOf(mapped, field), ...rest };
}

export function stale(message: string): SyncError {
  return new SyncError('stale', message, { side: 'crm' });
}
