import { type Html, html } from '../../report/html.ts';
import type { Visit } from '../visit.ts';

/** How long ago, with the exact time for whoever points at it. */
export function ago({ format, now }: Visit, iso: string): Html {
  return html`<time datetime="${iso}" title="${format.exact(iso)}">${format.ago(iso, now)}</time>`;
}

export function time({ format }: Visit, iso: string): Html {
  return html`<time datetime="${iso}" title="${format.exact(iso)}">${format.time(iso)}</time>`;
}
