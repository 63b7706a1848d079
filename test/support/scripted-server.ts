/** A real HTTP server that answers from a script and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Script = (request: Seen, n: number) => Scripted | Promise<Scripted>;

/** JSON or text with a status; or what goes wrong on the wire. */
export type Scripted =
  | {
      readonly json?: unknown;
      readonly text?: string;
      readonly status?: number;
      readonly headers?: Record<string, string>;
    }
  | { readonly fault: 'reset' | 'silence' | 'reset-in-body' | 'endless' };

const NOTHING = Buffer.alloc(64 * 1024, ' ');

export interface ScriptedServer {
  readonly origin: string;
  readonly seen: Seen[];
  close(): Promise<void>;
}

export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const url = new URL(request.url ?? '/', 'http://host');
    const one: Seen = {
      method: request.method ?? '',
      path: url.pathname,
      rawQuery: url.search,
      query: url.searchParams,
      headers: request.headers,
      body,
    };
    seen.push(one);
    const reply = await script(one, seen.length);
    if (!('fault' in reply)) {
      response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
      response.end(reply.text ?? JSON.stringify(reply.json));
    } else if (reply.fault === 'reset') {
      request.socket.resetAndDestroy();
    } else if (reply.fault === 'reset-in-body') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"code":1000', () => request.socket.resetAndDestroy());
    } else if (reply.fault === 'endless') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"items":[');
      const more = (): void => {
        while (!response.destroyed && response.write(NOTHING));
      };
      response.on('drain', more);
      more();
    }
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    seen,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
