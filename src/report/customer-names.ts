/** What customers are called, for whoever reads of them by id. */
import type { Config } from '../config/schema.ts';
import type { SideName } from '../core/record.ts';
import { isBlank } from '../core/value.ts';
import { type KnownRecord, loadRecords } from '../store/records.ts';
import type { Db } from '../store/tx.ts';
import { conflictText } from './conflict-document.ts';

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
  db: Db,
  config: Config,
  pair: string,
  people: readonly Ids[],
): Promise<Map<string, string>> {
  const idsOf = (side: 'udeskId' | 'crmId') => people.flatMap((ids) => ids[side] ?? []);
  const udesk = await loadRecords(db, pair, 'udesk', idsOf('udeskId'));
  const crm = await loadRecords(db, pair, 'crm', idsOf('crmId'));
  const names = new Map<string, string>();
  for (const ids of people) {
    const known = ids.udeskId === null ? undefined : udesk.get(ids.udeskId);
    const other = ids.crmId === null ? undefined : crm.get(ids.crmId);
    const name = nameIn(config, pair, 'udesk', known ?? null) ?? nameIn(config, pair, 'crm', other ?? null);
    if (name !== null) names.set(pairName(ids), name);
  }
  return names;
}

/** What one side calls its record; null: the mirror does not know it (any more), or it is nameless. */
export function nameIn(
  config: Config,
  pair: string,
  side: SideName,
  record: KnownRecord | null,
): string | null {
  const fields = config.pairs.find(({ name }) => name === pair)?.fields ?? [];
  const inCrm = fields.find(({ udesk }) => udesk === 'nick_name')?.crm ?? 'name';
  const value = record?.record.fields[side === 'udesk' ? 'nick_name' : inCrm] ?? null;
  return value === null || isBlank(value) ? null : conflictText({ field: 'nick_name' }, value);
}
