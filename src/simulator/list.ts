/** The customer list (udesk/api.md §2.5, §5): newest first, page numbers, filter before query, a cap on what can be reached. */
import type { Customer } from './customer.ts';
import { FILTERS, organizationOf } from './directory.ts';
import { parseId } from './ids.ts';
import { badParameter } from './refusal.ts';
import type { Switches } from './switches.ts';
import type { Tenant } from './tenant.ts';

export interface Meta {
  readonly current_page: number;
  readonly total_pages: number;
  readonly total_count: number;
}

export interface ListQuery {
  readonly filterId: string;
  readonly query: string;
  readonly page: string;
  readonly pageSize: string;
}

const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

export function listCustomers(
  tenant: Tenant,
  request: ListQuery,
  switches: Switches,
): { customers: readonly Customer[]; meta: Meta } {
  const matching = matches(tenant, request);
  const trueTotal = matching?.length ?? tenant.index.size;
  const cap = switches.get('list.cap');
  const overCap = switches.get('list.over_cap');
  const { page, size, start } = pageOf(request.page, request.pageSize);
  if (overCap === 'error' && start >= cap) throw badParameter(`only the first ${cap} records can be listed`);
  const count = Math.max(0, Math.min(size, cap - start));
  const customers = matching ? matching.slice(start, start + count) : tenant.index.newestFirst(start, count);
  const total = overCap === 'capped' ? Math.min(trueTotal, cap) : trueTotal;
  return { customers, meta: meta(page, size, total) };
}

/** `page` from 1, `page_size` 20 unless told and 100 at most; what cannot be read counts as not given. */
export function pageOf(pageText: string, sizeText: string): { page: number; size: number; start: number } {
  const page = Math.max(1, parseId(pageText) ?? 1);
  const size = Math.min(MAX_PAGE_SIZE, parseId(sizeText) || DEFAULT_PAGE_SIZE);
  return { page, size, start: (page - 1) * size };
}

export function meta(page: number, size: number, total: number): Meta {
  return { current_page: page, total_pages: Math.ceil(total / size), total_count: total };
}

/** Null: everything, which needs no search. */
function matches(tenant: Tenant, request: ListQuery): readonly Customer[] | null {
  const holds = request.filterId === '' ? queryTest(request.query.trim()) : filterTest(request.filterId);
  return holds && tenant.index.newestFirst(0, tenant.index.size).filter(holds);
}

function filterTest(filterId: string): (customer: Customer) => boolean {
  const filter = FILTERS.find((candidate) => candidate.id === parseId(filterId));
  if (!filter) throw badParameter('filter_id does not exist');
  return filter.holds;
}

/** Equal to an e-mail, phone, organization or tag, or part of the nick name. */
function queryTest(query: string): ((customer: Customer) => boolean) | null {
  if (query === '') return null;
  const email = query.toLowerCase();
  return (customer) =>
    customer.nickName.includes(query) ||
    customer.email?.toLowerCase() === email ||
    customer.otherEmails.some((item) => item.content.toLowerCase() === email) ||
    customer.cellphones.some((item) => item.content === query) ||
    customer.tags.includes(query) ||
    organizationOf(customer.organizationId)?.name === query;
}
