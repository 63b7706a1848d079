/** One call of the REST API: quota, session, one exchange, the meaning of its answer, and retries where they are allowed. */
import { isSyncError } from '../../errors.ts';
import type { Breakers } from '../../http/breakers.ts';
import { createSideDispatcher, type Timeouts } from '../../http/dispatcher.ts';
import { describeTarget, exchange, type Reply } from '../../http/exchange.ts';
import { createQuota, memoryLedger } from '../../http/quota.ts';
import { type AttemptMade, DEFAULT_RETRY, type RetryPolicy, retriesOf, withRetry } from '../../http/retry.ts';
import { sleep as realSleep } from '../../lib/sleep.ts';
import type { QuotaLedger } from '../../lib/sliding-window.ts';
import type { CallOptions } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { CredentialsEnded, withFreshCredentials } from '../fresh-credentials.ts';
import { createServerClock } from '../server-clock.ts';
import type { SalesforceConfig } from './config.ts';
import { type DailyUsage, readLimitInfo, refuseBeyondShare } from './daily.ts';
import { type AnswerContext, readAnswer } from './refusal.ts';
import { createSessions, type Session } from './session.ts';

/** Time and its limits, for tests that do not want to wait. */
export interface ApiLimits {
  readonly timeouts?: Partial<Timeouts>;
  readonly breakers?: Breakers | undefined;
  /** Told of every attempt that was made, for counting. */
  readonly onAttempt?: ((made: AttemptMade) => void) | undefined;
  readonly retry?: RetryPolicy;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Monotonic milliseconds. */
  readonly monotonic?: () => number;
  readonly ledger?: QuotaLedger | undefined;
  /** Most rows of one query of a walk, and of one set of a bulk job's result. */
  readonly pageRecords?: number;
}

export interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/services/data/vXX.0`, or a whole path that Salesforce gave us. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly write: boolean;
  /** Before it is sent once more (src/http/retry.ts). */
  readonly again?: (() => Promise<unknown>) | undefined;
}

export interface Answer {
  readonly json: unknown;
  readonly text: string;
  readonly headers: Reply['headers'];
  readonly session: Session;
  /** A time by the server's clock at which this request had not been answered yet; by ours where it tells none. */
  readonly notBeforeMs: number;
  readonly context: AnswerContext;
}

export interface Api {
  run(call: Call): Promise<Answer>;
  session(): Promise<Session>;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** The server's clock minus ours by its last answer; null before one told a time. */
  clockSkewMs(): number | null;
  usage(): DailyUsage | null;
  readonly pageRecords: number;
  close(): Promise<void>;
}

export function createApi(config: SalesforceConfig, clock: () => number, limits: ApiLimits = {}): Api {
  const { monotonic = () => performance.now(), sleep = realSleep, retry = DEFAULT_RETRY } = limits;
  const dispatcher = createSideDispatcher(limits.timeouts, config.limits.concurrency, limits.breakers);
  const sessions = createSessions(config, dispatcher);
  const root = `/services/data/v${config.apiVersion}`;
  const { perMinute, dailyShare } = config.limits;
  const ledger = limits.ledger ?? memoryLedger(monotonic);
  // Of an org, which the session tells: many log in at one address.
  const quota = createQuota({ key: 'crm', perMinute, scope: 'endpoint', ledger, clock: monotonic, sleep });
  const serverClock = createServerClock(clock);
  let usage: DailyUsage | null = null;

  async function attempt(call: Call, tried: () => void): Promise<Answer> {
    refuseBeyondShare(usage, dailyShare, monotonic());
    const session = await sessions.current(tried);
    await quota.take(session.instanceUrl, call.signal, call.urgency);
    const path = call.path.startsWith('/services/') ? call.path : `${root}${call.path}`;
    const url = new URL(`${session.instanceUrl}${path}`);
    for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
    const sentAt = clock();
    const context: AnswerContext = {
      target: describeTarget(call.method, url),
      write: call.write,
      sent: { query: call.query, body: call.body },
      nowMs: sentAt,
    };
    const reply = await exchange({
      side: dispatcher,
      method: call.method,
      url,
      headers: {
        ...(call.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
        ...call.headers,
        authorization: `Bearer ${session.token}`,
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      write: call.write,
      signal: call.signal,
      tried,
    });
    const notBeforeMs = serverClock.read(reply, sentAt);
    usage = readLimitInfo(reply.headers['sforce-limit-info'], monotonic()) ?? usage;
    try {
      return {
        json: reply.headers['content-type']?.startsWith('text/csv') ? null : readAnswer(reply, context),
        text: reply.text,
        headers: reply.headers,
        session,
        notBeforeMs,
        context,
      };
    } catch (error) {
      if (reply.status !== 401) throw error;
      sessions.ended(session);
      throw new CredentialsEnded(error);
    }
  }

  return {
    run: (call) =>
      withRetry(
        async (_, tried) => {
          try {
            return await withFreshCredentials(() => attempt(call, tried));
          } catch (error) {
            if (isSyncError(error, 'throttled')) quota.slowDown();
            throw error;
          }
        },
        retriesOf(call, { policy: retry, sleep, onAttempt: limits.onAttempt }),
      ),
    session: () =>
      withRetry((_, tried) => sessions.current(tried), {
        safe: true,
        policy: retry,
        sleep,
        onAttempt: limits.onAttempt,
      }),
    sleep,
    clockSkewMs: serverClock.skewMs,
    usage: () => usage,
    pageRecords: limits.pageRecords ?? 2_000,
    close: () => dispatcher.close(),
  };
}

/** The path that an answer names for what follows; another host would be given our session. */
export function nextPath(told: unknown, { session, context }: Answer): string {
  const next = typeof told === 'string' ? URL.parse(told, session.instanceUrl) : null;
  if (next !== null && next.origin === session.instanceUrl && next.pathname.startsWith('/services/'))
    return `${next.pathname}${next.search}`;
  throw notUnderstood(context, 'the address of the next rows is not one of this org');
}
