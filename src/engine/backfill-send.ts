import type { SideName } from '../core/record.ts';
import { waitMsOf } from '../core/retry.ts';
import type { BatchCreate } from '../crm/adapter.ts';
import { isSyncError, toError } from '../errors.ts';
import { batchIsUnknown, openBatch, takeBatchBack } from '../store/backfill.ts';
import type { IntentRow } from '../store/intents.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

export interface SentBatch {
  readonly id: string;
  readonly rows: number;
}

/**
 * Sends one batch. Its rows are durably `sending` before the call leaves, and UNKNOWN as soon as it may have left: a
 * batch only says that it was taken (P5, P9). A call that is begun is finished: no stop signal goes along; without the lease it
 * is not begun.
 * @returns null when nothing was taken: the rows wait again, or go one by one
 */
export async function sendBatch(
  cycle: Cycle,
  on: { readonly side: SideName; readonly backfillId: string; readonly batch: BatchCreate },
  chosen: readonly IntentRow[],
): Promise<SentBatch | null> {
  const { side, backfillId, batch } = on;
  const at = cycle.clock();
  const opened = await fenced(cycle.db, cycle.fence, (tx) =>
    openBatch(tx, {
      pair: cycle.spec.name,
      backfillId,
      intentIds: chosen.map(({ id }) => id),
      at,
      lookFrom: new Date(at.getTime() + batch.lagMs),
      fence: cycle.fence.fence,
      runId: cycle.runId,
    }),
  );
  const mine = new Set(opened.intentIds);
  const rows = chosen.filter(({ id }) => mine.has(id));
  if (rows.length === 0) return null;
  try {
    const requests = rows.map(({ patch, marker }) => ({ patch, marker: marker ?? '' }));
    await batch.send(requests, { signal: cycle.held });
  } catch (thrown) {
    const error = toError(thrown);
    if (!isSyncError(error, 'ambiguous')) {
      await notTaken(cycle, opened.id, error, at);
      if (isSyncError(error, 'transient') || isSyncError(error, 'throttled')) return null;
      if (!isSyncError(error, 'rejected') && !isSyncError(error, 'contract')) throw error;
      const { kind, details } = error;
      cycle.log.warn(
        { side, kind, code: details.code, rows: rows.length },
        'a batch was refused as a whole: its rows go one by one',
      );
      return null;
    }
    cycle.log.warn({ side, kind: error.kind, rows: rows.length }, 'the answer to a batch was lost');
  }
  await fenced(cycle.db, cycle.fence, (tx) =>
    batchIsUnknown(tx, cycle.spec.name, opened.id, 'a batch carried it, and it has not been seen yet'),
  );
  return { id: opened.id, rows: rows.length };
}

/** Only where the error proves it; after anything unexpected the rows stay as they are, and are looked for later. */
async function notTaken(cycle: Cycle, batchId: string, error: Error, at: Date): Promise<void> {
  if (!isSyncError(error)) return;
  const passing = error.kind === 'transient' || error.kind === 'throttled';
  const refused = error.kind === 'rejected' || error.kind === 'contract';
  if (!passing && !refused && error.kind !== 'auth') return;
  const waitMs = waitMsOf(error.details.retryAfterMs, 1, cycle.random);
  await fenced(cycle.db, cycle.fence, (tx) =>
    takeBatchBack(tx, cycle.spec.name, batchId, {
      alone: refused,
      notBefore: passing ? new Date(at.getTime() + waitMs) : null,
      why: error.message,
    }),
  );
}
