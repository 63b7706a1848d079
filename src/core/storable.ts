/** What of a record can be kept in text columns, which are exact (promise P7: an id that came back changed looks deleted). */
import { isStorableText } from '../lib/storable-text.ts';
import type { LastEdit, SideRecord } from './record.ts';

/** Why a record with such an id is left out. */
export const UNSTORABLE_ID =
  'its id holds characters that the database cannot keep (U+0000, a lone surrogate)';

/**
 * The record without what cannot be kept beside its id: evidence and time that nobody could compare anyway.
 * Null when it is the id: without it the record cannot be told from others. Values of fields are no problem.
 */
export function storableRecord(record: SideRecord): SideRecord | null {
  if (!isStorableText(record.id)) return null;
  const { externalId, version, updatedAt } = record;
  const lastEdit = record.lastEdit ?? null;
  const told = lastEdit === null ? [] : [lastEdit.id, lastEdit.name, lastEdit.at];
  const fine = [externalId, version, updatedAt, ...told].every(
    (text) => text === null || isStorableText(text),
  );
  if (fine) return record;
  return {
    ...record,
    externalId: kept(externalId),
    version: kept(version),
    updatedAt: kept(updatedAt),
    lastEdit: lastEdit === null ? null : keptEdit(lastEdit),
  };
}

function keptEdit({ id, name, at, own }: LastEdit): LastEdit {
  return { id: kept(id), name: kept(name), at: kept(at), own };
}

function kept(text: string | null): string | null {
  return text !== null && isStorableText(text) ? text : null;
}
