/**
 * The two ways to call a method of Odoo: JSON-RPC (deprecated from 19 on, to go in 22), and `/json/2` (from 19 on).
 * What they have in common is in wire.ts. Pure: requests are made, and answers are read.
 */
import type { Reply } from '../../http/exchange.ts';
import { type About, type Fault, faultOf, notUnderstood, statusFailure } from './failure.ts';

export interface OdooCall {
  readonly model: string;
  readonly method: string;
  /** The records that the method is called on; left out for methods of the model. */
  readonly ids?: readonly number[];
  /** In the order of the method's signature, from its first parameter on, without a gap: JSON-RPC sends them by place. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly write: boolean;
  /** Before it is sent once more (src/http/retry.ts). */
  readonly again?: (() => Promise<unknown>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OdooRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Dialect {
  readonly api: 'jsonrpc' | 'json2';
  request(call: OdooCall): OdooRequest;
  /** What the method returned. @throws OdooFailure */
  read(reply: Reply, about: About, nowMs: number): unknown;
}

export interface Account {
  readonly database: string;
  readonly uid: number;
  /** The password, or an API key in its place. */
  readonly secret: string;
}

export const JSONRPC_PATH = '/jsonrpc';

/** Database, user and password go along with every call. */
export function jsonRpc({ database, uid, secret }: Account): Dialect {
  return {
    api: 'jsonrpc',
    request({ model, method, ids, params = {}, context }) {
      const args = [...(ids === undefined ? [] : [ids]), ...Object.values(params)];
      const kw = context === undefined ? {} : { context };
      return serviceRequest('object', 'execute_kw', [database, uid, secret, model, method, args, kw]);
    },
    read: readJsonRpc,
  };
}

export function serviceRequest(service: string, method: string, args: readonly unknown[]): OdooRequest {
  const body = { jsonrpc: '2.0', method: 'call', id: 1, params: { service, method, args } };
  return { path: JSONRPC_PATH, headers: {}, body };
}

/** HTTP 200 is no success: an error stands in the body. Bad requests are answered with a page of HTML. */
export function readJsonRpc(reply: Reply, about: About, nowMs: number): unknown {
  const json = jsonOf(reply);
  if (!isObject(json) || (json.error === undefined && !('result' in json)))
    throw statusFailure(reply, about, nowMs);
  if (json.error === undefined) return json.result;
  const { data, message } = isObject(json.error) ? json.error : {};
  const fault = faultIn(data);
  if (fault !== null) throw faultOf(fault, about);
  throw notUnderstood(
    about,
    `an error without a name${typeof message === 'string' ? `: ${message.slice(0, 100)}` : ''}`,
  );
}

/** One key in the header; the arguments by name in the body. */
export function json2({ database, apiKey }: { readonly database: string; readonly apiKey: string }): Dialect {
  return {
    api: 'json2',
    request({ model, method, ids, params = {}, context }) {
      return {
        path: `/json/2/${model}/${method}`,
        headers: { authorization: `bearer ${apiKey}`, 'x-odoo-database': database },
        body: {
          ...(ids === undefined ? {} : { ids }),
          ...(context === undefined ? {} : { context }),
          ...params,
        },
      };
    },
    read(reply, about, nowMs) {
      const json = jsonOf(reply);
      if (reply.status >= 200 && reply.status < 300) {
        if (json !== undefined) return json;
        throw statusFailure(reply, about, nowMs);
      }
      const fault = faultIn(json);
      // Too many calls, and a proxy that gave up, are told by the status alone.
      if (fault === null || reply.status === 429 || reply.status === 503)
        throw statusFailure(reply, about, nowMs);
      throw faultOf(fault, about);
    },
  };
}

function faultIn(value: unknown): Fault | null {
  if (!isObject(value) || typeof value.name !== 'string') return null;
  return { name: value.name, message: typeof value.message === 'string' ? value.message : '' };
}

/** Undefined: not JSON. */
function jsonOf({ text }: Reply): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
