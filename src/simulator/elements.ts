/**
 * How lists of phones and addresses change (udesk/api.md §3.1-§3.3): phones are patched by id, other e-mails are
 * replaced by id. That asymmetry is the sharpest trap of the API, so it stands here alone.
 */
import type { Item, ItemInput } from './customer.ts';
import { parseId } from './ids.ts';
import { badParameter } from './refusal.ts';

/** One element of `[[id, content], …]`. Content '' and null both mean "none". */
export interface Pair {
  readonly id: number | null;
  readonly content: string;
}

/** Phones that are not listed stay. A known id without content is deleted. */
export function patchPhones(current: readonly Item[], pairs: readonly Pair[], nextId: () => number): Item[] {
  checkIds(current, pairs, 'cellphones');
  const byId = new Map(pairs.map((pair) => [pair.id, pair.content]));
  const kept = current.flatMap((item) => {
    const content = byId.get(item.id);
    if (content === undefined || content === item.content) return [item];
    return content === '' ? [] : [{ id: item.id, content }];
  });
  return [...kept, ...created(pairs, nextId)];
}

/** Addresses that are not listed are DELETED. A known id without content is deleted too. */
export function replaceOtherEmails(
  current: readonly Item[],
  pairs: readonly Pair[],
  nextId: () => number,
): Item[] {
  checkIds(current, pairs, 'other_emails');
  const byId = new Map(pairs.map((pair) => [pair.id, pair.content]));
  const kept = current.flatMap((item) => {
    const content = byId.get(item.id);
    if (content === undefined || content === '') return [];
    return [content === item.content ? item : { id: item.id, content }];
  });
  return [...kept, ...created(pairs, nextId)];
}

/** The whole list as a person set it: an element with a known id, or with a known content, keeps its id. */
export function setItems(
  current: readonly Item[],
  inputs: readonly ItemInput[],
  nextId: () => number,
): Item[] {
  const items: Item[] = [];
  for (const input of inputs) {
    const content = (typeof input === 'string' ? input : input.content).trim();
    const id = typeof input === 'string' ? null : parseId(input.id);
    const known = current.find((item) => (id === null ? item.content === content : item.id === id));
    if (content !== '') items.push({ id: known?.id ?? nextId(), content });
  }
  return items;
}

function created(pairs: readonly Pair[], nextId: () => number): Item[] {
  return pairs
    .filter((pair) => pair.id === null && pair.content !== '')
    .map((pair) => ({ id: nextId(), content: pair.content }));
}

function checkIds(current: readonly Item[], pairs: readonly Pair[], name: string): void {
  const seen = new Set<number>();
  for (const { id } of pairs) {
    if (id === null) continue;
    if (!current.some((item) => item.id === id))
      throw badParameter(`${name}: id ${id} is not one of this customer`);
    if (seen.has(id)) throw badParameter(`${name}: id ${id} is listed twice`);
    seen.add(id);
  }
}
