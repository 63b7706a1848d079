/** This daemon among the others on its database: who they are, and which pairs are this one's. */
import { sharePairs } from '../core/share.ts';
import { type EngineContext, onLifeline } from '../engine/context.ts';
import { toError } from '../errors.ts';
import { BEAT_MS, beat, leave } from '../store/replicas.ts';
import type { ReplicaState } from '../store/schema/replica.ts';

/** A database that does not answer keeps no daemon from stopping. */
const LEAVE_MS = 1_000;
/** A beat that failed is said again before the others take this daemon for gone. */
const BEAT_AGAIN_MS = 250;
/** A pair whose work ended with a fault of the program is begun again this much later; the other pairs go on. */
const AFTER_FAULT_MS = 60_000;

export interface ReplicaOptions {
  readonly context: EngineContext;
  readonly pairs: readonly string[];
  /** What this daemon leaves alone now, for others to see. */
  readonly breakers: () => ReplicaState['breakers'];
  /** Works on a pair until the signal is aborted. Rejects for a fault of the program. */
  readonly work: (pair: string, signal: AbortSignal) => Promise<void>;
}

export interface Replica {
  /** Whether this daemon works on the pair now. */
  holds(pair: string): boolean;
  /** Works until the signal is aborted; resolves when all cycles under way have ended. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Says every two seconds that it lives, and works on its share of the pairs. One daemon alone has all of them. A daemon
 * that says nothing for some seconds, or is known to have died, shares nothing any more: the others take its pairs over.
 */
export function createReplica({ context, pairs, breakers, work }: ReplicaOptions): Replica {
  const { db, log, owner, sleep } = context;
  const held = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  let others = 0;

  async function mine(): Promise<Set<string>> {
    const state = { pairs: [...held.keys()], breakers: breakers() };
    const found = await onLifeline(context, (line) => beat(line, owner, state));
    const dead = found.filter((each) => context.ownerIsDead?.(each) === true);
    for (const each of dead) await leave(db, each);
    const live = found.filter((each) => !dead.includes(each));
    if (live.length - 1 !== others) {
      others = live.length - 1;
      log.info({ replicas: live.length }, 'the daemons that share the pairs');
    }
    const shares = sharePairs(pairs, live);
    return new Set(pairs.filter((pair) => shares.get(pair) === owner));
  }

  function take(pair: string, signal: AbortSignal): void {
    const stop = new AbortController();
    const until = AbortSignal.any([signal, stop.signal]);
    const ended = keepWorking(pair, until).finally(() => held.delete(pair));
    held.set(pair, { stop, ended });
  }

  /** A fault of the program in one pair is no reason for the others to stand still, nor for this one to stand still for ever. */
  async function keepWorking(pair: string, until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      try {
        await work(pair, until);
      } catch (error) {
        log.error(
          { pair, kind: 'invariant', err: toError(error).message, delayMs: AFTER_FAULT_MS },
          'the work on the pair ended with a fault of the program, and is begun again later',
        );
        await sleep(AFTER_FAULT_MS, until).catch(() => {});
      }
    }
  }

  async function look(signal: AbortSignal): Promise<void> {
    const wanted = await mine();
    if (signal.aborted) return;
    for (const [pair, { stop }] of held) if (!wanted.has(pair)) stop.abort();
    for (const pair of wanted) if (!held.has(pair)) take(pair, signal);
  }

  return {
    holds: (pair) => held.get(pair)?.stop.signal.aborted === false,
    async run(signal) {
      try {
        while (!signal.aborted) {
          // Without the database nobody can write: whoever works goes on as before, and the lease decides afterwards.
          const failed = await look(signal).then(
            () => false,
            (error: unknown) => {
              log.debug({ err: toError(error).message }, 'the other daemons are not known at the moment');
              return true;
            },
          );
          await sleep(failed ? BEAT_AGAIN_MS : BEAT_MS, signal).catch(() => {});
        }
      } finally {
        await Promise.all([...held.values()].map(({ ended }) => ended));
        await Promise.race([leave(db, owner).catch(() => {}), sleep(LEAVE_MS)]);
      }
    },
  };
}
