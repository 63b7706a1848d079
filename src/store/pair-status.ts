/** How one pair stands, from our tables alone: neither side is asked, nothing is written. */
import { sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { type AccountChange, openAccountChanges } from './account-changes.ts';
import { type BackfillProgress, backfillProgress } from './backfill-progress.ts';
import { countConflicts } from './conflicts.ts';
import { driftOf, type FieldDrift, loadKnownFields } from './custom-fields.ts';
import { type GuardRow, waitingGuards } from './guards.ts';
import { countIntents } from './intents.ts';
import { keptWaiting } from './kept-waiting.ts';
import { countLinks, type LinkRowState } from './links.ts';
import { type AuditSum, auditedLastDay, lastRuns, type RunRow } from './pairs.ts';
import { type Coverage, loadCoverage } from './reach.ts';
import { countLive } from './records.ts';
import { endedRules, type ReviewRule } from './review-rules.ts';
import { type Db, isoText, rows } from './tx.ts';
import { countWitnesses, type WitnessCounts } from './witnesses.ts';

export interface SideStatus {
  /** Live records in the mirror. */
  readonly records: number;
  /** What the side said that it holds, at the last full enumeration; null when it did not say. */
  readonly total: number | null;
  /** ISO 8601: begin of the last certified enumeration. */
  readonly certifiedAt: string | null;
  /** Why the last full enumeration proved no absence; null when it did. */
  readonly uncertified: string | null;
}

export interface PairStatus {
  /** `new`: no cycle has ever begun; `accepting`: the first plan was accepted and is not released yet. */
  readonly firstRun: 'new' | 'pending' | 'accepting' | 'accepted';
  /** Of the first plan that waits for acceptance; null while there is none. */
  readonly firstPlanHash: string | null;
  /** ISO 8601: since when the pair goes on from a backup; null when it does not. */
  readonly restoredAt: string | null;
  /** Newest first. */
  readonly runs: readonly RunRow[];
  readonly sides: Readonly<Record<SideName, SideStatus>>;
  /** How much of Udesk is known, and how it is kept known. */
  readonly coverage: Coverage;
  /** The audit's samples of the last day. */
  readonly audit: AuditSum;
  readonly links: Readonly<Record<LinkRowState, number>>;
  readonly conflicts: { readonly open: number; readonly resolving: number };
  readonly outbox: { readonly pending: number; readonly held: number; readonly unknown: number };
  readonly parked: number;
  /** Records that are not created because of creates that a person left alone. */
  readonly keptWaiting: number;
  /** Sides that are being filled with many records. */
  readonly backfills: readonly BackfillProgress[];
  readonly guards: readonly GuardRow[];
  /** What answers in the place of the accounts that the pair was made with. */
  readonly accounts: readonly AccountChange[];
  /** What the histories tell about writes that nothing checked atomically. */
  readonly witness: WitnessCounts;
  /** Mapped custom fields of Udesk that do not mean what they were pinned to. */
  readonly fieldDrift: readonly FieldDrift[];
  /** Rules of the review that turned themselves off lately. */
  readonly endedRules: readonly ReviewRule[];
  /** Who works on the pair now. */
  readonly lease: { readonly owner: string; readonly remainingMs: number } | null;
}

/** What takes a pass over all records or links of the pair. */
export interface PairCounts extends Pick<PairStatus, 'coverage' | 'links'> {
  readonly records: Readonly<Record<SideName, number>>;
}

export async function countPair(db: Db, pair: string): Promise<PairCounts> {
  return {
    records: { udesk: await countLive(db, pair, 'udesk'), crm: await countLive(db, pair, 'crm') },
    coverage: await loadCoverage(db, pair),
    links: await countLinks(db, pair),
  };
}

/**
 * @param mapped the Udesk fields that the pair maps
 * @param count may answer with what was counted a little earlier
 */
export async function loadPairStatus(
  db: Db,
  pair: string,
  mapped: readonly string[],
  runLimit: number,
  count: typeof countPair = countPair,
): Promise<PairStatus> {
  const counts = await count(db, pair);
  const row = await pairRow(db, pair);
  const { parked, ...outbox } = await countIntents(db, pair);
  const side = (name: SideName): SideStatus => ({
    records: counts.records[name],
    total: name === 'udesk' ? (row?.udesk_total ?? null) : null,
    certifiedAt: row?.[`${name}_at`] ?? null,
    uncertified: row?.[`${name}_uncertified`] ?? null,
  });
  return {
    firstRun: row?.first_run ?? 'new',
    firstPlanHash: row?.first_run === 'pending' ? row.first_plan_hash : null,
    restoredAt: row?.restored_at ?? null,
    runs: await lastRuns(db, pair, runLimit),
    sides: { udesk: side('udesk'), crm: side('crm') },
    coverage: counts.coverage,
    audit: await auditedLastDay(db, pair),
    links: counts.links,
    conflicts: await countConflicts(db, pair),
    outbox,
    parked,
    keptWaiting: (await keptWaiting(db, pair)).reduce(
      (sum, { isLeftAlone, count }) => sum + (isLeftAlone ? count : 0),
      0,
    ),
    backfills: await backfillProgress(db, pair),
    guards: await waitingGuards(db, pair),
    accounts: await openAccountChanges(db, [pair]),
    witness: await countWitnesses(db, pair),
    fieldDrift: (await loadKnownFields(db, pair))
      .filter(({ name }) => mapped.includes(name))
      .flatMap(driftOf),
    endedRules: await endedRules(db, [pair]),
    lease: await liveLease(db, pair),
  };
}

/** Calls that count against a tenant's quota: those of the last 60 s, per scope key. */
export async function quotaUsed(db: Db, key: string): Promise<{ scope: string; calls: number }[]> {
  const found = await rows<{ scope: string; calls: string }>(
    db,
    sql`select scope, sum(n)::text as calls from udesk_sync.quota_call
        where (scope = ${key} or starts_with(scope, ${`${key} `})) and at > clock_timestamp() - interval '60 seconds'
        group by scope order by sum(n) desc, scope`,
  );
  return found.map(({ scope, calls }) => ({ scope, calls: Number(calls) }));
}

type Row = {
  first_run: 'pending' | 'accepting' | 'accepted';
  first_plan_hash: string | null;
  udesk_at: string | null;
  crm_at: string | null;
  udesk_uncertified: string | null;
  crm_uncertified: string | null;
  udesk_total: number | null;
  restored_at: string | null;
};

async function pairRow(db: Db, pair: string): Promise<Row | undefined> {
  const [row] = await rows<Row>(
    db,
    sql`select first_run, case when first_plan is not null then first_plan_hash end as first_plan_hash, ${isoText(sql`udesk_certified_at`)} as udesk_at, ${isoText(sql`crm_certified_at`)} as crm_at,
          udesk_uncertified, crm_uncertified, udesk_total,
          ${isoText(sql`restored_at`)} as restored_at
        from udesk_sync.pair where name = ${pair}`,
  );
  return row;
}

async function liveLease(db: Db, pair: string): Promise<PairStatus['lease']> {
  const [row] = await rows<{ owner: string; remaining_ms: string }>(
    db,
    sql`select owner, (extract(epoch from expires_at - now()) * 1000)::bigint as remaining_ms
        from udesk_sync.lease where pair = ${pair} and expires_at > now()`,
  );
  return row === undefined ? null : { owner: row.owner, remainingMs: Number(row.remaining_ms) };
}
