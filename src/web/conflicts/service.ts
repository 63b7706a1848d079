/** Looking at conflicts and deciding them: what the pages and the API have in common. */
import { type Choice, choicesFor } from '../../report/choices.ts';
import { judgeDecision, type Wish } from '../../report/judge-decision.ts';
import { fieldOf } from '../../report/mapped-field.ts';
import { decideConflict, type WithdrawResult, withdrawDecision } from '../../store/conflict-decisions.ts';
import {
  decisionOf,
  decisionProgress,
  decisionsOf,
  type PastDecision,
} from '../../store/conflict-progress.ts';
import { type InboxRow, inboxRows } from '../../store/inbox.ts';
import { type NewRevertField, requestRevert } from '../../store/reverts.ts';
import type { RevertScope } from '../../store/schema.ts';
import { Refusal } from '../refusal.ts';
import type { SignedVisit, Visit } from '../visit.ts';
import { type Progress, progressOf } from './progress.ts';
import { nameFields } from './query.ts';
import { valueText } from './show.ts';

export interface ShownConflict {
  readonly row: InboxRow;
  readonly choices: readonly Choice[];
  readonly progress: Progress;
  /** Newest first; read only where they are told of. */
  readonly decisions: readonly PastDecision[];
}

/** @throws Refusal `not-found` */
export async function loadRow(visit: Visit, id: string): Promise<InboxRow> {
  const known = /^[1-9]\d{0,17}$/.test(id);
  const [row] = known ? await inboxRows(visit.services.db, [id], nameFields(visit)) : [];
  if (row === undefined) throw new Refusal('not-found');
  return row;
}

/** @param lookBack whether a decision that was carried out could still be undone; costs a look at the link */
export async function show(visit: Visit, row: InboxRow, lookBack = false): Promise<ShownConflict> {
  const { db } = visit.services;
  const told = row.state !== 'open' || row.reason.endsWith('changed after the decision was made');
  const decisions = told ? await decisionsOf(db, row.id) : [];
  const underWay = row.state === 'resolving' ? await decisionProgress(db, row) : null;
  const progress = progressOf(visit, row, underWay, decisions);
  const standing = lookBack && row.state === 'resolved' ? await undoOf(visit, row) : null;
  return {
    row,
    choices: choicesOf(visit, row),
    progress: standing === null ? progress : { ...progress, undo: standing.wishes.length > 0 },
    decisions,
  };
}

export function choicesOf(visit: Visit, row: InboxRow): Choice[] {
  const { pair, spec } = fieldOf(visit.services.config, row);
  return choicesFor(row, spec, pair?.match.defaultRegion ?? 'CN', (value) => valueText(visit, row, value));
}

export type DecideOutcome =
  | { readonly outcome: 'decided'; readonly row: InboxRow }
  /** Somebody else was faster, or the sides came to agree. */
  | { readonly outcome: 'late'; readonly row: InboxRow }
  /** Still open, and not what the person saw. */
  | { readonly outcome: 'moved'; readonly row: InboxRow }
  | {
      readonly outcome: 'refused';
      readonly code: Exclude<ReturnType<typeof judgeDecision>, { ok: true }>['code'];
      readonly row: InboxRow;
    };

/** `seen`: the row's `changedAt` as it was shown; the decision is about exactly those values. */
export async function decide(
  visit: SignedVisit,
  id: string,
  wish: Wish & { readonly seen?: string | undefined },
): Promise<DecideOutcome> {
  const { services, actor, now } = visit;
  const row = await loadRow(visit, id);
  if (row.state !== 'open') return { outcome: 'late', row };
  if (wish.seen !== undefined && wish.seen !== row.changedAt) return { outcome: 'moved', row };
  const judged = judgeDecision(row, services.config, wish, (value) => valueText(visit, row, value));
  if (!judged.ok) return { outcome: 'refused', code: judged.code, row };
  const won = await decideConflict(services.db, {
    conflictId: id,
    who: actor.name,
    take: judged.take,
    value: judged.value,
    at: now,
    // What was judged is what is decided, whatever happens in between.
    seen: row.changedAt,
    byProgram: actor.by === 'token',
  });
  const after = await loadRow(visit, id);
  if (!won) return { outcome: after.state === 'open' ? 'moved' : 'late', row: after };
  services.wake(row.pair);
  return { outcome: 'decided', row: after };
}

export type UndoResult =
  | WithdrawResult
  /** It was carried out: what both sides held before comes back with the next cycle, and the field is asked about again. */
  | 'undoing'
  /** It was carried out, and what it wrote is not there any more, or is being undone. */
  | 'not-ours';

/** Takes a decision back: before anything was sent for it at once, afterwards for as long as what it wrote is there. */
export async function undo(
  visit: SignedVisit,
  id: string,
): Promise<{ readonly outcome: UndoResult; readonly row: InboxRow }> {
  const before = await loadRow(visit, id);
  const { services, actor, now } = visit;
  const outcome = await withdrawDecision(services.db, { conflictId: id, who: actor.name, at: now });
  if (outcome !== 'not-decided') return { outcome, row: await loadRow(visit, id) };
  return { outcome: await undoWrites(visit, before), row: await loadRow(visit, id) };
}

async function undoWrites(visit: SignedVisit, row: InboxRow): Promise<UndoResult> {
  const { services, actor, now } = visit;
  const undoing = await undoOf(visit, row);
  if (undoing === null) return 'not-decided';
  const { scope, wishes } = undoing;
  if (wishes.length === 0) return 'not-ours';
  const wish = { pair: row.pair, who: actor.name, scope, at: now };
  const { taken } = await requestRevert(services.db, wish, wishes);
  if (taken === 0) return 'not-ours';
  services.wake(row.pair);
  return 'undoing';
}

/** Null: no decision wrote anything. Without wishes: what was written does not stand there any more. */
async function undoOf(
  { services }: Visit,
  row: InboxRow,
): Promise<{ readonly scope: RevertScope; readonly wishes: readonly NewRevertField[] } | null> {
  const isMapped = fieldOf(services.config, row).spec !== null;
  const decision = row.state === 'resolved' && isMapped ? await decisionOf(services.db, row.id) : null;
  if (decision === null) return null;
  const scope = { link: row.linkId, field: row.field, decision };
  const { items, wishes } = await services.previewUndo(row.pair, scope);
  if (items.length === 0) return null;
  return { scope, wishes: items.every(({ outcome }) => outcome === 'restore') ? wishes : [] };
}
