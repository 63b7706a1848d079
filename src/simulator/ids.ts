/**
 * Ids inside are plain numbers; outside they may be numbers, text, or numbers beyond 2^53 (`shape.ids`).
 * A big id is the inner id plus a constant, near the end of 64 bits, where doubles are 1,024 apart:
 * a client that reads it as a double mixes up neighbours.
 */
const BIG_OFFSET = 9_100_000_000_000_000_000n;

export type IdForm = 'int' | 'string' | 'big';

/** The id as JSON text. */
export function idJson(id: number, form: IdForm): string {
  if (form === 'int') return String(id);
  return form === 'string' ? `"${id}"` : String(BIG_OFFSET + BigInt(id));
}

/** The id as plain text, as a client would keep it. */
export function idText(id: number, form: IdForm): string {
  return form === 'big' ? idJson(id, 'big') : String(id);
}

/** Accepts every outer form; null when it is no id. */
export function parseId(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'string') return null;
  const text = String(value).trim();
  if (!/^\d{1,19}$/.test(text)) return null;
  const big = BigInt(text);
  return Number(big >= BIG_OFFSET ? big - BIG_OFFSET : big);
}
