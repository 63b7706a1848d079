/**
 * JSON of Udesk without loss: an object with a key twice keeps both (udesk/api.md §4 K4), and numbers that a double
 * cannot hold stay whole. Ordinary pages, which have neither, cost little more than `JSON.parse`.
 */
import { SyncError } from '../errors.ts';
import { parseLossless } from './json-lossless.ts';

/** All members of an object in which a key stands more than once, in order. The plain members hold the last of each. */
export const ALL_MEMBERS = Symbol('all members');

export type JsonObject = { readonly [key: string]: unknown; readonly [ALL_MEMBERS]?: readonly Member[] };
export type Member = readonly [key: string, value: unknown];

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MAX_DEPTH = 200;
/** A closing quote and a colon: a member's name. In a text it shows only after an escape, or at its very beginning. */
const MEMBER_NAME = /"\s*:/g;
/** A number with more digits than a double always holds. The same inside a text only costs the slow way. */
const LONG_NUMBER = /[[:,\s]-?\d[\d.]{15}/;

/**
 * Parses; whole numbers beyond 2^53 become `bigint`, other numbers that a double cannot hold become their own text.
 * @throws SyncError `transient` when it is not JSON (cut short, or an HTML page); the text never gets into the error
 */
export function parseUdeskJson(text: string): unknown {
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch {
    // No `cause`: the parser's own message quotes the text.
    throw new SyncError('transient', `the answer is not JSON (${describeText(text)})`, { code: 'not-json' });
  }
  // Every member has a name in the text; a name that was overwritten is missing in the tree.
  // Names inside texts only make the first number too large, so that nothing is missed.
  if (countNames(text) === countMembers(tree, 0) && !LONG_NUMBER.test(text)) return tree;
  return parseLossless(text);
}

function countNames(text: string): number {
  let count = 0;
  MEMBER_NAME.lastIndex = 0;
  while (MEMBER_NAME.test(text)) count += 1;
  return count;
}

function countMembers(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MAX_DEPTH)
    throw new SyncError('contract', 'the answer is nested too deeply', { code: 'too-deep' });
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'object' && item !== null) count += countMembers(item, depth + 1);
    }
    return count;
  }
  const members = value as Record<string, unknown>;
  for (const key in members) {
    count += 1;
    const member = members[key];
    if (typeof member === 'object' && member !== null) count += countMembers(member, depth + 1);
  }
  return count;
}

/** What a text that is not JSON looks like; nothing of its content. */
function describeText(text: string): string {
  const size = `${text.length} characters`;
  if (text.trim() === '') return 'an empty body';
  if (/^\s*</.test(text)) return `an HTML or XML page, ${size}`;
  return /^\s*[[{]/.test(text) ? `cut short or damaged, ${size}` : `plain text, ${size}`;
}

interface RawJson {
  rawJSON(text: string): unknown;
}

/**
 * An id as it goes into a request body: a JSON number without loss, or text where it is no number.
 * Give the result only to `stringifyUdesk`.
 */
export function idNumber(id: string): unknown {
  return /^(0|[1-9]\d*)$/.test(id) ? (JSON as unknown as RawJson).rawJSON(id) : id;
}

/** A request body as JSON; `bigint` and `idNumber` values are written as whole numbers. */
export function stringifyUdesk(body: unknown): string {
  return JSON.stringify(body, (_key, value: unknown) =>
    typeof value === 'bigint' ? (JSON as unknown as RawJson).rawJSON(value.toString()) : value,
  );
}
