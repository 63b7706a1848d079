/**
 * Backfill: many creates on a side that takes batches (sync design §8; docs/decisions/0009).
 *
 * A batch only says that it was taken. So its rows go durably UNKNOWN with the call, and are settled by reading alone:
 * one page of the list verifies a whole batch. Never twice (P5): whoever does not appear is looked up, twice, before it
 * is sent again. One batch is under way at a time, and one cycle sends a few: in between everything else has its turn.
 */
import type { SideName } from '../core/record.ts';
import type { BatchCreate, BatchVerdict } from '../crm/adapter.ts';
import { SyncError } from '../errors.ts';
import {
  activeBackfills,
  type Backfill,
  countWaiting,
  endBackfill,
  lastBatchIsSilent,
  loadAlone,
} from '../store/backfill.ts';
import { type BackfillProgress, backfillProgress } from '../store/backfill-progress.ts';
import { loadPair } from '../store/pairs.ts';
import { fenced } from '../store/tx.ts';
import { readHead } from './backfill-head.ts';
import { chooseRows } from './backfill-rows.ts';
import { sendBatch } from './backfill-send.ts';
import { settleSeen } from './backfill-settle.ts';
import { watchBatch } from './backfill-watch.ts';
import type { Cycle } from './context.ts';
import { type PushReport, pushOne } from './push.ts';

/** What one cycle sends before it ends. */
const BATCHES_PER_CYCLE = 5;
const ALONE_PER_CYCLE = 20;

export interface BackfillReport extends Omit<BackfillProgress, 'id' | 'startedAt'> {
  /** Another cycle would bring it further at once. */
  readonly more: boolean;
  /** The mirror may lack somebody: creates go one by one until a sweep has seen everybody. */
  readonly mirrorIncomplete: boolean;
}

/** Brings the backfills of a pair a few batches further; null where none is under way. */
export async function backfill(
  cycle: Cycle,
  push: PushReport,
  takeVerdicts: () => readonly BatchVerdict[] = () => [],
): Promise<BackfillReport | null> {
  let report: BackfillReport | null = null;
  for (const active of await activeBackfills(cycle.db, cycle.spec.name)) {
    const batch = cycle.sides[active.side].batchCreate;
    if (batch !== undefined) report = await portion(cycle, active, batch, { push, takeVerdicts });
  }
  return report;
}

async function portion(
  cycle: Cycle,
  active: Backfill,
  batch: BatchCreate,
  { push, takeVerdicts }: { push: PushReport; takeVerdicts: () => readonly BatchVerdict[] },
): Promise<BackfillReport> {
  const { db, spec } = cycle;
  const { side } = active;
  await sameAccount(cycle, side);
  let { whole } = await readHead(cycle, side);
  let moved = (await settleSeen(cycle, side)).settled;
  const silent = await lastBatchIsSilent(db, spec.name, active.id);
  for (let sent = 0; whole && !silent && sent < BATCHES_PER_CYCLE; sent += 1) {
    cycle.signal.throwIfAborted();
    const rows = await chooseRows(cycle, side, batch);
    if (rows.length === 0) break;
    const sentBatch = await sendBatch(cycle, { side, backfillId: active.id, batch }, rows);
    if (sentBatch === null) break;
    push.writes[side] += 1;
    const watched = await watchBatch(cycle, side, sentBatch, takeVerdicts);
    moved += watched.settled + watched.parked;
    push.settled += watched.settled;
    push.parked += watched.parked;
    whole = watched.whole;
    await tell(cycle, side);
    if (watched.settled + watched.parked === 0) break;
  }
  moved += await oneByOne(cycle, side, push, !whole);
  const now = await tell(cycle, side);
  if (now.left === 0)
    await fenced(db, cycle.fence, (tx) => endBackfill(tx, spec.name, active.id, cycle.clock()));
  const waiting = await countWaiting(db, spec.name, side, cycle.clock());
  const { id: _id, startedAt: _startedAt, ...progress } = now;
  const stuck = await lastBatchIsSilent(db, spec.name, active.id);
  return { ...progress, mirrorIncomplete: !whole, more: moved > 0 || (waiting.due > 0 && whole && !stuck) };
}

/** Creates that no batch carries, and all of them while the mirror may lack somebody: each is looked up before. */
async function oneByOne(cycle: Cycle, side: SideName, push: PushReport, all: boolean): Promise<number> {
  const page = { now: cycle.clock(), limit: ALONE_PER_CYCLE, all };
  let moved = 0;
  for (const intent of await loadAlone(cycle.db, cycle.spec.name, side, page)) {
    cycle.signal.throwIfAborted();
    const outcome = await pushOne(cycle, intent, push);
    if (outcome === 'later') break;
    if (outcome !== 'blocked') moved += 1;
  }
  return moved;
}

async function tell(cycle: Cycle, side: SideName): Promise<BackfillProgress> {
  const all = await backfillProgress(cycle.db, cycle.spec.name);
  const now = all.find((progress) => progress.side === side);
  if (now === undefined) throw new SyncError('invariant', `no backfill of ${side} is under way`, { side });
  cycle.progress(`creating in ${side}`, now.done, now.total, now.leftMs);
  return now;
}

/** Cycles that read no lane have not looked at the account: P7, P8. */
async function sameAccount(cycle: Cycle, side: SideName): Promise<void> {
  const { fingerprint } = await loadPair(cycle.db, cycle.spec.name);
  const now = await cycle.sides[side].fingerprint({ signal: cycle.signal });
  if (fingerprint[side] === now) return;
  throw new SyncError('guard', `${side} is not the account or table that was read before`, {
    side,
    code: 'fingerprint',
    advice: `Nothing was written. Run: udesk-sync sync --pair ${cycle.spec.name}`,
  });
}
