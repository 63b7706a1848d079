/** The tenant over HTTP: one request in, faults before and after, one answer (or none) out. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Parameters, parseBody, readBody } from './body.ts';
import { drawFaults, type FaultSpec, type Faults } from './faults.ts';
import type { Random } from './random.ts';
import type { RequestLog, RequestLogEntry } from './request-log.ts';
import { type ApiAnswer, type ApiRequest, html, isWrite } from './routes.ts';
import type { Switches } from './switches.ts';

export interface ApiServerOptions {
  readonly api: { handle(request: ApiRequest): ApiAnswer };
  readonly faults: Faults;
  readonly switches: Switches;
  readonly random: Random;
  readonly log: RequestLog;
  /** Our clock, in milliseconds. */
  readonly clock: () => number;
  /** The tenant's clock, in milliseconds. */
  readonly tenantNow: () => number;
}

const PREFIX = '/open_api_v1';

export function createApiServer(options: ApiServerOptions): Server {
  const server = createServer((request, response) => {
    serve(options, request, response).catch((thrown: unknown) => response.destroy(thrown as Error));
  });
  // Longer than a client keeps an idle connection, so that ours is not the side that closes under a request.
  server.keepAliveTimeout = 60_000;
  return server;
}

async function serve(
  options: ApiServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { faults, switches, random, log } = options;
  const url = new URL(`http://tenant${collapse(request.url ?? '/')}`);
  const method = request.method ?? 'GET';
  const underApi = url.pathname.startsWith(`${PREFIX}/`);
  const path = underApi ? url.pathname.slice(PREFIX.length) : url.pathname;
  const write = underApi && isWrite(method, path);
  const entry: RequestLogEntry = {
    method,
    path: url.pathname,
    at: options.clock(),
    status: null,
    code: null,
    write,
    committed: false,
    faults: [],
    notes: [],
  };
  log.arrived(entry);
  const text = await readBody(request);
  const take = (phase: 'before' | 'after', committed: boolean) => [
    ...faults.take({ method, path: url.pathname }, phase, committed),
    ...drawFaults(switches, random, phase, committed),
  ];

  const before = take('before', false);
  await delay(before);
  const early = before.find((fault) => fault.kind !== 'latency');
  let answer = early ? faultAnswer(early) : answerOf(options, { method, path, underApi, url, text, request });
  entry.code = answer.code;
  entry.committed = answer.committed;
  entry.notes = answer.notes;
  const after = early ? [] : take('after', answer.committed);
  await delay(after);
  const late = after.find((fault) => fault.kind !== 'latency');
  if (late?.kind === 'truncate') answer = { ...answer, text: cutInHalf(answer.text) };
  else if (late) answer = faultAnswer(late);
  entry.faults = [...before, ...after].map((fault) => fault.kind);
  entry.status = answer.drop ? null : answer.status;
  log.answered(entry);
  send(response, request, answer, options.tenantNow());
}

interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly underApi: boolean;
  readonly url: URL;
  readonly text: string | null;
  readonly request: IncomingMessage;
}

function answerOf(options: ApiServerOptions, incoming: Incoming): ApiAnswer {
  if (!incoming.underApi) return html(404, '404 Not Found');
  if (incoming.text === null) return html(413, '413 Request Entity Too Large');
  const body: Parameters | null = parseBody(incoming.text, incoming.request.headers['content-type'] ?? '');
  // What a Rails application answers to a body that it cannot parse.
  if (body === null) return html(400, '400 Bad Request');
  const query = Object.fromEntries(incoming.url.searchParams);
  return options.api.handle({ method: incoming.method, path: incoming.path, query, body });
}

/** Doubled and trailing slashes are tolerated (udesk/api.md §1.2). The query is left alone. */
function collapse(target: string): string {
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const clean = path.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  return at < 0 ? clean : clean + target.slice(at);
}

function faultAnswer(fault: FaultSpec): ApiAnswer {
  if (fault.kind === 'html') return html(200, 'Udesk');
  if (fault.kind === 'status') {
    const status = fault.status ?? 500;
    return { ...html(status, `${status}`), ...(fault.body === undefined ? {} : { text: fault.body }) };
  }
  return { ...html(200, ''), drop: true };
}

async function delay(faults: readonly FaultSpec[]): Promise<void> {
  const total = faults.reduce(
    (sum, fault) => sum + (fault.kind === 'latency' ? (fault.latencyMs ?? 0) : 0),
    0,
  );
  if (total > 0) await sleep(total, undefined, { ref: false });
}

/** Whole characters, and never whole JSON. */
function cutInHalf(text: string): string {
  return Array.from(text.slice(0, Math.ceil(text.length / 2))).join('');
}

function send(
  response: ServerResponse,
  request: IncomingMessage,
  answer: ApiAnswer,
  tenantNow: number,
): void {
  if (answer.drop) {
    request.socket.resetAndDestroy();
    return;
  }
  const bytes = Buffer.from(answer.text, 'utf8');
  response.writeHead(answer.status, {
    'content-type': answer.type === 'json' ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8',
    'content-length': bytes.length,
    date: new Date(tenantNow).toUTCString(),
  });
  response.end(bytes);
}
