/** What the review pages of a running daemon work with: the same for `run` and for the demo. */

import { refreshRecord } from '../engine/refresh.ts';
import { SyncError } from '../errors.ts';
import { pulseOf } from '../store/pulse.ts';
import { createThrottle } from '../web/auth/throttle.ts';
import { createEvents } from '../web/events/events.ts';
import type { Services } from '../web/visit.ts';
import type { CliContext } from './context.ts';
import type { OpenPair, Runtime } from './runtime.ts';
import { decider } from './who.ts';

export interface WebDaemon {
  readonly context: CliContext;
  readonly runtime: Runtime;
  readonly pairs: readonly OpenPair[];
  /** A person decided something about this pair: it is carried out at once. */
  readonly wake: (pair: string) => void;
}

/** The pages answer whatever no other route answered: mount them last. */
export function webServices({ context, runtime, pairs, wake }: WebDaemon): Services {
  const { config, engine } = runtime;
  return {
    db: engine.db,
    config,
    clock: engine.clock,
    log: engine.log,
    machineUser: decider(context, undefined),
    signIns: createThrottle(() => engine.clock().getTime()),
    events: createEvents({
      pulse: () => pulseOf(engine.db),
      sleep: engine.sleep,
      stopping: context.signal,
    }),
    async refresh(pair, record) {
      const open = pairs.find(({ spec }) => spec.name === pair);
      if (open === undefined) {
        throw new SyncError('transient', `a side of the pair ${pair} does not answer yet`, { pair });
      }
      return await refreshRecord(engine, open, { ...record, signal: context.signal });
    },
    specOf: (pair) => pairs.find(({ spec }) => spec.name === pair)?.spec ?? null,
    wake,
  };
}
