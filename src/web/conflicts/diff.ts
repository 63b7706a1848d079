/** A text with the characters marked in which it differs from another. */
import { type Html, html } from '../../report/html.ts';
import { differences } from '../../report/text-diff.ts';

export function marked(text: string, other: string | null): Html {
  return html`${differences(text, other).map((part) => (part.differs ? html`<mark>${part.text}</mark>` : html`${part.text}`))}`;
}
