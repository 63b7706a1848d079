/**
 * Who made a change that was seen, where a side tells who touched the *record* last and nothing of its fields. Pure.
 *
 * The sentence: if one mapped field changed, and the side had been looked at shortly before, the record's last edit is the
 * edit of that field (`field`); if several changed, or more than one edit may lie between the two looks, it is only said who
 * changed the record last (`record`); and nobody is named where the side names nobody, names us, or names the edit that was
 * known before the change.
 */
import type { LastEdit } from './record.ts';

/**
 * How surely the author of an edit is known: by the side's own record of changes, which quotes the value; because the
 * record's last edit can hardly be another one; or not as the author of this edit, but as who changed the record last.
 */
export const KNOWN_BY = ['history', 'field', 'record'] as const;
export type KnownBy = (typeof KNOWN_BY)[number];

export interface EditAuthor {
  /** What a person reads; the id where the side tells no name. */
  readonly name: string | null;
  /** ISO 8601 UTC, by the side's own clock; null: not told. */
  readonly at: string | null;
  readonly knownBy: KnownBy;
}

/** Within so long hardly two people edit one record. */
const SHORTLY_MS = 15 * 60_000;

export interface SeenEdit {
  readonly lastEdit: LastEdit | null | undefined;
  /** What the mirror held of it before this change. */
  readonly before: LastEdit | null | undefined;
  /** How many mapped fields changed. */
  readonly fields: number;
  /** The answer of a write of ours: what else it shows was changed by somebody before us, and we were last. */
  readonly ownWrite: boolean;
  /** ISO 8601: begin of the look at the whole side before this one; null: not known. */
  readonly lookedAt: string | null;
  readonly seenAt: string;
}

export function editAuthor({
  lastEdit,
  before,
  fields,
  ownWrite,
  lookedAt,
  seenAt,
}: SeenEdit): EditAuthor | null {
  if (!lastEdit || lastEdit.own || ownWrite || fields === 0 || isOlder(lastEdit, before)) return null;
  const name = lastEdit.name ?? lastEdit.id;
  if (name === null) return null;
  const at = lastEdit.at !== null && /^\d{4}-/.test(lastEdit.at) ? lastEdit.at : null;
  const alone = fields === 1 && at !== null && isShortly(lookedAt, seenAt);
  return { name, at, knownBy: alone ? 'field' : 'record' };
}

/** The side changed the record without saying who: what it names is the edit before. */
function isOlder(last: LastEdit, before: LastEdit | null | undefined): boolean {
  if (!before || last.at === null || before.at === null) return false;
  const ahead = Date.parse(last.at) - Date.parse(before.at);
  return ahead < 0 || (ahead === 0 && last.id === before.id && last.name === before.name);
}

function isShortly(lookedAt: string | null, seenAt: string): boolean {
  if (lookedAt === null) return false;
  const sinceMs = Date.parse(seenAt) - Date.parse(lookedAt);
  // Below zero: our clock was set back since, and nobody knows how long ago that look was.
  return sinceMs >= 0 && sinceMs <= SHORTLY_MS;
}
