/**
 * What happened with a contact, from the history that HubSpot keeps of each property ("Properties", `propertiesWithHistory`:
 * value, timestamp, sourceType, sourceId, sourceLabel, updatedByUserId). The engine asks it what a write of ours replaced.
 */
import type { ChangeAuthor, FieldChange } from '../../core/witness-records.ts';
import type { CallOptions, HistoryItem, HistoryPage } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { isObject, textOf } from '../http/paths.ts';
import { CONTACT, type Reader } from './contacts.ts';
import { isId, splitList } from './decode.ts';
import { EMAIL, OTHER_EMAILS, type Place, propertiesOf } from './places.ts';

/** One value that a property held, from then on. */
interface Version {
  readonly value: string;
  readonly at: string;
  readonly author: ChangeAuthor;
  readonly data: Readonly<Record<string, unknown>>;
}

/** All that HubSpot keeps, in one page; older versions than the last few dozen are dropped by HubSpot itself. */
export async function readHistory(
  reader: Reader,
  id: string,
  page: number,
  options: CallOptions = {},
): Promise<HistoryPage> {
  if (page > 1 || !isId(id)) return { items: [], dropped: [], last: true };
  const names = [...new Set(reader.places.flatMap(propertiesOf))];
  const answer = await reader.api.run({
    method: 'GET',
    path: CONTACT,
    in: { id },
    query: { propertiesWithHistory: names.join(',') },
    write: false,
    signal: options.signal,
  });
  const told = isObject(answer.json) ? answer.json.propertiesWithHistory : null;
  if (!isObject(told)) throw notUnderstood(answer.context, 'the answer holds no propertiesWithHistory');
  const items = reader.places.flatMap((place) =>
    propertiesOf(place).flatMap((name) => itemsOf(id, place, name, versionsOf(told[name]))),
  );
  items.reverse().sort((a, b) => (b.at ?? '').localeCompare(a.at ?? ''));
  return { items, dropped: [], last: true, clockSkewMs: reader.api.clockSkewMs() };
}

/** Oldest first. HubSpot shows the newest first; two of one millisecond stay in that order. */
function versionsOf(raw: unknown): Version[] {
  const versions = (Array.isArray(raw) ? raw.toReversed() : []).flatMap((one): Version[] => {
    const at = isObject(one) ? Date.parse(textOf(one.timestamp) ?? '') : Number.NaN;
    if (!isObject(one) || Number.isNaN(at)) return [];
    const { value: _, timestamp: __, ...data } = one;
    return [{ value: textOf(one.value) ?? '', at: new Date(at).toISOString(), author: authorOf(one), data }];
  });
  return versions.sort((a, b) => a.at.localeCompare(b.at));
}

/** A person by the number of the user, a program by what kind of program it is. */
function authorOf(one: Readonly<Record<string, unknown>>): ChangeAuthor {
  const user = textOf(one.updatedByUserId);
  const source = [textOf(one.sourceType), textOf(one.sourceId)].filter((part) => part !== null).join(':');
  return {
    id: user === null ? source || null : `user:${user}`,
    name: textOf(one.sourceLabel) ?? textOf(one.sourceType),
  };
}

function itemsOf(id: string, place: Place, property: string, versions: readonly Version[]): HistoryItem[] {
  return versions.map((version, at): HistoryItem => {
    const before = versions[at - 1];
    return {
      kind: 'property',
      id: `${id}/${property}/${version.at}/${at}`,
      at: version.at,
      author: version.author,
      data: { property, ...version.data },
      changes: changesOf(place, property, before, version),
      text: null,
    };
  });
}

function changesOf(
  place: Place,
  property: string,
  before: Version | undefined,
  { value }: Version,
): FieldChange[] {
  const { field } = place;
  const isList = place.kind === 'options' || property === OTHER_EMAILS;
  if (!isList) {
    const to = value === '' ? null : value;
    // Of the oldest version that is kept nobody knows what it replaced.
    if (before === undefined) return [{ field, to }];
    const from = before.value === '' ? null : before.value;
    return place.kind === 'emails' && property === EMAIL && from === to ? [] : [{ field, from, to }];
  }
  const [old, now] = [splitList(before?.value ?? null), splitList(value)];
  return [
    ...old.filter((one) => !now.includes(one)).map((from) => ({ field, from, to: null })),
    ...now.filter((one) => !old.includes(one)).map((to) => ({ field, from: null, to })),
  ];
}
