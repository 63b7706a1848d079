/** What a rule may decide now, and what people undid of what it decided. */
import { sql } from 'drizzle-orm';
import type { Group } from '../core/review-rule.ts';
import { CONFLICT_COLUMNS, type ConflictRecord, type ConflictRow, toConflict } from './conflicts.ts';
import { endUndoneRules, type ReviewRule } from './review-rules.ts';
import type { RevertScope } from './schema/revert.ts';
import { isThis } from './similar.ts';
import { type Db, jsonParam, rows } from './tx.ts';

/**
 * Open conflicts of the rule's group, oldest first, that nobody and nothing decided before, and that nobody was asked to decide.
 * Not those of a customer's field
 * where a decision of a rule was undone, or was overtaken by an edit: a person looks at these from then on.
 * @param askedBefore conflicts that are older than this are not left waiting for Udesk's history, which may name who edited
 *   and when, and so put them into another group
 */
export async function ruleCandidates(
  db: Db,
  rule: Group & Pick<ReviewRule, 'fromConflictId'>,
  { askedBefore, now }: { readonly askedBefore: Date; readonly now: Date },
  limit: number,
): Promise<ConflictRow[]> {
  const found = await rows<ConflictRecord>(
    db,
    sql`select ${CONFLICT_COLUMNS} from udesk_sync.conflict c join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id
        left join udesk_sync.record ru on ru.pair = c.pair and ru.side = 'udesk' and ru.remote_id = l.udesk_id
        where c.state = 'open' and c.pattern is not null and ${isThis(rule)} and not c.unclassified
          and c.id >= ${rule.fromConflictId}::bigint and l.state = 'confirmed' and c.overwritten = '[]'::jsonb and c.assignee is null
          and (c.changed_at <= ${askedBefore.toISOString()}::timestamptz or ru.feed_read_at between c.changed_at and ${now.toISOString()}::timestamptz)
          and not exists (select 1 from udesk_sync.decision d where d.pair = c.pair and d.conflict_id = c.id)
          and not exists (
            select 1 from udesk_sync.conflict p join udesk_sync.decision d on d.pair = p.pair and d.conflict_id = p.id
            where p.pair = c.pair and p.link_id = c.link_id and p.field = c.field and p.id < c.id and d.rule_id is not null
              and (d.undone_by is not null or p.reason like '%changed after the decision was made'))
        order by c.id limit ${limit}`,
  );
  return found.map(toConflict);
}

/** A decision was taken back before it was carried out, in the transaction that does so. */
export async function markWithdrawn(
  tx: Db,
  pair: string,
  decisionId: string,
  who: string,
  at: Date,
): Promise<void> {
  const undone = await rows<{ rule_id: string | null }>(
    tx,
    sql`update udesk_sync.decision set undone_by = ${who}
        where pair = ${pair} and id = ${decisionId}::bigint and undone_by is null returning rule_id`,
  );
  await endUndoneRules(
    tx,
    pair,
    undone.flatMap(({ rule_id }) => rule_id ?? []),
    at,
  );
}

/** What decisions wrote was asked to be undone: they are evidence of nothing any more. In the transaction of the asking. */
export async function markReverted(
  tx: Db,
  wish: { readonly pair: string; readonly who: string; readonly scope: RevertScope; readonly at: Date },
  fields: readonly { readonly linkId: string; readonly field: string }[],
): Promise<void> {
  if (fields.length === 0) return;
  const { link, run, since, decision } = wish.scope;
  const undone = await rows<{ conflict_id: string; rule_id: string | null }>(
    tx,
    sql`update udesk_sync.decision d set undone_by = ${wish.who}
        from jsonb_to_recordset(${jsonParam(fields.map(({ linkId, field }) => ({ l: linkId, f: field })))}) as s(l text, f text)
        join udesk_sync.conflict c on c.pair = ${wish.pair} and c.link_id = s.l::bigint and c.field = s.f
          and c.decision_id is not null
        where d.pair = c.pair and d.id = c.decision_id and d.undone_by is null
          and (${decision ?? null}::bigint is null or d.id = ${decision ?? null}::bigint) and exists (
          select 1 from udesk_sync.intent i
          where i.pair = c.pair and i.link_id = c.link_id and i.state = 'settled'
            and i.decisions ->> c.field = d.id::text
            and (${link ?? null}::bigint is null or i.link_id = ${link ?? null}::bigint)
            and (${run ?? null}::bigint is null or i.run_id = ${run ?? null}::bigint)
            and (${since ?? null}::timestamptz is null or i.settled_at >= ${since ?? null}::timestamptz))
        returning d.conflict_id, d.rule_id`,
  );
  await tx.execute(
    sql`update udesk_sync.conflict c set person_take = null
        from jsonb_to_recordset(${jsonParam(undone.map(({ conflict_id }) => ({ i: conflict_id })))}) as s(i text)
        where c.pair = ${wish.pair} and c.id = s.i::bigint`,
  );
  await endUndoneRules(
    tx,
    wish.pair,
    undone.flatMap(({ rule_id }) => rule_id ?? []),
    wish.at,
  );
}
