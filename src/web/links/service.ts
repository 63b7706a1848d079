/** What people say about identity: the pages and the API do the same. */
import { isRowId } from '../../lib/row-id.ts';
import {
  type ConfirmResult,
  confirmLink,
  type RejectResult,
  rejectLink,
  type UnlinkResult,
  unlink,
} from '../../store/link-decisions.ts';
import { type LinkRow, loadLink } from '../../store/links.ts';
import { Refusal } from '../refusal.ts';
import type { SignedVisit } from '../visit.ts';

export type LinkAnswer =
  | {
      readonly decision: 'confirm';
      /** Which of several who might be meant. */
      readonly udeskId?: string | undefined;
      readonly crmId?: string | undefined;
    }
  | { readonly decision: 'reject' }
  /** `shown`: the link as whoever ends it saw it (`shownAs`); left out: however it is. */
  | { readonly decision: 'unlink'; readonly shown?: string | undefined };

export type LinkResult = ConfirmResult | RejectResult | UnlinkResult;

/** @throws Refusal `not-found` */
export async function linkRow({ services }: SignedVisit, id: string): Promise<LinkRow> {
  const row = isRowId(id) ? await loadLink(services.db, id) : null;
  if (row === null) throw new Refusal('not-found');
  return row;
}

/** One that took effect is carried on by a cycle that starts now. */
export async function answerLink(
  { services, actor, now }: SignedVisit,
  { id, pair }: LinkRow,
  answer: LinkAnswer,
): Promise<LinkResult> {
  const by = { linkId: id, who: actor.name, at: now };
  const { db } = services;
  const result =
    answer.decision === 'confirm'
      ? await confirmLink(db, { ...by, udeskId: answer.udeskId, crmId: answer.crmId })
      : answer.decision === 'reject'
        ? await rejectLink(db, by)
        : await unlink(db, { ...by, shown: answer.shown });
  if (isDone(result)) services.wake(pair);
  return result;
}

export function isDone({ outcome }: LinkResult): boolean {
  return outcome === 'confirmed' || outcome === 'rejected' || outcome === 'unlinked';
}
