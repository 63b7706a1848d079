/**
 * Taking a decision back, however far it has come: before anything was sent for it at once, afterwards for as long as
 * what it wrote stands there, by a wish that the next cycle carries out. The pages, the API and the terminal use this.
 */
import type { PairSpec } from '../core/spec.ts';
import { type WithdrawResult, withdrawDecision } from '../store/conflict-decisions.ts';
import { decisionsThatEnded } from '../store/conflict-progress.ts';
import { loadLinks } from '../store/links.ts';
import { type NewRevertField, requestRevert, settledForDecisions, waitingReverts } from '../store/reverts.ts';
import type { Db } from '../store/tx.ts';
import { loadLinkStates } from './load-links.ts';
import { judge, writesOf, wroteTo } from './revert.ts';

export interface DecidedConflict {
  readonly id: string;
  readonly pair: string;
  readonly linkId: string;
  readonly field: string;
}

export type UndoResult =
  | WithdrawResult
  /** It was carried out: what both sides held before comes back with the next cycle, and the field is asked about again. */
  | 'undoing'
  /** It was carried out, and what it wrote is not there any more, or is being undone. */
  | 'not-ours';

export interface Undoer {
  readonly db: Db;
  /** Null: a side of the pair is away, or the pair is not configured; nobody can say what would be written. */
  readonly specOf: (pair: string) => PairSpec | null | Promise<PairSpec | null>;
}

export async function undoDecision(
  undoer: Undoer,
  conflict: DecidedConflict,
  { who, at }: { readonly who: string; readonly at: Date },
): Promise<UndoResult> {
  const { db } = undoer;
  const withdrawn = await withdrawDecision(db, { conflictId: conflict.id, who, at });
  if (withdrawn !== 'not-decided') return withdrawn;
  const standing = (await standingWrites(undoer, [conflict])).get(conflict.id);
  if (standing === undefined) return 'not-decided';
  if (standing.wishes.length === 0) return 'not-ours';
  const { pair, linkId: link, field } = conflict;
  const wish = { pair, who, at, scope: { link, field, decision: standing.decision } };
  const { taken } = await requestRevert(db, wish, standing.wishes);
  return taken === 0 ? 'not-ours' : 'undoing';
}

export interface Standing {
  readonly decision: string;
  /** What to record, so that it is undone. Empty: what was written does not stand there any more, or is being undone. */
  readonly wishes: readonly NewRevertField[];
}

/**
 * By conflict, what could be undone of the decision that ended it; without those that ended otherwise or of which
 * nothing was written. The number of queries does not grow with the number of conflicts.
 */
export async function standingWrites(
  { db, specOf }: Undoer,
  conflicts: readonly DecidedConflict[],
): Promise<ReadonlyMap<string, Standing>> {
  const found = new Map<string, Standing>();
  const ended = await decisionsThatEnded(
    db,
    conflicts.map(({ id }) => id),
  );
  const decided = conflicts.flatMap((conflict) => {
    const decision = ended.get(conflict.id);
    return decision === undefined ? [] : [{ ...conflict, decision }];
  });
  for (const [pair, those] of Map.groupBy(decided, (one) => one.pair)) {
    const spec = await specOf(pair);
    if (spec === null) continue;
    const intents = Map.groupBy(await settledForDecisions(db, pair, those), ({ decision }) => decision);
    const links = await loadLinks(db, pair, [...new Set(those.map(({ linkId }) => linkId))]);
    const confirmed = links.filter(({ state }) => state === 'confirmed');
    const states = new Map((await loadLinkStates(db, pair, confirmed)).map((one) => [one.state.linkId, one]));
    const waiting = await waitingReverts(
      db,
      pair,
      confirmed.map(({ id }) => id),
    );
    for (const { id, linkId, field, decision } of those) {
      const row = links.find((link) => link.id === linkId);
      if (row === undefined) continue;
      const all = intents.get(decision) ?? [];
      const here = all.filter(wroteTo(row));
      const written = writesOf(spec, here, field);
      const wanted = new Set(waiting.get(linkId)?.map((revert) => revert.field));
      const { items, wishes } = judge(spec, row, states.get(linkId), written, wanted, false);
      const isWhole = here.length === all.length;
      if (items.length === 0 && isWhole) continue;
      const stands = isWhole && items.every(({ outcome }) => outcome === 'restore');
      found.set(id, { decision, wishes: stands ? wishes : [] });
    }
  }
  return found;
}
