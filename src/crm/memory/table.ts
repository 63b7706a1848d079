/** The store behind the `memory` adapter, as a person at the CRM sees it: edits here go past the port. */
import type { Element, Value } from '../../core/value.ts';
import { ABSENT, isAbsent, isSet } from '../../core/value.ts';

export interface MemoryRow {
  readonly id: string;
  readonly fields: Readonly<Record<string, Value>>;
  readonly externalId: string | null;
  /** Raised by every change, a person's or ours. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Who changed it last. */
  readonly editor: Editor;
  readonly deleted: boolean;
}

export interface Editor {
  readonly id: string;
  readonly name: string;
}

/** Whose writes come through the port. */
export const OWN_EDITOR: Editor = { id: 'sync', name: 'the login of the sync' };

/** What a person types: a set may be given as plain texts. */
export type MemoryInput = Readonly<Record<string, Value | readonly string[]>>;

export interface MemoryTableOptions {
  readonly clock: () => number;
  readonly setFields: readonly string[];
  /** Elements carry ids of their own, kept by an edit in place. */
  readonly elementIds: boolean;
  /** What the CRM makes of a text before it stores it. */
  readonly normalise: (field: string, value: string) => string;
}

export class MemoryTable {
  /** Writes that came through the port, by kind. A person's edits do not count. */
  readonly writes = { create: 0, update: 0, delete: 0 };
  /** The person who edits past the port. */
  person: Editor = { id: 'person', name: 'a person' };
  readonly #options: MemoryTableOptions;
  readonly #rows = new Map<string, MemoryRow>();
  #lastId = 0;
  #lastElement = 0;
  readonly #hidden = new Set<string>();

  constructor(options: MemoryTableOptions) {
    this.#options = options;
  }

  insert(
    fields: MemoryInput,
    options: { externalId?: string | null; id?: string; editor?: Editor } = {},
  ): string {
    const id = options.id ?? String(++this.#lastId);
    const now = this.#options.clock();
    this.#rows.set(id, {
      id,
      fields: this.#store(fields, {}),
      externalId: options.externalId ?? null,
      version: 1,
      createdAt: now,
      updatedAt: now,
      editor: options.editor ?? this.person,
      deleted: false,
    });
    return id;
  }

  /** Changes the named fields only. ABSENT takes a field away. */
  edit(id: string, fields: MemoryInput, externalId?: string, editor = this.person): void {
    const row = this.#live(id);
    const stored = { ...row.fields, ...this.#store(fields, row.fields) };
    this.#put(row, { fields: stored, editor, ...(externalId === undefined ? {} : { externalId }) });
  }

  delete(id: string): void {
    this.#put(this.#live(id), { deleted: true });
  }

  /** Takes a row out of the bin, with all that it held. */
  undelete(id: string): void {
    const row = this.#rows.get(id);
    if (row === undefined || !row.deleted) throw new Error(`the memory CRM has no deleted row ${id}`);
    this.#put(row, { deleted: false, editor: this.person });
  }

  /** Takes a row out of our login's sight, as a sharing rule does: it lives, and is neither listed nor found. */
  hide(id: string): void {
    this.#hidden.add(id);
  }

  show(id: string): void {
    this.#hidden.delete(id);
  }

  /** Deleted rows included. */
  find(id: string): MemoryRow | null {
    return this.#rows.get(id) ?? null;
  }

  /** Live rows that can be seen, oldest first. */
  list(): MemoryRow[] {
    return this.visible().filter((row) => !row.deleted);
  }

  /** Deleted rows included. */
  visible(): MemoryRow[] {
    return this.all().filter((row) => this.isVisible(row.id));
  }

  isVisible(id: string): boolean {
    return !this.#hidden.has(id);
  }

  all(): MemoryRow[] {
    return [...this.#rows.values()];
  }

  #live(id: string): MemoryRow {
    const row = this.#rows.get(id);
    if (row === undefined || row.deleted) throw new Error(`the memory CRM has no live row ${id}`);
    return row;
  }

  #put(row: MemoryRow, change: Partial<MemoryRow>): void {
    const updatedAt = Math.max(this.#options.clock(), row.updatedAt);
    this.#rows.set(row.id, { ...row, ...change, version: row.version + 1, updatedAt });
  }

  #store(fields: MemoryInput, before: Readonly<Record<string, Value>>): Record<string, Value> {
    const stored: Record<string, Value> = {};
    for (const [field, value] of Object.entries(fields)) {
      stored[field] = this.#options.setFields.includes(field)
        ? this.#elements(field, value, before[field] ?? null)
        : this.#scalar(field, value as Value);
    }
    return stored;
  }

  #scalar(field: string, value: Value): Value {
    if (isAbsent(value)) return ABSENT;
    return typeof value === 'string' ? this.#options.normalise(field, value) : value;
  }

  #elements(field: string, value: Value | readonly string[], before: Value): Value {
    if (!Array.isArray(value)) return null;
    const known = isSet(before) ? before : [];
    return (value as readonly (string | Element)[]).map((item) => {
      const text = this.#options.normalise(field, typeof item === 'string' ? item : item.value);
      if (!this.#options.elementIds) return { id: null, value: text };
      const given = typeof item === 'string' ? null : item.id;
      const id = given ?? known.find((element) => element.value === text)?.id ?? `e${++this.#lastElement}`;
      return { id, value: text };
    });
  }
}
