/** A conflict as machines read it: the JSON of the command line and of `conflicts export`. */
import type { EditAuthor } from '../core/edit-author.ts';
import type { ConflictKind } from '../core/link.ts';
import { isAbsent, isSet, type Value } from '../core/value.ts';
import type { ConflictRow, ConflictState } from '../store/conflicts.ts';
import { editAuthors } from '../store/feeds.ts';
import type { Db } from '../store/tx.ts';

export interface ConflictDocument {
  readonly id: string;
  readonly pair: string;
  readonly linkId: string;
  readonly udeskId: string | null;
  readonly crmId: string | null;
  /** `*`: the whole record. */
  readonly field: string;
  readonly state: ConflictState;
  readonly kind: ConflictKind;
  /** What both sides last agreed on, in Udesk's values; null: never, or nothing. */
  readonly base: Value | null;
  /** The same in the CRM's values. */
  readonly baseCrm: Value | null;
  readonly udesk: Value | null;
  readonly crm: Value | null;
  readonly udeskAt: string | null;
  readonly crmAt: string | null;
  readonly reason: string;
  readonly resolvedBy: string | null;
  readonly openedAt: string;
  readonly closedAt: string | null;
  /** Who made each edit, when, and how surely that is known: by Udesk's history, and by what the CRM tells of its records. */
  readonly authors: { readonly udesk: EditAuthor | null; readonly crm: EditAuthor | null };
}

export function conflictDocument(row: ConflictRow, author: EditAuthor | null = null): ConflictDocument {
  const { base, crmAuthor, ...rest } = row;
  return {
    ...rest,
    base: base?.udesk ?? null,
    baseCrm: base?.crm ?? null,
    authors: { udesk: author, crm: crmAuthor },
  };
}

/** With what the histories that were read tell of who made the edits. */
export async function conflictDocuments(db: Db, rows: readonly ConflictRow[]): Promise<ConflictDocument[]> {
  const authors = await editAuthors(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => conflictDocument(row, authors.get(row.id)));
}

/** A value of a conflict as text, nothing left out and nothing for null. Of a whole record: `field: value` per edit. */
export function conflictText(row: Pick<ConflictRow, 'field'>, value: Value | null): string {
  if (value === null || isAbsent(value)) return '';
  if (!isSet(value)) return String(value);
  return value
    .map((element) => (row.field === '*' ? `${element.id ?? ''}: ${element.value}` : element.value))
    .join('; ');
}
