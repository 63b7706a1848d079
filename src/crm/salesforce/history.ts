/**
 * What happened with a record, from Salesforce's field history (ContactHistory, LeadHistory): one row for each tracked
 * field of each save, with the value before, the value after and who saved. Of fields longer than 255 characters only that
 * they were edited ("Field History Tracking").
 */
import type { FieldChange } from '../../core/witness-records.ts';
import type { CallOptions, HistoryItem, HistoryPage } from '../adapter.ts';
import { isObject, type JsonObject, textOf } from '../http/paths.ts';
import { timeOf } from './decode.ts';
import { queryBatches, type Reader } from './query.ts';
import { couldBeId } from './records.ts';
import { literal } from './soql.ts';

const PAGE_ROWS = 100;
const LONG_TEXT = 255;

export async function readHistory(
  reader: Reader,
  id: string,
  page: number,
  options: CallOptions = {},
): Promise<HistoryPage> {
  const { object } = reader.shape;
  if (!couldBeId(object.keyPrefix, id)) return { items: [], dropped: [], last: true };
  const soql =
    `SELECT Id, Field, OldValue, NewValue, CreatedDate, CreatedById, CreatedBy.Name FROM ${object.name}History ` +
    `WHERE ${object.name}Id = ${literal(id)} ORDER BY CreatedDate DESC, Id DESC ` +
    `LIMIT ${PAGE_ROWS} OFFSET ${(page - 1) * PAGE_ROWS}`;
  const items: HistoryItem[] = [];
  for await (const { rows } of queryBatches(reader, soql, options))
    items.push(...rows.map((row) => itemOf(reader, row)));
  return { items, dropped: [], last: items.length < PAGE_ROWS, clockSkewMs: reader.api.clockSkewMs() };
}

function itemOf(reader: Reader, row: JsonObject): HistoryItem {
  const ms = timeOf(textOf(row.CreatedDate));
  const author = isObject(row.CreatedBy) ? textOf(row.CreatedBy.Name) : textOf(row['CreatedBy.Name']);
  const field = textOf(row.Field) ?? '';
  return {
    kind: 'field-history',
    id: textOf(row.Id) ?? '',
    at: ms === null ? null : new Date(ms).toISOString(),
    author: { id: textOf(row.CreatedById), name: author },
    data: { field },
    changes: changesOf(reader, field, row),
    text: null,
  };
}

/** None where the row is about a field that nobody maps, or about the record as a whole (created, merged). */
function changesOf({ shape }: Reader, name: string, row: JsonObject): FieldChange[] {
  const place = shape.places.find(({ sources }) => sources.some((source) => source.name === name));
  const source = place?.sources.find((one) => one.name === name);
  if (place === undefined || source === undefined) return [];
  const [from, to] = [row.OldValue ?? null, row.NewValue ?? null];
  if (from === null && to === null && source.length > LONG_TEXT) return [{ field: place.field }];
  // A multi-select picklist is told as a whole, and not element by element.
  if (place.kind === 'multi') return [{ field: place.field }];
  return [{ field: place.field, from: textOf(from), to: textOf(to) }];
}
