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
}

export function listTenant(ids: readonly number[], quirks: ListQuirks = {}): ListTenant {
  const live = [...ids];
  const {
    maxPageSize = 100,
    total = (n) => n,
    totalPages = true,
    cap = 10_000,
    row = (id) => ({ id }),
  } = quirks;
  const tenant: ListTenant = {
    live,
    onRequest: () => {},
    script: (request, n): Scripted => {
      tenant.onRequest(n);
      const size = Math.min(maxPageSize, Number(request.query.get('page_size')));
      const from = (Number(request.query.get('page')) - 1) * size;
      const rows = live.slice(0, cap).slice(from, from + size);
      const pages = totalPages ? { total_pages: Math.ceil(live.length / size) } : {};
      const meta = { ...pages, total_count: total(live.length) };
      return { json: { code: 1000, meta, customers: rows.map(row) } };
    },
  };
  return tenant;
}
