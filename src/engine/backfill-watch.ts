import type { SideName } from '../core/record.ts';
import type { BatchVerdict } from '../crm/adapter.ts';
import { isSyncError } from '../errors.ts';
import type { BatchRow } from '../store/backfill.ts';
import { freeClaims } from '../store/claims.ts';
import { park } from '../store/guards.ts';
import { moveIntent } from '../store/intents.ts';
import { fenced } from '../store/tx.ts';
import { readHead } from './backfill-head.ts';
import type { SentBatch } from './backfill-send.ts';
import { settleSeen } from './backfill-settle.ts';
import type { Cycle } from './context.ts';
import { lookUp, sentContacts } from './lookup.ts';

/** Pauses before the looks at a batch; what is not there by then is met by later looks. */
const PAUSES_MS = [250, 750, 1_500, 3_000, 6_000, 12_000] as const;
/** Some rows appeared, and after this many looks without another one the rest is not waited for. */
const QUIET_LOOKS = 2;
const MAX_WORDS = 500;

export interface Watched {
  readonly settled: number;
  readonly parked: number;
  /** What the last look told: the mirror holds everybody. */
  readonly whole: boolean;
}

/**
 * Looks at the head of the side until the rows of a batch have appeared. A verdict that the side pushed names the rows
 * that were refused; it counts only where it fits what is seen to the row, and a refused row is parked only after a look
 * found nobody. Without a verdict the rest stays UNKNOWN, for a look of its own later.
 */
export async function watchBatch(
  cycle: Cycle,
  side: SideName,
  batch: SentBatch,
  takeVerdicts: () => readonly BatchVerdict[],
): Promise<Watched> {
  const verdicts: BatchVerdict[] = [];
  let settled = 0;
  let parked = 0;
  let quiet = 0;
  let whole = false;
  for (const pauseMs of PAUSES_MS) {
    await cycle.sleep(pauseMs, cycle.signal);
    ({ whole } = await readHead(cycle, side));
    const seen = await settleSeen(cycle, side);
    settled += seen.settled;
    const missing = seen.left.filter((row) => row.batchId === batch.id);
    if (missing.length === 0) break;
    verdicts.push(...takeVerdicts());
    const verdict = verdicts.find((candidate) => fits(candidate, missing));
    if (verdict !== undefined) {
      parked += await parkRefused(cycle, missing, verdict);
      break;
    }
    quiet = seen.settled === 0 ? quiet + 1 : 0;
    if (missing.length < batch.rows && quiet >= QUIET_LOOKS) break;
  }
  return { settled, parked, whole };
}

/** Exactly the rows that did not appear are those that it names: the verdict of another batch would hardly do so. */
function fits(verdict: BatchVerdict, missing: readonly BatchRow[]): boolean {
  const named = new Set(verdict.errors.map(([row]) => row));
  if (verdict.failedCount !== null && verdict.failedCount !== named.size) return false;
  return named.size === missing.length && missing.every(({ row }) => named.has(row));
}

/** @returns how many were parked; a row that somebody is found for stays UNKNOWN, and is looked at on its own */
async function parkRefused(
  cycle: Cycle,
  refused: readonly BatchRow[],
  verdict: BatchVerdict,
): Promise<number> {
  const words = new Map(verdict.errors);
  let parked = 0;
  for (const row of refused) {
    const found = await lookUp(cycle, row.side, sentContacts(cycle, row)).catch((error: unknown) => {
      if (isSyncError(error, 'transient') || isSyncError(error, 'throttled')) return null;
      throw error;
    });
    if (found === null || found.length > 0) continue;
    const at = cycle.clock();
    const message = `${row.side} refused the row: ${printable(words.get(row.row) ?? '')}`;
    await fenced(cycle.db, cycle.fence, async (tx) => {
      await moveIntent(tx, row, ['unknown'], { state: 'parked', at, error: message });
      await freeClaims(tx, row.pair, row.linkId);
      await park(tx, { ...row, intentId: row.id, kind: 'rejected', message, at });
    });
    cycle.log.warn({ side: row.side, linkId: row.linkId, kind: 'rejected' }, 'a record was parked');
    parked += 1;
  }
  return parked;
}

/** The words are kept in a text column. */
function printable(words: string): string {
  const text = words.replaceAll('\0', '').toWellFormed().trim().slice(0, MAX_WORDS);
  return text === '' ? 'no message' : text;
}
