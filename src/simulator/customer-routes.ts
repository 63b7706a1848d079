/** The calls about customers (udesk/api.md §2, §7). */
import { importBatch, readBatch } from './batch.ts';
import { type Call, type Context, type Handlers, metaMember } from './call.ts';
import type { Customer } from './customer.ts';
import type { Author } from './directory.ts';
import { type HistoryForm, historyJson } from './history.ts';
import { idJson } from './ids.ts';
import { listCustomers, meta, pageOf } from './list.ts';
import type { Random } from './random.ts';
import { type AnswerKind, customerJson, shaper } from './shapes.ts';
import type { Switches } from './switches.ts';
import type { Tenant } from './tenant.ts';
import type { Webhooks } from './webhooks.ts';
import { readWriteRequest, type WriteRequest } from './write-request.ts';

export interface CustomerRouteOptions extends Context {
  readonly tenant: Tenant;
  readonly switches: Switches;
  readonly random: Random;
  readonly webhooks: Webhooks;
  readonly author: Author;
}

/** The tenant's own first channels, not the customers' (api.md §2.5). */
const TENANT_CHANNELS = '"wechat":[{"id":"wx0000000000000001","name":"demo"}],"weibo":[]';

const HISTORY_FORMS = { feed_type: 'sample', from_type: 'page', m17: 'older' } as const;

export function customerRoutes(options: CustomerRouteOptions): {
  readonly handlers: Handlers;
  readonly customersMember: (customers: readonly Customer[]) => string;
} {
  const { tenant, switches, random, webhooks, author, responseIds } = options;

  function selected(call: Call): Customer {
    return tenant.find(call.text('type'), call.text('content'));
  }

  function writeRequest(call: Call): WriteRequest {
    const rules = { missing: switches.get('wrapper_missing'), empty: switches.get('wrapper_empty') };
    const request = readWriteRequest(call.body, rules, tenant.directory);
    call.notes.push(...request.notes);
    return request;
  }

  function customerMember(customer: Customer, kind: AnswerKind): string {
    return `"customer":${customersJson([customer], kind)[0]}`;
  }

  function customersJson(customers: readonly Customer[], kind: AnswerKind): string[] {
    const shapeOf = shaper(switches, kind, random);
    return customers.map((customer) => customerJson(customer, kind, shapeOf(customer), tenant));
  }

  const customersMember = (customers: readonly Customer[]): string =>
    `"customers":[${customersJson(customers, 'list').join(',')}]`;

  function historyForm(): HistoryForm {
    const form = switches.get('shape.feeds');
    if (form !== 'random' && form !== 'mixed') return HISTORY_FORMS[form];
    return random.pick(['sample', 'page', 'older']);
  }

  /** Answers at once; the outcome is pushed later (api.md §2.6). */
  function startBatch(call: Call): string {
    const rows = readBatch(call.body);
    const duplicates = switches.get('batch.duplicates');
    const work = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, switches.get('batch.delay_ms')));
      const result = importBatch(tenant, rows, duplicates, author);
      webhooks.batchResult([
        ['errors', JSON.stringify(result.errors)],
        ['success_count', String(result.successCount)],
        ['failed_count', String(result.failedCount)],
      ]);
    };
    webhooks.follow(work());
    return '';
  }

  const handlers: Handlers = {
    'GET /customers': (call) => {
      const { customers, meta: pages } = listCustomers(
        tenant,
        {
          filterId: call.text('filter_id'),
          query: call.text('query'),
          page: call.text('page'),
          pageSize: call.text('page_size'),
        },
        switches,
      );
      return `${metaMember(pages)},${TENANT_CHANNELS},${customersMember(customers)}`;
    },
    'GET /customers/get_customer': (call) => customerMember(selected(call), 'detail'),
    'POST /customers': (call) => customerMember(tenant.create(writeRequest(call), author), 'create'),
    'PUT /customers/update_customer': (call) => {
      const { id } = selected(call);
      return customerMember(tenant.update(id, writeRequest(call), author), 'update');
    },
    'DELETE /customers/destroy_customer': (call) => {
      const { id } = selected(call);
      tenant.destroy(id, 'api');
      return `"customer_id":${idJson(id, responseIds())}`;
    },
    'POST /customers/merge': (call) => {
      const from = tenant.find(call.text('from_type'), call.text('from_content'));
      const to = tenant.find(call.text('to_type'), call.text('to_content'));
      return customerMember(tenant.merge(from.id, to.id, author, 'api'), 'update');
    },
    'POST /customers/batch_import_async': startBatch,
    // INFERRED: only the path is known (api.md §2.7). Pages as in the list, without its cap.
    'GET /customers/export': (call) => {
      const { page, size, start } = pageOf(call.text('page'), call.text('page_size'));
      const pages = meta(page, size, tenant.index.size);
      return `${metaMember(pages)},${customersMember(tenant.index.newestFirst(start, size))}`;
    },
    'GET /customers/feeds': (call) => {
      const history = tenant.historyOf(selected(call).id);
      const { page, size, start } = pageOf(call.text('page'), call.text('page_size'));
      const ids = responseIds();
      const rows = history.slice(start, start + size).map((item) => historyJson(item, historyForm(), ids));
      return `"feeds":[${rows.join(',')}],${metaMember(meta(page, size, history.length))}`;
    },
  };
  return { handlers, customersMember };
}
