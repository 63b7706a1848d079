/**
 * The slow, exact reader behind `parseUdeskJson`. It is only given text that `JSON.parse` accepted
 * and that is not nested deeply, so it checks nothing again.
 */
import { ALL_MEMBERS, type Member } from './json.ts';

interface Cursor {
  readonly text: string;
  at: number;
}

export function parseLossless(text: string): unknown {
  return readValue({ text, at: 0 });
}

function readValue(cursor: Cursor): unknown {
  skipSpace(cursor);
  switch (cursor.text[cursor.at]) {
    case '{':
      return readObject(cursor);
    case '[':
      return readArray(cursor);
    case '"':
      return readString(cursor);
    case 't':
      cursor.at += 4;
      return true;
    case 'f':
      cursor.at += 5;
      return false;
    case 'n':
      cursor.at += 4;
      return null;
    default:
      return readNumber(cursor);
  }
}

function readObject(cursor: Cursor): unknown {
  const object: Record<string | symbol, unknown> = {};
  const names: string[] = [];
  const values: unknown[] = [];
  let repeated = false;
  cursor.at += 1;
  skipSpace(cursor);
  while (cursor.text[cursor.at] !== '}') {
    const name = readString(cursor);
    skipSpace(cursor);
    cursor.at += 1; // the colon
    const value = readValue(cursor);
    repeated ||= Object.hasOwn(object, name);
    names.push(name);
    values.push(value);
    // As JSON.parse does it: the last wins, and `__proto__` is a member like any other.
    if (name === '__proto__') Object.defineProperty(object, name, { value, ...PLAIN });
    else object[name] = value;
    skipSpace(cursor);
    if (cursor.text[cursor.at] === ',') {
      cursor.at += 1;
      skipSpace(cursor);
    }
  }
  cursor.at += 1;
  if (repeated) {
    const all: Member[] = names.map((name, at) => [name, values[at]]);
    Object.defineProperty(object, ALL_MEMBERS, { value: all });
  }
  return object;
}

const PLAIN = { configurable: true, enumerable: true, writable: true };

function readArray(cursor: Cursor): unknown[] {
  const items: unknown[] = [];
  cursor.at += 1;
  skipSpace(cursor);
  while (cursor.text[cursor.at] !== ']') {
    items.push(readValue(cursor));
    skipSpace(cursor);
    if (cursor.text[cursor.at] === ',') cursor.at += 1;
    skipSpace(cursor);
  }
  cursor.at += 1;
  return items;
}

function readString(cursor: Cursor): string {
  const { text } = cursor;
  const from = cursor.at;
  let end = text.indexOf('"', from + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  cursor.at = end + 1;
  const raw = text.slice(from + 1, end);
  return raw.includes('\\') ? (JSON.parse(text.slice(from, end + 1)) as string) : raw;
}

/** An odd number of backslashes stands in front. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charCodeAt(before - 1) === 92) before -= 1;
  return (at - before) % 2 === 1;
}

const NUMBER = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y;
const SAFE_DIGITS = 15;

function readNumber(cursor: Cursor): unknown {
  NUMBER.lastIndex = cursor.at;
  const [token = '', fraction, exponent] = NUMBER.exec(cursor.text) ?? [];
  cursor.at += token.length;
  const value = Number(token);
  if (fraction === undefined && exponent === undefined) {
    return Number.isSafeInteger(value) ? value : BigInt(token);
  }
  const digits = token
    .replace(/[eE].*/, '')
    .replace(/[^\d]/g, '')
    .replace(/^0+/, '').length;
  return digits <= SAFE_DIGITS && Number.isFinite(value) ? value : token;
}

function skipSpace(cursor: Cursor): void {
  const { text } = cursor;
  for (;;) {
    const code = text.charCodeAt(cursor.at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
    cursor.at += 1;
  }
}
