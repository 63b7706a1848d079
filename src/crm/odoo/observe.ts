/**
 * All partners, or those that changed. Pages go by id, inside whatever window: rows of one transaction share one
 * `write_date`, and it is shown cut to the second, so that no page could begin where the one before ended. By id nothing
 * that lives through the reading is skipped, which is what makes an enumeration certified (promise P7).
 */
import { SyncError } from '../../errors.ts';
import type { CallOptions, Page } from '../adapter.ts';
import type { Raw } from './decode.ts';
import { type Domain, scopeOf } from './domain.ts';
import { notUnderstood } from './failure.ts';
import { contextOf, decodeRows, PARTNER, partnerFields, type Reader, searchRead } from './reader.ts';
import { parsePosition, positionAt, windowStart } from './times.ts';

export async function* enumerate(reader: Reader, options: CallOptions = {}): AsyncGenerator<Page> {
  const scope = scopeOf(reader.config);
  const total = await countPartners(reader, options);
  let startedMs: number | null = null;
  let unreadable = false;
  for await (const { rows, last, notBeforeMs } of pagesById(reader, scope, options)) {
    startedMs ??= notBeforeMs;
    const page = await decodeRows(reader, rows, options);
    unreadable ||= page.dropped.length > 0;
    const reason = unreadable ? 'a record of the list could not be read' : null;
    const end = last ? { certified: reason === null, reason, cursor: positionAt(startedMs) } : null;
    yield { ...page, total, end };
  }
}

export async function* changes(
  reader: Reader,
  cursor: string,
  options: CallOptions = {},
): AsyncGenerator<Page> {
  const { config } = reader;
  const position = parsePosition(cursor);
  if (position === null)
    throw new SyncError('cursor-expired', 'the stored position is not one of Odoo', { side: 'crm' });
  const since = windowStart(position, config.overlapMs);
  const domain: Domain = [...scopeOf(config), ['write_date', '>=', since]];
  let startedMs: number | null = null;
  for await (const { rows, last, notBeforeMs } of pagesById(reader, domain, options)) {
    startedMs ??= notBeforeMs;
    const page = await decodeRows(reader, rows, options);
    const end = {
      certified: false,
      reason: 'only what changed since the cursor',
      cursor: positionAt(startedMs),
    };
    yield { ...page, total: null, end: last ? end : null };
  }
}

/** Partners of the scope that count as live. */
export async function countPartners(reader: Reader, options: CallOptions = {}): Promise<number> {
  const { config, connection } = reader;
  const live: Domain = config.archived === 'deleted' ? [['active', '=', true]] : [];
  const { result, about } = await connection.run({
    model: PARTNER,
    method: 'search_count',
    params: { domain: [...scopeOf(config), ...live] },
    context: contextOf(config),
    write: false,
    signal: options.signal,
  });
  if (typeof result !== 'number') throw notUnderstood(about, 'the count is no number');
  return result;
}

interface RowPage {
  readonly rows: readonly Raw[];
  readonly last: boolean;
  readonly notBeforeMs: number;
}

/** Pages of at most `pageSize`; the last one (perhaps empty) says so. */
export async function* pagesById(
  reader: Reader,
  domain: Domain,
  options: CallOptions = {},
): AsyncGenerator<RowPage> {
  const { pageSize } = reader.config;
  const fields = partnerFields(reader.places);
  for (let after = 0; ; ) {
    options.signal?.throwIfAborted();
    const query = { domain: [...domain, ['id', '>', after] as const], fields, limit: pageSize };
    const { rows, notBeforeMs } = await searchRead(reader, PARTNER, query, options);
    const last = rows.length < pageSize;
    yield { rows, last, notBeforeMs };
    if (last) return;
    const end = rows.at(-1)?.id;
    if (typeof end !== 'number' || end <= after)
      throw new SyncError('contract', 'the pages of Odoo do not go by id', { side: 'crm' });
    after = end;
  }
}
