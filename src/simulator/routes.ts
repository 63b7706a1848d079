/**
 * The calls of `/open_api_v1` that touch customers (udesk/api.md §2, §7): who may call, how often, and what is answered.
 * Business errors are HTTP 200 with a code; only what no tenant would answer as JSON (over the quota, unknown path) is not.
 */

import type { Customer } from './customer.ts';
import { AGENTS, type Author } from './directory.ts';
import { feedJson } from './feeds.ts';
import { idJson } from './ids.ts';
import { listCustomers, type Meta, meta, pageOf } from './list.ts';
import { customFieldsMember, filtersMember, oldCustomFieldsMember } from './metadata.ts';
import { Quota } from './quota.ts';
import type { Random } from './random.ts';
import { CODES, Refusal } from './refusal.ts';
import { type AnswerKind, customerJson, shaper } from './shapes.ts';
import { authenticate, NonceMemory } from './signature.ts';
import type { Switches } from './switches.ts';
import type { Tenant } from './tenant.ts';
import { readWriteRequest, type WriteRequest } from './write-request.ts';

export interface Admin {
  readonly email: string;
  /** The signing secret of the tenant. */
  readonly token: string;
  readonly password: string;
}

export interface ApiRequest {
  readonly method: string;
  /** After `/open_api_v1`, without doubled or trailing slashes. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly type: 'json' | 'html';
  readonly text: string;
  /** The business code; null where the answer has none. */
  readonly code: number | null;
  /** A write was carried out. */
  readonly committed: boolean;
  /** The connection is dropped in place of an answer. */
  readonly drop: boolean;
  readonly notes: readonly string[];
}

export interface ApiOptions {
  readonly tenant: Tenant;
  readonly switches: Switches;
  readonly admin: Admin;
  readonly random: Random;
  /** The tenant's time in milliseconds. */
  readonly now: () => number;
}

interface Call {
  /** Parameters of query and body together; the body wins, as in Rails (udesk/api.md §11, 14: inferred). */
  readonly text: (name: string) => string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly notes: string[];
}

/** Gives the members of the answer, without `code`. */
type Handler = (call: Call) => string;

export const WRITES: ReadonlySet<string> = new Set([
  'POST /customers',
  'PUT /customers/update_customer',
  'DELETE /customers/destroy_customer',
  'POST /customers/merge',
]);

/** Whom the API's changes are recorded under; the vendor does not say (udesk/api.md §11, 18). */
export const API_AUTHOR: Author = AGENTS[0] ?? { id: 1, nick_name: 'API' };

export function createApi(options: ApiOptions): { handle(request: ApiRequest): ApiAnswer } {
  const { tenant, switches, admin, random, now } = options;
  const nonces = new NonceMemory();
  const quota = new Quota();

  function handle(request: ApiRequest): ApiAnswer {
    const route = `${request.method} ${request.path}`;
    const handler = handlers[route];
    if (!handler) return html(404, '404 Not Found');
    const notes: string[] = [];
    try {
      checkTenant();
      if (route !== 'POST /log_in') checkAuth(request);
      if (!withinQuota(route)) return overQuota();
      const members = handler({ text: parameters(request), body: request.body, notes });
      const envelope = switches.get('shape.envelope');
      const bare =
        route === 'POST /customers' && (envelope === 'e2' || (envelope !== 'e1' && random.chance(0.5)));
      const text = bare ? `{${members}}` : `{"code":${CODES.ok},${members}}`;
      return { ...json(text, CODES.ok), committed: WRITES.has(route), notes };
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      return { ...json(errorBody(thrown), thrown.code), notes };
    }
  }

  function checkTenant(): void {
    const state = switches.get('tenant.state');
    if (state === 'invalid-subdomain')
      throw new Refusal(CODES.subdomain, '无效的子域名', 'subdomain is invalid');
    if (state === 'unpaid')
      throw new Refusal(CODES.unpaid, '公司未购买专业版', 'company is not on a paid plan');
  }

  function checkAuth(request: ApiRequest): void {
    const read =
      switches.get('auth.location') === 'query'
        ? (name: string) => request.query[name] ?? ''
        : parameters(request);
    authenticate(
      {
        email: read('email'),
        timestamp: read('timestamp'),
        sign: read('sign'),
        nonce: read('nonce'),
        signVersion: read('sign_version'),
      },
      {
        adminEmail: admin.email,
        token: admin.token,
        accept: switches.get('sig.accept'),
        skewCheckV1: switches.get('sig.v1_skew_check') === '300s',
        now: now(),
        nonces,
      },
    );
  }

  function withinQuota(route: string): boolean {
    const key = switches.get('rate.scope') === 'tenant' ? 'tenant' : route;
    const at = now();
    return (
      quota.take(`${key} per second`, switches.get('rate.per_second'), 1000, at) &&
      quota.take(key, switches.get('rate.per_minute'), 60_000, at)
    );
  }

  function overQuota(): ApiAnswer {
    const reply = switches.get('rate.reply');
    if (reply === 'http429') return html(429, '429 Too Many Requests');
    if (reply === 'reset') return { ...json('', null), drop: true };
    const refusal = new Refusal(CODES.unknown, '请求频率超过限制', 'too many requests');
    return json(errorBody(refusal), refusal.code);
  }

  function errorBody(refusal: Refusal): string {
    const form = switches.get('shape.error_body');
    const words = form === 'code_message' || (form !== 'message' && random.chance(0.5));
    const { code, message, exception } = refusal;
    return JSON.stringify(
      words ? { code, code_message: message, exception } : { code, message, 'exception:message': exception },
    );
  }

  const handlers: Readonly<Record<string, Handler>> = {
    'POST /log_in': (call) => {
      if (
        call.text('email').toLowerCase() !== admin.email.toLowerCase() ||
        call.text('password') !== admin.password
      ) {
        throw new Refusal(CODES.parameter, '邮箱或密码错误', 'e-mail or password is wrong');
      }
      const key = switches.get('login.key');
      const keys = key === 'both' ? ['open_api_auth_token', 'open_api_token'] : [key];
      return keys.map((name) => `"${name}":${JSON.stringify(admin.token)}`).join(',');
    },
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
      return `${metaMember(pages)},${TENANT_CHANNELS},"customers":[${customersJson(customers, 'list').join(',')}]`;
    },
    'GET /customers/get_customer': (call) => customerMember(selected(call), 'detail'),
    'POST /customers': (call) => customerMember(tenant.create(writeRequest(call), API_AUTHOR), 'create'),
    'PUT /customers/update_customer': (call) => {
      const { id } = selected(call);
      return customerMember(tenant.update(id, writeRequest(call), API_AUTHOR), 'update');
    },
    'DELETE /customers/destroy_customer': (call) => {
      const { id } = selected(call);
      tenant.destroy(id);
      return `"customer_id":${idJson(id, responseIds())}`;
    },
    'POST /customers/merge': (call) => {
      const from = tenant.find(call.text('from_type'), call.text('from_content'));
      const to = tenant.find(call.text('to_type'), call.text('to_content'));
      return customerMember(tenant.merge(from.id, to.id, API_AUTHOR), 'update');
    },
    'GET /customers/feeds': (call) => {
      const feeds = tenant.feedsOf(selected(call).id);
      const { page, size, start } = pageOf(call.text('page'), call.text('page_size'));
      const form = switches.get('shape.feeds');
      const ids = responseIds();
      const rows = feeds.slice(start, start + size).map((feed) => {
        const sample = form === 'feed_type' || (form !== 'from_type' && random.chance(0.5));
        return feedJson(feed, sample ? 'feed_type' : 'from_type', ids);
      });
      return `"feeds":[${rows.join(',')}],${metaMember(meta(page, size, feeds.length))}`;
    },
    'GET /customers/filters': () => filtersMember(responseIds()),
    'GET /customers/custom_fields': () => oldCustomFieldsMember(),
    'GET /custom_fields': (call) => customFieldsMember(call.text('category')),
  };

  function selected(call: Call): Customer {
    return tenant.find(call.text('type'), call.text('content'));
  }

  function writeRequest(call: Call): WriteRequest {
    const request = readWriteRequest(call.body, {
      missing: switches.get('wrapper_missing'),
      empty: switches.get('wrapper_empty'),
    });
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

  function responseIds(): 'int' | 'string' | 'big' {
    const form = switches.get('shape.ids');
    return form === 'random' || form === 'mixed' ? random.pick(['int', 'string']) : form;
  }

  return { handle };
}

/** The tenant's own first channels, not the customers' (api.md §2.5). */
const TENANT_CHANNELS = '"wechat":[{"id":"wx0000000000000001","name":"demo"}],"weibo":[]';

function parameters(request: ApiRequest): (name: string) => string {
  return (name) => {
    const value = request.body[name] ?? request.query[name];
    if (typeof value === 'string') return value;
    return typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
  };
}

function metaMember(pages: Meta): string {
  return `"meta":${JSON.stringify(pages)}`;
}

function json(text: string, code: number | null): ApiAnswer {
  return { status: 200, type: 'json', text, code, committed: false, drop: false, notes: [] };
}

export function html(status: number, title: string): ApiAnswer {
  const text = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return { status, type: 'html', text, code: null, committed: false, drop: false, notes: [] };
}
