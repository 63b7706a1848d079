/** Fields that a live check found wanting: what is said of them, and the start that is refused (docs/decisions/0022). */
import type { SideName } from '../core/record.ts';
import type { FieldSpec, PairSpec } from '../core/spec.ts';
import { SyncError } from '../errors.ts';
import { type LawBreak, refusedTwoWay } from '../store/mapping-checks.ts';
import type { Db } from '../store/tx.ts';
import type { Found } from './check-side.ts';

/** Ids that a line names; the JSON has all. */
const NAMED_IDS = 5;

/** What `check` tells of fields that a live check found wanting, without looking again. */
export async function recordedFindings(db: Db, pair: string, fields: readonly FieldSpec[]): Promise<Found[]> {
  const refused = await refusedTwoWay(db, pair, fields);
  return refused.map(({ field, breaks, checkedAt }) => ({
    level: 'problem',
    message: refusal(field, breaks, checkedAt),
    advice: ADVICE,
    config: true,
  }));
}

/**
 * A field whose rules broke the round trip on records that are there is not started two-way (docs/decisions/0022).
 * @throws SyncError `config` that names each of them
 */
export async function refuseLawless(db: Db, spec: PairSpec): Promise<void> {
  const refused = await refusedTwoWay(db, spec.name, spec.fields);
  if (refused.length === 0) return;
  const lines = refused.map(({ field, breaks, checkedAt }) => refusal(field, breaks, checkedAt));
  throw new SyncError('config', lines.join('\n'), {
    pair: spec.name,
    code: 'round-trip',
    inFile: true,
    advice: ADVICE,
  });
}

export const ADVICE =
  'Set direction: to-crm or to-udesk, or change the rules or `compare` (docs/mapping.md), then run check --live.';

function refusal({ udesk, crm }: FieldSpec, breaks: readonly LawBreak[], at: Date): string {
  const some = [...grouped(breaks, ({ side, law }) => `${law} on ${ofSide(side)}`)];
  const which = some.map(([label, of]) => `${label} ${idsOf(of)}`).join('; ');
  return `fields: { udesk: ${udesk}, crm: ${crm} }: broke ${which} when it was looked at (${at.toISOString()}): it is refused two-way`;
}

export function grouped<T>(items: readonly T[], by: (item: T) => string): Map<string, T[]> {
  return Map.groupBy(items, by);
}

export function idsOf(items: readonly { readonly id: string }[]): string {
  const ids = items.slice(0, NAMED_IDS).map(({ id }) => id);
  const more = items.length - ids.length;
  return `${ids.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export function ofSide(side: SideName): string {
  return side === 'udesk' ? 'customers of Udesk' : 'records of the CRM';
}
