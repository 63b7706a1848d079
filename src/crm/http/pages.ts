/** One page of a list after the other, in the ways in which APIs let a list be paged. */
import type { CallOptions } from '../adapter.ts';
import { type Answer, type Api, nextUrl } from './api.ts';
import type { Shape } from './decode.ts';
import { textOf, valueAt } from './paths.ts';
import { notUnderstood } from './refusal.ts';
import { formatTime } from './times.ts';

export interface Reader extends Shape {
  readonly api: Api;
}

export interface ListPage {
  readonly rows: readonly unknown[];
  readonly total: number | null;
  readonly answer: Answer;
  /** Asks for the next page; null at the end. */
  readonly next: ((skip: number) => Promise<ListPage>) | null;
}

export interface WalkOptions extends CallOptions {
  /** Only what changed since then: milliseconds by the server's clock. */
  readonly sinceMs?: number;
}

export function firstPage(reader: Reader, { sinceMs, ...options }: WalkOptions): Promise<ListPage> {
  const { method, path, params, records, changedSince } = reader.config.list;
  const since =
    sinceMs === undefined || changedSince === undefined
      ? {}
      : { [changedSince.param]: formatTime(sinceMs, changedSince) };
  const request = { method, path, params: { ...params, ...since }, records };
  return askPage(reader, request, options, request.params, 0);
}

export interface ListRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly records: string | undefined;
}

/** @param at how many records the pages before had shown */
export async function askPage(
  reader: Reader,
  request: ListRequest,
  options: CallOptions,
  params: Readonly<Record<string, unknown>>,
  at: number,
  page = reader.config.list.paging.first ?? 1,
  url: URL | null = null,
): Promise<ListPage> {
  const { paging, pageSize, total: totalPath } = reader.config.list;
  const sizes = pageSize.param === undefined ? {} : { [pageSize.param]: pageSize.value };
  const place =
    paging.kind === 'offset'
      ? { [paging.param ?? '']: Math.max(0, at - 1) }
      : paging.kind === 'page'
        ? { [paging.param ?? '']: page }
        : {};
  const answer = await reader.api.run({
    method: request.method,
    path: url ?? request.path,
    ...(url === null ? { params: { ...params, ...sizes, ...place } } : {}),
    write: false,
    signal: options.signal,
  });
  const rows = valueAt(answer.json, request.records ?? '');
  if (!Array.isArray(rows))
    throw notUnderstood(answer.context, `"${request.records ?? '(the answer)'}" is not a list in the answer`);
  const count =
    totalPath === undefined ? null : Number(textOf(valueAt(answer.json, totalPath)) ?? Number.NaN);
  const total = count !== null && Number.isInteger(count) && count >= 0 ? count : null;
  const ask =
    (more: Readonly<Record<string, unknown>>, nextPage?: number, to: URL | null = null) =>
    (seen: number) =>
      askPage(reader, request, options, { ...params, ...more }, seen, nextPage, to);
  const nextOf = (): ListPage['next'] => {
    switch (paging.kind) {
      case 'offset': {
        // By the rows that were shown, which may be fewer than were asked for.
        const reached = Math.max(0, at - 1) + rows.length;
        return rows.length <= (at > 0 ? 1 : 0) || (total !== null && reached >= total) ? null : ask({});
      }
      case 'page': {
        const last = total !== null && at + rows.length >= total;
        return rows.length > 0 && !last ? ask({}, page + 1) : null;
      }
      case 'cursor': {
        const next = textOf(valueAt(answer.json, paging.next ?? ''));
        return next === null || next === '' ? null : ask({ [paging.param ?? '']: next });
      }
      case 'next':
      case 'link': {
        const told = valueAt(answer.json, paging.next ?? '');
        const text = paging.kind === 'link' ? linkNext(answer.headers.link) : textOf(told);
        return text === null || text === '' ? null : ask({}, undefined, nextUrl(text, answer));
      }
    }
  };
  return { rows, total, answer, next: nextOf() };
}

/** RFC 8288: `<https://…?page=2>; rel="next"`. */
export function linkNext(header: string | undefined): string | null {
  for (const [, address, parameters] of (header ?? '').matchAll(
    /<([^>]*)>((?:\s*;\s*[\w*]+=(?:"[^"]*"|[^\s;,]+))*)/g,
  )) {
    if (
      address !== undefined &&
      /;\s*rel="?([^";,]*\s)?next(\s[^";,]*)?"?(\s*;|\s*$)/i.test(parameters ?? '')
    )
      return address;
  }
  return null;
}
