/**
 * The endpoints of one Udesk tenant (udesk/api.md §2, §7). What comes back is undecoded: decode-customer.ts reads it.
 */
import { SyncError } from '../errors.ts';
import { arrayOf, objectOf } from './errors.ts';
import { isObject, type JsonObject } from './json.ts';
import { createNotFoundJudge, mayMeanNotFound } from './not-found.ts';
import { type Answer, type Call, createTransport, type TransportOptions } from './transport.ts';

export const LOOKUP_TYPES = ['id', 'email', 'cellphone', 'token', 'weixin_open_id', 'weibo_id'] as const;
export type LookupType = (typeof LOOKUP_TYPES)[number];

export interface ListQuery {
  /** From 1. */
  readonly page: number;
  /** At most 100. */
  readonly pageSize: number;
  /** With it `query` is ignored by Udesk. */
  readonly filterId?: number;
  readonly query?: string;
}

export interface RawPage {
  /** Undecoded rows. */
  readonly rows: readonly unknown[];
  /** What Udesk says that there is in all; null when it does not say. */
  readonly total: number | null;
  readonly totalPages: number | null;
}

export interface UdeskClient {
  /** Origin of the tenant. */
  readonly origin: string;
  readonly email: string;
  /** Fetches the token by password; a client that has a token needs no call. */
  logIn(signal?: AbortSignal): Promise<void>;
  listCustomers(query: ListQuery, signal?: AbortSignal): Promise<RawPage>;
  /** The undecoded customer; null only when it is proven that there is none (not-found.ts). */
  getCustomer(type: LookupType, content: string, signal?: AbortSignal): Promise<JsonObject | null>;
  /** Sent at most once, except after proof that nothing was done. Body without auth. */
  createCustomer(body: unknown, signal?: AbortSignal): Promise<JsonObject>;
  /** As `createCustomer`; null when there is no such customer. */
  updateCustomer(
    type: LookupType,
    content: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<JsonObject | null>;
  /** False when there was no such customer. */
  deleteCustomer(type: LookupType, content: string, signal?: AbortSignal): Promise<boolean>;
  /** Newest first as far as known (api.md §7). */
  feeds(
    type: LookupType,
    content: string,
    page: number,
    pageSize: number,
    signal?: AbortSignal,
  ): Promise<RawPage>;
  listAgents(page: number, pageSize: number, signal?: AbortSignal): Promise<RawPage>;
  /** Udesk's clock minus ours by the last answer's `Date`, to about a second; null before the first answer. */
  clockSkewMs(): number | null;
  close(): Promise<void>;
}

export function createUdeskClient(options: TransportOptions): UdeskClient {
  const transport = createTransport(options);
  const { run } = transport;

  async function about(type: LookupType, content: string, call: Omit<Call, 'query'>): Promise<Answer> {
    requireSelector(type, content);
    return await run({ ...call, query: { type, content } });
  }

  async function list(call: Omit<Call, 'method' | 'write' | 'expects'>, key: string): Promise<RawPage> {
    const { body, context } = await run({ ...call, method: 'GET', write: false, expects: key });
    const rows = arrayOf(body, key, context);
    const meta = isObject(body.meta) ? body.meta : {};
    return { rows, total: count(meta.total_count ?? meta.count), totalPages: count(meta.total_pages) };
  }

  const listCustomers: UdeskClient['listCustomers'] = ({ page, pageSize, filterId, query }, signal) =>
    list(
      {
        path: 'customers',
        query: {
          page: String(page),
          page_size: String(pageSize),
          filter_id: filterId === undefined ? undefined : String(filterId),
          query,
        },
        signal,
      },
      'customers',
    );

  async function find(
    type: LookupType,
    content: string,
    signal: AbortSignal | undefined,
  ): Promise<JsonObject> {
    const { body, context } = await about(type, content, {
      method: 'GET',
      path: 'customers/get_customer',
      write: false,
      expects: 'customer',
      signal,
    });
    return objectOf(body, 'customer', context);
  }

  const judge = createNotFoundJudge(
    {
      newestId: async (signal) => {
        const { rows } = await listCustomers({ page: 1, pageSize: 1 }, signal);
        const newest = rows[0];
        return isObject(newest) ? String(newest.id) : null;
      },
      find: async (id, signal) => {
        await find('id', id, signal);
      },
    },
    options.monotonic,
  );

  /** The result of `work`, or null when its refusal is proven to mean "no such customer". */
  async function orNotFound<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!mayMeanNotFound(error)) throw error;
      await judge.confirm(error, signal);
      return null;
    }
  }

  const getCustomer: UdeskClient['getCustomer'] = (type, content, signal) =>
    orNotFound(async () => {
      const customer = await find(type, content, signal);
      judge.lookupWorked();
      return customer;
    }, signal);

  return {
    origin: transport.origin,
    email: options.email,
    logIn: transport.logIn,
    listCustomers,
    getCustomer,
    async createCustomer(body, signal) {
      const call: Call = {
        method: 'POST',
        path: 'customers',
        body,
        write: true,
        expects: 'customer',
        signal,
      };
      const answer = await run(call);
      return objectOf(answer.body, 'customer', answer.context);
    },
    async updateCustomer(type, content, body, signal) {
      try {
        const answer = await about(type, content, {
          method: 'PUT',
          path: 'customers/update_customer',
          body,
          write: true,
          expects: 'customer',
          signal,
        });
        return objectOf(answer.body, 'customer', answer.context);
      } catch (error) {
        // The same code means a value that Udesk refuses: only a lookup tells the two apart.
        if (!mayMeanNotFound(error)) throw error;
        if ((await getCustomer(type, content, signal)) === null) return null;
        throw error;
      }
    },
    async deleteCustomer(type, content, signal) {
      const gone = await orNotFound(
        () =>
          about(type, content, {
            method: 'DELETE',
            path: 'customers/destroy_customer',
            write: true,
            expects: 'customer_id',
            signal,
          }),
        signal,
      );
      return gone !== null;
    },
    feeds: (type, content, page, pageSize, signal) => {
      requireSelector(type, content);
      const query = { type, content, page: String(page), page_size: String(pageSize) };
      return list({ path: 'customers/feeds', query, signal }, 'feeds');
    },
    listAgents: (page, pageSize, signal) =>
      list({ path: 'agents', query: { page: String(page), per_page: String(pageSize) }, signal }, 'agents'),
    clockSkewMs: transport.clockSkewMs,
    close: () => options.dispatcher.close(),
  };
}

/** An empty or overlong selector would be refused with the code that also means "not found"; a matter of that record. */
function requireSelector(type: LookupType, content: string): void {
  const broken = content.trim() === '' || content.length > 255 || (type === 'id' && !/^\d+$/.test(content));
  if (broken)
    throw new SyncError('rejected', `a customer cannot be looked up by this ${type}`, { code: 'selector' });
}

function count(raw: unknown): number | null {
  const value = typeof raw === 'string' && /^\d+$/.test(raw) ? Number(raw) : raw;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
