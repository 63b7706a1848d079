/** Settled writes whose trace in the side's history is still to be read, and what was found there (P2). */
import { sql } from 'drizzle-orm';
import type { FieldBase } from '../core/link.ts';
import type { SideName } from '../core/record.ts';
import type { Value } from '../core/value.ts';
import type { Overwritten } from '../core/witness-records.ts';
import { fileConflicts } from './conflict-search.ts';
import { INTENT_COLUMNS, type IntentColumns, type IntentRow, toIntent } from './intents.ts';
import type { WitnessState } from './schema/intent.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

/** Records of the side with writes to be witnessed, the longest due first; their writes in the order of sending. */
export async function dueWitnesses(
  db: Db,
  pair: string,
  side: SideName,
  how: { readonly limit: number; readonly exclude: readonly string[] },
): Promise<Map<string, IntentRow[]>> {
  const found = await rows<IntentColumns>(
    db,
    sql`select ${INTENT_COLUMNS} from udesk_sync.intent
        where pair = ${pair} and side = ${side} and witness = 'due' and remote_id in (
          select remote_id from udesk_sync.intent
          where pair = ${pair} and side = ${side} and witness = 'due'
            and not (remote_id = any(${textArray(how.exclude)}))
          group by remote_id order by min(id) limit ${how.limit})
        order by sent_at, id`,
  );
  const byRecord = new Map<string, IntentRow[]>();
  for (const intent of found.map(toIntent)) {
    const id = intent.remoteId ?? '';
    byRecord.set(id, [...(byRecord.get(id) ?? []), intent]);
  }
  return byRecord;
}

/** Other writes of ours to this record that were sent after that one: their change records are ours, too. */
export async function laterWrites(db: Db, intent: IntentRow): Promise<IntentRow[]> {
  const found = await rows<IntentColumns>(
    db,
    sql`select ${INTENT_COLUMNS} from udesk_sync.intent
        where pair = ${intent.pair} and link_id = ${intent.linkId}::bigint and side = ${intent.side} and remote_id = ${intent.remoteId}
          and id > ${intent.id}::bigint and sent_at is not null and op = 'update'
        order by sent_at, id limit 50`,
  );
  return found.map(toIntent);
}

/**
 * Of these change records, those that were known before then: `kind:id`. So is what is older than the history that is kept:
 * it is not on record, and was there long before. What was first seen in the very millisecond was seen before it: a call lies
 * between a look at the pre-image and the next reading of a history.
 * @param beforeRun what an earlier run than this one saw is known, too, whatever our clock said then
 * @returns by `kind:id`, what tells so
 */
export async function knownBefore(
  db: Db,
  pair: string,
  items: readonly { readonly kind: string; readonly id: string; readonly at: string | null }[],
  before: string,
  beforeRun: string | null = null,
): Promise<Map<string, 'run' | 'time'>> {
  if (items.length === 0) return new Map();
  const found = await rows<{ key: string; by: 'run' | 'time' }>(
    db,
    sql`select s.k || ':' || s.i as key, case when f.first_seen_run_id < ${beforeRun}::bigint then 'run' else 'time' end as by
        from jsonb_to_recordset(${jsonParam(items.map(({ kind, id, at }) => ({ k: kind, i: id, t: at })))})
          as s(k text, i text, t timestamptz)
        left join udesk_sync.feed f on f.pair = ${pair} and f.kind = s.k and f.feed_id = s.i and f.kept_at = coalesce(s.t, 'infinity')
        where s.t < (select kept_since from udesk_sync.retention where kind = 'feed')
          or case when f.first_seen_run_id <> ${beforeRun}::bigint then f.first_seen_run_id < ${beforeRun}::bigint
            else f.first_seen_at <= ${before}::timestamptz end`,
  );
  return new Map(found.map(({ key, by }) => [key, by]));
}

/** @returns false when somebody else has witnessed the write already. */
export async function saveWitness(
  db: Db,
  { pair, id }: Pick<IntentRow, 'pair' | 'id'>,
  state: Exclude<WitnessState, 'due' | 'none'>,
  reason: string | null,
): Promise<boolean> {
  const saved = await rows(
    db,
    sql`update udesk_sync.intent set witness = ${state}, witness_reason = ${reason}
        where pair = ${pair} and id = ${id}::bigint and witness = 'due' returning 1`,
  );
  return saved.length > 0;
}

export interface OverwrittenRow {
  readonly linkId: string;
  readonly field: string;
  readonly base: FieldBase | null;
  readonly udesk: Value | null;
  readonly crm: Value | null;
  readonly reason: string;
  readonly foreign: Overwritten;
}

/**
 * Keeps an overwritten edit in the active row of its field, or opens one. An open row stays what it is; a decision that
 * was made without knowing this is void, as after any other edit (P3).
 */
export async function keepOverwritten(db: Db, pair: string, row: OverwrittenRow, at: Date): Promise<void> {
  const now = sql`${at.toISOString()}::timestamptz`;
  await db.execute(
    sql`insert into udesk_sync.conflict as t
          (pair, link_id, field, kind, state, base, udesk, crm, reason, overwritten, opened_at, changed_at)
        values (${pair}, ${row.linkId}::bigint, ${row.field}, 'overwritten-in-window', 'open',
          nullif(${jsonParam(row.base)}, 'null'::jsonb), ${jsonParam(row.udesk)}, ${jsonParam(row.crm)}, ${row.reason},
          ${jsonParam([row.foreign])}, ${now}, ${now})
        on conflict (pair, link_id, field) where state in ('open', 'resolving') do update set
          overwritten = t.overwritten || excluded.overwritten, changed_at = excluded.changed_at,
          state = 'open', decision_id = null, resolved_by = null, unclassified = true,
          undone = t.undone or t.kind = 'reverted',
          kind = case when t.state = 'open' then t.kind else excluded.kind end,
          base = case when t.state = 'open' then t.base else excluded.base end,
          udesk = case when t.state = 'open' then t.udesk else excluded.udesk end,
          crm = case when t.state = 'open' then t.crm else excluded.crm end,
          reason = case when t.state = 'open' then t.reason || '; ' || excluded.reason else excluded.reason end`,
  );
  await fileConflicts(db, pair, [row.linkId]);
}

export interface WitnessCounts {
  readonly due: number;
  /** Of the last 200 writes that were witnessed, or could have been. */
  readonly clean: number;
  readonly overwritten: number;
  readonly unclear: number;
  readonly none: number;
}

/** How well the writes of the pair can be witnessed. */
export async function countWitnesses(db: Db, pair: string): Promise<WitnessCounts> {
  const found = await rows<{ witness: WitnessState; n: string }>(
    db,
    sql`(select witness, count(*)::text as n from (
           select witness from udesk_sync.intent
           where pair = ${pair} and witness is not null and witness <> 'due' order by id desc limit 200) latest
         group by witness)
        union all
        (select 'due', count(*)::text from udesk_sync.intent where pair = ${pair} and witness = 'due')`,
  );
  const count = (state: WitnessState) => Number(found.find(({ witness }) => witness === state)?.n ?? 0);
  return {
    due: count('due'),
    clean: count('clean'),
    overwritten: count('overwritten'),
    unclear: count('unclear'),
    none: count('none'),
  };
}
