/**
 * Who changed, by search. A search ends at 10,000 results, and its `after` counts rows of an order that moves while it is
 * read. So no page is asked for by `after`: each begins at the time of the last contact seen, and where more contacts than a
 * page holds changed in one millisecond, those are walked by their ids. A contact that changes meanwhile comes again later
 * in the order; nobody is passed by.
 */
import type { CallOptions } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { isObject, textOf } from '../http/paths.ts';
import type { HubspotAnswer } from './api.ts';
import { CONTACTS, type Reader, resultsOf } from './contacts.ts';
import { isId } from './decode.ts';
import { MODIFIED } from './places.ts';

/** Most results of one page ("Search the CRM", limits; 100 before September 2024). */
export const SEARCH_ROWS = 200;

export interface FoundChanged {
  readonly ids: readonly string[];
  readonly notBeforeMs: number;
}

/** Each id once; in pages. */
export async function* searchChanged(
  reader: Reader,
  sinceMs: number,
  options: CallOptions = {},
): AsyncGenerator<FoundChanged> {
  const seen = new Set<string>();
  const fresh = (rows: readonly Row[]) =>
    rows.flatMap(({ id }) => {
      if (seen.has(id)) return [];
      seen.add(id);
      return [id];
    });
  for (let fromMs = sinceMs; ; ) {
    const page = await search(
      reader,
      { filters: [filter(MODIFIED, 'GTE', fromMs)], sort: MODIFIED },
      options,
    );
    yield { ids: fresh(page.rows), notBeforeMs: page.notBeforeMs };
    const last = page.rows.at(-1);
    if (last === undefined || page.rows.length < SEARCH_ROWS) return;
    if (last.modifiedMs > fromMs) {
      fromMs = last.modifiedMs;
      continue;
    }
    for (let afterId = '0'; ; ) {
      const twins = await search(
        reader,
        {
          filters: [filter(MODIFIED, 'EQ', fromMs), filter('hs_object_id', 'GT', afterId)],
          sort: 'hs_object_id',
        },
        options,
      );
      yield { ids: fresh(twins.rows), notBeforeMs: twins.notBeforeMs };
      const end = twins.rows.at(-1);
      if (end === undefined || twins.rows.length < SEARCH_ROWS) break;
      if (BigInt(end.id) <= BigInt(afterId))
        throw notUnderstood(twins.context, 'the results are not in the order asked for');
      afterId = end.id;
    }
    fromMs += 1;
  }
}

interface Row {
  readonly id: string;
  readonly modifiedMs: number;
}

interface Query {
  readonly filters: readonly unknown[];
  readonly sort: string;
}

async function search(reader: Reader, { filters, sort }: Query, options: CallOptions) {
  const answer = await reader.api.run({
    method: 'POST',
    path: `${CONTACTS}/search`,
    body: {
      filterGroups: [{ filters }],
      sorts: [{ propertyName: sort, direction: 'ASCENDING' }],
      properties: [MODIFIED],
      limit: SEARCH_ROWS,
    },
    write: false,
    signal: options.signal,
  });
  const rows = resultsOf(answer).map((row) => rowOf(row, answer));
  const inOrder = rows.every(
    (row, at) => at === 0 || sort !== MODIFIED || row.modifiedMs >= (rows[at - 1]?.modifiedMs ?? 0),
  );
  if (!inOrder) throw notUnderstood(answer.context, 'the results are not in the order asked for');
  return { rows, notBeforeMs: answer.notBeforeMs, context: answer.context };
}

function rowOf(raw: unknown, answer: HubspotAnswer): Row {
  const row = isObject(raw) ? raw : {};
  const id = textOf(row.id) ?? '';
  const properties = isObject(row.properties) ? row.properties : {};
  const modifiedMs = Date.parse(textOf(properties[MODIFIED]) ?? '');
  if (isId(id) && !Number.isNaN(modifiedMs)) return { id, modifiedMs };
  throw notUnderstood(answer.context, `a result holds no id, or no ${MODIFIED}`);
}

/** Times are sent as milliseconds since 1970, as all values of a filter, as text. */
function filter(propertyName: string, operator: string, value: string | number) {
  return { propertyName, operator, value: String(value) };
}
