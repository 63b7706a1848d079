/** What both sides hold at this moment, in one form, and what people do there. */
import type { SideName } from '../../src/core/record.ts';
import { isSet, type Value } from '../../src/core/value.ts';
import type { MemoryTable } from '../../src/crm/memory/table.ts';
import type { TenantHandle } from '../../src/simulator/handle.ts';
import { sameToken } from './tokens.ts';

export interface Held {
  readonly id: string;
  readonly name: string;
  readonly note: string;
  readonly emails: readonly string[];
  readonly phones: readonly string[];
}

export type SetName = 'emails' | 'phones';
export type FieldName = 'name' | 'note' | SetName;

export interface People {
  /** Live records, oldest first. */
  list(): Held[];
  get(id: string): Held | null;
  create(held: Omit<Held, 'id'>): string;
  text(id: string, field: 'name' | 'note', value: string): void;
  elements(id: string, set: SetName, values: readonly (readonly [old: string | null, now: string])[]): void;
  delete(id: string): void;
}

/** A person at Udesk. Elements keep their ids where they are edited in place. */
export function udeskPeople(tenant: TenantHandle): People {
  const held = (id: string): Held | null => {
    const view = tenant.get(id);
    if (view === null) return null;
    return {
      id: view.id,
      name: view.nick_name,
      note: view.description ?? '',
      emails: [
        ...(view.email === null ? [] : [view.email]),
        ...view.other_emails.map(({ content }) => content),
      ],
      phones: view.cellphones.map(({ content }) => content),
    };
  };
  return {
    list: () =>
      tenant
        .list()
        .toReversed()
        .flatMap(({ id }) => held(id) ?? []),
    get: held,
    create: ({ name, note, emails, phones }) =>
      tenant.create({
        nick_name: name,
        description: note,
        email: emails[0] ?? null,
        other_emails: emails.slice(1),
        cellphones: phones,
      }).id,
    text: (id, field, value) => {
      tenant.edit(id, field === 'name' ? { nick_name: value } : { description: value });
    },
    elements: (id, set, values) => {
      const view = tenant.get(id);
      if (view === null) return;
      const items = set === 'phones' ? view.cellphones : view.other_emails;
      const input = ([old, now]: readonly [string | null, string]) => ({
        id: items.find(({ content }) => content === old)?.id ?? null,
        content: now,
      });
      if (set === 'phones') tenant.edit(id, { cellphones: values.map(input) });
      else tenant.edit(id, { email: values[0]?.[1] ?? null, other_emails: values.slice(1).map(input) });
    },
    delete: (id) => tenant.delete(id),
  };
}

export function crmPeople(table: MemoryTable): People {
  const held = (id: string): Held | null => {
    const row = table.find(id);
    if (row === null || row.deleted) return null;
    const text = (value: Value | undefined) => (typeof value === 'string' ? value : '');
    const list = (value: Value | undefined) =>
      value !== undefined && isSet(value) ? value.map((element) => element.value) : [];
    return {
      id,
      name: text(row.fields.name),
      note: text(row.fields.note),
      emails: list(row.fields.emails),
      phones: list(row.fields.phones),
    };
  };
  return {
    list: () => table.list().flatMap(({ id }) => held(id) ?? []),
    get: held,
    create: (fields) => table.insert({ ...fields }),
    text: (id, field, value) => table.edit(id, { [field]: value }),
    elements: (id, set, values) => {
      const now = table.find(id)?.fields[set];
      const known = now !== undefined && isSet(now) ? now : [];
      const elements = values.map(([old, value]) => ({
        id: known.find((element) => element.value === old)?.id ?? null,
        value,
      }));
      table.edit(id, { [set]: elements });
    },
    delete: (id) => table.delete(id),
  };
}

export type Both<T> = Readonly<Record<SideName, T>>;

export function valuesOf({ name, note, emails, phones }: Held): string[] {
  return [name, note, ...emails, ...phones].filter(Boolean);
}

export function holdsEdit(
  held: Held,
  { field, value }: { readonly field: FieldName; readonly value: string },
): boolean {
  const there = held[field];
  return (typeof there === 'string' ? [there] : there).some((one) => sameToken(one, value));
}
