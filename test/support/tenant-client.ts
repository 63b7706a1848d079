/** A simulated tenant and a real client for it, without a quota and without pauses. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSideDispatcher } from '../../src/http/dispatcher.ts';
import { createQuota, memoryLedger } from '../../src/http/quota.ts';
import { DEFAULT_RETRY } from '../../src/http/retry.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { createUdeskClient, type UdeskClient } from '../../src/udesk/client.ts';

export interface TenantClient {
  readonly sim: Simulator;
  readonly client: UdeskClient;
  close(): Promise<void>;
}

export async function startTenantClient(options: SimulatorOptions = {}): Promise<TenantClient> {
  const sim = await startSimulator({ ...options, switches: { 'rate.per_minute': '0', ...options.switches } });
  const client = clientOf(sim);
  return {
    sim,
    client,
    async close() {
      await client.close();
      await sim.close();
    },
  };
}

/** A client of this tenant, without a quota and without pauses. */
export function clientOf(sim: {
  readonly url: string;
  readonly admin: Readonly<Record<'email' | 'token', string>>;
}): UdeskClient {
  let nonce = 0;
  const monotonic = (): number => performance.now();
  const sleep = async (): Promise<void> => {};
  return createUdeskClient({
    baseUrl: sim.url,
    email: sim.admin.email,
    token: sim.admin.token,
    sign: 'sha256',
    quota: createQuota({
      key: 't',
      perMinute: 1_000_000,
      scope: 'tenant',
      ledger: memoryLedger(monotonic),
      clock: monotonic,
      sleep,
    }),
    dispatcher: createSideDispatcher(),
    clock: Date.now,
    monotonic,
    sleep,
    randomNonce: () => `client-${++nonce}`,
    retry: { ...DEFAULT_RETRY, minDelayMs: 0, maxDelayMs: 0 },
  });
}

export interface Received {
  readonly body: string;
  readonly contentType: string;
}

/** An address for pushes, which keeps what arrives. */
export async function startReceiver(): Promise<{
  url: string;
  received: Received[];
  close(): Promise<void>;
}> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    received.push({ body, contentType: request.headers['content-type'] ?? '' });
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/udesk/main/secret`,
    received,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
