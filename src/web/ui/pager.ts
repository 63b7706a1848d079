import { type Html, html } from '../../report/html.ts';
import type { WordKey } from '../i18n/en.ts';
import type { Visit } from '../visit.ts';

export interface PagerLinks {
  readonly previous: string | null;
  readonly next: string | null;
  /** Where pages can be counted: to both ends. */
  readonly first?: string | null;
  readonly last?: string | null;
}

/** Links to the pages before and after this one; nothing where it is the only one. */
export function pager(
  { t }: Visit,
  label: WordKey,
  { previous, next, first = null, last = null }: PagerLinks,
): Html | null {
  if (previous === null && next === null) return null;
  const link = (path: string | null, text: string, rel: string) =>
    path === null
      ? null
      : html`<a class="button"${rel !== '' && html` rel="${rel}"`} href="${path}">${text}</a>`;
  return html`<nav class="pager" aria-label="${t(label)}"><span>${link(first, t('pager.first'), '')} ${link(previous, t('conflicts.previous'), 'prev')}</span><span>${link(next, t('conflicts.next'), 'next')} ${link(last, t('pager.last'), '')}</span></nav>`;
}
