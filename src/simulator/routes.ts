/**
 * The door of `/open_api_v1`: who may call, how often, and how answers and refusals are wrapped.
 * Business errors are HTTP 200 with a code; only what no tenant would answer as JSON (over the quota, unknown path) is not.
 */
import { type Handlers, normalPath } from './call.ts';
import { customerRoutes } from './customer-routes.ts';
import { AGENTS, type Author } from './directory.ts';
import { directoryRoutes } from './directory-routes.ts';
import type { IdForm } from './ids.ts';
import { Quota } from './quota.ts';
import type { Random } from './random.ts';
import { CODES, Refusal } from './refusal.ts';
import { authenticate, NonceMemory } from './signature.ts';
import type { Switches } from './switches.ts';
import type { Tenant } from './tenant.ts';
import { webhookRoutes } from './webhook-routes.ts';
import type { Webhooks } from './webhooks.ts';

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
  readonly webhooks: Webhooks;
  readonly admin: Admin;
  readonly random: Random;
  /** The tenant's time in milliseconds. */
  readonly now: () => number;
}

/** Calls that change customers, and what they name. */
const WRITES: ReadonlySet<string> = new Set([
  'POST /customers',
  'PUT /customers/update_customer',
  'DELETE /customers/destroy_customer',
  'POST /customers/merge',
  'POST /customers/batch_import_async',
  'POST /organizations',
  'POST /organizations/update_org',
  'PUT /organizations/update_org',
  'DELETE /organizations/destroy_org',
  'POST /agents',
  'PUT /agents/:id',
  'DELETE /agents/:id',
  'POST /user_groups',
  'PUT /user_groups/:id',
  'DELETE /user_groups/:id',
]);

/** @param path after `/open_api_v1` */
export function isWrite(method: string, path: string): boolean {
  return WRITES.has(`${method} ${normalPath(path).path}`);
}

/** Whom the API's changes are recorded under; the vendor does not say (udesk/api.md §11, 18). */
export const API_AUTHOR: Author = AGENTS[0] ?? { id: 1, nick_name: 'API' };

export function createApi(options: ApiOptions): { handle(request: ApiRequest): ApiAnswer } {
  const { tenant, switches, webhooks, admin, random, now } = options;
  const nonces = new NonceMemory();
  const quota = new Quota();

  function handle(request: ApiRequest): ApiAnswer {
    const { path, id } = normalPath(request.path);
    const route = `${request.method} ${path}`;
    const handler = Object.hasOwn(handlers, route) ? handlers[route] : undefined;
    if (!handler) return html(404, '404 Not Found');
    const notes: string[] = [];
    try {
      checkTenant();
      if (route !== 'POST /log_in') checkAuth(request);
      if (!withinQuota(route)) return overQuota();
      const members = handler({ text: parameters(request), body: request.body, id, notes });
      const envelope = switches.get('shape.envelope');
      const bare =
        route === 'POST /customers' && (envelope === 'e2' || (envelope !== 'e1' && random.chance(0.5)));
      const rest = members === '' ? '' : `,${members}`;
      const text = bare ? `{${members}}` : `{"code":${CODES.ok}${rest}}`;
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

  function responseIds(): IdForm {
    const form = switches.get('shape.ids');
    return form === 'random' || form === 'mixed' ? random.pick(['int', 'string']) : form;
  }

  const logIn: Handlers = {
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
  };
  const context = { responseIds };
  const customers = customerRoutes({
    tenant,
    switches,
    random,
    webhooks,
    author: API_AUTHOR,
    ...context,
  });
  const handlers: Handlers = {
    ...logIn,
    ...customers.handlers,
    ...directoryRoutes({ tenant, switches, customersMember: customers.customersMember, ...context }),
    ...webhookRoutes(webhooks.registrations, context),
  };

  return { handle };
}

function parameters(request: ApiRequest): (name: string) => string {
  return (name) => {
    const value = request.body[name] ?? request.query[name];
    if (typeof value === 'string') return value;
    return typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
  };
}

function json(text: string, code: number | null): ApiAnswer {
  return { status: 200, type: 'json', text, code, committed: false, drop: false, notes: [] };
}

export function html(status: number, title: string): ApiAnswer {
  const text = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return { status, type: 'html', text, code: null, committed: false, drop: false, notes: [] };
}
