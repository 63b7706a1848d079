/** Filters that a person keeps under a name. Whoever has the number of a view may look through it. */
import { sql } from 'drizzle-orm';
import { type Db, rows } from './tx.ts';

/** Characters of a name. */
export const VIEW_NAME_LIMIT = 60;
/** Of one person. */
export const VIEWS_MOST = 50;

export interface InboxView {
  readonly id: string;
  readonly who: string;
  readonly name: string;
  /** Parameters of the inbox's address. */
  readonly query: string;
}

const COLUMNS = sql`id, who, name, query`;

export async function viewsOf(db: Db, who: string): Promise<InboxView[]> {
  return await rows<{ id: string; who: string; name: string; query: string }>(
    db,
    sql`select ${COLUMNS} from udesk_sync.inbox_view where who = ${who} order by name, id`,
  );
}

export async function loadView(db: Db, id: string): Promise<InboxView | null> {
  const [row] = await rows<{ id: string; who: string; name: string; query: string }>(
    db,
    sql`select ${COLUMNS} from udesk_sync.inbox_view where id = ${id}::bigint`,
  );
  return row ?? null;
}

/** Takes the place of the person's view of that name. @returns null when there are too many already */
export async function saveView(
  db: Db,
  view: Omit<InboxView, 'id'> & {
    /** What is searched for in it: goes when the person is forgotten whom it names. */
    readonly words: string | null;
    readonly at: Date;
  },
): Promise<string | null> {
  const { who, name, query, words, at } = view;
  const [saved] = await rows<{ id: string }>(
    db,
    sql`insert into udesk_sync.inbox_view as v (who, name, query, words, at)
        select ${who}, ${name}, ${query}, ${words}, ${at.toISOString()}::timestamptz
        where (select count(*) from udesk_sync.inbox_view o where o.who = ${who} and o.name <> ${name}) < ${VIEWS_MOST}
        on conflict (who, name) do update set query = excluded.query, words = excluded.words, at = excluded.at
        returning id`,
  );
  return saved?.id ?? null;
}

/** @returns false when the person has no such view */
export async function deleteView(db: Db, { id, who }: Pick<InboxView, 'id' | 'who'>): Promise<boolean> {
  const gone = await rows(
    db,
    sql`delete from udesk_sync.inbox_view where id = ${id}::bigint and who = ${who} returning 1`,
  );
  return gone.length > 0;
}
