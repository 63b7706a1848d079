/**
 * Rules of the review: turned on and off by people, in the log of decisions like everything that people decide. Each is one
 * transaction between two of a cycle, so that a rule which is off decides nothing any more.
 */
import { type SQL, sql } from 'drizzle-orm';
import { type Group, MAX_UNDONE, type RuleTake, ruleSubject } from '../core/review-rule.ts';
import { logDecision } from './decision-log.ts';
import { lockOutCycle } from './lease.ts';
import type { RuleEnd } from './schema/decision.ts';
import { type Db, isoText, rows, textArray } from './tx.ts';

export interface ReviewRule extends Group {
  readonly id: string;
  readonly take: RuleTake;
  /** What whoever turned it on was shown: of `total` past decisions so many took the same. */
  readonly agrees: number;
  readonly total: number;
  /** It decides conflicts from this id on; `0`: those too that were open then. */
  readonly fromConflictId: string;
  readonly onBy: string;
  readonly onAt: string;
  readonly offBy: string | null;
  /** Null: it is on. */
  readonly offAt: string | null;
  readonly offReason: RuleEnd | null;
}

export interface CountedRule extends ReviewRule {
  readonly decided: number;
  /** Of these, people took so many back or undid what they wrote. */
  readonly undone: number;
}

type RuleRow = {
  id: string;
  pair: string;
  field: string;
  kind: Group['kind'];
  pattern: string;
  take: RuleTake;
  agrees: number;
  total: number;
  from_conflict_id: string;
  on_by: string;
  on_at: string;
  off_by: string | null;
  off_at: string | null;
  off_reason: RuleEnd | null;
};

const COLUMNS = sql`r.id, r.pair, r.field, r.kind, r.pattern, r.take, r.agrees, r.total, r.from_conflict_id, r.on_by,
  ${isoText(sql`r.on_at`)} as on_at, r.off_by, ${isoText(sql`r.off_at`)} as off_at, r.off_reason`;

function toRule(row: RuleRow): ReviewRule {
  const { id, pair, field, kind, pattern, take, agrees, total } = row;
  return {
    ...{ id, pair, field, kind, pattern, take, agrees, total },
    fromConflictId: row.from_conflict_id,
    onBy: row.on_by,
    onAt: row.on_at,
    offBy: row.off_by,
    offAt: row.off_at,
    offReason: row.off_reason,
  };
}

export interface NewRule extends Group {
  readonly take: RuleTake;
  readonly agrees: number;
  readonly total: number;
  /** Conflicts of the group that are open now are meant, too. */
  readonly includeOpen: boolean;
  readonly who: string;
  readonly at: Date;
}

/** @returns null when a rule for this group is on already: of two people who turn it on at once one does. */
export async function turnOn(db: Db, rule: NewRule): Promise<ReviewRule | null> {
  return await db.transaction(async (tx) => {
    // No conflict opens between the look at the highest id and the commit.
    await lockOutCycle(tx, rule.pair);
    const { pair, field, kind, pattern, take, agrees, total } = rule;
    const from = rule.includeOpen
      ? sql`0`
      : sql`(select coalesce(max(id), 0) + 1 from udesk_sync.conflict where pair = ${pair})`;
    const [made] = await rows<RuleRow>(
      tx,
      sql`insert into udesk_sync.review_rule as r
            (pair, field, kind, pattern, take, agrees, total, from_conflict_id, on_by, on_at)
          values (${pair}, ${field}, ${kind}, ${pattern}, ${take}, ${agrees}, ${total}, ${from}, ${rule.who},
            ${rule.at.toISOString()}::timestamptz)
          on conflict (pair, field, kind, pattern) where off_at is null do nothing
          returning ${COLUMNS}`,
    );
    if (made === undefined) return null;
    const stored = toRule(made);
    await logDecision(tx, {
      at: rule.at.toISOString(),
      who: rule.who,
      action: 'rule-on',
      pair,
      subject: ruleSubject(stored),
    });
    return stored;
  });
}

/** @returns false when it is off already, or was never there. */
export async function turnOff(
  db: Db,
  { id, who, at }: { readonly id: string; readonly who: string; readonly at: Date },
): Promise<boolean> {
  return await db.transaction(async (tx) => {
    // Of any pair: people name a rule by its id alone.
    const pair = sql`(select pair from udesk_sync.review_rule where id = ${id}::bigint)`;
    await lockOutCycle(tx, pair);
    return (await end(tx, pair, [id], 'person', who, at)) > 0;
  });
}

/** Rules of these fields end with the mapping that they were about; `null`: all of the pair, after a restore. */
export async function endRules(
  tx: Db,
  pair: string,
  fields: readonly string[] | null,
  why: 'mapping-changed' | 'restored',
  at: Date,
): Promise<void> {
  const found = await rows<{ id: string }>(
    tx,
    sql`select id from udesk_sync.review_rule where pair = ${pair} and off_at is null
          and (${fields === null} or field = any(${textArray(fields ?? [])}))`,
  );
  await end(
    tx,
    pair,
    found.map(({ id }) => id),
    why,
    'udesk-sync',
    at,
  );
}

/** After people undid decisions: a rule that they undid too often ends. In the transaction of the undoing. */
export async function endUndoneRules(
  tx: Db,
  pair: string,
  ruleIds: readonly string[],
  at: Date,
): Promise<void> {
  if (ruleIds.length === 0) return;
  const found = await rows<{ rule_id: string }>(
    tx,
    sql`select rule_id from udesk_sync.decision
        where pair = ${pair} and rule_id = any(${textArray([...new Set(ruleIds)])}::bigint[]) and undone_by is not null
        group by rule_id having count(*) >= ${MAX_UNDONE}`,
  );
  await end(
    tx,
    pair,
    found.map((row) => row.rule_id),
    'undone',
    'udesk-sync',
    at,
  );
}

async function end(
  tx: Db,
  pair: string | SQL,
  ids: readonly string[],
  why: RuleEnd,
  who: string,
  at: Date,
): Promise<number> {
  if (ids.length === 0) return 0;
  const ended = await rows<RuleRow>(
    tx,
    sql`update udesk_sync.review_rule r
        set off_by = ${who}, off_at = ${at.toISOString()}::timestamptz, off_reason = ${why}, end_told = ${why === 'person'}
        where r.pair = ${pair} and r.id = any(${textArray(ids)}::bigint[]) and r.off_at is null returning ${COLUMNS}`,
  );
  for (const row of ended) {
    const subject = `${ruleSubject(toRule(row))} ${why}`;
    await logDecision(tx, { at: at.toISOString(), who, action: 'rule-off', pair: row.pair, subject });
  }
  return ended.length;
}

/** Whether the rule is on, and stays so until the end of this transaction. */
export async function isOn(tx: Db, pair: string, id: string): Promise<boolean> {
  const found = await rows(
    tx,
    sql`select 1 from udesk_sync.review_rule
        where pair = ${pair} and id = ${id}::bigint and off_at is null for share`,
  );
  return found.length > 0;
}

export async function rulesOn(db: Db, pair: string): Promise<ReviewRule[]> {
  const found = await rows<RuleRow>(
    db,
    sql`select ${COLUMNS} from udesk_sync.review_rule r where r.pair = ${pair} and r.off_at is null order by r.id`,
  );
  return found.map(toRule);
}

/** Of all pairs, on and off. */
export async function rulesEver(db: Db): Promise<ReviewRule[]> {
  const found = await rows<RuleRow>(db, sql`select ${COLUMNS} from udesk_sync.review_rule r order by r.id`);
  return found.map(toRule);
}

/** Those that are on, then those that are off, each newest first. */
export async function listRules(
  db: Db,
  pairs: readonly string[],
  limit: number,
  id: string | null = null,
): Promise<CountedRule[]> {
  const found = await rows<RuleRow & { decided: string; undone: string }>(
    db,
    sql`select ${COLUMNS}, d.decided, d.undone
        from udesk_sync.review_rule r cross join lateral (
          select count(*) as decided, count(undone_by) as undone from udesk_sync.decision
          where pair = r.pair and rule_id = r.id) d
        where r.pair = any(${textArray(pairs)}) and (${id}::bigint is null or r.id = ${id}::bigint)
        order by r.off_at is not null, r.id desc limit ${limit}`,
  );
  return found.map((row) => ({ ...toRule(row), decided: Number(row.decided), undone: Number(row.undone) }));
}

export async function loadRule(db: Db, pairs: readonly string[], id: string): Promise<CountedRule | null> {
  return (await listRules(db, pairs, 1, id))[0] ?? null;
}

export interface RuleDecision {
  readonly conflictId: string;
  readonly at: string;
  readonly undoneBy: string | null;
  readonly state: string;
}

/** What a rule decided, newest first. */
export async function decisionsOfRule(
  db: Db,
  { pair, id }: Pick<ReviewRule, 'pair' | 'id'>,
  limit: number,
): Promise<RuleDecision[]> {
  return await rows<{ conflictId: string; at: string; undoneBy: string | null; state: string }>(
    db,
    sql`select d.conflict_id as "conflictId", ${isoText(sql`d.at`)} as at, d.undone_by as "undoneBy", c.state
        from udesk_sync.decision d join udesk_sync.conflict c on c.pair = d.pair and c.id = d.conflict_id
        where d.pair = ${pair} and d.rule_id = ${id}::bigint order by d.id desc limit ${limit}`,
  );
}

/** Rules that ended by themselves, and of which nobody was told yet. */
export async function endsToTell(db: Db, pair: string): Promise<ReviewRule[]> {
  const found = await rows<RuleRow>(
    db,
    sql`select ${COLUMNS} from udesk_sync.review_rule r
        where r.pair = ${pair} and r.off_at is not null and not r.end_told order by r.id`,
  );
  return found.map(toRule);
}

/** How long a rule that ended by itself is told of wherever the pair is. */
const TOLD_DAYS = 7;

/** Ends by themselves that somebody should know of: lately, and no rule for the group is on since. */
export async function endedRules(db: Db, pairs: readonly string[]): Promise<ReviewRule[]> {
  const found = await rows<RuleRow>(
    db,
    sql`select ${COLUMNS} from udesk_sync.review_rule r
        where r.pair = any(${textArray(pairs)}) and r.off_reason <> 'person' and r.off_at > now() - ${TOLD_DAYS} * interval '1 day'
          and not exists (
            select 1 from udesk_sync.review_rule n
            where n.pair = r.pair and n.field = r.field and n.kind = r.kind and n.pattern = r.pattern and n.id > r.id)
        order by r.id`,
  );
  return found.map(toRule);
}

export async function saveEndsTold(tx: Db, pair: string, ids: readonly string[]): Promise<void> {
  await tx.execute(
    sql`update udesk_sync.review_rule set end_told = true
        where pair = ${pair} and id = any(${textArray(ids)}::bigint[])`,
  );
}
