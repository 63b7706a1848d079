import { matchKeysOf } from '../core/match.ts';
import { otherSide, type SideName, type SideRecord } from '../core/record.ts';
import { isUnwanted } from '../core/unwanted.ts';
import type { BatchCreate } from '../crm/adapter.ts';
import { loadBatchable, setAlone } from '../store/backfill.ts';
import type { IntentRow } from '../store/intents.ts';
import { holdersOf, loadRecords } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

/**
 * The next rows of a batch: creates that it carries whole, that can be recognised afterwards by an e-mail or phone, whose
 * source is still there, and whose e-mails and phones, as sent and as they are now, nobody on that side holds. Every other one is left to go on its own, where it is looked up
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
    const sources = await sourceKeys(cycle, side, waiting);
    const held = await heldKeys(cycle, side, [...keysOf.values(), ...sources.values()].flat());
    const alone: string[] = [];
    for (const intent of waiting) {
      const keys = keysOf.get(intent.id) ?? [];
      const request = { patch: intent.patch, marker: intent.marker ?? '' };
      const source = sources.get(intent.marker ?? '');
      const isAsPlanned = source !== undefined && !isUnwanted(spec, intent);
      const recognisable =
        isAsPlanned && keys.length > 0 && ![...keys, ...source].some((key) => held.has(key));
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

/** E-mails and phones of the live records that these are made of, as they are known now: P5, and nobody who was deleted since. */
async function sourceKeys(
  cycle: Cycle,
  side: SideName,
  creates: readonly IntentRow[],
): Promise<Map<string, readonly string[]>> {
  const from = otherSide(side);
  const ids = creates.flatMap(({ marker }) => marker ?? []);
  const known = await loadRecords(cycle.db, cycle.spec.name, from, ids);
  const live = [...known].filter(([, { state }]) => state === 'live');
  return new Map(live.map(([id, { record }]) => [id, contactKeys(cycle, from, record)]));
}

async function heldKeys(cycle: Cycle, side: SideName, keys: readonly string[]): Promise<Set<string>> {
  const holders = await holdersOf(cycle.db, cycle.spec.name, keys);
  return new Set(holders.filter((holder) => holder.side === side).flatMap((holder) => holder.keys));
}
