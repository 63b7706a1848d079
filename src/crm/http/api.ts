/** One call of the API: quota, credentials, one exchange, the meaning of its answer, and retries where they are allowed. */
import { isSyncError } from '../../errors.ts';
import type { Breakers } from '../../http/breakers.ts';
import { createSideDispatcher, type Timeouts } from '../../http/dispatcher.ts';
import { describeTarget, exchange, type Reply } from '../../http/exchange.ts';
import { createQuota, memoryLedger, type Quota } from '../../http/quota.ts';
import { type AttemptMade, DEFAULT_RETRY, type RetryPolicy, retriesOf, withRetry } from '../../http/retry.ts';
import { sleep as realSleep } from '../../lib/sleep.ts';
import type { QuotaLedger } from '../../lib/sliding-window.ts';
import { CredentialsEnded, withFreshCredentials } from '../fresh-credentials.ts';
import { createServerClock } from '../server-clock.ts';
import type { HttpConfig } from './config.ts';
import { createCredentials } from './credentials.ts';
import { type AnswerContext, notUnderstood, readAnswer } from './refusal.ts';

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
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base URL, or a whole address of the same origin that the API gave us. */
  readonly path: string | URL;
  /** In the query of GET and DELETE, else members of the JSON body. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** The rest of the JSON body. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly write: boolean;
  readonly creates?: boolean;
  /** Before it is sent once more (src/http/retry.ts). */
  readonly again?: (() => Promise<unknown>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly json: unknown;
  readonly headers: Reply['headers'];
  readonly url: URL;
  /** A time by the server's clock at which this request had not been answered yet; by ours where it tells none. */
  readonly notBeforeMs: number;
  /** For an error about what the answer holds. */
  readonly context: Pick<AnswerContext, 'write' | 'target'>;
}

export interface Api {
  run(call: Call): Promise<Answer>;
  /** The server's clock minus ours by its last answer; null before one told a time. */
  clockSkewMs(): number | null;
  close(): Promise<void>;
}

export function createApi(config: HttpConfig, clock: () => number, limits: ApiLimits = {}): Api {
  const { monotonic = () => performance.now(), sleep = realSleep, retry = DEFAULT_RETRY } = limits;
  const dispatcher = createSideDispatcher(limits.timeouts, config.limits.concurrency, limits.breakers);
  const credentials = createCredentials(config.auth, dispatcher, monotonic);
  const base = config.baseUrl.replace(/\/+$/, '');
  const { perMinute, account } = config.limits;
  // However it is written: it is one API.
  const place = `crm ${new URL(base).href.replace(/\/+$/, '')}`;
  const scope = account === undefined ? place : `${place} ${account}`;
  const quota: Quota | null =
    perMinute === undefined
      ? null
      : createQuota({
          key: scope,
          perMinute,
          scope: 'tenant',
          ledger: limits.ledger ?? memoryLedger(monotonic),
          clock: monotonic,
          sleep,
        });
  const serverClock = createServerClock(clock);

  async function attempt(call: Call, tried: () => void): Promise<Answer> {
    const who = await credentials.headers(tried);
    await quota?.take(scope, call.signal);
    const inQuery = call.method === 'GET' || call.method === 'DELETE';
    const url = call.path instanceof URL ? call.path : new URL(`${base}${call.path}`);
    if (inQuery) {
      for (const [key, value] of Object.entries(call.params ?? {})) url.searchParams.set(key, String(value));
    }
    const body = inQuery ? call.body : { ...call.params, ...call.body };
    const sentAt = clock();
    const context: AnswerContext = {
      errors: config.errors,
      target: describeTarget(call.method, url),
      write: call.write,
      creates: call.creates === true,
      sent: { params: call.params, body: call.body },
      nowMs: sentAt,
    };
    const reply = await exchange({
      side: dispatcher,
      method: call.method,
      url,
      headers: {
        ...lowerCase(config.headers),
        ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
        ...lowerCase(call.headers ?? {}),
        ...who,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      write: call.write,
      signal: call.signal,
      tried,
    });
    const notBeforeMs = serverClock.read(reply, sentAt);
    try {
      return { json: readAnswer(reply, context), headers: reply.headers, url, notBeforeMs, context };
    } catch (error) {
      if (reply.status !== 401 || !credentials.refused(who)) throw error;
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
            if (isSyncError(error, 'throttled')) quota?.slowDown();
            throw error;
          }
        },
        retriesOf(call, { policy: retry, sleep, onAttempt: limits.onAttempt }),
      ),
    clockSkewMs: serverClock.skewMs,
    close: () => dispatcher.close(),
  };
}

/** The address that an answer names for its next page. Another host would be given our credentials. */
export function nextUrl(text: string, { url, context }: Answer): URL {
  const next = URL.parse(text, url.href);
  if (next !== null && next.origin === url.origin) return next;
  throw notUnderstood(context, 'the address of the next page is not one of this API');
}

/** The path of one record, or null for what cannot be an id in one. */
export function recordPath(template: string, id: string): string | null {
  if (id === '' || id === '.' || id === '..' || !id.isWellFormed()) return null;
  return template.replace('{id}', () => encodeURIComponent(id));
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]));
}
