/**
 * The lists inside a customer, in every shape seen (udesk/api.md §4: O1–O5, K1–K6, T1–T4).
 * A list that is `null` is "not told", never "none": writing on that belief could delete addresses.
 */
import type { Element } from '../core/value.ts';
import { ALL_MEMBERS, isObject, type JsonObject, type Member } from './json.ts';

/** Thrown inside the decoder only; says what could not be read, never its value. */
export class Unreadable extends Error {}

/** Other e-mails: O1 objects, O2 flat id/address pairs, O3 empty, O5 plain texts; pairs as in requests too. */
export function decodeOtherEmails(raw: unknown): Element[] | null {
  const list = listOf(raw, 'other_emails');
  if (list === null) return null;
  // O2 starts with an id; an address is never all digits, so plain texts (O5) cannot be taken for it.
  if (list.length > 0 && idText(list[0]) !== null) return flatPairs(list);
  return decodeElements(list, 'other_emails');
}

/** Cellphones: K1–K4 and K6 as a list; K5, the singular key, as one object, one text or a list. */
export function decodeCellphones(customer: JsonObject): Element[] | null {
  if (customer.cellphones !== undefined) {
    const list = listOf(customer.cellphones, 'cellphones');
    return list === null ? null : decodeElements(list, 'cellphones');
  }
  const single = customer.cellphone;
  if (single === undefined || single === null) return null;
  return decodeElements(Array.isArray(single) ? single : [single], 'cellphone');
}

/** Tags: T1, T2 objects with a name, T3 empty, T4 one comma-separated text; plain texts too. */
export function decodeTags(raw: unknown): Element[] | null {
  if (typeof raw === 'string') {
    return raw
      .split(',')
      .map((name) => ({ id: null, value: name.trim() }))
      .filter((tag) => tag.value !== '');
  }
  const list = listOf(raw, 'tags');
  if (list === null) return null;
  const tags: Element[] = [];
  for (const item of list) {
    if (typeof item === 'string') push(tags, null, item, 'tags');
    else if (isObject(item)) push(tags, item.id, item.name, 'tags');
    else throw new Unreadable('tags: an item is neither an object nor a text');
  }
  return tags;
}

/** An id as text: a whole number of any size, or digits. Null when it is no id. */
export function idText(raw: unknown): string | null {
  if (typeof raw === 'number') return Number.isSafeInteger(raw) && raw >= 0 ? String(raw) : null;
  if (typeof raw === 'bigint') return String(raw);
  return typeof raw === 'string' && /^\d+$/.test(raw) ? raw : null;
}

function listOf(raw: unknown, name: string): readonly unknown[] | null {
  if (raw === undefined || raw === null) return null;
  if (Array.isArray(raw)) return raw;
  // An empty object where a list belongs is what some back ends make of "nothing": not told.
  if (isObject(raw) && Object.keys(raw).length === 0) return null;
  throw new Unreadable(`${name}: not a list`);
}

function flatPairs(list: readonly unknown[]): Element[] {
  if (list.length % 2 !== 0) throw new Unreadable('other_emails: flat pairs of odd length');
  const elements: Element[] = [];
  for (let at = 0; at < list.length; at += 2) {
    if (idText(list[at]) === null) throw new Unreadable('other_emails: flat pairs without an id');
    push(elements, list[at], list[at + 1], 'other_emails');
  }
  return elements;
}

function decodeElements(list: readonly unknown[], name: string): Element[] {
  const elements: Element[] = [];
  for (const item of list) {
    if (Array.isArray(item)) {
      if (item.length !== 2) throw new Unreadable(`${name}: a pair that is not of two`);
      push(elements, item[0], item[1], name);
    } else if (isObject(item)) {
      for (const one of splitRepeated(item)) push(elements, one.id, one.content, name);
    } else {
      push(elements, null, item, name);
    }
  }
  return elements;
}

/** K4: one object that holds several elements under repeated keys. A key seen again begins the next element. */
function splitRepeated(object: JsonObject): readonly JsonObject[] {
  const all = object[ALL_MEMBERS];
  if (all === undefined) return [object];
  const groups: Map<string, unknown>[] = [];
  let group = new Map<string, unknown>();
  for (const [key, value] of all as readonly Member[]) {
    if (group.has(key)) {
      groups.push(group);
      group = new Map();
    }
    group.set(key, value);
  }
  groups.push(group);
  return groups.map((members) => Object.fromEntries(members));
}

/** An element without content is no element. */
function push(into: Element[], rawId: unknown, rawValue: unknown, name: string): void {
  if (rawValue === null || rawValue === '') return;
  const value = typeof rawValue === 'string' ? rawValue : idText(rawValue);
  if (value === null) throw new Unreadable(`${name}: content that is not a text`);
  const id = rawId === undefined || rawId === null ? null : idText(rawId);
  if (id === null && rawId !== undefined && rawId !== null) {
    throw new Unreadable(`${name}: an id that is not a number`);
  }
  into.push({ id, value });
}
