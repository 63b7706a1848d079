/** Reads both records of a customer as the command `refresh` does: nothing is written to either side. */
import type { SideName } from '../../core/record.ts';
import { toError } from '../../errors.ts';
import type { SignedVisit } from '../visit.ts';
import { type Customer, idsOf } from './load.ts';

export interface Looked {
  readonly side: SideName;
  readonly id: string;
  /** Null: the side could not be read, and `error` says why. */
  readonly seen: 'new' | 'changed' | 'unchanged' | 'returned' | 'missing' | 'unknown' | null;
  readonly error: string | null;
}

/** What follows from it is the next cycle's, which starts now. */
export async function refreshCustomer({ services }: SignedVisit, customer: Customer): Promise<Looked[]> {
  const pair = customer.pair.name;
  const looked: Looked[] = [];
  for (const { side, id } of idsOf(customer)) {
    try {
      const { seen } = await services.refresh(pair, { side, id });
      looked.push({ side, id, seen, error: null });
    } catch (thrown) {
      const { message } = toError(thrown);
      services.log.warn({ pair, side, err: message }, 'a record was not read');
      looked.push({ side, id, seen: null, error: message });
    }
  }
  services.wake(pair);
  return looked;
}
