/** The pages of a world, listening: what `udesk-sync run` serves, without the daemon. */
import { Hono } from 'hono';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { crmAdapters } from '../../src/crm/registry.ts';
import { refreshRecord } from '../../src/engine/refresh.ts';
import { hashPassword } from '../../src/lib/password.ts';
import { sleep } from '../../src/lib/sleep.ts';
import { pulseOf } from '../../src/store/pulse.ts';
import { createWeb } from '../../src/web/app.ts';
import { createThrottle } from '../../src/web/auth/throttle.ts';
import { createEvents, type EventsSource } from '../../src/web/events/events.ts';
import { serve } from '../../src/web/health.ts';
import type { Page } from '../../src/web/page.ts';
import { PAGES } from '../../src/web/pages.ts';
import type { Services } from '../../src/web/visit.ts';
import { type Visitor, visitor } from './visitor.ts';
import type { World } from './world.ts';

export const PASSWORD = 'correct horse battery';

export interface WebOptions {
  /** One user per role, named like it, all with PASSWORD; without it the user of the machine is `machine`. */
  readonly users?: boolean;
  readonly locale?: 'zh-CN' | 'en';
  readonly pages?: readonly Page[];
  readonly clock?: () => Date;
  /** How the streams of events behave; without it as in the daemon. */
  readonly events?: Partial<EventsSource>;
  /** Called when a decision wants to be carried out. */
  readonly wake?: (pair: string) => void;
}

export interface RunningWeb {
  readonly url: string;
  readonly config: Config;
  readonly services: Services;
  close(): Promise<void>;
}

/** What a program of this role sends. */
export const tokenOf = (role: string): string => `token-of-the-${role}-program-${'x'.repeat(20)}`;

let hash: Promise<string> | undefined;

export async function openWeb(world: World, options: WebOptions = {}): Promise<RunningWeb> {
  hash ??= hashPassword(PASSWORD, { log2N: 10, r: 8, p: 1 });
  const config = configOf(world, options, await hash);
  const clock = options.clock ?? world.engine.clock;
  const stop = new AbortController();
  const services: Services = {
    db: world.database.db,
    config,
    clock,
    log: world.engine.log,
    machineUser: 'machine',
    signIns: createThrottle(() => clock().getTime()),
    events: createEvents({
      pulse: () => pulseOf(world.database.db),
      sleep,
      stopping: stop.signal,
      ...options.events,
    }),
    refresh: (_pair, record) => refreshRecord(world.engine, world.pair, record),
    specOf: () => world.pair.spec,
    wake: options.wake ?? (() => {}),
  };
  const app = new Hono().route('/', createWeb(services, options.pages ?? PAGES));
  const server = await serve(app, '127.0.0.1', 0);
  return {
    url: server.url,
    config,
    services,
    async close() {
      stop.abort();
      await server.close();
    },
  };
}

/** Somebody with this role, signed in, with the token of the inbox at hand. */
export async function signedIn({ url }: Pick<RunningWeb, 'url'>, name: string): Promise<Visitor> {
  const browser = visitor(url);
  await browser.get('/sign-in');
  await browser.post('/sign-in', { name, password: PASSWORD });
  await browser.get('/conflicts');
  return browser;
}

function configOf(world: World, { users, locale }: WebOptions, passwordHash: string): Config {
  const roles = ['viewer', 'reviewer', 'operator'];
  const auth = [
    'http:',
    '  auth:',
    '    users:',
    ...roles.map((role) => `      - { name: ${role}, role: ${role}, passwordHash: '${passwordHash}' }`),
    '    tokens:',
    ...roles.map((role) => `      - { name: ${role} program, role: ${role}, token: '${tokenOf(role)}' }`),
  ];
  const lines = [`locale: ${locale ?? 'en'}`, ...(users === true ? auth : []), world.configText];
  return loadConfig({ env: {}, readFile: () => lines.join('\n'), adapters: crmAdapters });
}
