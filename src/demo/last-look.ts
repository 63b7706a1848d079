/** What is counted at the very end of the round, against what was there at its start. */

import { busiestMinute } from '../lib/sliding-window.ts';
import type { CustomerView, ItemView } from '../simulator/handle.ts';
import { countIntents } from '../store/intents.ts';
import type { Facts } from './claims.ts';
import { type Daemon, wholeCycles } from './daemon.ts';
import { keptElements } from './measure.ts';
import { compareNow, countWrites, PER_MINUTE, type Stage } from './stage.ts';

export type LastFacts = Pick<Facts, 'kept' | 'end' | 'parked' | 'quota'>;

/** Every address and number of every customer, with the id that Udesk knows it by. */
export function snapshot({ simulator }: Stage): ItemView[][] {
  return simulator.tenant.list().map(elementsOf);
}

export async function lastLook(
  stage: Stage,
  daemon: Daemon,
  start: readonly (readonly ItemView[])[],
  edited: ReadonlySet<string>,
): Promise<LastFacts> {
  const { simulator, runtime, pair, context } = stage;
  const before = await countWrites(stage);
  await wholeCycles(daemon, 1, context.signal);
  const after = await countWrites(stage);
  const intents = await countIntents(runtime.engine.db, pair.spec.name);
  return {
    kept: keptElements(start, snapshot(stage), edited),
    end: { comparison: await compareNow(stage), before, after },
    parked: intents.parked,
    quota: {
      perMinute: PER_MINUTE,
      busiest: busiestMinute(simulator.log.map(({ at }) => at)),
      refused: simulator.log.filter(({ status }) => status === 429).length,
    },
  };
}

/** A primary address has no id of its own: it stands for the customer itself. */
function elementsOf(customer: CustomerView): ItemView[] {
  const primary = customer.email === null ? [] : [{ id: `customer ${customer.id}`, content: customer.email }];
  return [...primary, ...customer.other_emails, ...customer.cellphones];
}
