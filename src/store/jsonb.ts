/**
 * JSON in and out of Postgres without loss. `jsonb` refuses U+0000 and lone surrogates, which customers do contain; they
 * are stored as U+F8FF followed by their four hexadecimal digits. U+F8FF itself is left alone unless what follows makes
 * it look like such a mark: so text that goes through JSON into a text column (ids, keys) arrives there as it is.
 */
import { MARK, MARKED_UNIT } from '../lib/storable-text.ts';

const UNSTORABLE = /\\(?:u(0000|d[89a-f][0-9a-f]{2})|.)/g;
const AMBIGUOUS = new RegExp(`${MARK}(?=${MARKED_UNIT})`, 'g');
const MARKED = new RegExp(`${MARK}(${MARKED_UNIT})`, 'g');

export function toJsonb(value: unknown): string {
  const text = JSON.stringify(value);
  const marked = text.includes(MARK) ? text.replace(AMBIGUOUS, `${MARK}f8ff`) : text;
  // JSON.stringify writes exactly these code units as escapes, and every other escape is consumed whole by `|.`.
  return marked.includes('\\u')
    ? marked.replace(UNSTORABLE, (found, hex: string | undefined) =>
        hex === undefined ? found : `${MARK}${hex}`,
      )
    : marked;
}

/** Accepts text (the usual case: our driver leaves jsonb alone) or an already parsed value. */
export function fromJsonb<T>(stored: unknown): T {
  if (typeof stored !== 'string') return stored as T;
  return JSON.parse(stored.includes(MARK) ? stored.replace(MARKED, '\\u$1') : stored) as T;
}
