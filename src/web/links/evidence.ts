/** What speaks for a link, and what people said about it, in the visitor's words. */
import { type Html, html } from '../../report/html.ts';
import type { LinkRow } from '../../store/links.ts';
import { reasonText } from '../conflicts/show.ts';
import { en, type WordKey } from '../i18n/en.ts';
import { time } from '../ui/time.ts';
import type { Visit } from '../visit.ts';

/** As it was stored: rows of many versions of the engine. */
interface Piece {
  readonly kind?: unknown;
  readonly value?: unknown;
  readonly udesk?: unknown;
  readonly crm?: unknown;
  readonly take?: unknown;
  readonly by?: unknown;
  readonly at?: unknown;
  readonly from?: unknown;
  readonly to?: unknown;
}

/** Values that both sides share, as they were compared. */
export function sharedValues(evidence: LinkRow['evidence']): string[] {
  return pieces(evidence).flatMap(({ value }) => (typeof value === 'string' ? [value] : []));
}

export function evidenceList(visit: Visit, evidence: LinkRow['evidence']): Html {
  const all = pieces(evidence);
  if (all.length === 0) return html`<p class="muted">${visit.t('evidence.none')}</p>`;
  return html`<ul class="plain evidence">${all.map((piece) => html`<li>${pieceText(visit, piece)}</li>`)}</ul>`;
}

function pieceText(visit: Visit, piece: Piece): Html {
  const { t } = visit;
  const kind = String(piece.kind ?? '?');
  if (kind === 'decision') {
    const took = `evidence.took.${String(piece.take)}`;
    const at = typeof piece.at === 'string' ? time(visit, piece.at) : '';
    return html`<b>${String(piece.by ?? '?')}</b> ${isWord(took) ? t(took) : String(piece.take)} ${at}`;
  }
  if (kind === 'merged')
    return html`${t('evidence.merged', { from: String(piece.from), to: String(piece.to) })}`;
  const label = `evidence.kind.${kind}`;
  const name = isWord(label) ? t(label) : kind;
  if (typeof piece.value !== 'string') return html`${name}`;
  return html`<span class="badge">${name}</span> <b>${piece.value}</b> <span class="muted">${t('evidence.held', { udesk: ids(piece.udesk), crm: ids(piece.crm) })}</span>`;
}

function ids(held: unknown): string {
  return Array.isArray(held) && held.length > 0 ? held.map(String).join(', ') : '–';
}

function pieces(evidence: LinkRow['evidence']): Piece[] {
  return evidence.flatMap((piece) => (typeof piece === 'object' && piece !== null ? [piece] : []));
}

function isWord(key: string): key is WordKey {
  return Object.hasOwn(en, key);
}

/** Why it is asked about, or is no link any more; nothing where a person's word, which stands beside it, is all there is to say. */
export function linkReason(
  visit: Visit,
  { state, reason }: { readonly state: string; readonly reason: string | null },
): Html | null {
  if (state === 'confirmed' || reason === null || /^(?:confirm|reject|unlink) by /.test(reason)) return null;
  return html`<p class="why">${reasonText(visit, reason)}</p>`;
}

/** Who or what made the link what it is. */
export function decidedByText({ t }: Visit, decidedBy: string): string {
  if (decidedBy.startsWith('person:')) return decidedBy.slice('person:'.length);
  const key = `by.${decidedBy}`;
  return isWord(key) ? t(key) : decidedBy;
}
