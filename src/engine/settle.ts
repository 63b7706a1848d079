import { idOn, otherSide, type SideRecord } from '../core/record.ts';
import { restoredBy, settledBases, siblingOf, withDefaults } from '../core/settle.ts';
import type { Value } from '../core/value.ts';
import { freeClaims } from '../store/claims.ts';
import { settleConflicts, writeConflicts } from '../store/conflicts.ts';
import { markFeedsDue } from '../store/feeds.ts';
import { park } from '../store/guards.ts';
import { type IntentRow, moveIntent, siblingIntents } from '../store/intents.ts';
import { breakLink, linkHolding, loadLinkOf, saveBases, setLinkSide, setLinksDirty } from '../store/links.ts';
import { loadRecords, markDeleted, setRecordLink } from '../store/records.ts';
import { askAgain } from '../store/returned.ts';
import { leaveReverts, markCarried } from '../store/reverts.ts';
import { type Db, fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { isWitnessed } from './history.ts';
import { storeOne, target } from './observe.ts';
import { retryRefused } from './release.ts';

/** How the state after a write became known: by the write's own answer, or by a look at some later time. */
export type Evidence = 'answer' | 'look';

/**
 * The write is known to have happened: what the side now holds becomes its base, what the other side held when the
 * write was planned becomes the other's, and the intent is settled, all in one transaction and last (sync design §8).
 * Which bases move, and how far: src/core/settle.ts.
 * `carried`: fields of which the side's history says that they were written, though they hold something else by now: what
 * was sent is their base, and what they hold an edit made later.
 * @returns `taken` when the created record belongs to another link already: a person has to look.
 */
export async function settleWrite(
  cycle: Cycle,
  intent: IntentRow,
  after: SideRecord,
  evidence: Evidence,
  carried: ReadonlySet<string> = new Set(),
): Promise<'settled' | 'taken'> {
  return await fenced(cycle.db, cycle.fence, async (tx) => {
    const at = cycle.clock();
    if (intent.op === 'create') {
      const holder = await linkHolding(tx, cycle.spec.name, intent.side, after.id);
      if (holder !== null && holder !== intent.linkId) {
        await storeOne(cycle, tx, intent.side, 'write', after);
        await parkTaken(tx, intent, after.id, holder, at);
        return 'taken';
      }
    }
    const result = resultOf(intent, after, carried);
    const settled = { state: 'settled', at, result, witness: witnessFor(cycle, intent) } as const;
    if (!(await moveIntent(tx, intent, ['sending', 'unknown'], settled))) return 'settled';
    await retryRefused(tx, cycle, intent);
    await storeOne(cycle, tx, intent.side, 'write', after);
    // Our write made a change record, and the one before it names whom we overwrote.
    if (intent.side === 'udesk') await markFeedsDue(tx, cycle.spec.name, [after.id]);
    if (intent.op === 'create') {
      const from = await setLinkSide(tx, intent.pair, intent.linkId, intent.side, after.id, at);
      // In the place of a record that was deleted: what was to be undone there is not what this one holds.
      const replaced =
        from !== null && ({ side: intent.side, how: 'recreated', from, to: after.id } as const);
      if (replaced) await leaveReverts(tx, intent.pair, intent.linkId, replaced, at);
      await setRecordLink(tx, cycle.spec.name, intent.side, [after.id], intent.linkId);
      await freeClaims(tx, intent.pair, intent.linkId);
    }
    const told = evidence === 'look' ? Object.keys(intent.patch) : (after.reread ?? []);
    const looked = new Set(told.filter((name) => !carried.has(name)));
    await markCarried(
      tx,
      intent.pair,
      intent.linkId,
      intent.side,
      restoredBy(cycle.spec, { write: intent, result, looked }),
    );
    if (carried.size > 0) await setLinksDirty(tx, intent.pair, [intent.linkId], true);
    await advanceBases(cycle, tx, intent, result, looked, at);
    if (intent.op === 'create') {
      await acceptDefaults(cycle, tx, intent, after);
      // Whom it was made for may have been linked before: with what the end of that link closed.
      await askAgain(tx, intent.pair, [intent.linkId], at);
    }
    return 'settled';
  });
}

async function parkTaken(
  tx: Db,
  intent: IntentRow,
  remoteId: string,
  holder: string,
  at: Date,
): Promise<void> {
  const message = `${intent.side} record ${remoteId} answered for the new record, and it belongs to link ${holder} already. Unlink one of the two, or correct the external id on the CRM side.`;
  await moveIntent(tx, intent, ['sending', 'unknown'], { state: 'parked', at, error: message });
  await freeClaims(tx, intent.pair, intent.linkId);
  await park(tx, { ...intent, intentId: intent.id, remoteId, kind: 'identity', message, at });
}

export async function settleDelete(cycle: Cycle, intent: IntentRow): Promise<void> {
  await fenced(cycle.db, cycle.fence, async (tx) => {
    const at = cycle.clock();
    if (!(await moveIntent(tx, intent, ['sending', 'unknown'], { state: 'settled', at }))) return;
    await retryRefused(tx, cycle, intent);
    if (intent.remoteId !== null) {
      await markDeleted(tx, target(cycle, intent.side, 'write'), [intent.remoteId]);
    }
    await settleConflicts(tx, intent.pair, intent.linkId, ['*'], intent.decisions, at);
    await breakLink(tx, intent.pair, intent.linkId, { action: 'close' }, at);
  });
}

/** What the target holds now in the written fields, by the pair's field name. */
function resultOf(intent: IntentRow, after: SideRecord, carried: ReadonlySet<string>): Record<string, Value> {
  const result: Record<string, Value> = {};
  for (const [name, write] of Object.entries(intent.patch)) {
    const held = carried.has(name) ? undefined : after.fields[name];
    result[write.field] = held ?? write.after;
  }
  return result;
}

/** A write that nothing checked atomically has to be witnessed; where no history is kept, nobody can. */
function witnessFor(cycle: Cycle, intent: IntentRow): 'due' | 'none' | null {
  if (intent.op !== 'update' || cycle.sides[intent.side].manifest.compareAndSet) return null;
  return isWitnessed(cycle, intent.side) ? 'due' : 'none';
}

async function advanceBases(
  cycle: Cycle,
  tx: Db,
  intent: IntentRow,
  result: Readonly<Record<string, Value>>,
  looked: ReadonlySet<string>,
  at: Date,
): Promise<void> {
  const link = await loadLinkOf(tx, intent.pair, intent.linkId);
  if (link === null) return;
  const siblings = await siblingIntents(tx, intent);
  const { bases, settled, ignored } = settledBases(cycle.spec, link.bases, {
    write: intent,
    result,
    looked,
    sibling: (field) => {
      const other = siblingOf(intent.side, siblings, field);
      return other && { settled: other.state === 'settled', patch: other.patch, result: other.result };
    },
  });
  for (const { field } of ignored) {
    cycle.log.warn({ side: intent.side, linkId: intent.linkId, field }, 'the side did not take the value');
  }
  await saveBases(tx, link.pair, [{ id: link.id, bases }]);
  await settleConflicts(
    tx,
    link.pair,
    link.id,
    intent.op === 'create' ? [...settled, '*'] : settled,
    intent.decisions,
    at,
  );
  await writeConflicts(
    tx,
    cycle.spec.name,
    ignored.map(({ field, base }) => ({
      linkId: link.id,
      udeskAt: null,
      crmAt: null,
      change: {
        action: 'hold' as const,
        field,
        kind: 'diverged-base' as const,
        base: link.bases[field] ?? null,
        udesk: base.udesk,
        crm: base.crm,
        reason: `${intent.side} accepted the write and kept its old value`,
        reopened: false,
      },
    })),
    at,
  );
}

async function acceptDefaults(cycle: Cycle, tx: Db, intent: IntentRow, created: SideRecord): Promise<void> {
  const link = await loadLinkOf(tx, intent.pair, intent.linkId);
  const from = otherSide(intent.side);
  const sourceId = link === null ? null : idOn(link, from);
  if (link === null || sourceId === null) return;
  const source = (await loadRecords(tx, cycle.spec.name, from, [sourceId])).get(sourceId)?.record;
  if (source === undefined) return;
  const bases = withDefaults(cycle.spec, link.bases, intent.side, { created, source });
  await saveBases(tx, link.pair, [{ id: link.id, bases }]);
}
