import { otherSide, type SideName, type SideRecord } from '../core/record.ts';
import { settledBases, withDefaults } from '../core/settle.ts';
import type { Value } from '../core/value.ts';
import { heldByLinks, saveCreated } from '../store/backfill.ts';
import type { IntentRow } from '../store/intents.ts';
import { loadLinks, saveBases } from '../store/links.ts';
import { loadRecords } from '../store/records.ts';
import { askAgain } from '../store/returned.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

/**
 * Settles many creates that the mirror shows, in one transaction: what `settleWrite` does for one after a look. Their
 * histories are not read: nobody was there before. A record that a link holds already is left out.
 * @returns ids of the intents that were settled
 */
export async function settleCreated(
  cycle: Cycle,
  side: SideName,
  rows: readonly { readonly intent: IntentRow; readonly record: SideRecord }[],
): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const { spec } = cycle;
  return await fenced(cycle.db, cycle.fence, async (tx) => {
    const at = cycle.clock();
    const held = await heldByLinks(
      tx,
      spec.name,
      side,
      rows.map(({ record }) => record.id),
    );
    const free = rows.filter(({ record }) => !held.has(record.id));
    const links = await loadLinks(
      tx,
      spec.name,
      free.map(({ intent }) => intent.linkId),
    );
    const linkOf = new Map(links.map((link) => [link.id, link]));
    const sourceOf = (link: (typeof links)[number]) => (side === 'udesk' ? link.crmId : link.udeskId);
    const sources = await loadRecords(
      tx,
      spec.name,
      otherSide(side),
      links.flatMap((link) => sourceOf(link) ?? []),
    );
    const created = free.flatMap(({ intent, record }) => {
      const link = linkOf.get(intent.linkId);
      if (link === undefined) return [];
      const result = resultOf(intent, record);
      const looked = new Set(Object.keys(intent.patch));
      const { bases } = settledBases(spec, link.bases, {
        write: intent,
        result,
        looked,
        sibling: () => undefined,
      });
      const source = sources.get(sourceOf(link) ?? '')?.record;
      const all = source === undefined ? bases : withDefaults(spec, bases, side, { created: record, source });
      return [{ intentId: intent.id, linkId: link.id, remoteId: record.id, result, bases: all }];
    });
    await saveCreated(tx, spec.name, side, created, at);
    await saveBases(
      tx,
      spec.name,
      created.map(({ linkId, bases }) => ({ id: linkId, bases })),
    );
    // Whom they were made for may have been linked before: with what the end of that link closed.
    await askAgain(
      tx,
      spec.name,
      created.map(({ linkId }) => linkId),
      at,
    );
    return new Set(created.map(({ intentId }) => intentId));
  });
}

function resultOf(intent: IntentRow, record: SideRecord): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(intent.patch).flatMap(([name, { field }]) => {
      const held = record.fields[name];
      return held === undefined ? [] : [[field, held]];
    }),
  );
}
