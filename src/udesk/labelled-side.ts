/**
 * Udesk with its custom fields in the words of the mapping: labels instead of option values, checked before they are
 * sent. Everything behind the port sees labels alone, so that the core knows nothing of options.
 */
import type { FieldWrite, Patch, SideRecord } from '../core/record.ts';
import { isBlank, type Value } from '../core/value.ts';
import type { CreateRequest, Page, Side } from '../crm/adapter.ts';
import { translatedBatch } from './batch-create.ts';
import { asHeld, type FieldMeanings, requiredField, toLabels, toWire } from './field-meaning.ts';

/** Where the meanings come from, kept fresh. */
export interface FieldBook {
  /** @throws SyncError when Udesk does not tell and nothing is known from before */
  current(signal?: AbortSignal): Promise<FieldMeanings>;
  /** A customer holds an option that does not mean what it was pinned to. */
  drifted(field: string, value: string): void;
}

export interface LabelledFields {
  /** All mapped custom fields: custom.SelectField_1. */
  readonly mapped: readonly string[];
  /** Those of them that are written to Udesk: required ones must be there when a customer is created. */
  readonly written: readonly string[];
}

export function labelled(side: Side, book: FieldBook, fields: LabelledFields): Side {
  const shown = (record: SideRecord, known: FieldMeanings): SideRecord => {
    const values: Record<string, Value> = { ...record.fields };
    for (const field of fields.mapped) {
      const value = values[field];
      if (value === undefined) continue;
      const words = toLabels(known[field], value, (option) => book.drifted(field, option));
      if (words === undefined) delete values[field];
      else values[field] = words;
    }
    return { ...record, fields: values };
  };
  const pageOf = (page: Page, known: FieldMeanings): Page => ({
    ...page,
    records: page.records.map((record) => shown(record, known)),
  });
  const shownPage =
    (read: NonNullable<Side['page']>): NonNullable<Side['page']> =>
    async (page, call) =>
      pageOf(await read(page, call), await book.current(call?.signal));
  const sent = (patch: Patch, known: FieldMeanings): Patch =>
    Object.fromEntries(
      Object.entries(patch).map(([field, write]): [string, FieldWrite] =>
        fields.mapped.includes(field)
          ? [
              field,
              {
                ...write,
                before: asHeld(known[field], write.before),
                after: toWire(field, known[field], write.after),
                // A selection is sent whole: what to add and remove is of no use there.
                ops: null,
              },
            ]
          : [field, write],
      ),
    );
  const toCreate = (request: CreateRequest, known: FieldMeanings): CreateRequest => {
    for (const field of fields.written) {
      const write = request.patch[field];
      if (known[field]?.required === true && (write === undefined || isBlank(write.after)))
        throw requiredField(field);
    }
    return { ...request, patch: sent(request.patch, known) };
  };
  return {
    ...side,
    ...translatedBatch(side, async (request, signal) => toCreate(request, await book.current(signal))),
    async *enumerate(call) {
      for await (const page of side.enumerate(call)) yield pageOf(page, await book.current(call?.signal));
    },
    ...(side.page === undefined ? {} : { page: shownPage(side.page) }),
    async read(id, call) {
      const known = await book.current(call?.signal);
      const record = await side.read(id, call);
      return record === null ? null : shown(record, known);
    },
    async lookup(kind, value, call) {
      const known = await book.current(call?.signal);
      return (await side.lookup(kind, value, call)).map((record) => shown(record, known));
    },
    async create(request, call) {
      const known = await book.current(call?.signal);
      return shown(await side.create(toCreate(request, known), call), known);
    },
    async update(request, call) {
      const known = await book.current(call?.signal);
      return shown(await side.update({ ...request, patch: sent(request.patch, known) }, call), known);
    },
  };
}
