/** Who writes to the simulated Udesks of this process, as it stands on the wire (says-who.mjs). */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Simulator } from '../../src/simulator/simulator.ts';

export interface UdeskWrite {
  /** Of the customer that it is about; a create has none. */
  readonly customerId: string | null;
  readonly replica: string | null;
  /** Milliseconds: it arrived, and it was answered or its connection was closed. */
  readonly from: number;
  readonly to: number;
}

export interface Writers {
  /** Those that have an end, in the order in which they arrived. */
  writes(simulator: Simulator): UdeskWrite[];
  stop(): void;
}

const STARTED = 'http.server.request.start';

export function watchWriters(): Writers {
  const seen: (UdeskWrite & { readonly port: number })[] = [];
  const began = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.method === 'GET' || !(request.url ?? '').startsWith('/open_api_v1/customers')) return;
    const { port } = request.socket.address() as AddressInfo;
    const from = Date.now();
    const { 'x-replica': replica } = request.headers;
    const customerId = new URL(request.url ?? '', 'http://udesk').searchParams.get('content');
    response.once('close', () => {
      seen.push({
        port,
        customerId,
        replica: replica === undefined ? null : String(replica),
        from,
        to: Date.now(),
      });
    });
  };
  subscribe(STARTED, began);
  return {
    writes: ({ url }) =>
      seen.filter(({ port }) => port === Number(new URL(url).port)).sort((one, two) => one.from - two.from),
    stop: () => void unsubscribe(STARTED, began),
  };
}
