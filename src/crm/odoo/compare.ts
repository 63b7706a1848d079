/** Whether a partner is still as it was planned on. Pure. */
import { equalValues } from '../../core/equivalence.ts';
import type { SideRecord } from '../../core/record.ts';
import { isAbsent, type Value } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import type { AdapterContext } from '../definition.ts';

export function compareField(
  { fields, region }: Pick<AdapterContext, 'fields' | 'region'>,
  now: SideRecord,
  field: string,
  seen: Value,
): void {
  const current = now.fields[field];
  if (current === undefined)
    throw new SyncError('contract', `Odoo does not tell "${field}"`, {
      side: 'crm',
      field,
      advice: 'The record that it refers to is hidden from the user of the sync.',
    });
  const mapped = fields.find(({ name }) => name === field);
  const { shape = 'scalar', equivalence = 'text' } = mapped ?? {};
  const rest = { direction: 'both', policy: 'hold', onBlocked: 'hold', map: null } as const;
  const spec = { udesk: field, crm: field, shape, equivalence, ...rest };
  if (!equalValues(spec, isAbsent(seen) ? null : seen, current, region))
    throw new SyncError('stale', `"${field}" moved since it was read`, { side: 'crm', field });
}
