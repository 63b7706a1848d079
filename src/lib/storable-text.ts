/**
 * Which text Postgres can keep. A text column takes neither U+0000 nor lone surrogates, and gives back what it was given;
 * `jsonb` takes neither as well, so store/jsonb.ts marks them: U+F8FF and four hexadecimal digits. Text that looks like
 * such a mark would come back as something else, so it is no good for a text column either.
 */

/** A code unit as `store/jsonb.ts` writes it: the four hexadecimal digits of U+0000, a surrogate, or U+F8FF itself. */
export const MARK = '\uF8FF';
export const MARKED_UNIT = '0000|d[89a-f][0-9a-f]{2}|f8ff';

const LOOKS_MARKED = new RegExp(`${MARK}(?:${MARKED_UNIT})`);

/** Whether a text column gives this text back as it is. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed() && !LOOKS_MARKED.test(text);
}
