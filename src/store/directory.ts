/** Agents, agent groups and organizations of Udesk: what references mean. Names stay known after their holder left. */
import { sql } from 'drizzle-orm';
import type { Value } from '../core/value.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

export type DirectoryKind = 'agent' | 'group' | 'organization';

export interface SeenEntry {
  readonly id: string;
  readonly name: string | null;
  readonly email: string | null;
  /** E-mail or name of today: by which it travels when it is seen for the first time. */
  readonly today: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface KnownEntry {
  readonly kind: DirectoryKind;
  readonly id: string;
  readonly name: string | null;
  /** By which it travels. */
  readonly word: string | null;
  readonly today: string | null;
  readonly gone: boolean;
}

/** What an entry is called today: an agent by e-mail, everything else by name. */
const TODAY = sql`nullif(btrim(case when kind = 'agent' then email else name end), '')`;

export async function loadDirectory(
  db: Db,
  pair: string,
  kinds: readonly DirectoryKind[],
): Promise<KnownEntry[]> {
  return await rows<{
    kind: DirectoryKind;
    id: string;
    name: string | null;
    word: string | null;
    today: string | null;
    gone: boolean;
  }>(
    db,
    sql`select kind, remote_id as id, name, coalesce(word, ${TODAY}) as word, ${TODAY} as today,
          vanished_at is not null as gone
        from udesk_sync.directory where pair = ${pair} and kind = any(${textArray(kinds)})
        order by kind, length(remote_id), remote_id`,
  );
}

/** When the list of this kind was last read whole, in milliseconds; null when nothing of it is known. */
export async function directoryReadAt(db: Db, pair: string, kind: DirectoryKind): Promise<number | null> {
  const [row] = await rows<{ at: string | null }>(
    db,
    // What a point read refreshed is younger; what is gone is older.
    sql`select (extract(epoch from min(observed_at)) * 1000)::bigint as at from udesk_sync.directory
        where pair = ${pair} and kind = ${kind} and vanished_at is null`,
  );
  return row === undefined || row.at === null ? null : Number(row.at);
}

/**
 * Stores what Udesk shows.
 * @param seen `complete`: the whole list was read, so that whoever is missing from it is gone
 */
export async function saveDirectory(
  db: Db,
  pair: string,
  kind: DirectoryKind,
  seen: { readonly entries: readonly SeenEntry[]; readonly complete: boolean },
  at: Date,
): Promise<void> {
  const time = at.toISOString();
  const payload = [...new Map(seen.entries.map((entry) => [entry.id, entry])).values()].map((entry) => ({
    i: entry.id,
    n: entry.name,
    e: entry.email,
    w: entry.today,
    d: entry.data,
  }));
  await db.transaction(async (tx) => {
    await tx.execute(
      sql`insert into udesk_sync.directory (pair, kind, remote_id, name, email, word, data, observed_at)
          select ${pair}, ${kind}, s.i, s.n, s.e, s.w, s.d, ${time}::timestamptz
          from jsonb_to_recordset(${jsonParam(payload)}) as s(i text, n text, e text, w text, d jsonb)
          order by s.i
          on conflict (pair, kind, remote_id) do update set name = excluded.name, email = excluded.email,
            word = coalesce(directory.word, excluded.word), data = excluded.data,
            observed_at = excluded.observed_at, vanished_at = null`,
    );
    if (!seen.complete) return;
    await tx.execute(
      sql`update udesk_sync.directory set vanished_at = ${time}::timestamptz
          where pair = ${pair} and kind = ${kind} and vanished_at is null
            and not remote_id = any(${textArray(payload.map(({ i }) => i))})`,
    );
  });
}

/** What everybody is called today becomes the name by which they travel. A person's choice. */
export async function pinDirectory(db: Db, pair: string, kinds: readonly DirectoryKind[]): Promise<void> {
  await db.execute(
    sql`update udesk_sync.directory set word = ${TODAY}
        where pair = ${pair} and kind = any(${textArray(kinds)}) and vanished_at is null
          and ${TODAY} is not null and word is distinct from ${TODAY}`,
  );
}

export interface WaitingName {
  readonly linkId: string;
  readonly field: string;
  readonly crm: Value | null;
}

/** Conflicts about names of the CRM that could not be written, oldest first. */
export async function waitingNames(
  db: Db,
  pair: string,
  fields: readonly string[],
  limit: number,
): Promise<WaitingName[]> {
  const found = await rows<{ link_id: string; field: string; crm: string | null }>(
    db,
    sql`select link_id, field, crm::text as crm from udesk_sync.conflict
        where pair = ${pair} and state = 'open' and kind = 'unmappable' and field = any(${textArray(fields)})
        order by id limit ${limit}`,
  );
  return found.map((row) => ({
    linkId: row.link_id,
    field: row.field,
    crm: row.crm === null ? null : fromJsonb<Value>(row.crm),
  }));
}

export async function planLinksAgain(db: Db, pair: string, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length === 0) return;
  await db.execute(
    sql`update udesk_sync.link set dirty = true
        where pair = ${pair} and id = any(${textArray(linkIds)}::bigint[]) and state = 'confirmed' and not dirty`,
  );
}

/** What agents are called, by Udesk's id, as far as anybody read it; of several pairs, the first. */
export async function agentNames(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const wanted = ids.filter((id) => id !== '');
  if (wanted.length === 0) return new Map();
  const found = await rows<{ id: string; name: string }>(
    db,
    sql`select distinct on (remote_id) remote_id as id, coalesce(nullif(btrim(name), ''), email) as name
        from udesk_sync.directory
        where kind = 'agent' and remote_id = any(${textArray(wanted)})
          and coalesce(nullif(btrim(name), ''), email) is not null
        order by remote_id, pair`,
  );
  return new Map(found.map(({ id, name }) => [id, name]));
}
