/** Asking a side who holds an e-mail or a phone. */
import { type Contact, contactsToAskFor } from '../core/contacts.ts';
import { otherSide, type SideName, type SideRecord } from '../core/record.ts';
import { isSyncError, type SyncError } from '../errors.ts';
import type { IntentRow } from '../store/intents.ts';
import { keyedRecords } from '../store/records.ts';
import type { Cycle } from './context.ts';

/**
 * Live records of the side that hold one of these, as far as it can be searched by them.
 * @param refused is told of a question that the side refuses, and the others are asked; without it that is thrown
 */
export async function lookUp(
  cycle: Cycle,
  side: SideName,
  contacts: readonly Contact[],
  refused?: (error: SyncError) => void,
): Promise<SideRecord[]> {
  const found = new Map<string, SideRecord>();
  const asked = new Set<string>();
  for (const { kind, value } of searchable(cycle, side, contacts)) {
    const key = `${kind}:${value}`;
    if (asked.has(key)) continue;
    asked.add(key);
    try {
      for (const record of await cycle.sides[side].lookup(kind, value, { signal: cycle.signal })) {
        found.set(record.id, record);
      }
    } catch (error) {
      const isRefusal = isSyncError(error, 'contract') || isSyncError(error, 'rejected');
      if (refused === undefined || !isRefusal) throw error;
      refused(error);
    }
  }
  return [...found.values()];
}

/** A side that cannot be asked for a kind says nothing about who holds one. */
export function searchable(cycle: Cycle, side: SideName, contacts: readonly Contact[]): Contact[] {
  const { lookups } = cycle.sides[side].manifest;
  return contacts.filter(({ kind }) => lookups.includes(kind));
}

/** The e-mails and phones that this write sends, and nothing that its source was given since. */
export function sentContacts(
  cycle: Cycle,
  { side, patch }: Pick<IntentRow, 'side' | 'patch'>,
): readonly Contact[] {
  const fields = Object.fromEntries(Object.entries(patch).map(([name, { after }]) => [name, after]));
  return contactsToAskFor(cycle.spec, side, fields);
}

/** What a create sends, and what its source was given since. */
export async function contactsOfCreate(cycle: Cycle, create: IntentRow): Promise<readonly Contact[]> {
  return [...sentContacts(cycle, create), ...(await sourceContacts(cycle, [create]))];
}

/** E-mails and phones of the records that these creates, all of one side, are made of, as they are known now. */
export async function sourceContacts(
  cycle: Cycle,
  creates: readonly IntentRow[],
): Promise<readonly Contact[]> {
  const [first] = creates;
  if (first === undefined) return [];
  const ids = creates.flatMap(({ marker }) => (marker === null ? [] : [marker]));
  const sources = await keyedRecords(cycle.db, cycle.spec.name, otherSide(first.side), ids);
  const keys = sources.flatMap((source) => source.keys ?? []);
  return keys.flatMap((key): Contact[] => {
    const colon = key.indexOf(':');
    const kind = key.slice(0, colon);
    return kind === 'email' || kind === 'cellphone' ? [{ kind, value: key.slice(colon + 1) }] : [];
  });
}
