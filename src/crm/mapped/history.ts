/**
 * What a side's history tells of a value that stands in several of its fields, or inside one: its records are about the
 * fields, and the witness of a write (sync design §8) asks for the value. Pure.
 */
import type { FieldChange } from '../../core/witness-records.ts';
import type { HistoryItem } from '../adapter.ts';
import type { Place } from './places.ts';

/**
 * One save may be told as one record per field; two saves by one author take longer than this. Not a whole second: ours
 * follow each other as fast as a look and a write, and sides with times of whole seconds tell one save under one time.
 */
const ONE_SAVE_MS = 100;

/** A field as it was after and before a change; undefined where nobody knows. */
type Parts = Record<string, string | null | undefined>;

/** Whether what every part holds now follows from these records, newest first. */
export function tellsAll(items: readonly HistoryItem[], places: readonly Place[]): boolean {
  const told = new Set(items.flatMap(({ changes }) => (changes ?? []).flatMap(({ field }) => field)));
  return places.every(
    ({ uses }) => uses.every((part) => told.has(part)) || !uses.some((part) => told.has(part)),
  );
}

/**
 * @param items newest first
 * @param now what the fields hold now, as far as that is known
 */
export function withPlaces(
  items: readonly HistoryItem[],
  places: readonly Place[],
  now: Readonly<Record<string, unknown>>,
): HistoryItem[] {
  const added = new Map<HistoryItem, FieldChange[]>();
  for (const place of places) {
    for (const [item, change] of changesOf(place, items, now))
      added.set(item, [...(added.get(item) ?? []), change]);
  }
  return items.map((item) => {
    const more = added.get(item);
    return more === undefined ? item : { ...item, changes: [...(item.changes ?? []), ...more] };
  });
}

function changesOf(
  place: Place,
  items: readonly HistoryItem[],
  now: Readonly<Record<string, unknown>>,
): [HistoryItem, FieldChange][] {
  const parts: Parts = {};
  const saves = savesOf(place, items);
  const latest = (part: string) => saves.flatMap(([, all]) => all).find(({ field }) => field === part)?.to;
  for (const part of place.uses) {
    const told = latest(part);
    parts[part] = told === undefined ? textOf(now[part]) : told;
  }
  return saves.map(([newest, changes]): [HistoryItem, FieldChange] => {
    for (const { field, to } of changes) if (to !== undefined) parts[field] = to;
    const to = read(place, parts);
    for (const { field, from } of changes) parts[field] = from;
    const from = read(place, parts);
    const change = { field: place.field, ...(from === undefined ? {} : { from }) };
    return [newest, to === undefined ? change : { ...change, to }];
  });
}

/** The records of one save together, newest first: each part once, by one author, in one moment. */
function savesOf({ uses }: Place, items: readonly HistoryItem[]): [HistoryItem, FieldChange[]][] {
  const saves: [HistoryItem, FieldChange[]][] = [];
  for (const item of items) {
    for (const change of item.changes ?? []) {
      if (!uses.includes(change.field)) continue;
      const last = saves.at(-1);
      const goesOn =
        last !== undefined &&
        isOneSave(last[0], item) &&
        !last[1].some(({ field }) => field === change.field);
      if (goesOn) last[1].push(change);
      else saves.push([item, [change]]);
    }
  }
  return saves;
}

function isOneSave(a: HistoryItem, b: HistoryItem): boolean {
  if (a === b) return true;
  const author = a.author?.id ?? null;
  if (author === null || author !== b.author?.id || a.at === null || b.at === null) return false;
  return Math.abs(Date.parse(a.at) - Date.parse(b.at)) <= ONE_SAVE_MS;
}

function read(place: Place, parts: Parts): string | null | undefined {
  const known: Record<string, string | null> = {};
  for (const [part, value] of Object.entries(parts)) {
    if (value === undefined) return undefined;
    known[part] = value;
  }
  const value = place.read(known);
  return typeof value === 'string' || value === null ? value : undefined;
}

function textOf(value: unknown): string | null | undefined {
  return typeof value === 'string' || value === null ? value : undefined;
}
