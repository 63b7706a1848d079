/** Taking back what was decided in one go: its result has an address of its own, so that looking again repeats nothing. */
import { html } from '../../report/html.ts';
import { Refusal } from '../refusal.ts';
import { respondPage, seeOther } from '../respond.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';
import { readIds, undoMany } from './bulk.ts';

export async function bulkUndo(visit: SignedVisit): Promise<Response> {
  const ids = readIds((visit.form.get('ids') ?? '').split(','));
  const n = (await undoMany(visit, ids)).length;
  return seeOther(visit, `/conflicts/bulk/undone?n=${n}&left=${ids.length - n}`);
}

export async function bulkUndone(visit: SignedVisit): Promise<Response> {
  const { t, format } = visit;
  const counts = { n: countIn(visit, 'n'), left: countIn(visit, 'left') };
  const text = t('bulk.undone', { n: format.number(counts.n), left: format.number(counts.left) });
  return respondPage(visit, {
    title: t('bulk.undo'),
    body: html`<div class="narrow"><h1>${t('bulk.undo')}</h1>${notice(counts.left > 0 ? 'warn' : 'info', text)}<p><a class="button primary" href="/conflicts">${t('detail.back')}</a></p></div>`,
  });
}

/** @throws Refusal `bad-request` */
function countIn({ url }: SignedVisit, name: string): number {
  const text = url.searchParams.get(name) ?? '0';
  if (!/^\d{1,3}$/.test(text)) throw new Refusal('bad-request');
  return Number(text);
}
