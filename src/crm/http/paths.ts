/** Places inside a JSON document, written `data.items` or `phones[0].number`: a small fixed form, and no query language. Pure. */

export type JsonObject = { readonly [key: string]: unknown };

export const PATH_FORM = /^[^.[\]\s]+(\[\d+\])*(\.[^.[\]\s]+(\[\d+\])*)*$/;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON_RAW.isRawJSON(value);
}

/** What stands there; undefined where nothing does. The empty path is the document itself. */
export function valueAt(document: unknown, path: string): unknown {
  let current = document;
  for (const key of keysOf(path)) {
    if (typeof key === 'number') {
      current = Array.isArray(current) ? current[key] : undefined;
    } else {
      current = isObject(current) && Object.hasOwn(current, key) ? current[key] : undefined;
    }
  }
  return current;
}

/** A copy of the document with the value put there; what was not there on the way is made. */
export function withValueAt(document: unknown, path: string, value: unknown): unknown {
  return put(document, keysOf(path), value);
}

/** The first step of a path: `address` of `address.city`. */
export function topKey(path: string): string {
  return String(keysOf(path)[0] ?? '');
}

function put(document: unknown, keys: readonly (string | number)[], value: unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (typeof key === 'number') {
    const list: unknown[] = Array.isArray(document) ? [...document] : [];
    while (list.length < key) list.push(null);
    list[key] = put(list[key], rest, value);
    return list;
  }
  const object = isObject(document) ? document : {};
  return { ...object, [key]: put(Object.hasOwn(object, key) ? object[key] : undefined, rest, value) };
}

function keysOf(path: string): (string | number)[] {
  if (path === '') return [];
  return path.split('.').flatMap((part) => {
    const [name = '', ...places] = part.split('[');
    return [name, ...places.map((place) => Number(place.slice(0, -1)))];
  });
}

/** Part of the language since ES2025, and not yet of the types that we compile with. */
interface RawJson {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}
const JSON_RAW = JSON as unknown as RawJson;

/** As `JSON.parse`, but a number that a double cannot hold keeps its digits, and is written back with them. */
export function parseJson(text: string): unknown {
  const keep = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value;
    return JSON_RAW.rawJSON(source);
  };
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}

/** Text, number or boolean as text; null for everything else. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return JSON_RAW.isRawJSON(value) ? value.rawJSON : null;
}

/** A JSON number with exactly these digits. */
export function numberOf(decimal: string): unknown {
  return JSON_RAW.rawJSON(decimal);
}

export function isNumber(value: unknown): boolean {
  return typeof value === 'number' || JSON_RAW.isRawJSON(value);
}
