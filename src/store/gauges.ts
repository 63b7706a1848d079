/** How the pairs stand, as numbers for machines: all by the clock of the database, none with a customer's data. */
import { sql } from 'drizzle-orm';
import type { SideReading } from '../core/reading.ts';
import { SIDES, type SideName } from '../core/record.ts';
import { type AccountChange, openAccountChanges } from './account-changes.ts';
import { ACTIVE } from './intents.ts';
import { endedRules } from './review-rules.ts';
import { INTENT_STATES, type IntentState } from './schema/intent.ts';
import { type Db, rows, textArray } from './tx.ts';

/** How far back arrivals count for the lag. */
const LAG_WINDOW = sql`interval '15 minutes'`;
/** Cycles that are looked at for the last good one: a pair that fails for longer has none. */
const RUNS_BACK = 500;

export interface SideGauges extends SideReading {
  readonly live: number;
  readonly linked: number;
  /** What the side says that it holds; null when it does not say. */
  readonly total: number | null;
  /** Since the oldest write that still waits for this side was planned; null when none waits. */
  readonly waitingMs: number | null;
  /** From an edit's sighting to its arrival on this side, of the last quarter of an hour; null without arrivals. */
  readonly lag: { readonly p50Ms: number; readonly p95Ms: number; readonly maxMs: number } | null;
}

export type ActiveState = Exclude<IntentState, 'settled' | 'dropped' | 'parked'>;
export const ACTIVE_STATES = INTENT_STATES.filter(
  (state): state is ActiveState => !['settled', 'dropped', 'parked'].includes(state),
);

export interface PairGauges {
  readonly pair: string;
  /** Since the pair was first known; null when it never was. */
  readonly knownMs: number | null;
  /**
   * Since the end of the last cycle that ended well, of any process; null when none is known. Below 0: the clock was set
   * back since, and how long ago it was is not known (daemon/steady-ages.ts).
   */
  readonly lastGoodMs: number | null;
  readonly leased: boolean;
  readonly outbox: Readonly<Record<ActiveState, number>>;
  readonly parked: number;
  readonly guards: number;
  /** Writes that the waiting guards hold. */
  readonly guarded: number;
  /** Other accounts that answer than the pair was made with. */
  readonly accounts: readonly Pick<AccountChange, 'side' | 'state' | 'hash'>[];
  /** Ids of rules of the review that turned themselves off lately. */
  readonly endedRules: readonly string[];
  readonly conflicts: {
    readonly open: number;
    readonly resolving: number;
    /** Ever, those of forgotten persons included: neither falls. */
    readonly opened: number;
    readonly closed: number;
  };
  readonly sides: Readonly<Record<SideName, SideGauges>>;
  /** The age that no listed customer of Udesk exceeds, and none of the most active tenth; null where it is not known. */
  readonly freshness: { readonly boundMs: number; readonly activeBoundMs: number } | null;
}

type PairRow = {
  pair: string;
  known_ms: number;
  last_good_ms: number | null;
  leased: boolean;
  parked: string;
  guards: string;
  guarded: string;
  open: string;
  resolving: string;
  opened: string;
  closed: string;
};
type SideRow = {
  pair: string;
  side: SideName;
  live: string;
  linked: string;
  total: number | null;
  certified_ms: number | null;
  uncertified: string | null;
};
type OutboxRow = { pair: string; side: SideName; state: ActiveState; n: string; oldest_ms: number };
type BoundRow = { pair: string; bound: number; active_bound: number };
type LagRow = { pair: string; side: SideName; p50: number; p95: number; most: number };

const ms = (interval: ReturnType<typeof sql>) => sql`(extract(epoch from ${interval}) * 1000)::float8`;

/** One per name, in their order; a pair that no cycle ever touched has zeros. */
export async function loadGauges(db: Db, pairs: readonly string[]): Promise<PairGauges[]> {
  const names = sql`any(${textArray(pairs)})`;
  const states = await pairRows(db, names);
  const sides = await sideRows(db, names);
  const outbox = await rows<OutboxRow>(
    db,
    sql`select pair, side, state, count(*)::text as n, ${ms(sql`now() - min(created_at)`)} as oldest_ms
        from udesk_sync.intent
        where state in ${ACTIVE} and pair = ${names}
        group by pair, side, state`,
  );
  const lags = await rows<LagRow>(
    db,
    sql`select pair, target as side, ${ms(sql`percentile_cont(0.5) within group (order by lag)`)} as p50,
          ${ms(sql`percentile_cont(0.95) within group (order by lag)`)} as p95, ${ms(sql`max(lag)`)} as most
        from report.sync_lag
        where pair = ${names} and arrived_at > now() - ${LAG_WINDOW} and cause in ('edit', 'decision')
        group by pair, target`,
  );
  const bounds = await rows<BoundRow>(
    db,
    sql`select pair, ${ms(sql`bound`)} as bound, ${ms(sql`active_bound`)} as active_bound
        from report.freshness where pair = ${names} and bound is not null`,
  );
  const accounts = await openAccountChanges(db, pairs);
  const ended = await endedRules(db, pairs);
  return pairs.map((pair) => {
    const [bound] = bounds.filter((row) => row.pair === pair);
    const mine = <T extends { pair: string }>(all: readonly T[]) => all.filter((row) => row.pair === pair);
    const [row] = mine(states);
    return {
      pair,
      knownMs: row?.known_ms ?? null,
      lastGoodMs: row?.last_good_ms ?? null,
      leased: row?.leased ?? false,
      outbox: Object.fromEntries(
        ACTIVE_STATES.map((state) => [
          state,
          mine(outbox)
            .filter((each) => each.state === state)
            .reduce((sum, each) => sum + Number(each.n), 0),
        ]),
      ) as Record<ActiveState, number>,
      parked: Number(row?.parked ?? 0),
      guards: Number(row?.guards ?? 0),
      guarded: Number(row?.guarded ?? 0),
      accounts: mine(accounts).map(({ side, state, hash }) => ({ side, state, hash })),
      endedRules: mine(ended).map(({ id }) => id),
      conflicts: {
        open: Number(row?.open ?? 0),
        resolving: Number(row?.resolving ?? 0),
        opened: Number(row?.opened ?? 0),
        closed: Number(row?.closed ?? 0),
      },
      freshness: bound === undefined ? null : { boundMs: bound.bound, activeBoundMs: bound.active_bound },
      sides: Object.fromEntries(
        SIDES.map((side) => [side, sideGauges(side, mine(sides), mine(outbox), mine(lags))]),
      ) as Record<SideName, SideGauges>,
    };
  });
}

async function pairRows(db: Db, names: ReturnType<typeof sql>): Promise<PairRow[]> {
  return await rows<PairRow>(
    db,
    sql`select p.name as pair, ${ms(sql`now() - p.created_at`)} as known_ms,
          -- The last one by its number: the latest by its time may be of before the clock was set back.
          (select ${ms(sql`now() - r.finished_at`)} from (
             select id, finished_at, outcome from udesk_sync.run
             where pair = p.name order by id desc limit ${RUNS_BACK}) r
           where r.outcome in ('done', 'waiting') order by r.id desc limit 1) as last_good_ms,
          exists (select 1 from udesk_sync.lease l where l.pair = p.name and l.expires_at > now()) as leased,
          (select count(*)::text from udesk_sync.parked x where x.pair = p.name and x.state = 'parked') as parked,
          g.n as guards, g.writes as guarded, c.open, c.resolving, c.opened, c.closed
        from udesk_sync.pair p
        cross join lateral (select count(*)::text as n, coalesce(sum(writes), 0)::text as writes
          from udesk_sync.guard where pair = p.name and state = 'waiting') g
        cross join lateral (select (count(*) + p.conflicts_forgotten)::text as opened, (count(closed_at) + p.closed_forgotten)::text as closed,
            (count(*) filter (where state = 'open'))::text as open,
            (count(*) filter (where state = 'resolving'))::text as resolving
          from udesk_sync.conflict where pair = p.name) c
        where p.name = ${names}`,
  );
}

async function sideRows(db: Db, names: ReturnType<typeof sql>): Promise<SideRow[]> {
  return await rows<SideRow>(
    db,
    sql`select pair, side, live_records::text as live, linked_records::text as linked, total_on_side as total,
          ${ms(sql`now() - certified_at`)} as certified_ms, uncertified_reason as uncertified
        from report.coverage where pair = ${names}`,
  );
}

function sideGauges(
  side: SideName,
  sides: readonly SideRow[],
  outbox: readonly OutboxRow[],
  lags: readonly LagRow[],
): SideGauges {
  const row = sides.find((each) => each.side === side);
  const lag = lags.find((each) => each.side === side);
  // What a guard holds waits for a person, not for the side.
  const waiting = outbox.filter((each) => each.side === side && each.state !== 'held');
  return {
    live: Number(row?.live ?? 0),
    linked: Number(row?.linked ?? 0),
    total: row?.total ?? null,
    certifiedAgeMs: row?.certified_ms ?? null,
    uncertified: row?.uncertified ?? null,
    waitingMs: waiting.length === 0 ? null : Math.max(...waiting.map((each) => each.oldest_ms)),
    lag: lag === undefined ? null : { p50Ms: lag.p50, p95Ms: lag.p95, maxMs: lag.most },
  };
}
