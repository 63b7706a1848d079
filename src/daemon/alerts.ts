/**
 * Says on every channel what needs a person, beside the work and never in its way: it only looks at what the workers and
 * the database know, and whatever fails here is tried again later.
 *
 * Said first, written down afterwards: a kill in between says it once more, and never leaves it unsaid. While the database
 * does not answer, or takes nothing, what was said is remembered here and written down when it does.
 */
import { type AlertEvent, decideAlerts, digestDay, type SaidAlert } from '../core/alert.ts';
import { backoffMs } from '../core/retry.ts';
import { DatabaseFailure, toError } from '../errors.ts';
import type { Logger } from '../lib/log.ts';
import { localDay, localTime } from '../lib/zoned-time.ts';
import {
  type ChannelMemory,
  claimChannel,
  conflictCounts,
  releaseChannel,
  saveSaid,
} from '../store/alerts.ts';
import type { PairGauges } from '../store/gauges.ts';
import type { Db } from '../store/tx.ts';
import { type AlertLimits, conditionsOf } from './alert-conditions.ts';
import { DeliveryFailure, type DeliveryPolicy, deliver, type Receiver } from './alert-send.ts';
import { type AlertItem, type AlertPlace, alertItem, digestItem, messageLines } from './alert-text.ts';
import type { PairWorker } from './pair-worker.ts';

/** One thing is said at most this often; what flaps does not flood. */
export const QUIET_MS = 10 * 60_000;
const TICK_MS = 15_000;
const CLAIM_MS = 60_000;
const BACKOFF = { baseMs: 30_000, maxMs: 15 * 60_000 };
const DAY_MS = 86_400_000;

export interface AlertChannel {
  /** Known by it in the database: no part of the address. */
  readonly id: string;
  /** Known by it in the log: its place in the configuration. */
  readonly name: string;
  readonly target: Receiver;
  readonly on: readonly AlertEvent[];
  readonly limits: AlertLimits;
  readonly remindMs: number;
  /** `09:00` */
  readonly digestAt: string;
}

export interface AlertSource {
  readonly db: Db;
  readonly log: Logger;
  readonly clock: () => Date;
  /** Milliseconds that never jump: how long something lasts is never told by the clock, which may be set. */
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Differs per process. */
  readonly owner: string;
  readonly workers: readonly Pick<PairWorker, 'name' | 'health'>[];
  /** How the pairs stand in the database; rejects in bounded time while it does not answer. */
  readonly gauges: () => Promise<readonly PairGauges[]>;
  readonly place: AlertPlace;
  readonly timezone: string;
  readonly delivery?: DeliveryPolicy;
  /** For how long one process has a channel; longer than a delivery with all its attempts. */
  readonly claimMs?: number;
}

export interface Alerts {
  /** Until the signal is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** One look at everything; resolves when each channel has had its turn. Never rejects. */
  tick(signal: AbortSignal): Promise<void>;
}

interface ChannelState {
  readonly channel: AlertChannel;
  /** What was said, as far as this process knows. */
  memory: ChannelMemory;
  /** Of it, what the database has not heard yet. */
  readonly unsaved: Map<string, SaidAlert>;
  unsavedDay: string | null;
  failures: number;
  /** Monotonic. */
  notBefore: number;
  busy: boolean;
}

export function createAlerts(source: AlertSource, channels: readonly AlertChannel[]): Alerts {
  const { monotonic, log } = source;
  const startedAt = monotonic();
  const states = channels.map(
    (channel): ChannelState => ({
      channel,
      memory: { said: [], digestDay: null },
      unsaved: new Map(),
      unsavedDay: null,
      failures: 0,
      notBefore: startedAt,
      busy: false,
    }),
  );

  async function tick(signal: AbortSignal): Promise<void> {
    const gauges = await source.gauges().catch(() => null);
    await Promise.all(
      states.map(async (state) => {
        if (state.busy || monotonic() < state.notBefore) return;
        state.busy = true;
        try {
          await turn(source, state, gauges, startedAt, signal);
          if (state.failures > 0)
            log.info({ kind: 'alert', channel: state.channel.name }, 'alerts arrive again');
          state.failures = 0;
        } catch (thrown) {
          if (!signal.aborted) failed(state, toError(thrown));
        } finally {
          state.busy = false;
        }
      }),
    );
  }

  function failed(state: ChannelState, error: Error): void {
    state.failures += 1;
    const delayMs = backoffMs(state.failures, source.random, BACKOFF);
    state.notBefore = monotonic() + delayMs;
    const code = error instanceof DeliveryFailure ? error.code : 'database';
    const { name: channel } = state.channel;
    log.warn(
      { kind: 'alert', channel, code, failures: state.failures, delayMs },
      'an alert could not be delivered yet',
    );
  }

  return {
    tick,
    async run(signal) {
      const looks = new Set<Promise<void>>();
      while (!signal.aborted) {
        // Not awaited: a receiver that hangs holds up its own channel alone.
        const look: Promise<void> = tick(signal).finally(() => looks.delete(look));
        looks.add(look);
        await source.sleep(TICK_MS, signal).catch(() => {});
      }
      await Promise.all(looks);
    },
  };
}

/** Claim, look and say, let go. A killed process lets go by itself, after a while. */
async function turn(
  source: AlertSource,
  state: ChannelState,
  gauges: readonly PairGauges[] | null,
  startedAt: number,
  signal: AbortSignal,
): Promise<void> {
  const { db, owner, claimMs = CLAIM_MS } = source;
  const { id } = state.channel;
  if (gauges === null) return await lookAndSay(source, state, null, startedAt, signal);
  const memory = await claimChannel(db, id, owner, claimMs).catch((thrown: unknown) => {
    const error = toError(thrown);
    if (error instanceof DatabaseFailure && error.passing) return 'unwritable' as const;
    throw error;
  });
  // A database that can be read and not written (a full disk) must not silence what is to be said about it.
  if (memory === 'unwritable') return await lookAndSay(source, state, null, startedAt, signal);
  if (memory === null) return;
  // What was said while the database was away is newer than what it remembers.
  const known = memory.said.filter(({ key }) => !state.unsaved.has(key));
  state.memory = {
    digestDay: state.unsavedDay ?? memory.digestDay,
    said: [...known, ...state.unsaved.values()],
  };
  try {
    await lookAndSay(source, state, gauges, startedAt, signal);
  } finally {
    await releaseChannel(db, id, owner);
  }
}

/** Decide, say, and write down what was said. */
async function lookAndSay(
  source: AlertSource,
  state: ChannelState,
  gauges: readonly PairGauges[] | null,
  startedAt: number,
  signal: AbortSignal,
): Promise<void> {
  const { place } = source;
  const { channel } = state;
  const now = source.clock().getTime();
  const nowMs = source.monotonic();
  const conditions = source.workers.flatMap(({ name, health }) => {
    const row = gauges?.find(({ pair }) => pair === name) ?? null;
    return conditionsOf({ pair: name, health, gauges: row }, channel.limits, nowMs, nowMs - startedAt);
  });
  const { say, forget } = decideAlerts(
    conditions.filter(({ event }) => channel.on.includes(event)),
    state.memory.said,
    now,
    { quietMs: QUIET_MS, remindMs: Math.max(channel.remindMs, QUIET_MS) },
  );
  const wantsDigest = gauges !== null && channel.on.includes('conflict-digest');
  const digest = wantsDigest ? await digestOf(source, state, now) : null;
  const items = [...say.map((saying) => alertItem(saying, place)), ...(digest?.items ?? [])];
  if (items.length > 0) {
    const message = { ...messageLines(items, place.locale), items };
    await deliver(channel.target, message, source.clock, signal, source.delivery);
  }
  remember(
    state,
    say.map(({ said }) => said),
    digest?.day ?? null,
  );
  if (gauges !== null) await writeDown(source, state, forget);
}

async function writeDown(
  { db, owner }: AlertSource,
  state: ChannelState,
  forget: readonly string[],
): Promise<void> {
  const said = [...state.unsaved.values()];
  if (said.length === 0 && forget.length === 0 && state.unsavedDay === null) return;
  const saved = await saveSaid(db, state.channel.id, owner, {
    said,
    forget,
    digestDay: state.unsavedDay,
  });
  // Another process has the channel: it is written down when it is ours again.
  if (!saved) return;
  state.unsaved.clear();
  state.unsavedDay = null;
}

function remember(state: ChannelState, said: readonly SaidAlert[], day: string | null): void {
  const byKey = new Map(state.memory.said.map((row) => [row.key, row]));
  for (const row of said) {
    byKey.set(row.key, row);
    state.unsaved.set(row.key, row);
  }
  state.unsavedDay = day ?? state.unsavedDay;
  state.memory = { said: [...byKey.values()], digestDay: day ?? state.memory.digestDay };
}

/** Null when none is due. A day without conflicts has a digest that nobody is sent. */
async function digestOf(
  source: AlertSource,
  { channel, memory }: ChannelState,
  now: number,
): Promise<{ readonly day: string; readonly items: readonly AlertItem[] } | null> {
  const { timezone, place } = source;
  const today = {
    day: localDay(new Date(now), timezone),
    yesterday: localDay(new Date(now - DAY_MS), timezone),
    time: localTime(new Date(now), timezone),
  };
  const due = digestDay(memory.digestDay, today, channel.digestAt);
  if (due === null) return null;
  if (!due.say) return { day: due.day, items: [] };
  const counts = await conflictCounts(
    source.db,
    source.workers.map(({ name }) => name),
  );
  const worth = counts.filter(({ open, opened, closed }) => open + opened + closed > 0);
  return { day: due.day, items: worth.map((figures) => digestItem(figures, place)) };
}
