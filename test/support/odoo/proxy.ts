/**
 * Stands between the adapter and a real Odoo, and loses what it is told to lose: a connection after Odoo has committed,
 * or the whole call, answered as Odoo answers when its database gave the transaction up five times.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Loss = 'before-commit' | 'after-commit';

export interface OdooProxy {
  readonly url: string;
  /** How often each method of Odoo was called. */
  readonly calls: Map<string, number>;
  loseNextWrite(loss: Loss): void;
  close(): Promise<void>;
}

const WRITES = new Set(['write', 'create', 'load', 'unlink']);

export async function startOdooProxy(target: string): Promise<OdooProxy> {
  const losses: Loss[] = [];
  const calls = new Map<string, number>();
  const server = createServer((request, response) => {
    pass(request, response).catch(() => request.socket.destroy());
  });

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const method = methodIn(body);
    calls.set(method, (calls.get(method) ?? 0) + 1);
    const loss = WRITES.has(method) ? losses.shift() : undefined;
    if (loss === 'before-commit') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(GIVEN_UP));
      return;
    }
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      ...(request.method === 'GET' ? {} : { body }),
    });
    const text = await answer.text();
    if (loss === 'after-commit') {
      request.socket.resetAndDestroy();
      return;
    }
    const headers = {
      'content-type': answer.headers.get('content-type') ?? '',
      date: answer.headers.get('date') ?? '',
    };
    response.writeHead(answer.status, headers).end(text);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    loseNextWrite: (loss) => void losses.push(loss),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function methodIn(body: string): string {
  const args = (JSON.parse(body === '' ? '{}' : body) as { params?: { args?: unknown[] } }).params?.args;
  return typeof args?.[4] === 'string' ? args[4] : '';
}

/** As Odoo 14 was seen to answer. */
const GIVEN_UP = {
  jsonrpc: '2.0',
  id: 1,
  error: {
    code: 200,
    message: 'Odoo Server Error',
    data: {
      name: 'psycopg2.errors.SerializationFailure',
      debug: 'Traceback (most recent call last): …',
      message: 'could not serialize access due to concurrent update\n',
      arguments: ['could not serialize access due to concurrent update\n'],
      context: {},
    },
  },
};
