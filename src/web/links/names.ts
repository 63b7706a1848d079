/** What the customers of many rows are called, read together. */
import { namesOf as loadNames } from '../../report/customer-names.ts';
import type { Visit } from '../visit.ts';

/** By `pairName`, as in src/report/customer-names.ts. */
export async function namesOf(
  { services: { db, config } }: Visit,
  pair: string,
  people: Parameters<typeof loadNames>[3],
): ReturnType<typeof loadNames> {
  return await loadNames(db, config, pair, people);
}
