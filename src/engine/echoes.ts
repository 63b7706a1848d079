/** Which hints are nothing but our own writes coming back (src/core/own-echo.ts): those customers need not be read. */
import { type OwnEntry, ownEcho, type ToldChange } from '../core/own-echo.ts';
import { awaitedEchoes, saveEchoes } from '../store/own-writes.ts';
import { loadRecords } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

/** An echo comes within seconds; what comes later is looked at. */
const AWAITED_MS = 15 * 60_000;

/** By id: what each callback says that changed; null when the customer has to be looked at whatever they say. */
export type Told = ReadonlyMap<string, readonly (readonly ToldChange[])[] | null>;

/** @returns ids of which every callback is the echo of a write of ours; each write is used up by its echo. */
export async function knownEchoes(cycle: Cycle, told: Told): Promise<ReadonlySet<string>> {
  const { db, fence, spec } = cycle;
  const asked = [...told].flatMap(([id, callbacks]) =>
    callbacks === null ? [] : [[id, callbacks] as const],
  );
  const ids = asked.map(([id]) => id);
  const since = new Date(cycle.clock().getTime() - AWAITED_MS);
  const awaited = await awaitedEchoes(db, spec.name, 'udesk', ids, since);
  const mirrored = await loadRecords(db, spec.name, 'udesk', [...awaited.keys()]);
  const known = new Set<string>();
  const used: OwnEntry[] = [];
  for (const [id, callbacks] of asked) {
    const mirror = mirrored.get(id);
    if (mirror === undefined || mirror.state !== 'live') continue;
    let entries = awaited.get(id) ?? [];
    let all = true;
    for (const changes of callbacks) {
      const echo = ownEcho({ spec, side: 'udesk', told: changes, entries, mirror: mirror.record });
      if (echo === null) all = false;
      else entries = entries.filter((entry) => !echo.includes(entry));
      used.push(...(echo ?? []));
    }
    if (all) known.add(id);
  }
  if (used.length > 0) await fenced(db, fence, (tx) => saveEchoes(tx, spec.name, used));
  return known;
}
