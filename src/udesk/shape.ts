/** What a value looks like, without its content: keys and types only, so that it may be logged and reported. */

const MAX_DEPTH = 4;
const MAX_KEYS = 40;
const MAX_ITEMS = 6;
/** Field names of an API are short and plain; anything else might be data. */
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/;

/** e.g. `{id:number,email:text,other_emails:[number,text]}` */
export function shapeOf(value: unknown, depth = 0): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    if (depth >= MAX_DEPTH) return '[…]';
    const items = [...new Set(value.slice(0, MAX_ITEMS).map((item) => shapeOf(item, depth + 1)))];
    return `[${items.join(',')}]×${value.length}`;
  }
  if (typeof value === 'object') {
    if (depth >= MAX_DEPTH) return '{…}';
    const keys = Object.keys(value);
    const shown = keys.slice(0, MAX_KEYS).map((key) => {
      const name = PLAIN_KEY.test(key) ? key : '?';
      return `${name}:${shapeOf((value as Record<string, unknown>)[key], depth + 1)}`;
    });
    return `{${shown.join(',')}${keys.length > MAX_KEYS ? ',…' : ''}}`;
  }
  return typeof value === 'string' ? 'text' : typeof value;
}
