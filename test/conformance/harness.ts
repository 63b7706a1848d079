/** What the conformance suite needs of an adapter under test, and the small helpers that its tests share. */
import type { TestContext } from 'vitest';
import type { FieldWrite, Patch, SetOps, SideRecord } from '../../src/core/record.ts';
import { type Element, isSet, type Value } from '../../src/core/value.ts';
import type { EnumerationEnd, Page, Side } from '../../src/crm/adapter.ts';
import type { AdapterContext } from '../../src/crm/definition.ts';
import { isSyncError, type SyncError } from '../../src/errors.ts';

/** How the suite hands a test over: to vitest, or to a run that must fail (broken-adapters.conf.test.ts). */
export type Register = (name: string, run: (context: TestContext) => void | Promise<void>) => void;

/** Every harness maps these four; `name` and `note` are texts that may be null. */
export interface Person {
  readonly name?: string | null;
  readonly note?: string | null;
  readonly emails?: readonly string[];
  readonly phones?: readonly string[];
}

/** Acts on the CRM as a person does: past the port. */
export interface Harness {
  readonly side: Side;
  insert(person: Person, externalId?: string): Promise<string>;
  insertMany(count: number): Promise<string[]>;
  edit(id: string, person: Person): Promise<void>;
  remove(id: string): Promise<void>;
  /** A value that differs after every write to the row (or its child rows), whoever made it. */
  stamp(id: string): Promise<string>;
  /** Live rows. */
  count(): Promise<number>;
  /** Edits in a transaction that stays open until the returned function is called. */
  readonly editLate?: (id: string, person: Person) => Promise<() => Promise<void>>;
  /** The next write meets a connection that breaks before its commit, or between the commit and its answer. */
  breakNextWrite(when: 'before-commit' | 'after-commit'): void;
  /** The store holds exactly what it is given; texts with U+0000 are refused by it. */
  readonly refusesNul: boolean;
  /** What the store makes of a text in `note` or in an e-mail; `REFUSED` where it takes none such. Left out: as it is. */
  readonly keeps?: (field: 'note' | 'emails', text: string) => string | null | typeof REFUSED;
  /** Two live records never hold the same e-mail: the store refuses it. */
  readonly uniqueEmails?: true;
  /** The next read, or write, is answered with "too many calls": nothing is done. Left out: nobody is ever throttled. */
  readonly throttleNext?: (call: 'read' | 'write') => void;
  /** Takes a record out of our login's sight until the returned function is called; where the manifest has `mayHide`. */
  readonly hide?: (id: string) => Promise<() => Promise<void>>;
  /** Who edits here, as the side names them; where the manifest tells authors. */
  readonly person?: { readonly id: string | null; readonly name: string | null };
  close(): Promise<void>;
}

export const REFUSED = Symbol('refused');

/** What a text becomes in this store. */
export function kept(
  { keeps }: Harness,
  field: 'note' | 'emails',
  text: string,
): string | null | typeof REFUSED {
  return keeps === undefined ? text : keeps(field, text);
}

export const CONTEXT: AdapterContext = {
  pair: 'test',
  clock: () => Date.now(),
  region: 'CN',
  fields: [
    { name: 'name', shape: 'scalar', equivalence: 'text' },
    { name: 'note', shape: 'scalar', equivalence: 'exact' },
    { name: 'emails', shape: 'set', equivalence: 'email' },
    { name: 'phones', shape: 'set', equivalence: 'phone' },
  ],
};

export async function readAll(pages: AsyncIterable<Page>) {
  const records: SideRecord[] = [];
  const deletedIds: string[] = [];
  const mergedInto: Record<string, string> = {};
  let end: EnumerationEnd | null = null;
  for await (const page of pages) {
    records.push(...page.records);
    deletedIds.push(...page.deletedIds);
    Object.assign(mergedInto, page.mergedInto);
    end = page.end;
  }
  if (end === null) throw new Error('the last page has no end');
  return { records, deletedIds, mergedInto, end, ids: records.map((record) => record.id) };
}

export async function mustRead(side: Side, id: string): Promise<SideRecord> {
  const record = await side.read(id);
  if (record === null) throw new Error(`record ${id} is not there`);
  return record;
}

/** What the answer of a write says of the record, without how it was learned. */
export function held({ reread: _, ...record }: SideRecord): SideRecord {
  return record;
}

export function elements(record: SideRecord, field: string): readonly Element[] {
  const value = record.fields[field] ?? null;
  return isSet(value) ? value : [];
}

export function texts(record: SideRecord, field: string): string[] {
  return elements(record, field)
    .map((element) => element.value)
    .sort();
}

export function scalar(before: Value, after: Value): FieldWrite {
  return { field: 'any', before, after, ops: null };
}

/** The write that a plan would hold: whole values before and after, and the operations between them. */
export function setWrite(before: readonly Element[], ops: Partial<SetOps>): FieldWrite {
  const { add = [], remove = [], change = [] } = ops;
  const kept = before.filter((element) => !remove.some((gone) => gone.value === element.value));
  const edited = kept.map((element) => ({
    ...element,
    value: change.find((one) => one.from === element.value)?.to ?? element.value,
  }));
  const after = [...edited, ...add.map((value) => ({ id: null, value }))];
  return { field: 'any', before, after, ops: { add, remove, change } };
}

export function person(values: Readonly<Record<string, string | readonly string[]>>): Patch {
  return Object.fromEntries(
    Object.entries(values).map(([field, value]) => [
      field,
      scalar(null, typeof value === 'string' ? value : value.map((text) => ({ id: null, value: text }))),
    ]),
  );
}

/** The `SyncError` that the work fails with. */
export async function failure(work: Promise<unknown>): Promise<SyncError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isSyncError(error)) throw new Error('expected a SyncError', { cause: error });
  return error;
}

/** Skips, and says which capability is missing. */
export function needs(context: TestContext, has: boolean, what: string): void {
  if (!has) context.skip(`${what}: not in this manifest`);
}
