/**
 * Bodies of the asynchronous creation of many customers (udesk/api.md §2.6): plain lists of texts, unlike every other
 * write. The call only says that it was taken; what became of each row is pushed later (webhook.ts).
 */
import { SyncError } from '../errors.ts';
import { idNumber } from './json.ts';

/** No limit is documented; a real CRM sends at most 100 (api.md §2.6). */
export const BATCH_SIZE = 100;

export interface BatchCustomer {
  readonly nick_name: string;
  readonly emails?: readonly string[];
  readonly cellphones?: readonly string[];
  readonly description?: string | null;
  readonly organization_id?: string | null;
  readonly owner_id?: string | null;
  readonly owner_group_id?: string | null;
  readonly level?: 'normal' | 'vip';
  readonly custom_fields?: Readonly<Record<string, unknown>>;
  readonly tags?: readonly string[];
}

/**
 * The request body without auth. Rows keep their order: the pushed errors name them by index.
 * @throws SyncError `invariant` for none or more than `BATCH_SIZE`, `rejected` (with the row in `record`) for a bad id or tag
 */
export function encodeBatch(customers: readonly BatchCustomer[]): { customers: readonly object[] } {
  if (customers.length === 0 || customers.length > BATCH_SIZE) {
    throw new SyncError('invariant', `a batch has 1 to ${BATCH_SIZE} customers`, { side: 'udesk' });
  }
  return { customers: customers.map(encodeRow) };
}

const ID_FIELDS = ['organization_id', 'owner_id', 'owner_group_id'] as const;

function encodeRow(customer: BatchCustomer, index: number): object {
  const row: Record<string, unknown> = { ...customer };
  for (const name of ID_FIELDS) {
    const id = customer[name];
    if (id === undefined || id === null) continue;
    if (!/^\d+$/.test(id)) throw refused(index, name, 'must be an id: digits only');
    row[name] = idNumber(id);
  }
  if (customer.tags !== undefined) {
    const names = customer.tags.map((tag) => tag.trim());
    if (names.some((name) => name.includes(','))) throw refused(index, 'tags', 'cannot hold a comma');
    row.tags = names.join(',');
  }
  return row;
}

function refused(index: number, field: string, why: string): SyncError {
  return new SyncError('rejected', `row ${index} of the batch: ${field} ${why}`, { side: 'udesk', field });
}
