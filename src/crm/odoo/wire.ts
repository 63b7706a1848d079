/** One call of Odoo: one exchange, the meaning of its answer, retries where they are allowed, and the server's clock. */
import type { Breakers } from '../../http/breakers.ts';
import { createSideDispatcher, type Timeouts } from '../../http/dispatcher.ts';
import { describeTarget, exchange, type Reply } from '../../http/exchange.ts';
import { type AttemptMade, DEFAULT_RETRY, type RetryPolicy, withRetry } from '../../http/retry.ts';
import { sleep as realSleep } from '../../lib/sleep.ts';
import { createServerClock } from '../server-clock.ts';
import type { OdooConfig } from './config.ts';
import type { Dialect, OdooCall, OdooRequest } from './dialect.ts';
import type { About } from './failure.ts';

/** Time and its limits, for tests that do not want to wait. */
export interface OdooLimits {
  readonly timeouts?: Partial<Timeouts>;
  readonly breakers?: Breakers | undefined;
  /** Told of every attempt that was made, for counting. */
  readonly onAttempt?: ((made: AttemptMade) => void) | undefined;
  readonly retry?: RetryPolicy;
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface OdooAnswer {
  readonly result: unknown;
  readonly about: About;
  /** A time by the server's clock at which this call had not been answered yet; by ours where it tells none. */
  readonly notBeforeMs: number;
}

export interface Wire {
  /** @param read what the answer means; throws an OdooFailure where it is none */
  send(
    request: OdooRequest,
    about: Omit<About, 'target'> & { readonly name: string },
    read: Dialect['read'],
    options?: Pick<OdooCall, 'again' | 'signal'>,
  ): Promise<OdooAnswer>;
  get(path: string, signal?: AbortSignal): Promise<Reply>;
  /** The server's clock minus ours by its last answer; null before one told a time. */
  clockSkewMs(): number | null;
  close(): Promise<void>;
}

export function createWire(config: OdooConfig, clock: () => number, limits: OdooLimits = {}): Wire {
  const { sleep = realSleep, retry = DEFAULT_RETRY } = limits;
  const side = createSideDispatcher(limits.timeouts, config.limits.concurrency, limits.breakers);
  const base = config.url.replace(/\/+$/, '');
  const serverClock = createServerClock(clock);

  return {
    send(request, { name, write, sent }, read, { again, signal } = {}) {
      const url = new URL(`${base}${request.path}`);
      const about: About = { target: `${describeTarget('POST', url)} ${name}`, write, sent };
      const attempt = async (_: number, tried: () => void): Promise<OdooAnswer> => {
        const sentAt = clock();
        const reply = await exchange({
          side,
          method: 'POST',
          url,
          headers: {
            'content-type': 'application/json; charset=utf-8',
            'user-agent': 'udesk-sync',
            ...request.headers,
          },
          body: JSON.stringify(request.body),
          write,
          signal,
          tried,
        });
        const notBeforeMs = serverClock.read(reply, sentAt);
        return { result: read(reply, about, clock()), about, notBeforeMs };
      };
      const { onAttempt } = limits;
      return withRetry(attempt, { safe: !write, policy: retry, signal, sleep, onAttempt, again });
    },
    get: (path, signal) =>
      withRetry(
        (_, tried) =>
          exchange({
            side,
            method: 'GET',
            url: new URL(`${base}${path}`),
            headers: { 'user-agent': 'udesk-sync' },
            write: false,
            signal,
            tried,
          }),
        { safe: true, policy: retry, signal, sleep, onAttempt: limits.onAttempt },
      ),
    clockSkewMs: serverClock.skewMs,
    close: () => side.close(),
  };
}

export type Run = (call: OdooCall) => Promise<OdooAnswer>;

/** Calls a method by the dialect that this Odoo speaks. */
export function caller(wire: Wire, dialect: Dialect): Run {
  return (call) =>
    wire.send(
      dialect.request(call),
      { name: `${call.model}.${call.method}`, write: call.write, sent: call.params },
      dialect.read,
      call,
    );
}
