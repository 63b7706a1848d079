/** Gauges that are read from the database at the time of a scrape. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { SIDES } from '../core/record.ts';
import { ACTIVE_STATES } from '../store/gauges.ts';
import type { Figures } from './figures.ts';

export interface StoreGauges {
  show(figures: Figures): void;
  /** The database did not answer: old figures would be lies. */
  unknown(): void;
}

export function createStoreGauges(registers: Registry[]): StoreGauges {
  const all: (Gauge | Counter)[] = [];
  const gauge = (name: string, help: string, labelNames: readonly string[] = ['pair']) => {
    const made = new Gauge({ name: `udesk_sync_${name}`, help, labelNames: [...labelNames], registers });
    all.push(made);
    return made;
  };
  const counter = (name: string, help: string) => {
    const made = new Counter({ name: `udesk_sync_${name}`, help, labelNames: ['pair'], registers });
    all.push(made);
    return made;
  };
  const up = new Gauge({
    name: 'udesk_sync_database_up',
    help: '1 when the database answered this scrape in time; 0: all figures that come from it are left out.',
    registers,
  });
  const lastGood = gauge(
    'last_good_cycle_age_seconds',
    'Since the last cycle of any process that ended well; +Inf when none did.',
  );
  const leased = gauge('leased', '1 while some process works on the pair.');
  const certified = gauge(
    'certified_age_seconds',
    'Since the begin of the last enumeration that was proven complete; +Inf when there was none.',
    ['pair', 'side'],
  );
  const uncertified = gauge(
    'uncertified',
    '1 while the last full enumeration proved nothing (as of Udesk above 10,000 customers without shards), else 0.',
    ['pair', 'side'],
  );
  const records = gauge('records', 'Live records in the mirror.', ['pair', 'side']);
  const linked = gauge('linked_records', 'Those of them that are linked.', ['pair', 'side']);
  const coverage = gauge(
    'coverage_ratio',
    'Share of what the side says that it holds that is in the mirror; left out when it does not say.',
    ['pair', 'side'],
  );
  const freshness = gauge(
    'freshness_bound_seconds',
    'The age that nothing of what is known of the listed customers of Udesk exceeds; left out until it is known.',
  );
  const freshnessActive = gauge(
    'freshness_active_bound_seconds',
    'The same for the tenth of the pages of the list that is edited most.',
  );
  const lag = gauge(
    'lag_seconds',
    'From the sighting of an edit to its arrival on this side, over the last 15 minutes; left out without arrivals.',
    ['pair', 'side', 'quantile'],
  );
  const waiting = gauge(
    'outbox_oldest_seconds',
    'Since the oldest write that is still to be sent to this side was planned; 0 when none is.',
    ['pair', 'side'],
  );
  const outbox = gauge('outbox', 'Writes in the outbox by state.', ['pair', 'state']);
  const parked = gauge('parked', 'Records that were set aside for a person.');
  const guards = gauge('guards_waiting', 'Plans that a guard holds until a person approves them.');
  const accounts = gauge(
    'accounts_changed',
    'Sides on which another account or table answers than the pair was made with; it waits for a person.',
  );
  const guarded = gauge('guarded_writes', 'Writes that those plans hold.');
  const conflicts = gauge('conflicts', 'Conflicts by state: open, resolving (decided, on the way).', [
    'pair',
    'state',
  ]);
  const opened = counter('conflicts_opened_total', 'Conflicts that were ever written down.');
  const closed = counter('conflicts_closed_total', 'Conflicts that were resolved or had converged.');
  const deadLetters = gauge(
    'dead_letters',
    'Jobs of the pair that failed too often in a row and were put aside; they go when the lane works again.',
  );
  const held = gauge('history_held_months', 'Months of history that are due to go and wait for a person.', [
    'kind',
  ]);
  const looked = gauge(
    'history_look_age_seconds',
    'Since the months of the history were last looked after, which happens once a day; +Inf: never.',
    ['kind'],
  );
  const used = gauge('quota_used', 'Calls of Udesk that count against the quota now (the last minute).');
  const limit = gauge('quota_limit', 'Calls of Udesk per minute that the configuration allows.');

  return {
    show({ pairs, quota, deadLetters: dead, history }) {
      for (const each of all) each.reset();
      up.set(1);
      for (const row of pairs) {
        const { pair } = row;
        lastGood.set({ pair }, seconds(row.lastGoodMs));
        leased.set({ pair }, row.leased ? 1 : 0);
        deadLetters.set({ pair }, 0);
        for (const state of ACTIVE_STATES) outbox.set({ pair, state }, row.outbox[state]);
        parked.set({ pair }, row.parked);
        if (row.freshness !== null) {
          freshness.set({ pair }, row.freshness.boundMs / 1000);
          freshnessActive.set({ pair }, row.freshness.activeBoundMs / 1000);
        }
        guards.set({ pair }, row.guards);
        guarded.set({ pair }, row.guarded);
        accounts.set({ pair }, row.accounts.length);
        conflicts.set({ pair, state: 'open' }, row.conflicts.open);
        conflicts.set({ pair, state: 'resolving' }, row.conflicts.resolving);
        opened.inc({ pair }, row.conflicts.opened);
        closed.inc({ pair }, row.conflicts.closed);
        for (const side of SIDES) {
          const now = row.sides[side];
          certified.set({ pair, side }, seconds(now.certifiedAgeMs));
          uncertified.set({ pair, side }, now.uncertified === null ? 0 : 1);
          records.set({ pair, side }, now.live);
          linked.set({ pair, side }, now.linked);
          waiting.set({ pair, side }, (now.waitingMs ?? 0) / 1000);
          if (now.total !== null) {
            coverage.set({ pair, side }, now.total === 0 ? 1 : Math.min(1, now.live / now.total));
          }
          if (now.lag !== null) {
            lag.set({ pair, side, quantile: '0.5' }, now.lag.p50Ms / 1000);
            lag.set({ pair, side, quantile: '0.95' }, now.lag.p95Ms / 1000);
            lag.set({ pair, side, quantile: '1' }, now.lag.maxMs / 1000);
          }
        }
      }
      for (const { pair, count } of dead) {
        if (pairs.some((row) => row.pair === pair)) deadLetters.inc({ pair }, count);
      }
      for (const { kind, held: months, lookAgeMs } of history) {
        held.set({ kind }, months);
        looked.set({ kind }, seconds(lookAgeMs));
      }
      for (const { pair, used: calls, perMinute } of quota) {
        used.set({ pair }, calls);
        limit.set({ pair }, perMinute);
      }
    },
    unknown() {
      for (const each of all) each.reset();
      up.set(0);
    },
  };
}

function seconds(ms: number | null): number {
  return ms === null ? Number.POSITIVE_INFINITY : ms / 1000;
}
