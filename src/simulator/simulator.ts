/**
 * A Udesk tenant over real HTTP, faithful to udesk/api.md: for tests, the demo, the benchmark, and for trying things.
 * The same seed, switches and requests give the same answers, byte for byte (signatures and times apart).
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApiServer } from './api-server.ts';
import { createControlServer } from './control.ts';
import type { CustomerSeed } from './customer.ts';
import { messageOf } from './event-message.ts';
import { Faults } from './faults.ts';
import { generateCustomers } from './generate.ts';
import { createHandle, type TenantHandle } from './handle.ts';
import { seededRandom } from './random.ts';
import { type Counts, RequestLog, type RequestLogEntry } from './request-log.ts';
import { type Admin, createApi } from './routes.ts';
import { createSwitches } from './switches.ts';
import { Tenant } from './tenant.ts';
import { type Delivery, Webhooks } from './webhooks.ts';

export interface SimulatorOptions {
  /** 0 (unless told): a free one. */
  readonly port?: number;
  /** Port of the control interface, 0 for a free one; null or left out: none. */
  readonly controlPort?: number | null;
  /** Where the API listens; 127.0.0.1 unless told. The control interface is always on 127.0.0.1. */
  readonly host?: string;
  /** How many to invent, or exactly these (oldest first). None unless told. */
  readonly customers?: number | readonly CustomerSeed[];
  readonly seed?: number | string;
  /** Tickets, calls, chats and follow-ups for the customers that it starts with; left out: for invented ones. */
  readonly history?: boolean;
  readonly switches?: Readonly<Record<string, string>>;
  readonly admin?: Partial<Admin>;
  /** Our clock in milliseconds; the tenant's is this plus `clock.offset`. */
  readonly clock?: () => number;
}

/** Made up, and the same everywhere, so that a config file for the simulator can be written down. */
export const DEFAULT_ADMIN: Admin = {
  email: 'admin@example.com',
  token: '00000000-0000-4000-8000-000000000001',
  password: 'simulator',
};

export interface Simulator {
  /** Origin, without `/open_api_v1`. */
  readonly url: string;
  readonly controlUrl: string | null;
  readonly admin: Admin;
  readonly tenant: TenantHandle;
  /** Oldest first; the same array as long as the simulator lives. */
  readonly log: readonly RequestLogEntry[];
  /** Callbacks and batch results that went out, oldest first; the same array as long as the simulator lives. */
  readonly deliveries: readonly Delivery[];
  counts(): Counts;
  clearLog(): void;
  /** Resolves when no batch and no callback is under way. */
  settled(): Promise<void>;
  /** Throws `SyncError('config')` for an unknown switch or value. */
  set(switchName: string, value: string): void;
  close(): Promise<void>;
}

/** Rejects with the system's error when a port is taken, and with `SyncError('config')` for a bad switch. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const clock = options.clock ?? Date.now;
  const seed = options.seed ?? 1;
  const admin = { ...DEFAULT_ADMIN, ...options.admin };
  const switches = createSwitches(options.switches);
  const tenantNow = () => clock() + switches.get('clock.offset') * 1000;
  const customers = options.customers ?? 0;
  const webhooks = new Webhooks({ switches, clock });
  const tenant: Tenant = new Tenant({
    switches,
    now: tenantNow,
    history: options.history ?? typeof customers === 'number',
    onEvent: (event) => {
      if (event.byApi && switches.get('webhook.echo_api_writes') === 'off') return;
      if (webhooks.registrations.idle) return;
      const push = messageOf(event, tenant, switches);
      if (push !== null) webhooks.emit(push.action, push.message);
    },
    customers: typeof customers === 'number' ? generateCustomers(seed, customers) : customers,
  });
  const random = seededRandom(`answers:${seed}`);
  const faults = new Faults();
  const log = new RequestLog();
  const api = createApi({ tenant, switches, webhooks, admin, random, now: tenantNow });
  const apiServer = createApiServer({ api, faults, switches, random, log, clock, tenantNow });
  const handle = createHandle(tenant, faults, switches);
  const servers = [apiServer];
  const url = await listen(apiServer, options.port ?? 0, options.host ?? '127.0.0.1');
  let controlUrl: string | null = null;
  if (options.controlPort !== undefined && options.controlPort !== null) {
    const control = createControlServer({
      tenant: handle,
      switches,
      log,
      deliveries: webhooks.deliveries,
    });
    servers.push(control);
    controlUrl = await listen(control, options.controlPort, '127.0.0.1').catch(async (error: unknown) => {
      await close([apiServer]);
      throw error;
    });
  }
  return {
    url,
    controlUrl,
    admin,
    tenant: handle,
    log: log.entries,
    deliveries: webhooks.deliveries,
    settled: () => webhooks.settled(),
    counts: () => log.counts(tenant.index.size),
    clearLog: () => log.clear(),
    set: (name, value) => switches.set(name, value),
    close: async () => {
      webhooks.close();
      await close(servers);
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<string> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

async function close(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }),
  );
}
