import { matchKeysOf } from '../core/match.ts';
import type { SideName, SideRecord } from '../core/record.ts';
import type { BatchCreate } from '../crm/adapter.ts';
import { loadBatchable, setAlone } from '../store/backfill.ts';
import type { IntentRow } from '../store/intents.ts';
import { holdersOf } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

/**
 * The next rows of a batch: creates that it carries whole, that can be recognised afterwards by an e-mail or phone, and
 * whose e-mails and phones nobody on that side holds. Every other one is left to go on its own, where it is looked up
 * first and refused with a reason.
 */
export async function chooseRows(cycle: Cycle, side: SideName, batch: BatchCreate): Promise<IntentRow[]> {
  const { db, spec } = cycle;
  const chosen: IntentRow[] = [];
  const taken = new Set<string>();
  for (let afterId = '0'; chosen.length < batch.maxRows; ) {
    const page = { now: cycle.clock(), afterId, limit: batch.maxRows };
    const waiting = await loadBatchable(db, spec.name, side, page);
    const last = waiting.at(-1);
    if (last === undefined) break;
    afterId = last.id;
    const keysOf = new Map(waiting.map((intent) => [intent.id, sentKeys(cycle, intent)]));
    const held = await heldKeys(cycle, side, [...keysOf.values()].flat());
    const alone: string[] = [];
    for (const intent of waiting) {
      const keys = keysOf.get(intent.id) ?? [];
      const request = { patch: intent.patch, marker: intent.marker ?? '' };
      const recognisable = keys.length > 0 && !keys.some((key) => held.has(key));
      if (!recognisable || !(await batch.fits(request, { signal: cycle.signal }))) alone.push(intent.id);
      else if (chosen.length < batch.maxRows && !keys.some((key) => taken.has(key))) {
        chosen.push(intent);
        for (const key of keys) taken.add(key);
      }
    }
    await fenced(db, cycle.fence, (tx) => setAlone(tx, cycle.spec.name, alone));
  }
  return chosen;
}

/**
 * E-mails and phones of the record as it was sent, `kind:value`: its source may have been edited since, and would be
 * looked for in vain.
 */
export function sentKeys(cycle: Cycle, intent: IntentRow): string[] {
  const fields = Object.fromEntries(Object.entries(intent.patch).map(([name, { after }]) => [name, after]));
  return contactKeys(cycle, intent.side, {
    id: '',
    fields,
    externalId: null,
    version: null,
    updatedAt: null,
  });
}

/** E-mails and phones of a record, `kind:value`. */
export function contactKeys(cycle: Cycle, side: SideName, record: SideRecord): string[] {
  return matchKeysOf(cycle.spec, side, record)
    .filter(({ kind }) => kind !== 'token')
    .map(({ kind, value }) => `${kind}:${value}`);
}

async function heldKeys(cycle: Cycle, side: SideName, keys: readonly string[]): Promise<Set<string>> {
  const holders = await holdersOf(cycle.db, cycle.spec.name, keys);
  return new Set(holders.filter((holder) => holder.side === side).flatMap((holder) => holder.keys));
}
