import { type Html, html } from '../../report/html.ts';

/** A message that stands in the page; screen readers hear it when it appears. */
export function notice(kind: 'good' | 'bad' | 'info' | 'warn', title: string, detail = ''): Html {
  return html`<div class="notice ${kind}" role="${kind === 'bad' ? 'alert' : 'status'}"><strong>${title}</strong>${detail !== '' && html` <span>${detail}</span>`}</div>`;
}
