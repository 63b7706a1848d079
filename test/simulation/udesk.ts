/** The simulated tenant of a world, and the real client to it, without a network: each request is a moment of its process. */
import { pino } from 'pino';
import { createQuota, memoryLedger } from '../../src/http/quota.ts';
import type { QuotaLedger } from '../../src/lib/sliding-window.ts';
import { messageOf } from '../../src/simulator/event-message.ts';
import { Faults } from '../../src/simulator/faults.ts';
import { createHandle, type TenantHandle } from '../../src/simulator/handle.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { createApi } from '../../src/simulator/routes.ts';
import { DEFAULT_ADMIN } from '../../src/simulator/simulator.ts';
import { createSwitches } from '../../src/simulator/switches.ts';
import { Tenant } from '../../src/simulator/tenant.ts';
import { Webhooks } from '../../src/simulator/webhooks.ts';
import { createUdeskClient } from '../../src/udesk/client.ts';
import { newsOf } from '../../src/udesk/webhook.ts';
import type { EngineProcess } from './process.ts';
import { carryingOut } from './replaced.ts';
import { Wire } from './wire.ts';
import type { Callback, World } from './world.ts';

export const QUOTA_PER_MINUTE = 200;

const SHAPES = {
  'shape.emails': 'mixed',
  'shape.other_emails': 'mixed',
  'shape.cellphones': 'mixed',
  'shape.ids': 'mixed',
  'shape.feeds': 'mixed',
  'shape.error_body': 'mixed',
} as const;

export class Udesk {
  readonly tenant: TenantHandle;
  readonly #world: World;
  readonly #api: ReturnType<typeof createApi>;
  readonly #quotaLedger: QuotaLedger;
  #nonces = 0;

  constructor(world: World, onChange: (...told: Callback) => void) {
    this.#world = world;
    const { setting, seed } = world.script;
    const now = () => world.trueTime;
    const switches = createSwitches({
      'rate.per_minute': '0',
      'duplicate.code': setting.createUpdates ? 'update' : '2005',
      ...(setting.shapes ? SHAPES : {}),
    });
    const tenant: Tenant = new Tenant({
      switches,
      now,
      customers: [],
      onEvent: (event) => {
        if (event.object !== 'Customer' || event.after === null) return;
        const id = String(event.after.id);
        const push = messageOf(event, tenant, switches);
        onChange(id, push === null ? null : toldBy(push, id));
      },
    });
    const webhooks = new Webhooks({ switches, clock: now });
    const random = seededRandom(`answers:${seed}`);
    this.#api = createApi({ tenant, switches, webhooks, admin: DEFAULT_ADMIN, random, now });
    this.tenant = createHandle(tenant, new Faults(), switches);
    this.#quotaLedger = memoryLedger(now);
  }

  client(process: EngineProcess) {
    const world = this.#world;
    const now = () => world.trueTime;
    const call = (name: string) => ({ side: 'udesk' as const, write: !name.startsWith('GET') });
    const dispatcher = new Wire({
      handle: (request) => {
        const done = carryingOut(world, 'udesk');
        const answer = this.#api.handle(request);
        done();
        return answer;
      },
      before: async (name) => {
        process.alive();
        const fault = await world.meet(process, 'call', name, call(name));
        process.alive();
        world.arrived();
        return fault;
      },
      after: async (name, answer) => {
        if (answer.committed) world.tell(`  udesk did ${name} for ${process.name}`);
        await world.meet(process, 'answer', name, call(name));
        process.alive();
      },
      now,
    });
    const sleep = async (ms: number) => world.pass(ms);
    return createUdeskClient({
      baseUrl: 'http://udesk.test',
      email: DEFAULT_ADMIN.email,
      token: DEFAULT_ADMIN.token,
      sign: 'sha256',
      quota: createQuota({
        key: 'udesk',
        perMinute: QUOTA_PER_MINUTE,
        scope: 'tenant',
        ledger: this.#quotaLedger,
        clock: now,
        sleep,
      }),
      dispatcher: {
        dispatcher,
        timeouts: { connectMs: 1e6, headersMs: 1e6, bodyMs: 1e6, totalMs: 1e6 },
        maxResponseBytes: 1e9,
        close: async () => {},
      },
      clock: () => world.now,
      monotonic: now,
      sleep,
      randomNonce: () => {
        this.#nonces += 1;
        return `nonce ${this.#nonces}`;
      },
      retry: { retries: 1, minDelayMs: 0, maxDelayMs: 0, maxRetryAfterMs: 60_000 },
      log: pino({ level: 'silent' }),
    });
  }
}

/** As the daemon reads it from what is posted. */
function toldBy({ action, message }: { action: string; message: string }, id: string): Callback[1] {
  const { customers } = newsOf(`{"action":${JSON.stringify(action)},"message":${message}}`);
  return customers.find((one) => one.id === id)?.changes ?? null;
}
