/** A query and its rows, answer by answer ("Query" and "QueryAll" in the REST API guide: `nextRecordsUrl` until `done`). */
import type { CallOptions } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import type { AdapterContext } from '../definition.ts';
import { isObject, type JsonObject } from '../http/paths.ts';
import { type Answer, type Api, nextPath } from './api.ts';
import type { SalesforceConfig } from './config.ts';
import type { Shape } from './shape.ts';

export interface Reader {
  readonly api: Api;
  readonly config: SalesforceConfig;
  readonly shape: Shape;
  readonly fields: AdapterContext['fields'];
  readonly region: string;
  readonly clock: () => number;
}

export interface QueryOptions extends CallOptions {
  /** Records in the Recycle Bin as well. */
  readonly deleted?: boolean;
}

export interface Batch {
  readonly rows: readonly JsonObject[];
  readonly totalSize: number;
  readonly answer: Answer;
}

export async function* queryBatches(
  { api }: Pick<Reader, 'api'>,
  soql: string,
  { deleted = false, ...options }: QueryOptions = {},
): AsyncGenerator<Batch> {
  let path = deleted ? '/queryAll' : '/query';
  let query: Readonly<Record<string, string>> = { q: soql };
  for (;;) {
    const answer = await api.run({ ...options, method: 'GET', path, query, write: false });
    const { json } = answer;
    if (!isObject(json) || !Array.isArray(json.records))
      throw notUnderstood(answer.context, 'the answer of a query holds no records');
    const rows: readonly unknown[] = json.records;
    if (!rows.every(isObject)) throw notUnderstood(answer.context, 'a row of the answer is no record');
    // "No more" is believed only where it is said: whoever is in the rest would look deleted.
    if (typeof json.done !== 'boolean')
      throw notUnderstood(answer.context, 'the answer does not say whether it is done');
    yield { rows, totalSize: Number(json.totalSize), answer };
    if (json.done) return;
    path = nextPath(json.nextRecordsUrl, answer);
    query = {};
  }
}

/** How many live records there are, and a time before which the count was not made. */
export async function countRecords(
  reader: Pick<Reader, 'api' | 'shape'>,
  options: CallOptions = {},
): Promise<{ readonly total: number; readonly notBeforeMs: number }> {
  const { object } = reader.shape;
  for await (const { totalSize, answer } of queryBatches(
    reader,
    `SELECT COUNT() FROM ${object.name}`,
    options,
  )) {
    if (!Number.isInteger(totalSize))
      throw notUnderstood(answer.context, 'the answer of a count holds no totalSize');
    return { total: totalSize, notBeforeMs: answer.notBeforeMs };
  }
  return { total: 0, notBeforeMs: reader.api.clockSkewMs() ?? 0 };
}
