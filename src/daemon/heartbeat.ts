/**
 * A dead man's switch: calls an address again and again while all pairs are well, so that silence raises the alarm
 * elsewhere, whatever has died here: the process, its machine, its network, its database, or a lane that is stuck.
 * Each daemon beats for itself, and a beat is about all pairs: why, docs/decisions/0040-*.
 */
import { toError } from '../errors.ts';
import type { Logger } from '../lib/log.ts';
import type { DeadLetters } from '../store/dead-letters.ts';
import type { AlertLimits } from './alert-conditions.ts';
import { ask, DeliveryFailure, type DeliveryPolicy, untilTaken } from './alert-send.ts';
import { type PairProgress, unwell } from './heartbeat-condition.ts';

export interface Heartbeat {
  /** Known by it in the log: its place in the configuration. */
  readonly name: string;
  /** A secret. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly everyMs: number;
  readonly limits: AlertLimits;
}

export interface HeartbeatSource {
  readonly log: Logger;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** How all pairs stand in the database; rejects in bounded time while it does not answer. */
  readonly pairs: () => Promise<{
    readonly gauges: readonly PairProgress[];
    readonly deadLetters: readonly Pick<DeadLetters, 'pair'>[];
  }>;
  readonly delivery?: DeliveryPolicy;
}

/** Beats until the signal is aborted. Never rejects. */
export async function runHeartbeats(
  source: HeartbeatSource,
  heartbeats: readonly Heartbeat[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    heartbeats.map(async (heartbeat) => {
      const tell = teller(source.log, heartbeat.name);
      while (!signal.aborted) {
        const beat = beatOf(source, heartbeat, signal).then((now) => {
          if (!signal.aborted) tell(now);
        });
        await Promise.all([beat, source.sleep(heartbeat.everyMs, signal).catch(() => {})]);
      }
    }),
  );
}

/** Why no beat arrived; null: it did. */
interface Silence {
  /** `not-taken`: it was sent, and the address did not take it. */
  readonly code: string;
  readonly pair?: string;
}

async function beatOf(
  { pairs, delivery }: HeartbeatSource,
  { url, method, limits }: Heartbeat,
  signal: AbortSignal,
): Promise<Silence | null> {
  try {
    const { gauges, deadLetters } = await pairs();
    const reason = unwell(gauges, deadLetters, limits);
    if (reason !== null) return reason;
    await untilTaken((until) => call(url, method, until), signal, delivery);
    return null;
  } catch (thrown) {
    const error = toError(thrown);
    if (error instanceof DeliveryFailure) return { code: `not-taken ${error.code}` };
    return { code: 'database' };
  }
}

async function call(url: string, method: Heartbeat['method'], signal: AbortSignal): Promise<string | null> {
  const answer = await ask(url, { method, headers: { 'user-agent': 'udesk-sync' }, signal });
  if (typeof answer === 'string') return answer;
  return answer.status >= 200 && answer.status <= 299 ? null : `http-${answer.status}`;
}

/** A line when it falls silent (or is for another reason), and one when it beats again; the first cycle is waited for quietly. */
function teller(log: Logger, channel: string): (now: Silence | null) => void {
  let before: Silence | null | undefined;
  return (now) => {
    const told = { kind: 'heartbeat', channel };
    if (now === null) {
      if (before !== null)
        log.info(told, before === undefined ? 'the heartbeat beats' : 'the heartbeat beats again');
    } else if (now.code !== before?.code || now.pair !== before.pair) {
      log[before === undefined ? 'info' : 'warn'](
        { ...told, ...now },
        'the heartbeat is silent: not all is well',
      );
    }
    before = now;
  };
}
