/** Reads of one record. */
import type { SideRecord } from '../../core/record.ts';
import type { CallOptions } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import type { JsonObject } from '../http/paths.ts';
import { decode, type RecordFacts } from './decode.ts';
import { queryBatches, type Reader } from './query.ts';
import { selectList } from './shape.ts';
import { literal, queryText } from './soql.ts';

/** One record as Salesforce shows it. */
export interface Fetched {
  readonly record: SideRecord;
  readonly raw: JsonObject;
  readonly facts: RecordFacts;
  /** A time by the server's clock at which it had not been read yet. */
  readonly notBeforeMs: number;
}

/** Null when there is no such live record that this user may see. */
export async function fetchRecord(
  reader: Pick<Reader, 'api' | 'shape'>,
  id: string,
  options: CallOptions = {},
): Promise<Fetched | null> {
  const { shape } = reader;
  if (!couldBeId(shape.object.keyPrefix, id)) return null;
  // A query, because the fields of a row (`/sobjects/…?fields=`) are not documented to reach its author's name.
  const soql = queryText({
    select: selectList(shape),
    from: shape.object.name,
    where: [`Id = ${literal(id)}`],
  });
  for await (const { rows, answer } of queryBatches(reader, soql, options)) {
    const [raw] = rows;
    if (raw === undefined) return null;
    const { context, notBeforeMs } = answer;
    const decoded = decode(shape, raw);
    if (decoded.kind === 'dropped') throw notUnderstood(context, `the record ${decoded.dropped.reason}`);
    if (decoded.kind === 'deleted') return null;
    if (decoded.record.id !== id) throw notUnderstood(context, 'the answer holds another record');
    return { record: decoded.record, raw, facts: decoded.facts, notBeforeMs };
  }
  return null;
}

/** Ids in their long form, as every answer has them; the short one would be another text for the same record. */
export function couldBeId(keyPrefix: string, id: string): boolean {
  return /^[A-Za-z0-9]{18}$/.test(id) && id.startsWith(keyPrefix);
}

export function recordPath(object: string, id: string): string {
  return `/sobjects/${object}/${id}`;
}
