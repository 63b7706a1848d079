/** Questions of identity that only a person can answer: the links in the states `candidate` and `rejected`. */
import { type SQL, sql } from 'drizzle-orm';
import { fromJsonb } from './jsonb.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

export interface Review {
  readonly udeskIds: readonly string[];
  readonly crmIds: readonly string[];
  readonly evidence: readonly unknown[];
  readonly score: number;
  readonly reason: string;
}

function candidateKey(review: Pick<Review, 'udeskIds' | 'crmIds'>): string {
  return JSON.stringify([[...review.udeskIds].sort(), [...review.crmIds].sort()]);
}

/**
 * Makes the open reviews equal to `reviews`: a question that is still asked keeps its row and id,
 * one that no longer arises is removed, one that a person rejected is not asked again.
 */
export async function replaceReviews(
  db: Db,
  pair: string,
  reviews: readonly Review[],
  at: Date,
): Promise<void> {
  const payload = [...new Map(reviews.map((review) => [candidateKey(review), review])).entries()].map(
    ([key, review]) => ({
      k: key,
      u: review.udeskIds.length === 1 ? review.udeskIds[0] : null,
      c: review.crmIds.length === 1 ? review.crmIds[0] : null,
      w: { udesk: review.udeskIds, crm: review.crmIds },
      e: review.evidence,
      s: String(review.score),
      r: review.reason,
    }),
  );
  const over = await rows<{ id: string }>(
    db,
    sql`delete from udesk_sync.link where pair = ${pair} and state = 'candidate'
        and not (candidate_key = any(${textArray(payload.map((row) => row.k))})) returning id`,
  );
  await retryAsked(
    db,
    pair,
    over.map(({ id }) => id),
  );
  await db.execute(
    sql`insert into udesk_sync.link
          (pair, udesk_id, crm_id, state, evidence, candidates, candidate_key, score, reason, dirty, decided_by, created_at, changed_at)
        select ${pair}, s.u, s.c, 'candidate', s.e, s.w, s.k, s.s, s.r, false, 'match',
          ${at.toISOString()}::timestamptz, ${at.toISOString()}::timestamptz
        from jsonb_to_recordset(${jsonParam(payload)})
          as s(k text, u text, c text, w jsonb, e jsonb, s text, r text)
        on conflict do nothing`,
  );
}

/** How the message of what was set aside ends, and names the question. */
const FOR_ANSWER = /: answer question ([0-9]+) first$/.source;

/** What was set aside until these questions were answered is planned again (engine/verify.ts): they are, or nobody asks any more. */
export async function retryAsked(db: Db, pair: string, questions: readonly string[]): Promise<void> {
  if (questions.length === 0) return;
  await db.execute(
    sql`update udesk_sync.link l set dirty = true from udesk_sync.parked p
        where p.pair = ${pair} and p.state = 'parked' and p.kind = 'rejected'
          and substring(p.message from ${FOR_ANSWER}) = any(${textArray(questions)})
          and l.pair = p.pair and l.id = p.link_id and l.state = 'confirmed'`,
  );
}

/** When a person said something. */
interface Said {
  /** Its number in the log of decisions; null: it was said before that was kept. */
  readonly seq: number | null;
  /** ISO 8601, by a clock that may have been set back since. */
  readonly at: string;
}

function isLater(a: Said, b: Said): boolean {
  return a.seq !== null && b.seq !== null ? a.seq > b.seq : a.at > b.at;
}

function saidIn(row: { readonly seq: string | null; readonly at: string | null }): Said {
  return { seq: row.seq === null ? null : Number(row.seq), at: row.at ?? '' };
}

/**
 * Pairs of ids that a person said are not the same, as `udeskId\ncrmId`; not those of whom one said later that they are.
 */
export async function rejectedPairs(db: Db, pair: string): Promise<Set<string>> {
  const no = lastSaid(sql`true`);
  const said = await rows<{
    candidates: string | null;
    udesk_id: string | null;
    crm_id: string | null;
    seq: string | null;
    at: string | null;
  }>(
    db,
    sql`select candidates::text as candidates, udesk_id, crm_id, ${no} ->> 'seq' as seq, ${no} ->> 'at' as at
        from udesk_sync.link l
        where pair = ${pair} and (state = 'rejected'
          -- The policy "unlink" ends links by the same word, and nobody said anything then, or something else before.
          -- So does a person who settles a deletion, and says that nobody is to be created again: not that two are different.
          or (state = 'broken' and decided_by = 'unlink' and coalesce(reason, '') !~ '^(deleted|gone) on '
            and ${no} ->> 'take' = 'unlink'))`,
  );
  const pairs = new Map<string, Said>();
  for (const row of said) {
    const who =
      row.candidates === null
        ? { udesk: [row.udesk_id ?? ''], crm: [row.crm_id ?? ''] }
        : fromJsonb<{ udesk: string[]; crm: string[] }>(row.candidates);
    const now = saidIn(row);
    for (const udeskId of who.udesk) {
      for (const crmId of who.crm) {
        const key = `${udeskId}\n${crmId}`;
        const before = pairs.get(key);
        if (before === undefined || isLater(now, before)) pairs.set(key, now);
      }
    }
  }
  for (const row of await saidToBeOne(db, pair, [...pairs.keys()])) {
    const parted = pairs.get(row.key);
    if (parted !== undefined && isLater(saidIn(row), parted)) pairs.delete(row.key);
  }
  return new Set(pairs.keys());
}

/** When a person last said of these that they are one, by their names in `rejectedPairs`; also where their link went over since. */
async function saidToBeOne(
  db: Db,
  pair: string,
  keys: readonly string[],
): Promise<{ key: string; seq: string | null; at: string }[]> {
  if (keys.length === 0) return [];
  const ids = keys.map((key) => key.split('\n'));
  const yes = lastSaid(
    sql`note->>'take' = 'confirm' and coalesce(note->>'udesk' = w.u and note->>'crm' = w.c, l.udesk_id = w.u and l.crm_id = w.c)`,
  );
  return await rows<{ key: string; seq: string | null; at: string }>(
    db,
    sql`select w.u || chr(10) || w.c as key, ${yes} ->> 'seq' as seq, ${yes} ->> 'at' as at
        from unnest(${textArray(ids.map(([udeskId]) => udeskId ?? ''))}, ${textArray(ids.map(([, crmId]) => crmId ?? ''))}) as w(u, c)
        cross join lateral (
          select n.udesk_id, n.crm_id, n.evidence from udesk_sync.link n
          where n.pair = ${pair} and n.udesk_id = w.u and n.crm_id = w.c
          -- As the index link_moved has it.
          union all select m.udesk_id, m.crm_id, m.evidence from udesk_sync.link m
          where m.pair = ${pair} and jsonb_path_exists(m.evidence, '$[*].from')
            and m.evidence @> jsonb_build_array(jsonb_build_object('take', 'confirm', 'udesk', w.u, 'crm', w.c))) l
        where ${yes} is not null`,
  );
}

/** The last that a person said about the link `l`, in its evidence. */
export function lastSaid(which: SQL): SQL {
  return sql`(select note from jsonb_array_elements(l.evidence) with ordinality as notes(note, n)
    where note->>'kind' = 'decision' and ${which} order by n desc limit 1)`;
}
