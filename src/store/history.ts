/** What is kept of one customer over time: read for `explain`, and to prove that nothing is without an origin (P12). */
import { sql } from 'drizzle-orm';
import type {
  CustomerHistory,
  HistoryChange,
  HistoryConflict,
  HistoryDecision,
  HistoryIntent,
  HistoryLink,
  HistoryObservation,
  HistoryRecord,
  HistoryRevert,
} from '../core/history.ts';
import type { FieldBase } from '../core/link.ts';
import { idOn, otherSide, SIDES, type SideName } from '../core/record.ts';
import { fromJsonb } from './jsonb.ts';
import { keptSince } from './retention.ts';
import { type Db, isoText, rows, textArray } from './tx.ts';

/** Null when this record was never seen. */
export async function loadHistory(
  db: Db,
  pair: string,
  side: SideName,
  id: string,
): Promise<CustomerHistory | null> {
  const [asked] = await loadRecords(db, pair, side, [id]);
  if (asked === undefined) return null;
  const links = await linksOf(db, pair, side, id);
  const held = links.filter(({ state }) => state !== 'rejected');
  const isAlone = asked.state === 'live' && held.length > 0 && held.every((one) => idOn(one, side) !== id);
  const link = isAlone ? undefined : links[0];
  const ids = { [side]: [id], [otherSide(side)]: [] } as unknown as Record<SideName, string[]>;
  // The link that counts comes first, and so do its records; what an earlier one wrote is part of the story.
  for (const each of SIDES) {
    const ever = links.flatMap((one) => idOn(one, each) ?? []);
    const replaced = links.flatMap((one) => replacedBy(one, each));
    const own = ids[each];
    ids[each] = [...new Set([...(isAlone ? own : []), ...ever, ...own, ...replaced])];
  }
  const records = {
    udesk: await loadRecords(db, pair, 'udesk', ids.udesk),
    crm: await loadRecords(db, pair, 'crm', ids.crm),
  };
  const linkIds = links.map((each) => each.id);
  return {
    link: link === undefined ? null : withoutBases(link),
    bases: link?.bases ?? {},
    records,
    joined: Object.fromEntries(
      links.map((one) => [one.id, { udesk: recordsOf(one, 'udesk'), crm: recordsOf(one, 'crm') }]),
    ),
    ...(isAlone ? { alone: side } : {}),
    observations: (await Promise.all(SIDES.map((each) => loadObservations(db, pair, each, ids[each]))))
      .flat()
      .sort((a, b) => Number(a.id) - Number(b.id)),
    intents: (await loadIntents(db, pair, linkIds)).map((intent) => withMade(intent, links)),
    conflicts: await loadConflicts(db, pair, linkIds),
    decisions: await loadDecisions(db, pair, linkIds),
    reverts: await loadReverts(db, pair, linkIds),
    changes: await loadChanges(db, pair, ids.udesk),
    keptSince: (await keptSince(db)).observation.keptSince,
  };
}

/** A create, with the record that it made: its link tells, unless that went over to another record of that side since. */
function withMade(intent: HistoryIntent, links: readonly LinkWithBases[]): HistoryIntent {
  const { op, state, side, linkId } = intent;
  const link = op === 'create' && state === 'settled' ? links.find(({ id }) => id === linkId) : undefined;
  if (link === undefined || replacedBy(link, side).length > 0) return intent;
  return { ...intent, recordId: idOn(link, side) };
}

type LinkWithBases = HistoryLink & { readonly bases: Record<string, FieldBase> };

function withoutBases({ bases: _bases, ...link }: LinkWithBases): HistoryLink {
  return link;
}

/**
 * Links that hold or held this record, the one that counts first: one that holds it now, at best a live one; then the youngest. A question that
 * was answered with no comes last: it never held anybody.
 */
async function linksOf(db: Db, pair: string, side: SideName, id: string): Promise<LinkWithBases[]> {
  const column = side === 'udesk' ? sql`l.udesk_id` : sql`l.crm_id`;
  // As the index `link_moved` has it: most links never moved.
  const moved = sql`jsonb_path_exists(l.evidence, '$[*].from')
    and l.evidence @> jsonb_build_array(jsonb_build_object('side', ${side}::text, 'from', ${id}::text))`;
  const found = await rows<{
    id: string;
    udesk_id: string | null;
    crm_id: string | null;
    state: string;
    decided_by: string;
    reason: string | null;
    evidence: string;
    bases: string;
    created_at: string;
  }>(
    db,
    sql`select l.id, l.udesk_id, l.crm_id, l.state, l.decided_by, l.reason, l.evidence::text as evidence, l.bases::text as bases,
          ${isoText(sql`l.created_at`)} as created_at
        from udesk_sync.link l
        where l.pair = ${pair} and l.state <> 'candidate' and l.id in (
          select l.id from udesk_sync.link l where l.pair = ${pair} and ${column} = ${id}
          union select l.id from udesk_sync.link l where l.pair = ${pair} and ${moved})
        order by l.state = 'rejected', ${column} is distinct from ${id}, l.state <> 'confirmed', l.id desc`,
  );
  return found.map((row) => ({
    id: row.id,
    udeskId: row.udesk_id,
    crmId: row.crm_id,
    state: row.state,
    decidedBy: row.decided_by,
    reason: row.reason,
    evidence: fromJsonb(row.evidence),
    bases: fromJsonb(row.bases),
    createdAt: row.created_at,
  }));
}

/** The record that this link joins, and those whose place it took. */
function recordsOf(link: HistoryLink, side: SideName): string[] {
  const id = idOn(link, side);
  return [...(id === null ? [] : [id]), ...replacedBy(link, side)];
}

/** Records whose place the linked one took: merged into it, or deleted and created anew. */
function replacedBy(link: HistoryLink, side: SideName): string[] {
  return (link.evidence as { kind?: unknown; side?: unknown; from?: unknown }[]).flatMap((note) =>
    (note.kind === 'merged' || note.kind === 'recreated') &&
    note.side === side &&
    typeof note.from === 'string'
      ? [note.from]
      : [],
  );
}

async function loadRecords(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<HistoryRecord[]> {
  const found = await rows<{
    id: string;
    state: 'live' | 'deleted';
    fields: string;
    first_seen_at: string;
    first_seen_run_id: string | null;
    obs_seq: string;
  }>(
    db,
    sql`select remote_id as id, state, fields::text as fields, ${isoText(sql`first_seen_at`)} as first_seen_at, first_seen_run_id, obs_seq
        from udesk_sync.record where pair = ${pair} and side = ${side} and remote_id = any(${textArray(ids)})`,
  );
  const byId = new Map(found.map((row) => [row.id, row]));
  return ids.flatMap((id): HistoryRecord[] => {
    const row = byId.get(id);
    if (row === undefined) return [];
    return [
      {
        id,
        state: row.state,
        fields: fromJsonb(row.fields),
        firstSeenAt: row.first_seen_at,
        firstSeenRunId: row.first_seen_run_id,
        sights: Number(row.obs_seq),
      },
    ];
  });
}

async function loadObservations(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<HistoryObservation[]> {
  const found = await rows<{
    id: string;
    record_id: string;
    delta: string;
    lane: string;
    run_id: string | null;
    at: string;
    author: string | null;
  }>(
    db,
    sql`select o.id, o.remote_id as record_id, o.delta::text as delta, o.lane, o.run_id, ${isoText(sql`o.at`)} as at,
          o.author::text as author
        from udesk_sync.observation o
        where o.pair = ${pair} and o.side = ${side} and o.remote_id = any(${textArray(ids)}) order by o.id`,
  );
  return found.map((row) => ({
    id: row.id,
    side,
    recordId: row.record_id,
    delta: fromJsonb(row.delta),
    lane: row.lane,
    runId: row.run_id,
    at: row.at,
    author: optional(row.author),
  }));
}

async function loadIntents(db: Db, pair: string, linkIds: readonly string[]): Promise<HistoryIntent[]> {
  const found = await rows<{
    id: string;
    link_id: string;
    run_id: string;
    side: SideName;
    op: HistoryIntent['op'];
    record_id: string | null;
    patch: string;
    reasons: string;
    source: string;
    halves: string;
    decisions: string;
    state: string;
    result: string | null;
    error: string | null;
    created_at: string;
    sent_at: string | null;
    sent_run_id: string | null;
    settled_at: string | null;
  }>(
    db,
    sql`select id, link_id, run_id, side, op, remote_id as record_id, patch::text as patch, reasons::text as reasons,
          source::text as source, halves::text as halves, decisions::text as decisions, state, result::text as result, error,
          ${isoText(sql`created_at`)} as created_at, ${isoText(sql`sent_at`)} as sent_at, sent_run_id,
          ${isoText(sql`settled_at`)} as settled_at
        from udesk_sync.intent where pair = ${pair} and link_id = any(${textArray(linkIds)}::bigint[]) order by id`,
  );
  return found.map((row) => ({
    id: row.id,
    linkId: row.link_id,
    runId: row.run_id,
    side: row.side,
    op: row.op,
    recordId: row.record_id,
    patch: fromJsonb(row.patch),
    reasons: fromJsonb(row.reasons),
    source: fromJsonb(row.source),
    halves: fromJsonb(row.halves),
    decisions: fromJsonb(row.decisions),
    state: row.state,
    result: row.result === null ? null : fromJsonb(row.result),
    error: row.error,
    createdAt: row.created_at,
    sentAt: row.sent_at,
    sentRunId: row.sent_run_id,
    settledAt: row.settled_at,
  }));
}

async function loadConflicts(db: Db, pair: string, linkIds: readonly string[]): Promise<HistoryConflict[]> {
  const found = await rows<{
    id: string;
    field: string;
    kind: string;
    state: string;
    base: string | null;
    udesk: string | null;
    crm: string | null;
    reason: string;
    resolved_by: string | null;
    opened_at: string;
    closed_at: string | null;
  }>(
    db,
    sql`select id, field, kind, state, base::text as base, udesk::text as udesk, crm::text as crm, reason, resolved_by,
          ${isoText(sql`opened_at`)} as opened_at, ${isoText(sql`closed_at`)} as closed_at
        from udesk_sync.conflict where pair = ${pair} and link_id = any(${textArray(linkIds)}::bigint[]) order by id`,
  );
  return found.map((row) => ({
    id: row.id,
    field: row.field,
    kind: row.kind,
    state: row.state,
    base: optional(row.base),
    udesk: optional(row.udesk),
    crm: optional(row.crm),
    reason: row.reason,
    resolvedBy: row.resolved_by,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
  }));
}

async function loadDecisions(db: Db, pair: string, linkIds: readonly string[]): Promise<HistoryDecision[]> {
  const found = await rows<{
    id: string;
    conflict_id: string;
    field: string;
    who: string;
    take: string;
    value: string | null;
    at: string;
  }>(
    db,
    sql`select d.id, d.conflict_id, c.field, d.who, d.take, d.value::text as value, ${isoText(sql`d.at`)} as at
        from udesk_sync.conflict c join udesk_sync.decision d on d.pair = c.pair and d.conflict_id = c.id
        where c.pair = ${pair} and c.link_id = any(${textArray(linkIds)}::bigint[]) order by d.id`,
  );
  return found.map((row) => ({
    id: row.id,
    conflictId: row.conflict_id,
    field: row.field,
    who: row.who,
    take: row.take,
    value: optional(row.value),
    at: row.at,
  }));
}

async function loadReverts(db: Db, pair: string, linkIds: readonly string[]): Promise<HistoryRevert[]> {
  const found = await rows<{
    id: string;
    revert_id: string;
    field: string;
    who: string;
    state: string;
    reason: string | null;
    at: string;
    closed_at: string | null;
  }>(
    db,
    sql`select f.id, f.revert_id, f.field, r.who, f.state, f.reason, ${isoText(sql`r.at`)} as at, ${isoText(sql`f.closed_at`)} as closed_at
        from udesk_sync.revert_field f join udesk_sync.revert r on r.pair = f.pair and r.id = f.revert_id
        where f.pair = ${pair} and f.link_id = any(${textArray(linkIds)}::bigint[]) order by f.id`,
  );
  return found.map(({ revert_id, closed_at, ...row }) => ({
    ...row,
    revertId: revert_id,
    closedAt: closed_at,
  }));
}

async function loadChanges(db: Db, pair: string, ids: readonly string[]): Promise<HistoryChange[]> {
  return await rows<{ id: string; at: string | null; author: string | null; summary: string }>(
    db,
    sql`select feed_id as id, ${isoText(sql`at`)} as at, author_name as author, coalesce(data ->> 'summary', '') as summary
        from udesk_sync.feed
        where pair = ${pair} and udesk_id = any(${textArray(ids)}) and kind = 'Alteration'
        order by at nulls first, feed_id`,
  );
}

function optional<T>(stored: string | null): T | null {
  return stored === null ? null : fromJsonb<T>(stored);
}
