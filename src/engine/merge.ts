import { contactsToAskFor } from '../core/contacts.ts';
import { idOn, otherSide, type SideName, type SideRecord } from '../core/record.ts';
import { takeOver } from '../core/survivor.ts';
import type { Page } from '../crm/adapter.ts';
import { activeConflicts, writeConflicts } from '../store/conflicts.ts';
import {
  endConflicts,
  type LinkRow,
  linkHolding,
  loadLinkOf,
  moveLinkSide,
  saveBases,
  setLinkState,
} from '../store/links.ts';
import { type KeyedRecord, keyedRecords, loadRecords, markDeleted } from '../store/records.ts';
import { askAgain, endFlagged, wasGone } from '../store/returned.ts';
import { leaveReverts } from '../store/reverts.ts';
import { rejectedPairs } from '../store/reviews.ts';
import { type Db, fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { lookUp } from './lookup.ts';
import { storeOne, target } from './observe.ts';

/**
 * A record that is gone may have been merged into another (sync design §7): its e-mails and phones are looked up, and
 * when exactly one other record holds them, the link moves to that survivor. Where the survivor is somebody else's
 * already, or there are several, the link is broken and kept for a person; nothing is deleted over there either way.
 * @returns of whom nobody can say, as the side refuses the question: they are not taken as deleted (P7)
 */
export async function followMerges(
  cycle: Cycle,
  side: SideName,
  gone: readonly string[],
): Promise<ReadonlySet<string>> {
  const unsaid = new Set<string>();
  const pair = cycle.spec.name;
  const { by } = cycle.spec.match;
  const held = await loadRecords(cycle.db, pair, side, gone);
  for (const record of await keyedRecords(cycle.db, pair, side, gone)) {
    if (record.linkId === null) continue;
    const { linkId } = record;
    const fields = held.get(record.id)?.record.fields ?? {};
    const contacts = contactsToAskFor(cycle.spec, side, fields).filter(({ kind }) => by.includes(kind));
    const holders = await lookUp(cycle, side, contacts, (error) => {
      unsaid.add(record.id);
      cycle.log.warn(
        { side, remoteId: record.id, kind: error.kind, code: error.details.code },
        'nobody can say whether a record that is gone was merged: it is not taken as deleted',
      );
    });
    const survivors = holders.filter(({ id }) => id !== record.id);
    if (survivors.length === 0) continue;
    unsaid.delete(record.id);
    await follow(cycle, side, { ...record, linkId }, survivors, 'its e-mails or phones are held by');
  }
  return unsaid;
}

/**
 * The same for pages of a side that tells itself into which record another was merged: the link moves before the merged
 * one is taken for deleted.
 */
export async function* followingMerges(
  cycle: Cycle,
  side: SideName,
  pages: AsyncIterable<Page>,
): AsyncGenerator<Page> {
  for await (const page of pages) {
    const merged = page.mergedInto ?? {};
    for (const record of await keyedRecords(cycle.db, cycle.spec.name, side, Object.keys(merged))) {
      if (record.linkId === null) continue;
      const survivor = await lastSurvivor(cycle, side, record.id, merged);
      if (survivor !== null)
        await follow(cycle, side, { ...record, linkId: record.linkId }, [survivor], 'it was merged into');
    }
    yield page;
  }
}

/** Who took the place of a merged record may have been merged itself. */
async function lastSurvivor(
  cycle: Cycle,
  side: SideName,
  id: string,
  merged: Readonly<Record<string, string>>,
): Promise<SideRecord | null> {
  const seen = new Set([id]);
  for (let into = merged[id]; into !== undefined && !seen.has(into); into = merged[into]) {
    seen.add(into);
    const found = await cycle.sides[side].read(into, { signal: cycle.signal, urgency: 'soon' });
    if (found !== null) return found;
  }
  return null;
}

async function follow(
  cycle: Cycle,
  side: SideName,
  record: KeyedRecord & { readonly linkId: string },
  survivors: readonly SideRecord[],
  how: string,
): Promise<void> {
  const { linkId } = record;
  const link = await loadLinkOf(cycle.db, cycle.spec.name, linkId);
  // Somebody was created in its place before it came back from the bin: the link is theirs.
  if (link === null || idOn(link, side) !== record.id) return;
  const free = await freeSurvivor(cycle, side, link, survivors);
  const counterpart = free === null ? null : await readCounterpart(cycle, side, link);
  const at = cycle.clock();
  await fenced(cycle.db, cycle.fence, async (tx) => {
    if (counterpart !== null) await storeOne(cycle, tx, otherSide(side), 'point', counterpart);
    for (const survivor of survivors) await storeOne(cycle, tx, side, 'point', survivor);
    if (free !== null) {
      await endFlagged(tx, cycle.spec.name, side, free.id, at);
      const ids = { from: record.id, to: free.id };
      await moveLinkSide(tx, cycle.spec.name, linkId, side, ids, at);
      await leaveReverts(tx, cycle.spec.name, linkId, { side, how: 'merged', ...ids }, at);
      await keepWhatSurvives(cycle, tx, linkId, side, free, at);
      // The survivor may have been linked before: with what the end of that link closed.
      await askAgain(tx, cycle.spec.name, [linkId], at);
      return;
    }
    const ids = survivors.map(({ id }) => id).join(', ');
    const reason = `gone on ${side}; ${how} ${ids}, which cannot take its place without a person`;
    await setLinkState(tx, cycle.spec.name, linkId, { state: 'broken', decidedBy: 'merged', reason, at });
    await endConflicts(tx, cycle.spec.name, linkId, at);
    // Together: a record that still counted as live would be taken for one that came back.
    await markDeleted(tx, target(cycle, side, 'point'), [record.id]);
  });
  cycle.log.info(
    { side, linkId, remoteId: record.id, survivors: survivors.map(({ id }) => id), moved: free !== null },
    'a vanished record was merged into another',
  );
}

/** As it is now: what was taken away there before the merge, and nobody has looked at, is not taken from the survivor. */
async function readCounterpart(cycle: Cycle, side: SideName, link: LinkRow): Promise<SideRecord | null> {
  const there = otherSide(side);
  const id = idOn(link, there);
  return id === null ? null : await cycle.sides[there].read(id, { signal: cycle.signal, urgency: 'soon' });
}

async function keepWhatSurvives(
  { spec }: Cycle,
  tx: Db,
  linkId: string,
  side: SideName,
  survivor: SideRecord,
  at: Date,
): Promise<void> {
  const link = await loadLinkOf(tx, spec.name, linkId);
  const there = otherSide(side);
  const id = link === null ? null : idOn(link, there);
  const known = id === null ? undefined : (await loadRecords(tx, spec.name, there, [id])).get(id);
  if (link === null || known === undefined) return;
  const records = { [side]: survivor, [there]: known.record } as Record<SideName, SideRecord>;
  const { bases, flags } = takeOver(spec, link.bases, side, records);
  if (flags.length === 0) return;
  await saveBases(tx, spec.name, [{ id: linkId, bases }]);
  const open = new Set(
    (await activeConflicts(tx, spec.name, [linkId])).get(linkId)?.map(({ field }) => field),
  );
  const writes = flags
    .filter(({ field }) => !open.has(field))
    .map((change) => ({ linkId, change, udeskAt: records.udesk.updatedAt, crmAt: records.crm.updatedAt }));
  await writeConflicts(tx, spec.name, writes, at);
}

async function freeSurvivor(
  cycle: Cycle,
  side: SideName,
  link: LinkRow,
  survivors: readonly SideRecord[],
): Promise<SideRecord | null> {
  const [only] = survivors;
  if (only === undefined || survivors.length > 1) return null;
  const holder = await linkHolding(cycle.db, cycle.spec.name, side, only.id);
  if (holder !== null && holder !== link.id) return null;
  if (await isWaitedFor(cycle, side, only.id, link.id)) return null;
  // Whom a person said to be somebody else takes nobody's place.
  const ids = { udesk: link.udeskId ?? '', crm: link.crmId ?? '', [side]: only.id };
  return (await rejectedPairs(cycle.db, cycle.spec.name)).has(`${ids.udesk}\n${ids.crm}`) ? null : only;
}

/** Whom a flagged link waits for, and who is back by now, is not free for another one; whoever is left of a flagged link is. */
async function isWaitedFor(cycle: Cycle, side: SideName, id: string, linkId: string): Promise<boolean> {
  const [known] = await keyedRecords(cycle.db, cycle.spec.name, side, [id]);
  if (known === undefined || known.linkId === null || known.linkId === linkId) return false;
  const link = await loadLinkOf(cycle.db, cycle.spec.name, known.linkId);
  return link !== null && wasGone(link, side);
}
