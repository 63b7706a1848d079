/** Looking at conflicts and deciding them: what the pages and the API have in common. */
import { type Standing, standingWrites, type UndoResult, undoDecision } from '../../engine/undo-decision.ts';
import { isRowId } from '../../lib/row-id.ts';
import { type Choice, choicesFor } from '../../report/choices.ts';
import { judgeDecision, type Wish } from '../../report/judge-decision.ts';
import { fieldOf } from '../../report/mapped-field.ts';
import { decideConflict } from '../../store/conflict-decisions.ts';
import {
  activeConflictsOf,
  decisionProgress,
  decisionsOf,
  type PastDecision,
} from '../../store/conflict-progress.ts';
import { type InboxRow, inboxRows } from '../../store/inbox.ts';
import { Refusal } from '../refusal.ts';
import type { SignedVisit, Visit } from '../visit.ts';
import { isVoid, type Progress, progressOf } from './progress.ts';
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
  const known = isRowId(id);
  const [row] = known ? await inboxRows(visit.services.db, [id], nameFields(visit)) : [];
  if (row === undefined) throw new Refusal('not-found');
  return row;
}

export async function show(visit: Visit, row: InboxRow): Promise<ShownConflict> {
  return await tell(visit, row, await standingOf(visit, [row]));
}

/** In their order; whether what was carried out could still be undone is looked up for all of them at once. */
export async function showAll(visit: Visit, rows: readonly InboxRow[]): Promise<ShownConflict[]> {
  const standing = await standingOf(visit, rows);
  return await Promise.all(rows.map((row) => tell(visit, row, standing)));
}

async function standingOf({ services }: Visit, rows: readonly InboxRow[]) {
  return await standingWrites(
    services,
    rows.filter(({ state }) => state === 'resolved'),
  );
}

async function tell(
  visit: Visit,
  row: InboxRow,
  standing: ReadonlyMap<string, Standing>,
): Promise<ShownConflict> {
  const { db } = visit.services;
  const decisions = row.state !== 'open' || isVoid(row) ? await decisionsOf(db, row) : [];
  const underWay = row.state === 'resolving' ? await decisionProgress(db, row) : null;
  const overtaken = row.state === 'resolved' && isVoid(row);
  const next = overtaken
    ? ((await activeConflictsOf(db, row.pair, row.linkId)).get(row.field) ?? null)
    : null;
  const progress = progressOf(visit, row, underWay, decisions, next);
  const stands = (standing.get(row.id)?.wishes.length ?? 0) > 0;
  return {
    row,
    choices: choicesOf(visit, row),
    progress: stands ? { ...progress, undo: true } : progress,
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

/** Takes a decision back: before anything was sent for it at once, afterwards for as long as what it wrote is there. */
export async function undo(
  visit: SignedVisit,
  id: string,
): Promise<{ readonly outcome: UndoResult; readonly row: InboxRow }> {
  const { services, actor, now } = visit;
  const outcome = await undoDecision(services, await loadRow(visit, id), { who: actor.name, at: now });
  const row = await loadRow(visit, id);
  if (outcome === 'undoing') services.wake(row.pair);
  return { outcome, row };
}
