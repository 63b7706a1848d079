/** What all decoders of this folder share: an element is read, or dropped with its shape, and the page goes on. */
import type { DroppedElement } from '../crm/adapter.ts';
import { idText, Unreadable } from './decode-lists.ts';
import { ALL_MEMBERS, isObject, type JsonObject } from './json.ts';
import { shapeOf } from './shape.ts';

export interface DecodedList<T> {
  readonly items: readonly T[];
  /** Unreadable ones, with their shape and no content. */
  readonly dropped: readonly DroppedElement[];
}

/** @param read throws `Unreadable` */
export function decodeEach<T>(rows: readonly unknown[], read: (row: JsonObject) => T): DecodedList<T> {
  const items: T[] = [];
  const dropped: DroppedElement[] = [];
  for (const row of rows) {
    try {
      if (!isObject(row)) throw new Unreadable('not an object');
      items.push(read(row));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      dropped.push({
        id: isObject(row) ? idText(row.id) : null,
        reason: error.message,
        sample: shapeOf(row),
      });
    }
  }
  return { items, dropped };
}

/** A key of the element itself that stands twice with two values: nobody knows which one holds. */
export function refuseContradictions(raw: JsonObject, what: string): void {
  for (const [key, value] of raw[ALL_MEMBERS] ?? []) {
    const last = raw[key];
    if (value !== last && JSON.stringify(value, noBigInt) !== JSON.stringify(last, noBigInt)) {
      throw new Unreadable(`${what}: one key stands twice with different values`);
    }
  }
}

/** JSON that can be stored as it is: whole numbers beyond 2^53 become text. */
export function plainJson(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(plainJson);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainJson(member)]));
}

/** Text, a number as text, or null. */
export function looseText(raw: unknown): string | null {
  if (typeof raw === 'string') return raw;
  return typeof raw === 'number' || typeof raw === 'bigint' ? String(raw) : null;
}

function noBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
