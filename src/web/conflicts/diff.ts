/** A text with the characters marked in which it differs from another. */
import { diffChars } from 'diff';
import { type Html, html } from '../../report/html.ts';

/** Beyond this many differing characters two texts have little in common, and marks would only confuse. */
const MAX_EDITS = 120;
const LONGEST = 4_000;

/** Characters of `text` that `other` does not have there are marked; all of it when the two have too little in common. */
export function marked(text: string, other: string | null): Html {
  if (other === null || other === '' || text === other) return html`${text}`;
  if (text.length > LONGEST || other.length > LONGEST) return html`${text}`;
  const parts = diffChars(other, text, { maxEditLength: MAX_EDITS });
  const kept =
    parts?.filter(({ added, removed }) => !added && !removed).reduce((n, { count }) => n + count, 0) ?? 0;
  if (parts === undefined || kept * 3 < text.length) return html`<mark>${text}</mark>`;
  return html`${parts.filter(({ removed }) => !removed).map(({ added, value }) => (added ? html`<mark>${value}</mark>` : html`${value}`))}`;
}
