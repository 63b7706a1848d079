/**
 * One signed call of the Open API: quota (P10), nonce, timestamp and signature of its own for every attempt,
 * retries where they are allowed, judged by `code`. Neither token nor signed URL gets into an error or a log.
 */
import { isSyncError, SyncError } from '../errors.ts';
import { HttpFailure } from '../http/classify.ts';
import type { SideDispatcher } from '../http/dispatcher.ts';
import { describeTarget, exchange, type Reply } from '../http/exchange.ts';
import type { Quota } from '../http/quota.ts';
import { type AttemptMade, DEFAULT_RETRY, type RetryPolicy, withRetry } from '../http/retry.ts';
import type { Urgency } from '../lib/urgency.ts';
import {
  type AnswerContext,
  BAD_SIGN,
  MAYBE_NOT_FOUND,
  readAnswer,
  serverTimeMs,
  UdeskRefusal,
} from './errors.ts';
import { type JsonObject, stringifyUdesk } from './json.ts';
import { type SignAlgorithm, sign } from './sign.ts';

/** The part of pino that the client uses. Fields are ids, codes and durations only. */
export interface ClientLog {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface TransportOptions {
  /** The whole origin; shards such as `https://demo.s2.udesk.cn` exist (api.md §1.2). */
  readonly baseUrl: string;
  /** The administrator. */
  readonly email: string;
  /** Either the token, or the password to fetch it with. */
  readonly token?: string;
  readonly password?: string;
  readonly sign: SignAlgorithm;
  readonly quota: Quota;
  readonly dispatcher: SideDispatcher;
  /** Wall clock, Unix milliseconds: it is signed. */
  readonly clock: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** A text never given before, at most 50 characters. */
  readonly randomNonce: () => string;
  readonly retry?: RetryPolicy;
  readonly log?: ClientLog;
  /** Told of every attempt that was made, for counting. Must not throw. */
  readonly onAttempt?: (call: AttemptMade) => void;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/open_api_v1/`. Also the endpoint's name for the quota. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly write: boolean;
  readonly signed?: boolean;
  readonly expects: string;
  /** About one record, so that a refusal can mean "no such"; left out: when the query has a `type`. */
  readonly namesCustomer?: boolean;
  /** `now` unless told. */
  readonly urgency?: Urgency;
  readonly signal: AbortSignal | undefined;
}

export interface Answer {
  readonly body: JsonObject;
  readonly context: AnswerContext;
}

export interface Transport {
  readonly origin: string;
  run(call: Call): Promise<Answer>;
  /** How long a call of this urgency would wait for the quota, in milliseconds. */
  waitMs(path: string, urgency: Urgency, calls?: number): Promise<number>;
  /** Fetches the token by password; nothing to do when there is one. */
  logIn(signal?: AbortSignal): Promise<void>;
  clockSkewMs(): number | null;
}

export function createTransport(options: TransportOptions): Transport {
  const origin = originOf(options.baseUrl);
  const { quota, dispatcher, clock, monotonic, log } = options;
  let token = options.token ?? null;
  let loggedInAt = Number.NEGATIVE_INFINITY;
  let loggingIn: Promise<string> | null = null;
  let skewMs: number | null = null;
  /** The last attempt failed: a trouble is told once, and not once per attempt. */
  let troubled = false;

  /** One attempt: waits for the quota first, so that timestamp and nonce are fresh when the request leaves. */
  async function attempt(call: Call, secret: string | null, tried?: () => void): Promise<Answer> {
    const url = new URL(`/open_api_v1/${call.path}`, origin);
    // A call that does not go is not counted either.
    dispatcher.breakers?.check({ method: call.method, url });
    await quota.take(call.path, call.signal, call.urgency);
    const signedAtMs = clock();
    const auth = secret === null ? {} : signature(secret, signedAtMs);
    url.search = encodeQuery({ ...call.query, ...auth });
    const context = {
      target: describeTarget(call.method, url),
      write: call.write,
      signedAtMs,
      expects: call.expects,
      namesCustomer: call.namesCustomer ?? call.query?.type !== undefined,
    };
    const sentAt = monotonic();
    const reply = await exchange({
      side: dispatcher,
      method: call.method,
      url,
      write: call.write,
      signal: call.signal,
      tried,
      ...(call.body === undefined
        ? {}
        : {
            body: stringifyUdesk(call.body),
            headers: { 'content-type': 'application/json; charset=utf-8' },
          }),
    });
    noteClock(reply, signedAtMs);
    if (monotonic() - sentAt >= SLOW_ANSWER_MS) quota.slowDown(true);
    return { body: readAnswer(reply, context), context };
  }

  function signature(secret: string, atMs: number): Record<string, string> {
    return sign({
      algorithm: options.sign,
      email: options.email,
      token: secret,
      timestamp: String(Math.floor(atMs / 1000)),
      nonce: options.randomNonce(),
    });
  }

  function noteClock(reply: Reply, sentAtMs: number): void {
    const server = serverTimeMs(reply);
    // The header is cut to the second: half a second more is the best guess.
    if (server !== null) skewMs = Math.round(server + 500 - (sentAtMs + clock()) / 2);
  }

  async function run(call: Call): Promise<Answer> {
    const startedAt = monotonic();
    return await withRetry(
      async (n, tried) => {
        let secret: string | null = null;
        try {
          secret = call.signed === false ? null : await secretToken(tried);
          const answer = await attempt(call, secret, tried);
          troubled = false;
          log?.debug({ endpoint: call.path, attempt: n, durationMs: since(startedAt) }, 'udesk call');
          return answer;
        } catch (error) {
          if (isSyncError(error, 'throttled')) quota.slowDown();
          else if (mayBeTooMany(error)) quota.slowDown(true);
          throw forgetRefusedToken(error, secret);
        }
      },
      {
        safe: !call.write,
        policy: options.retry ?? DEFAULT_RETRY,
        signal: call.signal,
        sleep: options.sleep,
        onAttempt: options.onAttempt,
        onRetry: ({ error, attempt: n }) => {
          const details = isSyncError(error) ? { kind: error.kind, code: error.details.code } : {};
          log?.[troubled ? 'debug' : 'warn'](
            { endpoint: call.path, attempt: n, ...details },
            'udesk call failed, trying again',
          );
          troubled = true;
        },
      },
    );
  }

  function since(startedAt: number): number {
    return Math.round(monotonic() - startedAt);
  }

  /**
   * A token fetched by password may have been replaced: log in once more, but not in a loop. Of several calls that were under
   * way with it the first one logs in; the refusals of the others say nothing of the token that is there by then.
   */
  function forgetRefusedToken(error: unknown, secret: string | null): unknown {
    if (options.token !== undefined || !(error instanceof UdeskRefusal) || error.udeskCode !== BAD_SIGN)
      return error;
    if (secret === null) return error;
    if (secret === token) {
      if (monotonic() - loggedInAt < RELOGIN_MS) return error;
      token = null;
    }
    return new UdeskRefusal('transient', 'Udesk refused a token of an earlier log_in', {
      code: BAD_SIGN,
      words: error.words,
      undone: true,
    });
  }

  async function secretToken(tried: () => void): Promise<string> {
    if (token !== null) return token;
    // One log_in for all that wait; no signal, so that one caller who gives up does not fail the others.
    loggingIn ??= fetchToken(tried).finally(() => {
      loggingIn = null;
    });
    return await loggingIn;
  }

  async function fetchToken(tried: () => void): Promise<string> {
    const { password } = options;
    if (password === undefined) {
      throw new SyncError('config', 'Udesk needs udesk.token or udesk.password', { side: 'udesk' });
    }
    const call: Call = {
      method: 'POST',
      path: 'log_in',
      body: { email: options.email, password },
      // It changes nothing that matters when it is done twice.
      write: false,
      signed: false,
      expects: 'open_api_auth_token',
      signal: undefined,
    };
    const { body } = await attempt(call, null, tried).catch((error: unknown) => {
      throw wrongPassword(error);
    });
    const found = [body.open_api_auth_token, body.open_api_token].find(
      (text) => typeof text === 'string' && text !== '',
    );
    if (typeof found !== 'string') throw new SyncError('contract', 'log_in gave no token', { side: 'udesk' });
    token = found;
    loggedInAt = monotonic();
    return found;
  }

  return {
    origin,
    run,
    waitMs: (path, urgency, calls) => quota.waitMs(path, urgency, calls),
    async logIn(signal) {
      if (token !== null) return;
      await withRetry((_, tried) => secretToken(tried), {
        safe: true,
        policy: options.retry ?? DEFAULT_RETRY,
        signal,
        sleep: options.sleep,
      });
    },
    clockSkewMs: () => skewMs,
  };
}

const RELOGIN_MS = 60_000;
/** An answer that takes so long comes from a server with too much to do. */
const SLOW_ANSWER_MS = 10_000;

/** What Udesk answers above the quota is not known (api.md §6.4): 5xx, a page of HTML and a reset may mean it, too. */
function mayBeTooMany(error: unknown): boolean {
  return (
    error instanceof HttpFailure &&
    !error.undone &&
    (error.kind === 'transient' || error.kind === 'ambiguous')
  );
}

function originOf(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '') {
    throw new SyncError('config', 'udesk.baseUrl is not an origin such as https://demo.udesk.cn', {
      code: 'base-url',
      side: 'udesk',
    });
  }
  return url.origin;
}

/** RFC 3986 throughout: a `+` in an address becomes %2B, a space %20 (api.md §10.6). */
export function encodeQuery(parameters: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(parameters)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join('&');
}

function wrongPassword(error: unknown): unknown {
  if (
    !(error instanceof UdeskRefusal) ||
    !(MAYBE_NOT_FOUND.has(error.udeskCode) || error.kind === 'contract')
  )
    return error;
  return new UdeskRefusal('auth', `Udesk refuses the log in (code ${error.udeskCode})`, {
    code: error.udeskCode,
    words: error.words,
    undone: true,
    side: 'udesk',
    advice: 'Check udesk.email and udesk.password: they are those of the super administrator.',
  });
}
