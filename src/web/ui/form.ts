import { type Html, html } from '../../report/html.ts';
import type { Visit } from '../visit.ts';

/** Stands in every form that posts. */
export function csrfField({ csrf }: Visit): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}">`;
}
