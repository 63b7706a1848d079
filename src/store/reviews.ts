/** Questions of identity that only a person can answer: the links in the states `candidate` and `rejected`. */
import { sql } from 'drizzle-orm';
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
  await db.execute(
    sql`delete from udesk_sync.link where pair = ${pair} and state = 'candidate'
        and not (candidate_key = any(${textArray(payload.map((row) => row.k))}))`,
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

/** Pairs of ids that a person said are not the same, as `udeskId\ncrmId`. */
export async function rejectedPairs(db: Db, pair: string): Promise<Set<string>> {
  const found = await rows<{ candidates: string | null; udesk_id: string | null; crm_id: string | null }>(
    db,
    sql`select candidates::text as candidates, udesk_id, crm_id from udesk_sync.link
        where pair = ${pair} and (state = 'rejected'
          -- The policy "unlink" ends links by the same word, and nobody said anything then, or something else before.
          -- So does a person who settles a deletion, and says that nobody is to be created again: not that two are different.
          or (state = 'broken' and decided_by = 'unlink' and coalesce(reason, '') !~ '^(deleted|gone) on ' and (
            select note->>'take' from jsonb_array_elements(evidence) with ordinality as notes(note, n)
            where note->>'kind' = 'decision' order by n desc limit 1) = 'unlink'))`,
  );
  const pairs = new Set<string>();
  for (const row of found) {
    const who =
      row.candidates === null
        ? { udesk: [row.udesk_id ?? ''], crm: [row.crm_id ?? ''] }
        : fromJsonb<{ udesk: string[]; crm: string[] }>(row.candidates);
    for (const udeskId of who.udesk) for (const crmId of who.crm) pairs.add(`${udeskId}\n${crmId}`);
  }
  return pairs;
}
