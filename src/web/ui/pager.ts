import { type Html, html } from '../../report/html.ts';
import type { WordKey } from '../i18n/en.ts';
import type { Visit } from '../visit.ts';

/** Links to the pages before and after this one; nothing where it is the only one. */
export function pager(
  { t }: Visit,
  label: WordKey,
  { previous, next }: { readonly previous: string | null; readonly next: string | null },
): Html | null {
  if (previous === null && next === null) return null;
  const link = (path: string | null, text: string, rel: string) =>
    path === null ? html`<span></span>` : html`<a class="button" rel="${rel}" href="${path}">${text}</a>`;
  return html`<nav class="pager" aria-label="${t(label)}">${link(previous, t('conflicts.previous'), 'prev')}${link(next, t('conflicts.next'), 'next')}</nav>`;
}
