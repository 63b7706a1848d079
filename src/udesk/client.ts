/**
 * The endpoints of one Udesk tenant (udesk/api.md §2, §7). Customers come back undecoded: decode-customer.ts reads them.
 */
import type { Urgency } from '../lib/urgency.ts';
import { type BatchCustomer, encodeBatch } from './batch-import.ts';
import {
  type DecodedPage,
  decodedPage,
  firstId,
  list,
  orGone,
  orNotFound,
  type RawPage,
  requireSelector,
} from './calls.ts';
import { createDirectoryCalls, type DirectoryCalls } from './directory-client.ts';
import { objectOf } from './errors.ts';
import { decodeFeeds, type Feed } from './feeds.ts';
import { isObject, type JsonObject } from './json.ts';
import { createMetadataCalls, type MetadataCalls } from './metadata-client.ts';
import { createNotFoundJudge, type NotFoundJudge } from './not-found.ts';
import {
  type Answer,
  type Call,
  createTransport,
  type Transport,
  type TransportOptions,
} from './transport.ts';
import { createWebhookCalls, type WebhookCalls } from './webhook-client.ts';

export type { RawPage } from './calls.ts';

export const LOOKUP_TYPES = ['id', 'email', 'cellphone', 'token', 'weixin_open_id', 'weibo_id'] as const;
export type LookupType = (typeof LOOKUP_TYPES)[number];

export interface CustomerRef {
  readonly type: LookupType;
  readonly content: string;
}

export interface ListQuery {
  /** From 1. */
  readonly page: number;
  /** At most 100. */
  readonly pageSize: number;
  /** Id of a saved filter; with it `query` is ignored by Udesk, and the order is the filter's own. */
  readonly filterId?: string;
  readonly query?: string;
}

export interface UdeskClient extends MetadataCalls, DirectoryCalls, WebhookCalls {
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
  /** One page of a customer's history, decoded; newest first as far as known (api.md §7). */
  feeds(
    type: LookupType,
    content: string,
    page: number,
    pageSize: number,
    signal?: AbortSignal,
  ): Promise<DecodedPage<Feed>>;
  /**
   * Takes at most `BATCH_SIZE` customers for asynchronous creation. Sent at most once. What became of each row is
   * pushed later, as errors by index (webhook.ts); two batches cannot be told apart there, so one at a time.
   */
  batchImport(customers: readonly BatchCustomer[], signal?: AbortSignal): Promise<void>;
  /** One page of the bulk export, undecoded. The shape of its answer is inferred (api.md §2.7). */
  exportCustomers(
    query: { readonly page: number; readonly pageSize: number },
    signal?: AbortSignal,
  ): Promise<RawPage>;
  /** Which of the two survives is not documented; INF: `to` (api.md §2.7). The survivor where it is told. */
  mergeCustomers(from: CustomerRef, to: CustomerRef, signal?: AbortSignal): Promise<JsonObject | null>;
  /** The same client, whose calls wait for the quota with this urgency; `now` unless told. */
  at(urgency: Urgency): UdeskClient;
  /** How long a call to this endpoint would wait for the quota, in milliseconds. */
  waitMs(path: string, urgency: Urgency, calls?: number): Promise<number>;
  /** Udesk's clock minus ours by the last answer's `Date`, to about a second; null before the first answer. */
  clockSkewMs(): number | null;
  close(): Promise<void>;
}

export function createUdeskClient(options: TransportOptions): UdeskClient {
  return clientOn(createTransport(options), options, null);
}

/** @param known the judge of "not found" that all urgencies share; null makes it */
function clientOn(transport: Transport, options: TransportOptions, known: NotFoundJudge | null): UdeskClient {
  const { run } = transport;

  async function about(type: LookupType, content: string, call: Omit<Call, 'query'>): Promise<Answer> {
    requireSelector(type, content);
    return await run({ ...call, query: { type, content } });
  }

  const listCustomers: UdeskClient['listCustomers'] = ({ page, pageSize, filterId, query }, signal) =>
    list(
      transport,
      {
        path: 'customers',
        query: {
          page: String(page),
          page_size: String(pageSize),
          filter_id: filterId,
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

  const judge =
    known ??
    createNotFoundJudge(
      {
        newestId: async (signal) => firstId((await listCustomers({ page: 1, pageSize: 1 }, signal)).rows),
        find: async (id, signal) => {
          await find('id', id, signal);
        },
      },
      options.monotonic,
    );

  const getCustomer: UdeskClient['getCustomer'] = (type, content, signal) =>
    orNotFound(
      judge,
      async () => {
        const customer = await find(type, content, signal);
        judge.lookupWorked();
        return customer;
      },
      signal,
    );

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
      const update = async () => {
        const answer = await about(type, content, {
          method: 'PUT',
          path: 'customers/update_customer',
          body,
          write: true,
          expects: 'customer',
          signal,
        });
        return objectOf(answer.body, 'customer', answer.context);
      };
      return await orGone(update, () => getCustomer(type, content, signal));
    },
    async deleteCustomer(type, content, signal) {
      const destroy = () =>
        about(type, content, {
          method: 'DELETE',
          path: 'customers/destroy_customer',
          write: true,
          expects: 'customer_id',
          signal,
        });
      return (await orGone(destroy, () => getCustomer(type, content, signal))) !== null;
    },
    async feeds(type, content, page, pageSize, signal) {
      requireSelector(type, content);
      const query = { type, content, page: String(page), page_size: String(pageSize) };
      return decodedPage(
        await list(transport, { path: 'customers/feeds', query, signal }, 'feeds'),
        decodeFeeds,
      );
    },
    async batchImport(customers, signal) {
      const body = encodeBatch(customers);
      const path = 'customers/batch_import_async';
      await run({ method: 'POST', path, body, write: true, expects: 'code', urgency: 'soon', signal });
    },
    exportCustomers: ({ page, pageSize }, signal) => {
      const query = { page: String(page), page_size: String(pageSize) };
      return list(transport, { path: 'customers/export', query, signal }, 'customers');
    },
    async mergeCustomers(from, to, signal) {
      for (const { type, content } of [from, to]) requireSelector(type, content);
      const answer = await run({
        method: 'POST',
        path: 'customers/merge',
        body: {
          from_type: from.type,
          from_content: from.content,
          to_type: to.type,
          to_content: to.content,
        },
        write: true,
        namesCustomer: true,
        expects: 'customer',
        signal,
      });
      return isObject(answer.body.customer) ? answer.body.customer : null;
    },
    ...createMetadataCalls(transport),
    ...createDirectoryCalls(transport, options.monotonic),
    ...createWebhookCalls(transport),
    at: (urgency) =>
      clientOn({ ...transport, run: (call) => transport.run({ urgency, ...call }) }, options, judge),
    waitMs: transport.waitMs,
    clockSkewMs: transport.clockSkewMs,
    close: () => options.dispatcher.close(),
  };
}
