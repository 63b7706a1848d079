/**
 * What people write beside a conflict. The words are kept here alone, so that they can be erased; the log of decisions
 * holds who wrote when.
 */
import { sql } from 'drizzle-orm';
import { isStorableText } from '../lib/storable-text.ts';
import { logDecision } from './decision-log.ts';
import { type Db, isoText, rows } from './tx.ts';

/** Characters of one note. */
export const NOTE_LIMIT = 2_000;
/** Notes of one conflict: it is no place to talk. */
export const NOTES_MOST = 100;

export interface Note {
  readonly id: string;
  readonly conflictId: string;
  readonly who: string;
  readonly text: string;
  readonly at: string;
}

export type NoteResult = 'added' | 'empty' | 'too-long' | 'full' | 'not-found';

/** Plain text; line breaks stay, what surrounds it goes. */
export async function addNote(
  db: Db,
  note: { readonly conflictId: string; readonly who: string; readonly text: string; readonly at: Date },
): Promise<NoteResult> {
  const text = note.text.replaceAll('\r\n', '\n').trim();
  if (text === '' || !isStorableText(text)) return 'empty';
  if ([...text].length > NOTE_LIMIT) return 'too-long';
  return await db.transaction(async (tx): Promise<NoteResult> => {
    // Locked, so that nobody forgets the person meanwhile.
    const [row] = await rows<{ pair: string; n: string }>(
      tx,
      sql`select c.pair, (select count(*) from udesk_sync.conflict_note n where n.pair = c.pair and n.conflict_id = c.id) as n
          from udesk_sync.conflict c where c.id = ${note.conflictId}::bigint for no key update`,
    );
    if (row === undefined) return 'not-found';
    if (Number(row.n) >= NOTES_MOST) return 'full';
    const at = note.at.toISOString();
    const [added] = await rows<{ id: string }>(
      tx,
      sql`insert into udesk_sync.conflict_note (pair, conflict_id, who, text, at)
          values (${row.pair}, ${note.conflictId}::bigint, ${note.who}, ${text}, ${at}::timestamptz) returning id`,
    );
    await logDecision(tx, {
      ...{ at, who: note.who, action: 'note', pair: row.pair },
      subject: `note ${added?.id} of conflict ${note.conflictId}`,
    });
    return 'added';
  });
}

/** Oldest first; with those of earlier conflicts about the same field of the same customer. */
export async function notesOf(db: Db, conflictId: string): Promise<Note[]> {
  return await rows<{ id: string; conflictId: string; who: string; text: string; at: string }>(
    db,
    sql`select n.id, n.conflict_id as "conflictId", n.who, n.text, ${isoText(sql`n.at`)} as at
        from udesk_sync.conflict c
        join udesk_sync.conflict o on o.pair = c.pair and o.link_id = c.link_id and o.field = c.field
        join udesk_sync.conflict_note n on n.pair = o.pair and n.conflict_id = o.id
        where c.id = ${conflictId}::bigint order by n.id`,
  );
}
