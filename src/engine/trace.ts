/**
 * An update of unknown outcome, after which the record does not hold what was sent: it may have been written, and a
 * person may have set it back since. Sending it again would take that edit away (P2), so the history is asked first.
 */

import type { SideRecord } from '../core/record.ts';
import { witnessWrite, writeHappened } from '../core/witness.ts';
import type { IntentRow } from '../store/intents.ts';
import type { Db } from '../store/tx.ts';
import { countWitnesses } from '../store/witnesses.ts';
import type { Cycle } from './context.ts';
import { changesSince, isWitnessed, lookTime, readHistorySince, timesOfWrite } from './history.ts';
import { settleWrite } from './settle.ts';
import { keep } from './witness.ts';

/** What became of it, and what has to be kept in the transaction that draws the conclusion: a kill must not part the two (P9). */
export interface Trace {
  readonly happened: 'written' | 'not' | 'unclear';
  readonly keep: (tx: Db) => Promise<void>;
}

const NOTHING = async () => {};

/**
 * @returns `written`: it happened, and is settled; `not`: it did not; `unclear`: nobody can tell. Where the history cannot be
 * read clearly, what the write would have replaced is kept in a conflict, and so is what the record holds now, before it is
 * written over.
 */
export async function traceUpdate(cycle: Cycle, intent: IntentRow, current: SideRecord): Promise<Trace> {
  const look = lookTime(intent);
  if (!isWitnessed(cycle, intent.side) || look === null) return { happened: 'unclear', keep: NOTHING };
  const history = await readHistorySince(cycle, intent.side, current.id, [look]);
  const times = timesOfWrite(look, history, cycle.clock().toISOString());
  const records = await changesSince(cycle, intent, history, times);
  const shown = (await countWitnesses(cycle.db, cycle.spec.name)).clean > 0;
  const traces = Object.entries(intent.patch).flatMap(([name, write]) => {
    const spec = cycle.spec.fields.find(({ udesk }) => udesk === write.field);
    if (spec === undefined) return [];
    const region = cycle.spec.match.defaultRegion;
    const input = { side: intent.side, spec, region, name, write, records, times };
    const happened = writeHappened(input, shown);
    // If it happened, it may have replaced an edit that only the history still tells.
    const replaced = () => witnessWrite({ ...input, held: write.after, later: [] });
    return [{ name, spec, happened, replaced }];
  });
  const carried = new Set(traces.flatMap(({ name, happened }) => (happened === 'yes' ? [name] : [])));
  if (carried.size > 0) {
    await settleWrite(cycle, intent, current, 'look', carried);
    return { happened: 'written', keep: NOTHING };
  }
  const unclear = traces.filter(({ happened }) => happened === 'unclear');
  const keepAll = async (tx: Db) => {
    for (const { name, spec, replaced } of unclear) {
      const verdict = replaced();
      if (verdict.verdict === 'overwritten') await keep(cycle, tx, intent, spec, verdict.foreign);
      const value = current.fields[name];
      const [latest] = records.toReversed();
      if (value === undefined || latest === undefined) continue;
      await keep(cycle, tx, intent, spec, { side: intent.side, value, ...pick(latest) });
    }
  };
  return { happened: unclear.length > 0 || !history.whole ? 'unclear' : 'not', keep: keepAll };
}

function pick({ author, at, text }: Awaited<ReturnType<typeof changesSince>>[number]) {
  return { author, at, text };
}
