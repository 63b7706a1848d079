/**
 * A query as a job of Bulk API 2.0 ("Query Jobs"): one job instead of a call for every 2,000 records, for readings of a
 * whole large org. Made, asked for until it is done, read as CSV in sets, and removed.
 */
import { parse } from 'csv-parse/sync';
import { SyncError } from '../../errors.ts';
import type { CallOptions } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { isObject, type JsonObject, textOf } from '../http/paths.ts';
import type { Api } from './api.ts';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 20_000;
/** A job that takes longer is given up, and the reading begins anew with the next cycle. */
const PATIENCE_MS = 3_600_000;
/** A set holds so many times the rows of one answer of a query. */
const SET_FACTOR = 10;

export interface BulkSet {
  /** Texts only, as CSV has them; an empty one is null there. */
  readonly rows: readonly JsonObject[];
  /** On the last set: how many rows the job says that it found; null where it does not say. */
  readonly processed: number | null;
  readonly last: boolean;
}

export async function* bulkSets(api: Api, soql: string, options: CallOptions = {}): AsyncGenerator<BulkSet> {
  const made = await api.run({
    ...options,
    method: 'POST',
    path: '/jobs/query',
    body: { operation: 'queryAll', query: soql },
    // Made twice it costs a job, and changes nothing.
    write: false,
  });
  const id = isObject(made.json) ? textOf(made.json.id) : null;
  if (id === null || !/^\w+$/.test(id)) throw notUnderstood(made.context, 'the answer holds no job id');
  try {
    const processed = await untilDone(api, id, options);
    yield* setsOf(api, id, processed, options);
  } finally {
    // Whatever became of it: results are kept for seven days, and count against the org's room for jobs.
    await api.run({ method: 'DELETE', path: `/jobs/query/${id}`, write: false }).catch(() => {});
  }
}

async function untilDone(api: Api, id: string, options: CallOptions): Promise<number | null> {
  let waitedMs = 0;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 1.5)) {
    const { json, context } = await api.run({
      ...options,
      method: 'GET',
      path: `/jobs/query/${id}`,
      write: false,
    });
    if (!isObject(json)) throw notUnderstood(context, 'the answer is no job');
    const state = textOf(json.state);
    if (state === 'JobComplete') {
      const processed = Number(textOf(json.numberRecordsProcessed) ?? Number.NaN);
      return Number.isInteger(processed) ? processed : null;
    }
    const failed = state === 'Failed' || state === 'Aborted';
    if (failed || waitedMs > PATIENCE_MS)
      throw new SyncError(
        'transient',
        `the bulk query job ${id} ${failed ? `ended as ${state}` : 'takes too long'}`,
        {
          side: 'crm',
          code: state ?? 'unknown',
          advice: 'Look at Setup, Bulk Data Load Jobs; crm.bulkAbove: 10000000 does without such jobs.',
        },
      );
    await api.sleep(waitMs, options.signal);
    waitedMs += waitMs;
  }
}

async function* setsOf(
  api: Api,
  id: string,
  processed: number | null,
  options: CallOptions,
): AsyncGenerator<BulkSet> {
  const maxRecords = String(api.pageRecords * SET_FACTOR);
  let header: readonly string[] | null = null;
  for (let locator: string | null = null; ; ) {
    const answer = await api.run({
      ...options,
      method: 'GET',
      path: `/jobs/query/${id}/results`,
      query: { maxRecords, ...(locator === null ? {} : { locator }) },
      headers: { accept: 'text/csv' },
      write: false,
    });
    const next: string = answer.headers['sforce-locator'] ?? 'null';
    const last = next === 'null' || next === '';
    const lines: string[][] = parse(answer.text, { bom: true, skip_empty_lines: true });
    // Each set begins with the names of its columns; one that does not goes on with those of the first.
    if (header === null || lines[0]?.join() === header.join()) header = lines.shift() ?? [];
    const names: readonly string[] = header;
    const rows = lines.map((line) => Object.fromEntries(names.map((name, at) => [name, line[at] ?? ''])));
    yield { rows, processed, last };
    if (last) return;
    locator = next;
  }
}
