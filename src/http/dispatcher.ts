/** One pool of connections per side, with a limit on every kind of waiting. */
import { Agent, type Dispatcher } from 'undici';
import type { Breakers } from './breakers.ts';

export interface Timeouts {
  /** TCP and TLS. */
  readonly connectMs: number;
  /** From the request to the first byte of the answer's head. */
  readonly headersMs: number;
  /** Between two pieces of the body. */
  readonly bodyMs: number;
  /** The whole call: a body that trickles for ever ends here. */
  readonly totalMs: number;
}

/** No vendor figure exists (udesk/api.md §10.11); public clients use 2 to 30 s. */
export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  headersMs: 30_000,
  bodyMs: 30_000,
  totalMs: 90_000,
};

const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;
const KEEP_ALIVE_MS = 4_000;

export interface SideDispatcher {
  readonly dispatcher: Dispatcher;
  readonly timeouts: Timeouts;
  /** What is larger is not read to its end. */
  readonly maxResponseBytes: number;
  /** Left out: every call goes, as often as it fails. A daemon has them. */
  readonly breakers?: Breakers | undefined;
  /** Waits for calls in flight, then closes the connections. */
  close(): Promise<void>;
}

/** @param connections most sockets per origin; the quota, not this, is what limits the rate */
export function createSideDispatcher(
  timeouts: Partial<Timeouts> = {},
  connections = 8,
  breakers?: Breakers,
  maxResponseBytes = MAX_RESPONSE_BYTES,
): SideDispatcher {
  const limits = { ...DEFAULT_TIMEOUTS, ...timeouts };
  const agent = new Agent({
    connections,
    // One request at a time per connection: a reset then concerns one call only.
    pipelining: 1,
    connect: { timeout: limits.connectMs },
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.bodyMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: maxResponseBytes,
  });
  return { dispatcher: agent, timeouts: limits, maxResponseBytes, breakers, close: () => agent.close() };
}
