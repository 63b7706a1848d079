/**
 * What we wrote of late: per link, to see whether somebody keeps undoing it (src/core/tug-of-war.ts); per record, to know
 * it again when it comes back (src/core/own-echo.ts). The settled intents are the ledger, so it outlives the process.
 */
import { sql } from 'drizzle-orm';
import type { OwnEntry } from '../core/own-echo.ts';
import type { Patch, SideName } from '../core/record.ts';
import type { OwnWrite } from '../core/tug-of-war.ts';
import type { Value } from '../core/value.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

/**
 * Of fields that may be fought over, our writes among the last `atMost` settled updates of each link, oldest first: those of
 * which `atLeast` to one side were followed by something else than they left (none follows the last one here: the planner
 * compares it with what the side holds). A field whose tug-of-war a person ended starts anew then.
 *
 * Whether an answer came soon: somebody else's change of the field was seen on that side within `soonMs`, or with at most one
 * reading of the whole side come to its end in between (one that was under way may have passed the record before our write).
 * @param how `since`: what was settled after it is recent
 */
export async function recentWrites(
  db: Db,
  pair: string,
  linkIds: readonly string[],
  how: {
    readonly since: Date;
    readonly soonMs: number;
    readonly atLeast: number;
    readonly atMost: number;
  },
): Promise<Map<string, OwnWrite[]>> {
  const byLink = new Map<string, OwnWrite[]>();
  if (linkIds.length === 0) return byLink;
  const found = await rows<{
    link_id: string;
    side: SideName;
    field: string;
    before: string;
    after: string;
    held: string;
    recent: boolean;
    soon: boolean;
  }>(
    db,
    // Nearly every field of nearly every link ends at `fought`, so that the looks of a few are counted.
    sql`with own as (
          select id, link_id, side, remote_id, patch, result, settled_at, count(*) over (partition by link_id) as n,
            row_number() over (partition by link_id order by id desc) as nth
          from udesk_sync.intent
          where pair = ${pair} and link_id = any(${textArray(linkIds)}::bigint[]) and op = 'update' and state = 'settled'),
        written as (
          select r.id, r.link_id, r.side, r.remote_id, r.settled_at, w.key as name, w.value ->> 'field' as field,
            w.value -> 'before' as before, w.value -> 'after' as after,
            coalesce(r.result -> (w.value ->> 'field'), w.value -> 'after') as held,
            lead(w.value -> 'before') over (partition by r.link_id, r.side, w.key order by r.id) as next
          from own r cross join lateral jsonb_each(r.patch) w
          where r.n >= ${how.atLeast} and r.nth <= ${how.atMost} and not exists (
            select 1 from udesk_sync.conflict c
            where c.pair = ${pair} and c.link_id = r.link_id and c.kind = 'tug-of-war' and c.field = w.value ->> 'field'
              -- Our clock may have been set back since: what carried the decision out came after what it ended.
              and (c.closed_at >= r.settled_at or c.closed_at is not null and exists (select 1 from udesk_sync.intent e
                where e.pair = ${pair} and e.link_id = r.link_id and e.id >= r.id and e.decisions ->> c.field = c.decision_id::text)))),
        fought as (
          select distinct link_id, field from (
            select link_id, side, field from written
            group by link_id, side, field having count(*) filter (where next is distinct from held) >= ${how.atLeast}) sides)
        select t.link_id, t.side, t.field, t.before::text as before, t.after::text as after, t.held::text as held,
          t.settled_at >= ${how.since.toISOString()}::timestamptz as recent,
          coalesce((
            select answer.at <= t.settled_at + ${how.soonMs} * interval '1 millisecond' or (
              select count(*) from (
                select 1 from udesk_sync.run u
                where u.pair = ${pair} and u.started_at >= t.settled_at and u.finished_at <= answer.at
                  and u.stats #>> array['observed', t.side, 'lane'] = 'full' limit 2) looks) < 2
            from (
              select o.at from udesk_sync.observation o
              where o.pair = ${pair} and o.side = t.side and o.remote_id = t.remote_id and o.at >= t.settled_at
                and o.lane <> 'write' and o.delta ? t.name order by o.id limit 1) answer), false) as soon
        from written t join fought using (link_id, field) order by t.id`,
  );
  for (const { link_id, before, after, held, ...rest } of found) {
    const write = {
      ...rest,
      before: fromJsonb<Value>(before),
      after: fromJsonb<Value>(after),
      held: fromJsonb<Value>(held),
    };
    byLink.set(link_id, [...(byLink.get(link_id) ?? []), write]);
  }
  return byLink;
}

/** By record: the fields of settled updates whose echo has not come yet, oldest first. */
export async function awaitedEchoes(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
  since: Date,
): Promise<Map<string, OwnEntry[]>> {
  const byRecord = new Map<string, OwnEntry[]>();
  if (ids.length === 0) return byRecord;
  const found = await rows<{
    id: string;
    remote_id: string;
    patch: string;
    result: string;
    echoed: string[];
  }>(
    db,
    sql`select id, remote_id, patch::text as patch, result::text as result, echoed
        from udesk_sync.intent
        where state = 'settled' and settled_at >= ${since.toISOString()}::timestamptz
          and pair = ${pair} and side = ${side} and op = 'update' and result is not null
          and remote_id = any(${textArray(ids)})
        order by id`,
  );
  for (const { id, remote_id, patch, result, echoed } of found) {
    const held = fromJsonb<Record<string, Value>>(result);
    const entries = Object.entries(fromJsonb<Patch>(patch))
      .filter(([name]) => !echoed.includes(name))
      .map(([name, write]): OwnEntry => {
        return { intentId: id, field: name, before: write.before, held: held[write.field] ?? write.after };
      });
    byRecord.set(remote_id, [...(byRecord.get(remote_id) ?? []), ...entries]);
  }
  return byRecord;
}

/** Each field of a write stands for one change: the next one like it is somebody else's. */
export async function saveEchoes(db: Db, pair: string, entries: readonly OwnEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const payload = entries.map(({ intentId, field }) => ({ i: intentId, f: field }));
  await db.execute(
    sql`update udesk_sync.intent t set echoed = t.echoed || came.fields
        from (select s.i::bigint as id, array_agg(distinct s.f) as fields
              from jsonb_to_recordset(${jsonParam(payload)}) as s(i text, f text) group by s.i) came
        where t.pair = ${pair} and t.id = came.id`,
  );
}
