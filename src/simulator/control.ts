/**
 * The control interface: JSON over HTTP on a port of its own, on the loopback address only, without a password.
 * It does what `TenantHandle` does. Requests that name another host are refused, so that a web page cannot reach it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isSyncError, toError } from '../errors.ts';
import { parseBody, readBody } from './body.ts';
import type { CustomerAttributes } from './customer.ts';
import type { Author, FieldDefinition } from './directory.ts';
import type { FaultSpec } from './faults.ts';
import type { CustomerId, TenantHandle } from './handle.ts';
import { EVENT_KINDS, type EventKind, type HistoryEvent } from './history.ts';
import { Refusal } from './refusal.ts';
import type { RequestLog } from './request-log.ts';
import { describeSwitches, type Switches } from './switches.ts';
import type { Delivery } from './webhooks.ts';

export interface ControlOptions {
  readonly tenant: TenantHandle;
  readonly switches: Switches;
  readonly log: RequestLog;
  readonly deliveries: readonly Delivery[];
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const CALLS = [
  'GET /customers?offset=0&limit=1000',
  'GET /customers/:id',
  'POST /customers {attributes, author?}',
  'PATCH /customers/:id {changes, author?}',
  'DELETE /customers/:id',
  'POST /merge {from, to}',
  'POST /history {id, kind, data?}',
  'GET /custom_fields',
  'PUT /custom_fields {fields}',
  'GET /deliveries',
  'GET /log',
  'DELETE /log',
  'GET /switches',
  'PUT /switches {name: value}',
  'POST /faults {kind, match?, times?, …}',
  'GET /stats',
];

export function createControlServer(options: ControlOptions): Server {
  return createServer((request, response) => {
    answer(options, request)
      .catch((thrown: unknown): Answer => ({ status: statusOf(thrown), body: { error: messageOf(thrown) } }))
      .then(({ status, body }) => send(response, status, body))
      .catch((thrown: unknown) => response.destroy(toError(thrown)));
  });
}

async function answer(options: ControlOptions, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://control');
  if (!isLoopback(request.headers.host ?? '')) return { status: 403, body: { error: 'loopback only' } };
  const text = await readBody(request);
  const body = text === null ? null : parseBody(text, '');
  if (body === null) return { status: 400, body: { error: 'the body is not a JSON object' } };
  const [, collection = '', id = ''] = url.pathname.split('/');
  const target = id === '' ? collection : `${collection}/:id`;
  const result = run(options, `${request.method} /${target}`, decodeURIComponent(id), url.searchParams, body);
  return result ?? { status: 404, body: { error: 'there is no such call', calls: CALLS } };
}

type Body = Readonly<Record<string, unknown>>;

function run(
  options: ControlOptions,
  call: string,
  id: string,
  query: URLSearchParams,
  body: Body,
): Answer | null {
  const { tenant, switches, log } = options;
  const author = body.author as Author | undefined;
  switch (call) {
    case 'GET /':
      return ok({ calls: CALLS });
    case 'GET /customers': {
      const range = { offset: Number(query.get('offset') ?? 0), limit: Number(query.get('limit') ?? 1000) };
      return ok({ total: tenant.count, customers: tenant.list(range) });
    }
    case 'POST /customers':
      return { status: 201, body: { customer: tenant.create(attributesOf(body, 'attributes'), author) } };
    case 'GET /customers/:id': {
      const customer = tenant.get(id);
      return customer
        ? ok({ customer, feeds: tenant.feeds(id) })
        : { status: 404, body: { error: 'no such customer' } };
    }
    case 'PATCH /customers/:id':
      return ok({ customer: tenant.edit(id, attributesOf(body, 'changes'), author) });
    case 'DELETE /customers/:id':
      tenant.delete(id);
      return ok({});
    case 'POST /merge':
      return ok({ customer: tenant.merge(body.from as CustomerId, body.to as CustomerId, author) });
    case 'POST /history': {
      if (!isEventKind(body.kind))
        return { status: 400, body: { error: `kind is one of ${EVENT_KINDS.join(', ')}` } };
      const id = tenant.happened(body.id as CustomerId, body.kind, (body.data ?? {}) as HistoryEvent['data']);
      return { status: 201, body: { id } };
    }
    case 'GET /custom_fields':
      return ok({ fields: tenant.customFields });
    case 'PUT /custom_fields':
      if (!Array.isArray(body.fields)) return { status: 400, body: { error: 'fields is not a list' } };
      tenant.customFields = body.fields as FieldDefinition[];
      return ok({ fields: tenant.customFields });
    case 'GET /deliveries':
      return ok({ deliveries: options.deliveries });
    case 'GET /log':
      return ok({ requests: log.entries });
    case 'DELETE /log':
      log.clear();
      return ok({});
    case 'GET /switches':
      return ok({ switches: switches.all(), allowed: describeSwitches() });
    case 'PUT /switches':
      for (const [name, value] of Object.entries(body)) switches.set(name, String(value));
      return ok({ switches: switches.all() });
    case 'POST /faults':
      tenant.faults.push(body as unknown as FaultSpec);
      return { status: 201, body: { pending: tenant.faults.pending } };
    case 'GET /stats':
      return ok(log.counts(tenant.count));
    default:
      return null;
  }
}

function isEventKind(kind: unknown): kind is EventKind {
  return EVENT_KINDS.some((known) => known === kind);
}

/** Attributes may stand bare, or under their own key beside `author`. */
function attributesOf(body: Body, key: string): CustomerAttributes {
  const { author: _author, ...bare } = body;
  return (body[key] ?? bare) as CustomerAttributes;
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function statusOf(thrown: unknown): number {
  if (thrown instanceof Refusal) return 409;
  return isSyncError(thrown) ? 400 : 500;
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof Refusal) return `${thrown.code} ${thrown.message}: ${thrown.exception}`;
  if (isSyncError(thrown)) return [thrown.message, thrown.details.advice].filter(Boolean).join(' ');
  return toError(thrown).message;
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`, 'utf8');
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes.length,
  });
  response.end(bytes);
}
