/** The customer list (udesk/api.md §2.5, §5): newest first, page numbers, filter before query, a cap on what can be reached. */
import type { Customer } from './customer.ts';
import { FILTERS } from './directory.ts';
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
  const matching = matches(tenant, request, switches);
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

/** `page` from 1, the size 20 unless told and 100 at most; what cannot be read counts as not given. */
export function pageOf(
  pageText: string,
  sizeText: string,
  defaultSize = DEFAULT_PAGE_SIZE,
): { page: number; size: number; start: number } {
  const page = Math.max(1, parseId(pageText) ?? 1);
  const size = Math.min(MAX_PAGE_SIZE, parseId(sizeText) || defaultSize);
  return { page, size, start: (page - 1) * size };
}

export function meta(page: number, size: number, total: number): Meta {
  return { current_page: page, total_pages: Math.ceil(total / size), total_count: total };
}

/** Null: everything, which needs no search. */
function matches(tenant: Tenant, request: ListQuery, switches: Switches): readonly Customer[] | null {
  const query = request.query.trim();
  if (request.filterId === '' && query === '') return null;
  const order = request.filterId === '' ? 'newest' : switches.get('list.filter_order');
  const key = JSON.stringify([order, request.filterId, request.filterId === '' ? query : '']);
  const kept = searches.get(tenant);
  if (kept?.version === tenant.index.version && kept.key === key) return kept.found;
  const holds = request.filterId === '' ? queryTest(query, tenant) : filterTest(request.filterId);
  const found = tenant.index.newestFirst(0, tenant.index.size).filter(holds);
  if (order === 'oldest') found.reverse();
  if (order === 'name')
    found.sort((a, b) => (a.nickName < b.nickName ? -1 : a.nickName > b.nickName ? 1 : 0));
  searches.set(tenant, { version: tenant.index.version, key, found });
  return found;
}

/** The last search of each tenant: its pages are asked for one after the other. */
const searches = new WeakMap<Tenant, { version: number; key: string; found: readonly Customer[] }>();

function filterTest(filterId: string): (customer: Customer) => boolean {
  const filter = FILTERS.find((candidate) => candidate.id === parseId(filterId));
  if (!filter) throw badParameter('filter_id does not exist');
  return filter.holds;
}

/** Equal to an e-mail, phone, organization or tag, or part of the nick name. */
function queryTest(query: string, tenant: Tenant): (customer: Customer) => boolean {
  const email = query.toLowerCase();
  return (customer) =>
    customer.nickName.includes(query) ||
    customer.email?.toLowerCase() === email ||
    customer.otherEmails.some((item) => item.content.toLowerCase() === email) ||
    customer.cellphones.some((item) => item.content === query) ||
    customer.tags.includes(query) ||
    tenant.directory.organizationOf(customer.organizationId)?.name === query;
}
