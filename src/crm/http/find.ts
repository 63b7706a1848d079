/** Records by a key: by a search of the API, or by reading the whole list where it has none. */
import { normalizeText } from '../../core/equivalence.ts';
import { phoneForms } from '../../core/phone.ts';
import type { SideRecord } from '../../core/record.ts';
import type { MatchKeyKind } from '../../core/spec.ts';
import type { CallOptions } from '../adapter.ts';
import type { AdapterContext } from '../definition.ts';
import { holdsKey } from '../holds-key.ts';
import type { FindConfig } from './config.ts';
import type { Reader } from './pages.ts';
import { search, walk } from './walk.ts';

export interface Finder extends Reader {
  readonly fields: AdapterContext['fields'];
  readonly region: string;
}

/** What a search shows is looked at again: many an API finds by a part of a word, too. */
export async function lookup(
  finder: Finder,
  kind: MatchKeyKind,
  value: string,
  options: CallOptions = {},
): Promise<SideRecord[]> {
  const find = requestOf(finder, kind);
  if (find === undefined || value.trim() === '') return [];
  const found = new Map<string, SideRecord>();
  const take = (records: readonly SideRecord[]): void => {
    for (const record of records) if (holdsKey(finder, record, kind, value)) found.set(record.id, record);
  };
  if (find === 'scan') {
    for await (const page of walk(finder, options)) take(page.records);
  } else {
    for (const form of formsOf(finder, kind, value)) take(await search(finder, find, form, options));
  }
  return [...found.values()];
}

function requestOf({ config }: Finder, kind: MatchKeyKind): FindConfig | 'scan' | undefined {
  if (kind === 'token') return config.find.externalId;
  return kind === 'email' ? config.find.email : config.find.phone;
}

function formsOf({ region }: Finder, kind: MatchKeyKind, value: string): string[] {
  if (kind === 'token') return [value];
  if (kind === 'email') return [value.trim()];
  return phoneForms(normalizeText('phone', value, region), region);
}
