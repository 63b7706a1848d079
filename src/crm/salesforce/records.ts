/** Reads of one record. */
import type { SideRecord } from '../../core/record.ts';
import type { CallOptions } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { isObject, type JsonObject } from '../http/paths.ts';
import { decode, type RecordFacts } from './decode.ts';
import type { Reader } from './query.ts';
import { isGone } from './refusal.ts';
import { selectList } from './shape.ts';

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
  { api, shape }: Pick<Reader, 'api' | 'shape'>,
  id: string,
  options: CallOptions = {},
): Promise<Fetched | null> {
  if (!couldBeId(shape.object.keyPrefix, id)) return null;
  try {
    const answer = await api.run({
      ...options,
      method: 'GET',
      path: recordPath(shape.object.name, id),
      query: { fields: selectList(shape).join(',') },
      write: false,
    });
    const { json, context, notBeforeMs } = answer;
    const decoded = decode(shape, json);
    if (decoded.kind === 'dropped') throw notUnderstood(context, `the record ${decoded.dropped.reason}`);
    if (decoded.kind === 'deleted') return null;
    if (decoded.record.id !== id) throw notUnderstood(context, 'the answer holds another record');
    return { record: decoded.record, raw: isObject(json) ? json : {}, facts: decoded.facts, notBeforeMs };
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** Ids in their long form, as every answer has them; the short one would be another text for the same record. */
export function couldBeId(keyPrefix: string, id: string): boolean {
  return /^[A-Za-z0-9]{18}$/.test(id) && id.startsWith(keyPrefix);
}

export function recordPath(object: string, id: string): string {
  return `/sobjects/${object}/${id}`;
}
