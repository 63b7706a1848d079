/** What the customers of many rows are called, read together. */
import { loadRecords } from '../../store/records.ts';
import type { Visit } from '../visit.ts';
import { personName } from './person.ts';

interface Ids {
  readonly udeskId: string | null;
  readonly crmId: string | null;
}

/** The key in `namesOf`. */
export function pairName({ udeskId, crmId }: Ids): string {
  return `${udeskId} ${crmId}`;
}

/** By `pairName`; nameless ones are left out. Udesk's name counts where there is one. */
export async function namesOf(
  visit: Visit,
  pair: string,
  people: readonly Ids[],
): Promise<Map<string, string>> {
  const { db } = visit.services;
  const udesk = await loadRecords(
    db,
    pair,
    'udesk',
    people.flatMap(({ udeskId }) => udeskId ?? []),
  );
  const crm = await loadRecords(
    db,
    pair,
    'crm',
    people.flatMap(({ crmId }) => crmId ?? []),
  );
  const names = new Map<string, string>();
  for (const ids of people) {
    const { udeskId, crmId } = ids;
    const known = udeskId === null ? undefined : udesk.get(udeskId);
    const other = crmId === null ? undefined : crm.get(crmId);
    const name =
      personName(visit, { pair, side: 'udesk', id: udeskId ?? '', record: known ?? null }) ??
      personName(visit, { pair, side: 'crm', id: crmId ?? '', record: other ?? null });
    if (name !== null) names.set(pairName(ids), name);
  }
  return names;
}
