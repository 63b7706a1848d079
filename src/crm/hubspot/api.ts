/** One call of HubSpot's API: its pace, the private app's token, one exchange, the meaning of its answer, and retries. */
import { isSyncError } from '../../errors.ts';
import type { Breakers } from '../../http/breakers.ts';
import { createSideDispatcher, type Timeouts } from '../../http/dispatcher.ts';
import { exchange, type Reply } from '../../http/exchange.ts';
import { memoryLedger } from '../../http/quota.ts';
import { type AttemptMade, DEFAULT_RETRY, type RetryPolicy, retriesOf, withRetry } from '../../http/retry.ts';
import { sha256 } from '../../lib/hash.ts';
import { sleep as realSleep } from '../../lib/sleep.ts';
import type { QuotaLedger } from '../../lib/sliding-window.ts';
import { createServerClock } from '../server-clock.ts';
import type { HubspotConfig } from './config.ts';
import { type CallWindow, createLine, type PaceTime } from './pace.ts';
import { type AnswerContext, readAnswer } from './refusal.ts';

/** Time and its limits, for tests that do not want to wait. */
export interface HubspotLimits extends Partial<PaceTime> {
  readonly timeouts?: Partial<Timeouts>;
  readonly breakers?: Breakers | undefined;
  /** Told of every attempt that was made, for counting. */
  readonly onAttempt?: ((made: AttemptMade) => void) | undefined;
  readonly retry?: RetryPolicy;
  readonly ledger?: QuotaLedger | undefined;
}

export interface HubspotCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base URL, with `{name}` for each of `in`. Errors name it so, and never what stood in its place. */
  readonly path: string;
  readonly in?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly write: boolean;
  /** Before it is sent once more (src/http/retry.ts). */
  readonly again?: (() => Promise<unknown>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HubspotAnswer {
  readonly json: unknown;
  /** A time by the server's clock at which this request had not been answered yet; by ours where it tells none. */
  readonly notBeforeMs: number;
  readonly context: AnswerContext;
}

/** As the answers tell it in X-HubSpot-RateLimit-Daily and -Daily-Remaining. */
export interface DailyLimit {
  readonly left: number;
  readonly of: number;
}

export interface HubspotApi {
  run(call: HubspotCall): Promise<HubspotAnswer>;
  /** The server's clock minus ours by its last answer; null before one told a time. */
  clockSkewMs(): number | null;
  daily(): DailyLimit | null;
  close(): Promise<void>;
}

export function createHubspotApi(
  config: HubspotConfig,
  clock: () => number,
  limits: HubspotLimits = {},
): HubspotApi {
  const { monotonic = () => performance.now(), sleep = realSleep, retry = DEFAULT_RETRY } = limits;
  const { perTenSeconds, searchesPerSecond, concurrency } = config.limits;
  const dispatcher = createSideDispatcher(limits.timeouts, concurrency, limits.breakers);
  const base = config.baseUrl.replace(/\/+$/, '');
  const time = { monotonic, sleep };
  const ledger = limits.ledger ?? memoryLedger(monotonic);
  // A private app is known by its token alone. A token is 36 random digits: nobody guesses it from this.
  const app = `crm ${new URL(base).href} app ${sha256(config.token).slice(0, 12)}`;
  const all: CallWindow = { key: `${app} calls`, calls: perTenSeconds, windowMs: 10_000 };
  const searches: CallWindow = { key: `${app} searches`, calls: searchesPerSecond, windowMs: 1_000 };
  const lines = { call: createLine([all], ledger, time), search: createLine([all, searches], ledger, time) };
  const serverClock = createServerClock(clock);
  let daily: DailyLimit | null = null;

  async function attempt(call: HubspotCall, tried: () => void): Promise<HubspotAnswer> {
    const isSearch = call.path.endsWith('/search');
    await lines[isSearch ? 'search' : 'call'].take(call.signal);
    const url = new URL(`${base}${filled(call)}`);
    for (const [key, value] of Object.entries(call.query ?? {})) url.searchParams.set(key, value);
    const sentAt = clock();
    const target = `${call.method} ${base}${call.path}`;
    const sent = { in: call.in, query: call.query, body: call.body };
    const context: AnswerContext = { target, write: call.write, sent, nowMs: sentAt };
    const reply = await exchange({
      side: dispatcher,
      method: call.method,
      url,
      headers: {
        authorization: `Bearer ${config.token}`,
        ...(call.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      write: call.write,
      signal: call.signal,
      target,
      tried,
    });
    const notBeforeMs = serverClock.read(reply, sentAt);
    daily = dailyOf(reply) ?? daily;
    try {
      return { json: readAnswer(reply, context), notBeforeMs, context };
    } catch (error) {
      // Whoever else is waiting here would only be told the same.
      const pauseMs = isSyncError(error, 'throttled') ? (error.details.retryAfterMs ?? 0) : null;
      if (pauseMs !== null && pauseMs <= retry.maxRetryAfterMs) {
        const until = monotonic() + pauseMs;
        lines.search.hold(until);
        if (!isSearch) lines.call.hold(until);
      }
      throw error;
    }
  }

  return {
    run: (call) =>
      withRetry(
        (_, tried) => attempt(call, tried),
        retriesOf(call, { policy: retry, sleep, onAttempt: limits.onAttempt }),
      ),
    clockSkewMs: serverClock.skewMs,
    daily: () => daily,
    close: () => dispatcher.close(),
  };
}

function filled({ path, in: values = {} }: HubspotCall): string {
  return path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(values[key] ?? ''));
}

function dailyOf({ headers }: Reply): DailyLimit | null {
  const [left, of] = ['x-hubspot-ratelimit-daily-remaining', 'x-hubspot-ratelimit-daily'].map((name) =>
    Number(headers[name] ?? Number.NaN),
  );
  return Number.isInteger(left) && Number.isInteger(of) ? { left: left ?? 0, of: of ?? 0 } : null;
}
