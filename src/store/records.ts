import { sql } from 'drizzle-orm';
import type { EditAuthor } from '../core/edit-author.ts';
import type { Delta } from '../core/observation.ts';
import type { LastEdit, SideName, SideRecord } from '../core/record.ts';
import type { Value } from '../core/value.ts';
import { CLOCK_WENT_BACK } from './clock-went-back.ts';
import { fromJsonb, toJsonb } from './jsonb.ts';
import { aheadOf } from './reach.ts';
import { type Db, isoText, jsonParam, rows, textArray } from './tx.ts';

export interface KnownRecord {
  readonly record: SideRecord;
  readonly hash: string;
  readonly state: 'live' | 'deleted';
  readonly linkId: string | null;
  readonly obsSeq: number;
  /** ISO 8601: when it was last seen to change. */
  readonly observedAt: string;
}

export interface RecordUpsert {
  readonly record: SideRecord;
  readonly hash: string;
  readonly keys: readonly string[];
  /** Null for a first sight: the record itself says it all. */
  readonly delta: Delta | null;
  /** Who made the change, as far as the record itself tells. */
  readonly author?: EditAuthor | null;
}

type RecordRow = {
  remote_id: string;
  fields: string;
  external_id: string | null;
  version: string | null;
  updated_at: string | null;
  last_edit: string | null;
  hash: string;
  state: 'live' | 'deleted';
  link_id: string | null;
  obs_seq: string;
  observed_at: string;
};

const COLUMNS = sql`remote_id, fields::text as fields, external_id, version, updated_at, last_edit::text as last_edit, hash, state, link_id, obs_seq, ${isoText(sql`observed_at`)} as observed_at`;

/**
 * Which of `seen` (by position) the mirror does not hold alive with this very hash, and what it holds, or held, of them.
 * The database compares, so that of unchanged records nothing comes back.
 */
export async function notAsKnown(
  db: Db,
  pair: string,
  side: SideName,
  seen: readonly { readonly id: string; readonly hash: string }[],
): Promise<{ at: number; known: KnownRecord | null }[]> {
  const found = await rows<{ at: number } & (RecordRow | { remote_id: null })>(
    db,
    sql`select s.n as at, ${COLUMNS}
        from jsonb_to_recordset(${jsonParam(seen.map(({ id, hash }, n) => ({ n, i: id, h: hash })))})
          as s(n int, i text, h text)
        left join udesk_sync.record r on r.pair = ${pair} and r.side = ${side} and r.remote_id = s.i
        where (r.remote_id is null or r.hash <> s.h or r.state = 'deleted')
          -- People who were forgotten are not taken up again where they still are.
          and not exists (select 1 from udesk_sync.kept_out k
            where k.pair = ${pair} and k.side = ${side} and k.remote_id = s.i)
        order by s.n`,
  );
  return found.map((row) => ({ at: row.at, known: row.remote_id === null ? null : toKnown(row) }));
}

export async function loadRecords(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<Map<string, KnownRecord>> {
  if (ids.length === 0) return new Map();
  const found = await rows<RecordRow>(
    db,
    sql`select ${COLUMNS} from udesk_sync.record
        where pair = ${pair} and side = ${side} and remote_id = any(${textArray(ids)})`,
  );
  return new Map(found.map((row) => [row.remote_id, toKnown(row)]));
}

/** How often each of these was seen to change, by id; nobody else stores a sight of them before this transaction ends. */
export async function lockSightings(
  tx: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const found = await rows<{ remote_id: string; obs_seq: string }>(
    tx,
    sql`select remote_id, obs_seq from udesk_sync.record
        where pair = ${pair} and side = ${side} and remote_id = any(${textArray(ids)}) order by remote_id for no key update`,
  );
  return new Map(found.map((row) => [row.remote_id, Number(row.obs_seq)]));
}

/** Stores what was seen and marks it for planning; observations with a delta go to the append-only log. */
export async function upsertRecords(
  db: Db,
  target: { pair: string; side: SideName; at: Date; lane: string; runId: number | null },
  upserts: readonly RecordUpsert[],
): Promise<void> {
  if (upserts.length === 0) return;
  const { pair, side, lane, runId } = target;
  const at = target.at.toISOString();
  const payload = upserts.map(({ record, hash, keys }) => ({
    i: record.id,
    f: record.fields,
    e: record.externalId,
    v: record.version,
    u: record.updatedAt,
    l: record.lastEdit ?? null,
    h: hash,
    k: keys,
  }));
  await db.execute(
    sql`insert into udesk_sync.record as r
          (pair, side, remote_id, fields, external_id, version, updated_at, last_edit, hash, keys, observed_at, first_seen_at, observed_run_id, first_seen_run_id)
        select ${pair}, ${side}, s.i, s.f, s.e, s.v, s.u, s.l, s.h, s.k, ${at}::timestamptz, ${at}::timestamptz, n.run, n.run
        from (select coalesce(${runId}::bigint, (select max(id) from udesk_sync.run where pair = ${pair})) as run) n, jsonb_to_recordset(${jsonParam(payload)})
          as s(i text, f jsonb, e text, v text, u text, l jsonb, h text, k text[])
        -- A person's look is no run: it comes after the last one.
        on conflict (pair, side, remote_id) do update set
          fields = excluded.fields, external_id = excluded.external_id, version = excluded.version,
          updated_at = excluded.updated_at, last_edit = excluded.last_edit, hash = excluded.hash, keys = excluded.keys, state = 'live', deleted_at = null,
          dirty = true, obs_seq = r.obs_seq + 1, observed_at = excluded.observed_at, observed_run_id = excluded.observed_run_id`,
  );
  const changed = upserts.filter((upsert) => upsert.delta !== null);
  if (changed.length === 0) return;
  await db.execute(
    sql`insert into udesk_sync.observation (pair, side, remote_id, delta, lane, run_id, at, author)
        select ${pair}, ${side}, s.i, s.d, ${lane}, ${runId}::bigint, ${at}::timestamptz, s.a
        from jsonb_to_recordset(${jsonParam(changed.map((u) => ({ i: u.record.id, d: u.delta, a: u.author ?? null })))})
          as s(i text, d jsonb, a jsonb)`,
  );
}

export async function liveAmong(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<Set<string>> {
  const found = await rows<{ remote_id: string }>(
    db,
    sql`select remote_id from udesk_sync.record
        where pair = ${pair} and side = ${side} and state = 'live' and remote_id = any(${textArray(ids)})`,
  );
  return new Set(found.map((row) => row.remote_id));
}

/** The tombstone: only after the absence was proven (promise P7). */
export async function markDeleted(
  db: Db,
  target: { pair: string; side: SideName; at: Date; lane: string; runId: number | null },
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  const { pair, side } = target;
  const at = target.at.toISOString();
  await db.execute(
    sql`with gone as (
          update udesk_sync.record set state = 'deleted', deleted_at = ${at}::timestamptz, dirty = true, obs_seq = obs_seq + 1, observed_at = ${at}::timestamptz
          where pair = ${pair} and side = ${side} and state = 'live' and remote_id = any(${textArray(ids)})
          returning remote_id)
        insert into udesk_sync.observation (pair, side, remote_id, delta, lane, run_id, at)
        select ${pair}, ${side}, remote_id, '{"*": ["live", "deleted"]}'::jsonb, ${target.lane}, ${target.runId}::bigint, ${at}::timestamptz
        from gone`,
  );
}

/**
 * Live ids after `after`, in order, that were last observed before `before`: what an enumeration should have shown. What was
 * observed at a time ahead was so before the clock was set back, and would not be missed until that has caught up.
 */
export async function liveIdsObservedBefore(
  db: Db,
  pair: string,
  side: SideName,
  { before, now }: { readonly before: Date; readonly now: Date },
  after: string,
  limit: number,
): Promise<string[]> {
  const found = await rows<{ remote_id: string }>(
    db,
    sql`select remote_id from udesk_sync.record
        where pair = ${pair} and side = ${side} and state = 'live'
          and (observed_at < ${before.toISOString()}::timestamptz or observed_at > ${aheadOf(now)})
          and remote_id > ${after}
        order by remote_id limit ${limit}`,
  );
  return found.map((row) => row.remote_id);
}

export async function countLive(db: Db, pair: string, side: SideName): Promise<number> {
  const [row] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.record where pair = ${pair} and side = ${side} and state = 'live'`,
  );
  return Number(row?.n ?? 0);
}

/** Who was forgotten and is not to be taken up again may still be there: a list shows them, and the mirror does not hold them. */
export async function countKeptOut(db: Db, pair: string, side: SideName): Promise<number> {
  const [row] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.kept_out where pair = ${pair} and side = ${side}`,
  );
  return Number(row?.n ?? 0);
}

/** Live records without a link, in id order after `after`. */
export async function unlinkedIds(
  db: Db,
  pair: string,
  side: SideName,
  after: string,
  limit: number,
): Promise<string[]> {
  const found = await rows<{ remote_id: string }>(
    db,
    sql`select remote_id from udesk_sync.record
        where pair = ${pair} and side = ${side} and link_id is null and state = 'live' and remote_id > ${after}
        order by remote_id limit ${limit}`,
  );
  return found.map((row) => row.remote_id);
}

export interface KeyedRecord {
  readonly side: SideName;
  readonly id: string;
  readonly keys: readonly string[];
  readonly linkId: string | null;
}

type KeyedRow = { side: SideName; remote_id: string; keys: string[]; link_id: string | null };

/**
 * All live records of both sides that hold one of these keys. One index look-up per key: `keys && (all of them)` would
 * compare every record with every key, which took seconds per call at 10,000 customers.
 */
export async function holdersOf(db: Db, pair: string, keys: readonly string[]): Promise<KeyedRecord[]> {
  if (keys.length === 0) return [];
  const found = await rows<KeyedRow>(
    db,
    // `offset 0` keeps the look-up by key apart from the rest: any other index would read the whole pair for each key.
    sql`select distinct on (r.side, r.remote_id) r.side, r.remote_id, r.keys, r.link_id
        from jsonb_array_elements_text(${toJsonb(keys)}::text::jsonb) as wanted(key)
        cross join lateral (
          select pair, side, remote_id, keys, link_id, state from udesk_sync.record
          where keys @> array[wanted.key] offset 0) r
        where r.pair = ${pair} and r.state = 'live'`,
  );
  return found.map(toKeyed);
}

export async function keyedRecords(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<KeyedRecord[]> {
  if (ids.length === 0) return [];
  const found = await rows<KeyedRow>(
    db,
    sql`select side, remote_id, keys, link_id from udesk_sync.record
        where pair = ${pair} and side = ${side} and remote_id = any(${textArray(ids)})`,
  );
  return found.map(toKeyed);
}

/** Live records without a link that were seen for the first time since then, or in a later run than that one: runs are in order, clocks not. */
export async function unlinkedSince(
  db: Db,
  pair: string,
  side: SideName,
  since: { readonly at: string; readonly runId: string },
): Promise<SideRecord[]> {
  const found = await rows<RecordRow>(
    db,
    sql`select ${COLUMNS} from udesk_sync.record
        where pair = ${pair} and side = ${side} and state = 'live' and link_id is null
          and (first_seen_at >= ${since.at}::timestamptz or first_seen_run_id > ${since.runId}::bigint)
        order by remote_id limit 1000`,
  );
  return found.map((row) => toKnown(row).record);
}

/** Whether something of this record was observed that no plan has answered yet. */
export async function isUnplanned(db: Db, pair: string, side: SideName, id: string): Promise<boolean> {
  const found = await rows(
    db,
    sql`select 1 from udesk_sync.record where pair = ${pair} and side = ${side} and remote_id = ${id} and dirty`,
  );
  return found.length > 0;
}

const KEYLESS = sql`not exists (select 1 from unnest(r.keys) as k(key) where k.key like 'email:%' or k.key like 'cellphone:%')`;

/**
 * Records of a side that may be what a create of unknown outcome made: unlinked, and not seen before it was sent. Whatever
 * they were given or lost since, before we saw them or after, on either side; once a person is asked, those that were there
 * then, whoever comes later with an e-mail or phone that was sent, and, of a create that sent none, whoever has none. Where our clock was set back, nobody can tell
 * who was seen first: until that person answers, everybody without a link may be it, and once they leave it alone, everybody
 * who was there by then. Who leaves the question alone has been told of those who were there then, and of nobody who comes later.
 * @param keyFields the side's fields of e-mails and phones: a create that sent one was looked for by it
 * @param inBatches only of creates that a batch carried, which carries no external id
 */
export async function maybeCreated(
  db: Db,
  pair: string,
  side: SideName,
  keyFields: readonly string[],
  inBatches = false,
): Promise<Set<string>> {
  const found = await rows<{ id: string }>(
    db,
    sql`select r.remote_id as id from udesk_sync.record r
        where r.pair = ${pair} and r.side = ${side} and r.state = 'live' and r.link_id is null
          and exists (
            select 1 from udesk_sync.intent i
              left join udesk_sync.parked p on p.pair = i.pair and p.intent_id = i.id and p.kind = 'uncertain-create'
                and (p.state = 'parked' or p.state = 'dropped' and i.state = 'parked')
            where i.pair = r.pair and i.side = r.side and i.op = 'create' and i.sent_at is not null
              and (i.batch_id is not null or not ${inBatches}::boolean)
              and (p.id is not null or i.state in ('sending', 'unknown'))
              and (${CLOCK_WENT_BACK} and (p.state is distinct from 'dropped' or coalesce((r.first_seen_run_id, r.first_seen_at) <= (p.closed_run_id, p.closed_at), r.first_seen_at <= p.closed_at))
                or i.sent_at <= r.first_seen_at and (p.id is null or r.first_seen_at <= p.at
                  or p.state = 'parked' and ${KEYLESS} and not jsonb_exists_any(i.patch, ${textArray(keyFields)})
                  or p.state = 'parked' and exists (select 1 from udesk_sync.claim k
                    where k.pair = i.pair and k.link_id = i.link_id and k.side = i.side and k.key = any(r.keys)))))`,
  );
  return new Set(found.map(({ id }) => id));
}

/** Whether a record without a link was observed since it was last matched. */
export async function hasUnlinkedDirty(db: Db, pair: string): Promise<boolean> {
  const found = await rows(
    db,
    sql`select 1 from udesk_sync.record
        where pair = ${pair} and link_id is null and state = 'live' and dirty limit 1`,
  );
  return found.length > 0;
}

/** They were matched, and what follows from it is planned; a later observation makes them dirty again. */
export async function clearUnlinkedDirty(db: Db, pair: string, observedUntil: Date): Promise<void> {
  await db.execute(
    sql`update udesk_sync.record set dirty = false
        where pair = ${pair} and link_id is null and dirty and observed_at <= ${observedUntil.toISOString()}::timestamptz`,
  );
}

/** Ties records to their link (or frees them with null). */
export async function setRecordLink(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
  linkId: string | null,
): Promise<void> {
  if (ids.length === 0) return;
  await db.execute(
    sql`update udesk_sync.record set link_id = ${linkId}::bigint, dirty = true
        where pair = ${pair} and side = ${side} and remote_id = any(${textArray(ids)})`,
  );
}

/** Planned up to this observation; a later one stays dirty. */
export async function clearDirty(
  db: Db,
  pair: string,
  side: SideName,
  planned: readonly { id: string; obsSeq: number }[],
): Promise<void> {
  if (planned.length === 0) return;
  await db.execute(
    sql`update udesk_sync.record r set dirty = false
        from jsonb_to_recordset(${jsonParam(planned)}) as s(id text, "obsSeq" bigint)
        where r.pair = ${pair} and r.side = ${side} and r.remote_id = s.id and r.obs_seq = s."obsSeq"`,
  );
}

/** Live records in id order, for work that touches every one. */
export async function recordsAfter(
  db: Db,
  pair: string,
  side: SideName,
  after: string,
  limit: number,
): Promise<SideRecord[]> {
  const found = await rows<RecordRow>(
    db,
    sql`select ${COLUMNS} from udesk_sync.record
        where pair = ${pair} and side = ${side} and state = 'live' and remote_id > ${after}
        order by remote_id limit ${limit}`,
  );
  return found.map((row) => toKnown(row).record);
}

export async function saveKeys(
  db: Db,
  pair: string,
  side: SideName,
  keyed: readonly { id: string; keys: readonly string[] }[],
): Promise<void> {
  await db.execute(
    sql`update udesk_sync.record r set keys = s.k
        from jsonb_to_recordset(${jsonParam(keyed.map(({ id, keys }) => ({ i: id, k: keys })))}) as s(i text, k text[])
        where r.pair = ${pair} and r.side = ${side} and r.remote_id = s.i`,
  );
}

function toKnown(row: RecordRow): KnownRecord {
  return {
    record: {
      id: row.remote_id,
      fields: fromJsonb<Record<string, Value>>(row.fields),
      externalId: row.external_id,
      version: row.version,
      updatedAt: row.updated_at,
      lastEdit: row.last_edit === null ? null : fromJsonb<LastEdit>(row.last_edit),
    },
    hash: row.hash,
    state: row.state,
    linkId: row.link_id,
    obsSeq: Number(row.obs_seq),
    observedAt: row.observed_at,
  };
}

function toKeyed(row: KeyedRow): KeyedRecord {
  return { side: row.side, id: row.remote_id, keys: row.keys, linkId: row.link_id };
}
