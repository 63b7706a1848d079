/** A real HTTP server in front of another, which hands everything on, and answers as it likes once it is told to. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Text in the place of the answer's own; `endless`: one that never stops, as fast as it is taken. */
export type Garble = ((honest: string) => string) | 'endless';

export interface GarblingProxy {
  readonly origin: string;
  /** Done to the successful answers of those requests whose method, path and query it matches; null: to none. */
  garble: { readonly of: RegExp; readonly how: Garble } | null;
  /** Answers that were garbled. */
  garbled: number;
  /** Bytes of endless answers that went out. */
  endlessBytes: number;
  close(): Promise<void>;
}

const CHUNK = Buffer.alloc(256 * 1024, ' ');

/** What the other one says of its own address is said of this one's. */
export async function startGarblingProxy(target: string): Promise<GarblingProxy> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.resetAndDestroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const { method = 'GET', url = '/' } = request;
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const reply = await fetch(`${target}${url}`, {
      method,
      headers: headers as Record<string, string>,
      redirect: 'manual',
      ...(body.length === 0 ? {} : { body: Buffer.concat(body) }),
    });
    const honest = (await reply.text()).replaceAll(target, proxy.origin);
    const own = [...reply.headers].filter(
      ([name]) => !/^(connection|content-length|keep-alive|transfer-encoding)$/.test(name),
    );
    response.writeHead(reply.status, Object.fromEntries(own));
    const { garble } = proxy;
    if (garble === null || !reply.ok || !garble.of.test(`${method} ${decodeURIComponent(url)}`)) {
      response.end(honest);
      return;
    }
    proxy.garbled += 1;
    if (garble.how !== 'endless') {
      response.end(garble.how(honest));
      return;
    }
    while (!response.destroyed) {
      proxy.endlessBytes += CHUNK.length;
      if (!response.write(CHUNK)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: GarblingProxy = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    garble: null,
    garbled: 0,
    endlessBytes: 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
