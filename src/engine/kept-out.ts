/** People who were forgotten and are not to be taken up again (docs/decisions/0021), where a create of ours meets them (P6). */
import { contactForm } from '../core/contacts.ts';
import type { SideName, SideRecord } from '../core/record.ts';
import { SyncError } from '../errors.ts';
import { keptOutAmong } from '../store/forget.ts';
import type { IntentRow } from '../store/intents.ts';
import { holdersOf } from '../store/records.ts';
import { contactKeys } from './backfill-rows.ts';
import type { Cycle } from './context.ts';
import { readFound } from './found.ts';
import { contactsOfCreate } from './lookup.ts';
import { heldByFew } from './match.ts';

export interface WithoutKeptOut {
  readonly others: readonly SideRecord[];
  /** Who is kept out, as a search shows, and is not found by their id. */
  readonly contradicted: readonly string[];
}

/**
 * Of whom a look before a create found, those who are not kept out. No lane takes up the others, so that no matching could ever
 * answer who that is: a person is asked. An office line that they shared with more people than a match may rest on says nothing, as
 * it does of everybody else; unless a create there may change them.
 * @throws SyncError `rejected`: somebody kept out holds an e-mail or phone of it
 */
export async function withoutKeptOut(
  cycle: Cycle,
  intent: IntentRow,
  holding: readonly SideRecord[],
): Promise<WithoutKeptOut> {
  const { side } = intent;
  const ids = holding.map(({ id }) => id);
  const keptOut = await keptOutAmong(cycle.db, cycle.spec.name, side, ids);
  if (keptOut.length === 0) return { others: holding, contradicted: [] };
  const isKeptOut = ({ id }: SideRecord) => keptOut.includes(id);
  const { shown, contradicted } = await readFound(cycle, side, holding.filter(isKeptOut));
  const meant = await meantBy(cycle, intent, shown);
  if (meant.length === 0) return { others: holding.filter((record) => !isKeptOut(record)), contradicted };
  const told = meant.map(({ id }) => id);
  throw new SyncError('rejected', heldByForgotten(side, told), { side, code: 'kept-out' });
}

/** Without those who share nothing with it but what a stop list leaves out (sync design §6), unless a create there may change them. */
export async function meantBy(
  cycle: Cycle,
  intent: IntentRow,
  shown: readonly SideRecord[],
): Promise<readonly SideRecord[]> {
  const { db, spec } = cycle;
  if (shown.length === 0 || cycle.sides[intent.side].manifest.createMayOverwrite === true) return shown;
  const contacts = await contactsOfCreate(cycle, intent);
  const asked = new Set(contacts.map(({ kind, value }) => `${kind}:${contactForm(spec, kind, value)}`));
  const sharedBy = (record: SideRecord) =>
    contactKeys(cycle, intent.side, record).filter((key) => asked.has(key));
  const keys = [...new Set(shown.flatMap(sharedBy))];
  const few = heldByFew(keys, await holdersOf(db, spec.name, keys), spec.match.stopAfter);
  return shown.filter((record) => {
    const shared = sharedBy(record);
    return shared.length === 0 || shared.some((key) => few.has(key));
  });
}

/** A person has to say whether that is somebody else, or the one who was forgotten. */
export function heldByForgotten(side: SideName, ids: readonly string[]): string {
  // It says KEPT_OUT, by which whoever waits is found again.
  return `${side} record ${ids.join(', ')} holds one of its e-mails or phones, and is kept out since a person was forgotten: \`udesk-sync forget ${side} ${ids[0]} --let-in\` takes it up again`;
}
