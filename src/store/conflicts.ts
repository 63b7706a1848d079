import { sql } from 'drizzle-orm';
import type { EditAuthor } from '../core/edit-author.ts';
import type { ActiveConflict, ConflictChange, ConflictKind, FieldBase, Take } from '../core/link.ts';
import type { Value } from '../core/value.ts';
import type { Overwritten } from '../core/witness-records.ts';
import { fileConflicts } from './conflict-search.ts';
import { type CareFilter, ofCare } from './inbox-filter.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

export type ConflictState = 'open' | 'resolving' | 'resolved' | 'converged';

/** A conflict as people review it. Times are ISO 8601 UTC text. */
export interface ConflictRow {
  readonly id: string;
  readonly pair: string;
  readonly linkId: string;
  readonly udeskId: string | null;
  readonly crmId: string | null;
  readonly field: string;
  readonly kind: ConflictKind;
  readonly state: ConflictState;
  readonly base: FieldBase | null;
  readonly udesk: Value | null;
  readonly crm: Value | null;
  /** When each side's value was changed as far as that is known, else first seen. */
  readonly udeskAt: string | null;
  readonly crmAt: string | null;
  readonly reason: string;
  /** Edits that a write of ours replaced unseen, oldest first. */
  readonly overwritten: readonly Overwritten[];
  readonly resolvedBy: string | null;
  /** Who made the edit of the CRM, as far as the CRM told. */
  readonly crmAuthor: EditAuthor | null;
  /** Udesk's id of the customer's owner. */
  readonly owner: string | null;
  /** Who shall decide it. */
  readonly assignee: string | null;
  readonly openedAt: string;
  /** Moves with every change of the row: what a reviewer saw is what the row was at that time. */
  readonly changedAt: string;
  readonly closedAt: string | null;
}

export type ConflictRecord = {
  id: string;
  pair: string;
  link_id: string;
  udesk_id: string | null;
  crm_id: string | null;
  field: string;
  kind: ConflictKind;
  state: ConflictState;
  base: string | null;
  udesk: string | null;
  crm: string | null;
  udesk_at: string | null;
  crm_at: string | null;
  reason: string;
  overwritten: string;
  resolved_by: string | null;
  crm_author: string | null;
  owner: string | null;
  assignee: string | null;
  opened_at: string;
  changed_at: string;
  closed_at: string | null;
};

const ISO = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
/** Of the conflict `c` and its link `l`. */
export const CONFLICT_COLUMNS = sql`c.id, c.pair, c.link_id, l.udesk_id, l.crm_id, c.field, c.kind, c.state,
  c.base::text as base, c.udesk::text as udesk, c.crm::text as crm, c.udesk_at, c.crm_at, c.reason,
  c.overwritten::text as overwritten, c.resolved_by, c.crm_author::text as crm_author, c.owner, c.assignee,
  to_char(c.opened_at at time zone 'UTC', ${ISO}) as opened_at,
  to_char(c.changed_at at time zone 'UTC', ${ISO}) as changed_at, to_char(c.closed_at at time zone 'UTC', ${ISO}) as closed_at`;

function optional<T>(stored: string | null): T | null {
  return stored === null ? null : fromJsonb<T>(stored);
}

export function toConflict(row: ConflictRecord): ConflictRow {
  return {
    id: row.id,
    pair: row.pair,
    linkId: row.link_id,
    udeskId: row.udesk_id,
    crmId: row.crm_id,
    field: row.field,
    kind: row.kind,
    state: row.state,
    base: optional(row.base),
    udesk: optional(row.udesk),
    crm: optional(row.crm),
    udeskAt: row.udesk_at,
    crmAt: row.crm_at,
    reason: row.reason,
    overwritten: fromJsonb(row.overwritten),
    resolvedBy: row.resolved_by,
    crmAuthor: optional(row.crm_author),
    owner: row.owner,
    assignee: row.assignee,
    openedAt: row.opened_at,
    changedAt: row.changed_at,
    closedAt: row.closed_at,
  };
}

/** The active conflicts of these links, with the decision that has not taken effect yet. */
export async function activeConflicts(
  db: Db,
  pair: string,
  linkIds: readonly string[],
): Promise<Map<string, ActiveConflict[]>> {
  const byLink = new Map<string, ActiveConflict[]>();
  if (linkIds.length === 0) return byLink;
  const found = await rows<
    ConflictRecord & {
      decision_id: string | null;
      take: Take | null;
      value: string | null;
      by_rule: boolean;
      undone: boolean;
    }
  >(
    db,
    sql`select ${CONFLICT_COLUMNS}, c.undone, c.decision_id, d.take, d.value::text as value, d.rule_id is not null as by_rule
        from udesk_sync.conflict c join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id
        left join udesk_sync.decision d on d.pair = c.pair and d.id = c.decision_id
        where c.pair = ${pair} and c.link_id = any(${textArray(linkIds)}::bigint[]) and c.state in ('open', 'resolving')
        order by c.link_id, c.id`,
  );
  for (const row of found) {
    const conflict = toConflict(row);
    const active: ActiveConflict = {
      id: conflict.id,
      field: conflict.field,
      kind: conflict.kind,
      base: conflict.base,
      udesk: conflict.udesk,
      crm: conflict.crm,
      overwritten: conflict.overwritten,
      undone: row.undone,
      underWay: conflict.state === 'resolving' && row.decision_id === null,
      decision:
        row.decision_id === null || row.take === null
          ? null
          : { id: row.decision_id, take: row.take, value: optional(row.value), byRule: row.by_rule },
    };
    byLink.set(conflict.linkId, [...(byLink.get(conflict.linkId) ?? []), active]);
  }
  return byLink;
}

export interface ConflictWrite {
  readonly linkId: string;
  readonly change: Exclude<ConflictChange, { action: 'close' }>;
  readonly udeskAt: string | null;
  readonly crmAt: string | null;
}

/** Opens or updates the one active row of each link and field, in the transaction that explains it (promise P3). */
export async function writeConflicts(
  db: Db,
  pair: string,
  writes: readonly ConflictWrite[],
  at: Date,
): Promise<void> {
  if (writes.length === 0) return;
  const payload = writes.map(({ linkId, change, udeskAt, crmAt }) => {
    const decided = change.action === 'decided';
    return {
      l: linkId,
      f: change.field,
      k: change.kind,
      s: decided ? 'resolving' : 'open',
      b: change.base,
      u: change.udesk,
      c: change.crm,
      ua: udeskAt,
      ca: crmAt,
      r: change.reason,
      by: decided ? change.by : null,
      re: change.reopened === true,
      un: change.action === 'hold' && change.undone === true,
      ow: change.action === 'hold' ? (change.overwritten ?? []) : [],
    };
  });
  const now = sql`${at.toISOString()}::timestamptz`;
  await closeVoid(db, pair, writes, at);
  await db.execute(
    sql`insert into udesk_sync.conflict as t
          (pair, link_id, field, kind, state, base, udesk, crm, udesk_at, crm_at, reason, undone, overwritten, resolved_by, opened_at, changed_at, closed_at, assignee)
        select ${pair}, s.l::bigint, s.f, s.k, s.s, nullif(s.b, 'null'::jsonb), s.u, s.c, s.ua, s.ca, s.r, s.un, s.ow, s.by,
          ${now}, ${now}, null,
          -- Whoever had the row that became void has the one that takes its place.
          case when s.re then (select o.assignee from udesk_sync.conflict o
            where o.pair = ${pair} and o.link_id = s.l::bigint and o.field = s.f and o.closed_at = ${now} order by o.id desc limit 1) end
        from jsonb_to_recordset(${jsonParam(payload)})
          as s(l text, f text, k text, s text, b jsonb, u jsonb, c jsonb, ua text, ca text, r text, by text, re boolean, un boolean, ow jsonb)
        on conflict (pair, link_id, field) where state in ('open', 'resolving') do update set
          kind = excluded.kind, state = excluded.state, base = excluded.base, udesk = excluded.udesk, crm = excluded.crm,
          udesk_at = excluded.udesk_at, crm_at = excluded.crm_at, reason = excluded.reason,
          undone = t.undone or t.kind = 'reverted' or excluded.undone, unclassified = t.unclassified or excluded.state = 'open',
          resolved_by = case when excluded.resolved_by = 'person' then t.resolved_by else excluded.resolved_by end, changed_at = excluded.changed_at,
          decision_id = case when excluded.state = 'open' then null else t.decision_id end`,
  );
  await fileConflicts(
    db,
    pair,
    writes.map(({ linkId }) => linkId),
  );
  const done = writes.filter(({ change }) => change.action === 'decided' && change.done);
  await closeConflicts(
    db,
    pair,
    done.map(({ linkId, change }) => ({ linkId, field: change.field, outcome: 'resolved' as const })),
    at,
  );
}

/**
 * A row whose decision became void ends as the person saw it, with the values that the decision may already have
 * replaced on a side (P2); what both sides hold now is a row of its own.
 */
async function closeVoid(db: Db, pair: string, writes: readonly ConflictWrite[], at: Date): Promise<void> {
  const reopened = writes.flatMap(({ linkId, change }) =>
    change.reopened === true ? [{ l: linkId, f: change.field, r: change.reason }] : [],
  );
  if (reopened.length === 0) return;
  await db.execute(
    sql`update udesk_sync.conflict c set state = 'resolved', reason = s.r, person_take = null,
          changed_at = ${at.toISOString()}::timestamptz, closed_at = ${at.toISOString()}::timestamptz
        from jsonb_to_recordset(${jsonParam(reopened)}) as s(l text, f text, r text)
        where c.pair = ${pair} and c.link_id = s.l::bigint and c.field = s.f and c.state = 'resolving'`,
  );
}

export async function closeConflicts(
  db: Db,
  pair: string,
  closes: readonly { linkId: string; field: string; outcome: 'converged' | 'resolved' }[],
  at: Date,
): Promise<void> {
  if (closes.length === 0) return;
  await db.execute(
    sql`update udesk_sync.conflict c set state = s.o, changed_at = ${at.toISOString()}::timestamptz,
          closed_at = ${at.toISOString()}::timestamptz
        from jsonb_to_recordset(${jsonParam(closes.map((c) => ({ l: c.linkId, f: c.field, o: c.outcome })))})
          as s(l text, f text, o text)
        where c.pair = ${pair} and c.link_id = s.l::bigint and c.field = s.f and c.state in ('open', 'resolving')`,
  );
}

/**
 * Closes the decided conflicts of fields that both sides were seen to hold after our write: those that a policy decided,
 * and those of the very decision that the write carried out. A choice made meanwhile stays to be carried out (P3).
 */
export async function settleConflicts(
  db: Db,
  pair: string,
  linkId: string,
  fields: readonly string[],
  decisions: Readonly<Record<string, string>>,
  at: Date,
): Promise<void> {
  if (fields.length === 0) return;
  const settled = fields.map((field) => ({ f: field, d: decisions[field] ?? null }));
  await db.execute(
    sql`update udesk_sync.conflict c set state = 'resolved', changed_at = ${at.toISOString()}::timestamptz,
          closed_at = ${at.toISOString()}::timestamptz
        from jsonb_to_recordset(${jsonParam(settled)}) as s(f text, d text)
        where c.pair = ${pair} and c.link_id = ${linkId}::bigint and c.state = 'resolving' and c.field = s.f
          and c.decision_id is not distinct from s.d::bigint`,
  );
}

export interface ConflictFilter extends CareFilter {
  readonly pair?: string;
  readonly field?: string;
  readonly kind?: string;
  readonly states?: readonly ConflictState[];
  readonly afterId?: string;
  readonly limit: number;
}

export async function listConflicts(db: Db, filter: ConflictFilter): Promise<ConflictRow[]> {
  const found = await rows<ConflictRecord>(
    db,
    sql`select ${CONFLICT_COLUMNS} from udesk_sync.conflict c join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id
        where c.id > ${filter.afterId ?? '0'}::bigint
          and (${filter.pair ?? null}::text is null or c.pair = ${filter.pair ?? null}::text)
          and (${filter.field ?? null}::text is null or c.field = ${filter.field ?? null}::text)
          and (${filter.kind ?? null}::text is null or c.kind = ${filter.kind ?? null}::text)
          and ${ofCare(filter)}
          and c.state = any(${textArray(filter.states ?? ['open', 'resolving'])})
        order by c.id limit ${filter.limit}`,
  );
  return found.map(toConflict);
}

/** Of any pair: people name a conflict by its id alone. */
export async function loadConflict(db: Db, id: string): Promise<ConflictRow | null> {
  const [row] = await rows<ConflictRecord>(
    db,
    sql`select ${CONFLICT_COLUMNS} from udesk_sync.conflict c join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id where c.id = ${id}::bigint`,
  );
  return row === undefined ? null : toConflict(row);
}

/** How many were decided and are being carried out. */
export async function countResolving(db: Db, pairs: readonly string[]): Promise<number> {
  const [row] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.conflict where pair = any(${textArray(pairs)}) and state = 'resolving'`,
  );
  return Number(row?.n ?? 0);
}

export async function countConflicts(db: Db, pair: string): Promise<{ open: number; resolving: number }> {
  const found = await rows<{ state: string; n: string }>(
    db,
    sql`select state, count(*) as n from udesk_sync.conflict
        where pair = ${pair} and state in ('open', 'resolving') group by state`,
  );
  const count = (state: string) => Number(found.find((row) => row.state === state)?.n ?? 0);
  return { open: count('open'), resolving: count('resolving') };
}

/** What waits for a person: open conflicts, and what was set aside. */
export async function countForPeople(
  db: Db,
  pair: string,
): Promise<{ openConflicts: number; parked: number }> {
  const [row] = await rows<{ conflicts: string; parked: string }>(
    db,
    sql`select (select count(*) from udesk_sync.conflict where pair = ${pair} and state = 'open') as conflicts,
          (select count(*) from udesk_sync.parked where pair = ${pair} and state = 'parked') as parked`,
  );
  return { openConflicts: Number(row?.conflicts ?? 0), parked: Number(row?.parked ?? 0) };
}
