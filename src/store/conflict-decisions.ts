/**
 * What people say about conflicts. Each decision is one transaction on the locked row, between two transactions of a
 * cycle: of two reviewers who decide at once one wins and the other is told.
 */
import { sql } from 'drizzle-orm';
import { valueDigest } from '../core/decision-chain.ts';
import type { FieldBase, Take } from '../core/link.ts';
import type { Value } from '../core/value.ts';
import { logDecision } from './decision-log.ts';
import { fromJsonb } from './jsonb.ts';
import { lockOutCycle } from './lease.ts';
import { isOn } from './review-rules.ts';
import { markWithdrawn } from './rule-candidates.ts';
import { type Db, jsonParam, rows } from './tx.ts';

export interface ConflictDecision {
  readonly conflictId: string;
  readonly who: string;
  readonly take: Take;
  /** For `take: 'value'`: in Udesk's values. */
  readonly value: Value | null;
  readonly at: Date;
  /** `changedAt` of the row that the person saw: a decision about other values is none. Left out: whatever it holds. */
  readonly seen?: string | undefined;
  /** Who decides is a program with a token of its own: no evidence of what people would do. */
  readonly byProgram?: boolean | undefined;
  /** A rule decides, and only while it is on; `who` names it and the person on whose behalf. */
  readonly ruleId?: string | undefined;
}

type LockedRow = {
  pair: string;
  link_id: string;
  field: string;
  state: string;
  decision_id: string | null;
  changed_at: string;
  base: string | null;
  udesk: string | null;
  crm: string | null;
};

/**
 * Records a person's choice, or a rule's on a person's behalf; it takes effect through the outbox at the next cycle.
 * @returns false when the conflict was not open any more, or is not what was seen, or the rule is off.
 */
export async function decideConflict(db: Db, decision: ConflictDecision): Promise<boolean> {
  const { conflictId, who, take, value } = decision;
  return await db.transaction(async (tx) => {
    const row = await lockConflict(tx, conflictId);
    if (row?.state !== 'open' || row.decision_id !== null) return false;
    if (decision.seen !== undefined && decision.seen !== row.changed_at) return false;
    const { ruleId } = decision;
    if (ruleId !== undefined && !(await isOn(tx, row.pair, ruleId))) return false;
    const ofPerson = ruleId === undefined && decision.byProgram !== true;
    const at = sql`${decision.at.toISOString()}::timestamptz`;
    const [made] = await rows<{ id: string }>(
      tx,
      sql`insert into udesk_sync.decision (pair, conflict_id, who, take, value, rule_id, at)
          values (${row.pair}, ${conflictId}::bigint, ${who}, ${take}, ${jsonParam(value)}, ${ruleId ?? null}::bigint, ${at})
          returning id`,
    );
    const decisionId = made?.id ?? '0';
    await tx.execute(
      sql`update udesk_sync.conflict set decision_id = ${decisionId}::bigint, state = 'resolving', changed_at = ${at},
            resolved_by = ${who}, person_take = ${ofPerson ? take : null}
          where pair = ${row.pair} and id = ${conflictId}::bigint`,
    );
    await replanLink(tx, row);
    await logDecision(tx, {
      ...{
        at: decision.at.toISOString(),
        who,
        action: 'decide',
        pair: row.pair,
        conflictId,
        decisionId,
        take,
      },
      ...{ value: valueDigest(value), shown: shownDigest(row) },
      ...(ruleId === undefined ? {} : { rule: ruleId }),
    });
    return true;
  });
}

export type WithdrawResult =
  | 'withdrawn'
  /** There is no decision of a person to take back: none was made, or it has been carried out. */
  | 'not-decided'
  /** A write for it has been sent, so what it will come to is not ours to say any more. */
  | 'under-way';

/** Takes a decision back that nothing was sent for. The conflict is open again, as it was. */
export async function withdrawDecision(
  db: Db,
  { conflictId, who, at }: { readonly conflictId: string; readonly who: string; readonly at: Date },
): Promise<WithdrawResult> {
  return await db.transaction(async (tx): Promise<WithdrawResult> => {
    const row = await lockConflict(tx, conflictId);
    if (row?.state !== 'resolving' || row.decision_id === null) return 'not-decided';
    const carrying = sql`pair = ${row.pair} and link_id = ${row.link_id}::bigint
      and decisions ->> ${row.field}::text = ${row.decision_id}`;
    const intents = await rows<{ state: string }>(
      tx,
      sql`select state from udesk_sync.intent where ${carrying} and state <> 'dropped' for update`,
    );
    if (intents.some(({ state }) => !['planned', 'held', 'pending'].includes(state))) return 'under-way';
    // What else these writes would have brought is planned again, because the link is.
    await tx.execute(
      sql`delete from udesk_sync.intent where ${carrying} and state in ('planned', 'held', 'pending')`,
    );
    if (intents.length > 0) {
      await tx.execute(
        sql`delete from udesk_sync.claim where pair = ${row.pair} and link_id = ${row.link_id}::bigint`,
      );
    }
    const [decision] = await rows<{ take: Take; value: string | null }>(
      tx,
      sql`select take, value::text as value from udesk_sync.decision
          where pair = ${row.pair} and id = ${row.decision_id}::bigint`,
    );
    await tx.execute(
      sql`update udesk_sync.conflict set state = 'open', decision_id = null, resolved_by = null,
            person_take = null, changed_at = ${at.toISOString()}::timestamptz
          where pair = ${row.pair} and id = ${conflictId}::bigint`,
    );
    await markWithdrawn(tx, row.pair, row.decision_id, who, at);
    await replanLink(tx, row);
    await logDecision(tx, {
      ...{ at: at.toISOString(), who, action: 'withdraw', pair: row.pair, conflictId },
      decisionId: row.decision_id,
      take: decision?.take ?? 'base',
      value: valueDigest(decision?.value == null ? null : fromJsonb<Value | null>(decision.value)),
      shown: shownDigest(row),
    });
    return 'withdrawn';
  });
}

async function replanLink(tx: Db, row: LockedRow): Promise<void> {
  await tx.execute(
    sql`update udesk_sync.link set dirty = true where pair = ${row.pair} and id = ${row.link_id}::bigint`,
  );
}

/** Of any pair: people name a conflict by its id alone. */
async function lockConflict(tx: Db, conflictId: string): Promise<LockedRow | null> {
  await lockOutCycle(tx, sql`(select pair from udesk_sync.conflict where id = ${conflictId}::bigint)`);
  const [row] = await rows<LockedRow>(
    tx,
    sql`select pair, link_id, field, state, decision_id,
          to_char(changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as changed_at,
          base::text as base, udesk::text as udesk, crm::text as crm
        from udesk_sync.conflict where id = ${conflictId}::bigint for update`,
  );
  return row ?? null;
}

function shownDigest({ base, udesk, crm }: LockedRow): string {
  const read = <T>(stored: string | null) => (stored === null ? null : fromJsonb<T | null>(stored));
  return valueDigest({
    base: read<FieldBase>(base),
    udesk: read<Value>(udesk),
    crm: read<Value>(crm),
  });
}
