/** How a pair stands, as machines read it: `status --json` and the API say the same. */
import type { PairConfig } from '../config/schema.ts';
import type { FreshnessBound } from '../core/freshness/pages.ts';
import { type DeadLetters, listDeadLetters } from '../store/dead-letters.ts';
import { loadFreshness } from '../store/listing.ts';
import { type countPair, loadPairStatus, type PairStatus, quotaUsed } from '../store/pair-status.ts';
import type { RunRow } from '../store/pairs.ts';
import { liveReplicas, type ReplicaRow } from '../store/replicas.ts';
import type { Db } from '../store/tx.ts';
import { judgePair, type PairHealth } from './pair-health.ts';

/** How far back a run of failures is counted. */
const RUNS = 20;
export const RUNS_SHOWN = 5;

export interface PairNow {
  readonly pair: string;
  readonly status: PairStatus;
  readonly health: PairHealth;
  readonly quota: {
    readonly used: number;
    readonly perMinute: number;
    readonly scope: 'tenant' | 'endpoint';
  };
}

export interface PairView extends PairNow {
  /** Null where it is not known, or not yet. */
  readonly freshness: FreshnessBound | null;
  /** The daemon that works on it; null: none. */
  readonly replica: string | null;
  /** Endpoints that this daemon leaves alone because they fail. */
  readonly breakers: ReplicaRow['breakers'];
  readonly deadLetters: readonly DeadLetters[];
}

export interface PairsView {
  readonly replicas: readonly ReplicaRow[];
  /** In the order in which they were asked for. */
  readonly views: readonly PairView[];
}

export async function loadPairsView(db: Db, pairs: readonly PairConfig[], now: Date): Promise<PairsView> {
  const replicas = await liveReplicas(db);
  const letters = await listDeadLetters(db);
  const views: PairView[] = [];
  for (const pair of pairs) {
    const replica = replicas.find((one) => one.pairs.includes(pair.name));
    views.push({
      ...(await loadPairNow(db, pair, now)),
      freshness: await loadFreshness(db, pair.name, now),
      replica: replica?.owner ?? null,
      breakers: replica?.breakers.filter((breaker) => breaker.pair === pair.name) ?? [],
      deadLetters: letters.filter((one) => one.pair === pair.name),
    });
  }
  return { replicas, views };
}

/** What people look at most, and as little as that takes. @param count as for `loadPairStatus` */
export async function loadPairNow(
  db: Db,
  pair: PairConfig,
  now: Date,
  count?: typeof countPair,
): Promise<PairNow> {
  const mapped = pair.fields.map((field) => field.udesk);
  const status = await loadPairStatus(db, pair.name, mapped, RUNS, count);
  const used = await quotaUsed(db, pair.udesk.baseUrl);
  return {
    pair: pair.name,
    status,
    health: judgePair(pair.name, status, now),
    // With a quota per endpoint the busiest one counts.
    quota: { ...pair.udesk.quota, used: used[0]?.calls ?? 0 },
  };
}

export function statusDocument(view: PairView, now: Date) {
  const { pair, status, health, freshness, quota, replica, breakers, deadLetters } = view;
  const { runs, sides, guards, accounts, ...rest } = status;
  const ageMs = (at: string | null) => (at === null ? null : now.getTime() - Date.parse(at));
  return {
    pair,
    ...health,
    ...rest,
    cycles: runs.slice(0, RUNS_SHOWN).map((run) => ({
      id: run.id,
      trigger: run.trigger,
      startedAt: run.startedAt,
      finishedAt: run.finishedAt,
      durationMs: runDurationMs(run),
      outcome: run.outcome,
      error: run.error,
    })),
    sides: {
      udesk: { ...sides.udesk, lagMs: ageMs(sides.udesk.certifiedAt) },
      crm: { ...sides.crm, lagMs: ageMs(sides.crm.certifiedAt) },
    },
    freshness: freshness === null ? null : freshnessDocument(freshness),
    accounts: accounts.map(({ hash, side, state, openedAt }) => ({ hash, side, state, openedAt })),
    guards: guards.map(({ hash, writes, tripped }) => ({ hash, writes, tripped })),
    quota,
    replica,
    breakers: breakers.map(({ pair: _, ...breaker }) => breaker),
    deadLetters: deadLetters.map(({ pair: _, ...letters }) => letters),
  };
}

/** In whole milliseconds, never less than it is. */
function freshnessDocument({ pages, oldestMs, boundMs, active, looksPerMinute }: FreshnessBound) {
  return {
    pages: pages.length,
    oldestMs: Math.ceil(oldestMs),
    boundMs: Math.ceil(boundMs),
    active: {
      pages: active.pages,
      oldestMs: Math.ceil(active.oldestMs),
      boundMs: Math.ceil(active.boundMs),
    },
    looksPerMinute,
  };
}

/** Null while it goes on. */
export function runDurationMs(run: Pick<RunRow, 'startedAt' | 'finishedAt'>): number | null {
  return run.finishedAt === null ? null : Date.parse(run.finishedAt) - Date.parse(run.startedAt);
}
