/** Texts with the characters marked in which they differ. */
import { type Html, html } from '../../report/html.ts';
import type { TextPart } from '../../report/text-diff.ts';

/** What another text does not have. */
export function marked(parts: readonly TextPart[]): Html {
  return html`${parts.map((part) => (part.differs ? html`<mark>${part.text}</mark>` : html`${part.text}`))}`;
}

/** What a side has not kept: struck out, and said to whom does not see it. */
export function struck(parts: readonly TextPart[], words: { readonly lost: string }): Html {
  return html`${parts.map((part) =>
    part.differs
      ? html`<del><span class="hidden-text"> ${words.lost} </span>${part.text}</del>`
      : html`${part.text}`,
  )}`;
}
