/** A circuit breaker per endpoint of one side: an endpoint that fails costs no calls until it is tried again. */
import {
  abandoned,
  askBreaker,
  type Breaker,
  CLOSED,
  failed,
  type Leave,
  STRAIN,
  succeeded,
} from '../core/breaker.ts';
import { isSyncError } from '../errors.ts';
import { ANSWER_TOO_LARGE, HttpFailure, retryAfterMs } from './classify.ts';
import type { Reply } from './exchange.ts';

export const BREAKER_OPEN = 'breaker-open';
/** Endpoints beyond these share one breaker per host: a path may hold what no rule knows for an id. */
const MOST_ENDPOINTS = 50;
/** While one call is trying whether the endpoint works again, the others wait for so long. */
const PROBE_MS = 1_000;

export interface OpenBreaker {
  /** Method, host and path, with `*` for what may name a record. */
  readonly endpoint: string;
  readonly state: 'open' | 'half-open';
  /** Until it is tried again. */
  readonly waitMs: number;
}

export interface Breakers {
  /** The same refusal as `guard`, before anything else is spent on the call. */
  check(call: BreakerCall): void;
  /** @throws HttpFailure `transient` with the code `breaker-open`, and nothing is sent, while the endpoint is left alone */
  guard(call: BreakerCall, send: () => Promise<Reply>): Promise<Reply>;
  /** Those that are not closed. */
  open(): OpenBreaker[];
}

export interface BreakerCall {
  readonly method: string;
  readonly url: URL;
  readonly signal?: AbortSignal | undefined;
}

export interface BreakerTime {
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  /** Wall clock, for a Retry-After that is a date. */
  readonly now: () => number;
}

export function createBreakers({ monotonic, now }: BreakerTime): Breakers {
  const known = new Map<string, Breaker>();

  function keyOf({ method, url }: BreakerCall): string {
    const key = endpointOf(method, url);
    return known.has(key) || known.size < MOST_ENDPOINTS ? key : `${method} ${url.host}`;
  }

  return {
    check(call) {
      const key = keyOf(call);
      const { leave, waitMs } = askBreaker(known.get(key) ?? CLOSED, monotonic());
      if (leave === null) throw leftAlone(key, waitMs);
    },
    async guard(call, send) {
      const key = keyOf(call);
      const { breaker, leave, waitMs } = askBreaker(known.get(key) ?? CLOSED, monotonic());
      known.set(key, breaker);
      if (leave === null) throw leftAlone(key, waitMs);
      const fail = (strain: number, askedMs?: number) => {
        const failure = {
          leave,
          strain,
          nowMs: monotonic(),
          ...(askedMs === undefined ? {} : { retryAfterMs: askedMs }),
        };
        known.set(key, failed(known.get(key) ?? CLOSED, failure));
      };
      try {
        const reply = await send();
        if (isTrouble(reply.status)) fail(STRAIN.refused, retryAfterMs(reply.headers['retry-after'], now()));
        else known.set(key, succeeded());
        return reply;
      } catch (error) {
        // It answers, and the next cycle must be told again what is wrong with that.
        if (isSyncError(error) && error.details.code === ANSWER_TOO_LARGE) known.set(key, succeeded());
        else if (isSyncError(error)) fail(STRAIN.unreachable);
        else giveUp(key, leave);
        throw error;
      }
    },
    open: () =>
      [...known].flatMap(([endpoint, breaker]) =>
        breaker.state === 'closed'
          ? []
          : [{ endpoint, state: breaker.state, waitMs: Math.ceil(askBreaker(breaker, monotonic()).waitMs) }],
      ),
  };

  function giveUp(key: string, leave: Leave): void {
    known.set(key, abandoned(known.get(key) ?? CLOSED, leave, monotonic()));
  }
}

/** Answers that say something about the endpoint, and not about what was asked. */
function isTrouble(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

/** Path segments that may be an id, an address or a name become `*`: bounded in number, and nobody's data. */
export function endpointOf(method: string, url: URL): string {
  const segments = url.pathname
    .split('/')
    .map((segment) => (/^[A-Za-z_-]{0,30}(v\d{1,2}(\.\d)?)?$/.test(segment) ? segment : '*'));
  return `${method} ${url.host}${segments.join('/')}`;
}

function leftAlone(endpoint: string, waitMs: number): HttpFailure {
  const when =
    waitMs === 0
      ? 'one call is trying whether it works again'
      : `it is tried again in ${Math.ceil(waitMs / 1000)} s`;
  return new HttpFailure('transient', `${endpoint} failed too often in a row and is left alone: ${when}`, {
    undone: true,
    code: BREAKER_OPEN,
    // Neither sooner, in vain, nor minutes later: what waits goes on as soon as the endpoint may.
    retryAfterMs: Math.max(PROBE_MS, Math.ceil(waitMs)),
    advice: 'Nothing to do here: it goes on by itself when the remote answers again.',
  });
}
