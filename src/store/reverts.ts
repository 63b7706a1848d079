/** What people want undone: recorded here, read by the planner, closed in the transaction that explains it. */
import { sql } from 'drizzle-orm';
import type { RevertChange, RevertedWrite, RevertRequest } from '../core/link.ts';
import { otherSide, type Patch, type SideName } from '../core/record.ts';
import type { Value } from '../core/value.ts';
import { fromJsonb } from './jsonb.ts';
import { lockOutCycle } from './lease.ts';
import { markReverted } from './rule-candidates.ts';
import type { RevertScope } from './schema/revert.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

/** A settled write of ours. */
export interface SettledIntent {
  readonly linkId: string;
  readonly side: SideName;
  readonly op: 'create' | 'update' | 'delete';
  /** The record that was written; the link may hold another one by now. */
  readonly recordId: string | null;
  readonly patch: Patch;
  /** By the pair's field name. */
  readonly result: Readonly<Record<string, Value>>;
}

type SettledRow = {
  link_id: string;
  side: SideName;
  op: SettledIntent['op'];
  remote_id: string | null;
  patch: string;
  result: string | null;
};

/** All settled writes of the scope, newest first per link. */
export async function settledIntents(db: Db, pair: string, scope: RevertScope): Promise<SettledIntent[]> {
  const found = await rows<SettledRow>(
    db,
    sql`select link_id, side, op, remote_id, patch::text as patch, result::text as result from udesk_sync.intent
        where pair = ${pair} and state = 'settled'
          and (${scope.link ?? null}::bigint is null or link_id = ${scope.link ?? null}::bigint)
          and (${scope.run ?? null}::bigint is null or run_id = ${scope.run ?? null}::bigint)
          and (${scope.since ?? null}::timestamptz is null or settled_at >= ${scope.since ?? null}::timestamptz)
        order by link_id, id desc`,
  );
  return found.map(settledIntent);
}

/** The settled writes that carried these decisions out, newest first. */
export async function settledForDecisions(
  db: Db,
  pair: string,
  decided: readonly { readonly linkId: string; readonly field: string; readonly decision: string }[],
): Promise<(SettledIntent & { readonly decision: string })[]> {
  if (decided.length === 0) return [];
  const payload = decided.map(({ linkId, field, decision }) => ({ l: linkId, f: field, d: decision }));
  const found = await rows<SettledRow & { decision: string }>(
    db,
    sql`select s.d as decision, i.link_id, i.side, i.op, i.remote_id, i.patch::text as patch, i.result::text as result
        from jsonb_to_recordset(${jsonParam(payload)}) as s(l text, f text, d text)
        join udesk_sync.intent i on i.pair = ${pair} and i.link_id = s.l::bigint and i.decisions ->> s.f = s.d
        where i.state = 'settled' order by i.id desc`,
  );
  return found.map((row) => ({ ...settledIntent(row), decision: row.decision }));
}

function settledIntent(row: SettledRow): SettledIntent {
  return {
    linkId: row.link_id,
    side: row.side,
    op: row.op,
    recordId: row.remote_id,
    patch: fromJsonb(row.patch),
    result: row.result === null ? {} : fromJsonb(row.result),
  };
}

/** The pair whose run this is; null: there is none. */
export async function pairOfRun(db: Db, runId: string): Promise<string | null> {
  const [row] = await rows<{ pair: string }>(
    db,
    sql`select pair from udesk_sync.run where id = ${runId}::bigint`,
  );
  return row?.pair ?? null;
}

export interface NewRevertField {
  readonly linkId: string;
  readonly field: string;
  readonly writes: Readonly<Partial<Record<SideName, readonly RevertedWrite[]>>>;
  readonly bothSides: boolean;
  /** Whom the link held when it was shown what would be undone; left out: whoever it holds. */
  readonly shown?: { readonly udesk: string | null; readonly crm: string | null };
}

/**
 * Records the wish; the next cycle carries it out. A field that an earlier wish still waits for is left to that one.
 * @returns how many fields were taken.
 */
export async function requestRevert(
  db: Db,
  wish: { readonly pair: string; readonly who: string; readonly scope: RevertScope; readonly at: Date },
  fields: readonly NewRevertField[],
): Promise<{ id: string; taken: number }> {
  return await db.transaction(async (tx) => {
    await lockOutCycle(tx, wish.pair);
    const [made] = await rows<{ id: string }>(
      tx,
      sql`insert into udesk_sync.revert (pair, who, scope, at)
          values (${wish.pair}, ${wish.who}, ${jsonParam(wish.scope)}, ${wish.at.toISOString()}::timestamptz) returning id`,
    );
    const id = made?.id ?? '';
    const payload = fields.map((one) => ({
      l: one.linkId,
      f: one.field,
      w: one.writes,
      b: one.bothSides,
      s: one.shown ?? null,
    }));
    const taken = await rows<{ link_id: string; field: string }>(
      tx,
      sql`insert into udesk_sync.revert_field (pair, revert_id, link_id, field, writes, both_sides, state)
          select ${wish.pair}, ${id}::bigint, s.l::bigint, s.f, s.w, s.b, 'waiting'
          from jsonb_to_recordset(${jsonParam(payload)}) as s(l text, f text, w jsonb, b boolean, s jsonb)
          join udesk_sync.link l on l.pair = ${wish.pair} and l.id = s.l::bigint
            and (l.state = 'confirmed' or l.state = 'broken' and l.decided_by = 'flag')
            and (coalesce(jsonb_typeof(s.s), 'null') = 'null' or l.udesk_id is not distinct from s.s ->> 'udesk' and l.crm_id is not distinct from s.s ->> 'crm')
          on conflict (pair, link_id, field) where state = 'waiting' do nothing returning link_id, field`,
    );
    await markReverted(
      tx,
      wish,
      taken.map(({ link_id, field }) => ({ linkId: link_id, field })),
    );
    await tx.execute(
      sql`update udesk_sync.link set dirty = true
          where pair = ${wish.pair} and id = any(${textArray([...new Set(taken.map((row) => row.link_id))])}::bigint[])`,
    );
    return { id, taken: taken.length };
  });
}

/** Wishes of these links that wait. */
export async function waitingReverts(
  db: Db,
  pair: string,
  linkIds: readonly string[],
): Promise<Map<string, RevertRequest[]>> {
  const byLink = new Map<string, RevertRequest[]>();
  if (linkIds.length === 0) return byLink;
  const found = await rows<{
    id: string;
    link_id: string;
    field: string;
    writes: string;
    both_sides: boolean;
    carried: SideName[];
    restored: string;
  }>(
    db,
    sql`select id, link_id, field, writes::text as writes, both_sides, carried, restored::text as restored from udesk_sync.revert_field
        where pair = ${pair} and link_id = any(${textArray(linkIds)}::bigint[]) and state = 'waiting' order by id`,
  );
  for (const row of found) {
    const request: RevertRequest = {
      id: row.id,
      field: row.field,
      writes: fromJsonb(row.writes),
      bothSides: row.both_sides,
      carried: row.carried,
      restored: fromJsonb(row.restored),
    };
    byLink.set(row.link_id, [...(byLink.get(row.link_id) ?? []), request]);
  }
  return byLink;
}

/** Of links that were just planned, those of which somebody asked for an undo that the plan does not know. */
export async function revertsSincePlanned(
  tx: Db,
  pair: string,
  planned: readonly { readonly id: string; readonly reverts: readonly string[] }[],
): Promise<Set<string>> {
  if (planned.length === 0) return new Set();
  const found = await rows<{ link_id: string }>(
    tx,
    sql`select distinct link_id from udesk_sync.revert_field
        where pair = ${pair} and link_id = any(${textArray(planned.map(({ id }) => id))}::bigint[]) and state = 'waiting'
          and not id = any(${textArray(planned.flatMap(({ reverts }) => reverts))}::bigint[])`,
  );
  return new Set(found.map((row) => row.link_id));
}

/**
 * These fields of this side were restored, in the transaction that settles the write.
 * @param restored by field, what the side was left with; a set that others may have edited on is not compared with it
 */
export async function markCarried(
  tx: Db,
  pair: string,
  linkId: string,
  side: SideName,
  restored: Readonly<Record<string, Value>>,
): Promise<void> {
  const payload = Object.entries(restored).map(([field, value]) => ({ f: field, v: value }));
  if (payload.length === 0) return;
  await tx.execute(
    sql`update udesk_sync.revert_field r set carried = array_append(r.carried, ${side}::text),
          restored = r.restored || jsonb_build_object(${side}::text, s.v)
        from jsonb_to_recordset(${jsonParam(payload)}) as s(f text, v jsonb)
        where r.pair = ${pair} and r.link_id = ${linkId}::bigint and r.state = 'waiting' and r.field = s.f
          and not (${side}::text = any(r.carried))`,
  );
}

/** Of a link that ended: what waits can never be carried out. */
export async function endReverts(tx: Db, pair: string, linkId: string, at: Date): Promise<void> {
  // P6: what one half left apart is asked about once the link is taken up again (`askAgain`), as if its row had been opened before.
  await tx.execute(
    sql`insert into udesk_sync.conflict
          (pair, link_id, field, kind, state, resolved_by, base, reason, undone, unclassified, opened_at, changed_at, closed_at)
        select f.pair, f.link_id, f.field, 'reverted', 'resolved', 'link ended', l.bases -> f.field,
          'what we wrote was undone on one side only, and the link ended', true, false,
          ${at.toISOString()}::timestamptz, ${at.toISOString()}::timestamptz, ${at.toISOString()}::timestamptz
        from udesk_sync.revert_field f join udesk_sync.link l on l.pair = f.pair and l.id = f.link_id
        where f.pair = ${pair} and f.link_id = ${linkId}::bigint and f.state = 'waiting' and f.carried <> '{}' and l.bases ? f.field
          and not exists (select 1 from udesk_sync.conflict c where c.pair = f.pair and c.link_id = f.link_id and c.field = f.field
            and c.state in ('open', 'resolving'))`,
  );
  await tx.execute(
    sql`update udesk_sync.revert_field set state = 'refused', reason = 'the link has ended', closed_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and link_id = ${linkId}::bigint and state = 'waiting'`,
  );
}

/**
 * P2: the link goes over to another record, which may hold by a person's hand what we had written to the one before, and nobody who
 * wanted that undone saw it. Of a wish that is half carried out, or half on its way, the rest is told (P6).
 */
export async function leaveReverts(
  tx: Db,
  pair: string,
  linkId: string,
  moved: {
    readonly side: SideName;
    readonly from: string;
    readonly how: 'merged' | 'recreated';
    readonly to: string;
  },
  at: Date,
): Promise<void> {
  const { side, from, how, to } = moved;
  const reason =
    how === 'merged'
      ? `${side} ${from} was merged into ${to} meanwhile: ask for it again`
      : `${side} ${from} was created anew as ${to} meanwhile: ask for it again`;
  const waiting = sql`f.pair = ${pair} and f.link_id = ${linkId}::bigint and f.state = 'waiting'`;
  const there = otherSide(side);
  const isOnItsWay = sql`exists (select 1 from udesk_sync.intent i where i.pair = f.pair and i.link_id = f.link_id and i.side = ${there}
    and i.state in ('pending', 'sending', 'unknown') and i.reasons ->> f.field = 'revert')`;
  await tx.execute(
    sql`update udesk_sync.revert_field f set state = 'refused', reason = ${reason}, closed_at = ${at.toISOString()}::timestamptz
        where ${waiting} and f.carried = '{}' and not ${isOnItsWay}`,
  );
  await tx.execute(
    sql`update udesk_sync.revert_field f set both_sides = false,
          writes = coalesce((select jsonb_object_agg(side, written) from jsonb_each(f.writes) as w(side, written)
            where side = any(f.carried) or side = ${there} and ${isOnItsWay}), '{}')
        where ${waiting}`,
  );
}

export async function closeReverts(
  tx: Db,
  pair: string,
  changes: readonly RevertChange[],
  at: Date,
): Promise<void> {
  if (changes.length === 0) return;
  const payload = changes.map(({ id, outcome, reason }) => ({ i: id, o: outcome, r: reason }));
  await tx.execute(
    sql`update udesk_sync.revert_field f set state = s.o, reason = s.r, closed_at = ${at.toISOString()}::timestamptz
        from jsonb_to_recordset(${jsonParam(payload)}) as s(i text, o text, r text)
        where f.pair = ${pair} and f.id = s.i::bigint and f.state = 'waiting'`,
  );
}
