/** A customer list over HTTP, newest first, that can change between two requests. */
import type { Script, Scripted } from './scripted-server.ts';

export interface ListTenant {
  /** Ids, newest first. */
  readonly live: number[];
  /** Told the number of each request before it is answered. */
  onRequest: (n: number) => void;
  readonly script: Script;
}

export interface ListQuirks {
  /** Largest page that is served, whatever is asked for. */
  readonly maxPageSize?: number;
  /** What the list says that it holds. */
  readonly total?: (live: number) => number | undefined;
  readonly totalPages?: boolean;
  /** Rows reachable at most. */
  readonly cap?: number;
  readonly row?: (id: number) => unknown;
  /** Whether a saved filter shows a customer; an unknown filter is refused. */
  readonly filters?: Readonly<Record<string, (id: number) => boolean>>;
  /** Filters sort by their own order. */
  readonly filterOrder?: 'newest' | 'oldest';
}

export function listTenant(ids: readonly number[], quirks: ListQuirks = {}): ListTenant {
  const live = [...ids];
  const {
    maxPageSize = 100,
    total = (n) => n,
    totalPages = true,
    cap = 10_000,
    row = (id) => ({ id }),
    filters = {},
    filterOrder = 'newest',
  } = quirks;
  const tenant: ListTenant = {
    live,
    onRequest: () => {},
    script: (request, n): Scripted => {
      tenant.onRequest(n);
      const size = Math.min(maxPageSize, Number(request.query.get('page_size')));
      const from = (Number(request.query.get('page')) - 1) * size;
      const filterId = request.query.get('filter_id');
      const holds = filterId === null ? () => true : filters[filterId];
      if (holds === undefined) return { json: { code: 2005, code_message: '参数错误' } };
      const shown = filterId === null ? live : live.filter(holds);
      if (filterId !== null && filterOrder === 'oldest') shown.reverse();
      const rows = shown.slice(0, cap).slice(from, from + size);
      const pages = totalPages ? { total_pages: Math.ceil(shown.length / size) } : {};
      const meta = { ...pages, total_count: total(shown.length) };
      return { json: { code: 1000, meta, customers: rows.map(row) } };
    },
  };
  return tenant;
}
