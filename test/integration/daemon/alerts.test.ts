import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { channelsOf } from '../../../src/cli/alerting.ts';
import type { WebhookAlertConfig } from '../../../src/config/schema.ts';
import { type Alerts, createAlerts } from '../../../src/daemon/alerts.ts';
import { withTimeout } from '../../../src/lib/with-timeout.ts';
import { type Database, openDatabase } from '../../../src/store/database.ts';
import { loadGauges } from '../../../src/store/gauges.ts';
import { endRules, turnOff, turnOn } from '../../../src/store/review-rules.ts';
import { type AlertReceiver, startReceiver } from '../../support/alert-receiver.ts';
import { alertConfig, type FakeWorker, failingWorker, WELL } from '../../support/alerts.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';
import { type PostgresProxy, startProxy } from '../../support/postgres-proxy.ts';

const CHILD = fileURLToPath(new URL('../../support/alerts-child.ts', import.meta.url));
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let ours: TestDatabase;
let proxy: PostgresProxy;
let database: Database;
let receiver: AlertReceiver;
let worker: FakeWorker;
let logged: string[];
/** True time; what the clock of the machine shows is wrong by `wrong`. */
let now: number;
let wrong: number;
const signal = new AbortController().signal;

beforeEach(async () => {
  ours = await createTestDatabase();
  proxy = await startProxy(ours.url);
  database = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 4 });
  await database.sql`
    insert into udesk_sync.pair (name, udesk_certified_at, crm_certified_at) values ('main', now(), now())`;
  receiver = await startReceiver();
  worker = failingWorker();
  logged = [];
  // 08:00 in Shanghai.
  now = Date.parse('2026-11-25T00:00:00.000Z');
  wrong = 0;
});
afterEach(async () => {
  await database.close();
  await receiver.close();
  await proxy.close();
  await ours.drop();
});

/** Another daemon, or the same one after a restart. */
function daemon(
  over: Partial<WebhookAlertConfig> = {},
  owner: string = crypto.randomUUID(),
  urls = [receiver.url],
): Alerts {
  return createAlerts(
    {
      db: database.db,
      log: pino({ level: 'trace' }, { write: (line) => void logged.push(line) }),
      clock: () => new Date(now + wrong),
      monotonic: () => now,
      random: Math.random,
      sleep: async () => {},
      owner,
      workers: [worker],
      gauges: () => withTimeout(loadGauges(database.db, ['main']), 1_000),
      place: { locale: 'en', publicUrl: null },
      timezone: 'Asia/Shanghai',
      delivery: { retries: 1, minDelayMs: 1, timeoutMs: 300 },
    },
    channelsOf(urls.map((url) => alertConfig({ url, on: ['auth'], ...over }))),
  );
}
const said = () =>
  receiver.received.flatMap(({ alerts }) =>
    alerts.map(({ kind, event, subject }) => `${kind} ${event} ${subject}`),
  );
const look = async (alerts: Alerts, laterMs = 0) => {
  now += laterMs;
  await alerts.tick(signal);
};
function well(): void {
  worker.health = { ...WELL, lastGoodAtMs: now };
}

describe('an alert', () => {
  test('is sent once, reminded of after a day, and its end is sent, too: also across restarts', async () => {
    const first = daemon();
    await look(first);
    for (let n = 0; n < 5; n++) await look(first, MINUTE);
    await look(daemon(), MINUTE);
    expect(said()).toEqual(['raised auth crm']);
    expect(receiver.received[0]).toMatchObject({
      source: 'udesk-sync',
      text: expect.stringContaining('[ALERT] main: the CRM refuses the credentials'),
    });

    await look(daemon(), 24 * HOUR);
    expect(said()).toEqual(['raised auth crm', 'reminder auth crm']);

    now += HOUR;
    well();
    await look(daemon());
    await look(daemon(), HOUR);
    expect(said().slice(2)).toEqual(['recovered auth crm']);
    expect(await database.sql`select * from udesk_sync.alert`).toEqual([]);
  });

  test('that comes and goes every half minute is no flood', async () => {
    const alerts = daemon();
    for (let n = 0; n < 240; n++) {
      if (n % 2 === 0) worker.health = failingWorker().health;
      else well();
      await look(alerts, MINUTE / 2);
    }
    expect(said().length).toBeGreaterThan(1);
    expect(said().length).toBeLessThanOrEqual(2 * 6 + 1);
  });

  test('of two daemons on one database is sent by one of them', async () => {
    const both = [daemon(), daemon()];
    await Promise.all(both.map((alerts) => look(alerts)));
    await Promise.all(both.map((alerts) => look(alerts)));
    expect(said()).toEqual(['raised auth crm']);
  });

  test('of a rule of the review that ended by itself is sent once, across restarts too; of one that a person ended it is not', async () => {
    const group = { pair: 'main', kind: 'edit/edit', pattern: 'v1.person.other.together' } as const;
    const about = { take: 'udesk', agrees: 12, total: 12, includeOpen: false, who: 'ann' } as const;
    const at = new Date();
    const own = await turnOn(database.db, { ...group, ...about, field: 'nick_name', at });
    await turnOff(database.db, { id: own?.id ?? '', who: 'ann', at });
    const ended = await turnOn(database.db, { ...group, ...about, field: 'email', at });
    const on = { on: ['rule' as const] };
    const first = daemon(on);
    await look(first);
    expect(said()).toEqual([]);
    await database.db.transaction((tx) => endRules(tx, 'main', null, 'restored', at));
    await look(first, MINUTE);
    await look(first, 11 * MINUTE);
    await look(daemon(on), MINUTE);
    expect(said()).toEqual([`raised rule ${ended?.id}`]);
    expect(receiver.received[0]?.text).toContain(`rule ${ended?.id} of the review has turned itself off`);
    // Turned on anew: there is nothing left to say, and nothing to remember.
    await turnOn(database.db, { ...group, ...about, field: 'email', at });
    await look(first, 25 * HOUR);
    expect(said()).toHaveLength(1);
    expect(await database.sql`select * from udesk_sync.alert`).toEqual([]);
  });

  test('of things that happen together is one message', async () => {
    await database.sql`
      insert into udesk_sync.guard (pair, hash, state, tripped, writes, opened_at)
      values ('main', 'h', 'waiting', '[{"guard":"deletes","message":"31 of ann@example.com"}]', 31, now())`;
    await look(daemon({ on: ['guard', 'auth'] }));
    expect(receiver.received).toHaveLength(1);
    expect(said().sort()).toEqual(['raised auth crm', 'raised guard ']);
    expect(receiver.received[0]?.text).toContain('a guard holds 31 writes');
  });

  test('of a daemon that does nothing is sent by that daemon itself, also when Postgres is what failed (T20)', async () => {
    well();
    const alerts = daemon({ on: ['stalled'] });
    await look(alerts);
    expect(said()).toEqual([]);
    proxy.freeze(true);
    worker.health = { ...worker.health, failures: 4, lastKind: 'transient' };
    await look(alerts, 20 * MINUTE);
    await look(alerts, MINUTE);
    expect(said()).toEqual(['raised stalled cycle']);

    // What was said meanwhile is written down when the database is back, so that the end is told, and told once.
    proxy.freeze(false);
    proxy.cutAll();
    await vi.waitFor(async () => {
      await look(alerts, 30 * MINUTE);
      expect(await database.sql`select key, state from udesk_sync.alert`).toMatchObject([
        { key: 'stalled/main/cycle', state: 'open' },
      ]);
    }, 30_000);
    const before = said().length;
    now += HOUR;
    well();
    await look(daemon({ on: ['stalled'] }));
    await look(alerts, MINUTE);
    expect(said().slice(before)).toEqual(['recovered stalled cycle']);
  });
});

test.each([
  ['back', -DAY],
  ['forward', DAY],
])(
  'a daemon that does nothing says so in its time, and not before, though the clock was set %s',
  async (_, byMs) => {
    well();
    const alerts = daemon({ on: ['stalled'] });
    await look(alerts);
    wrong = byMs;
    worker.health = { ...worker.health, failures: 4, lastKind: 'transient' };
    await look(alerts, 14 * MINUTE);
    expect(said()).toEqual([]);
    await look(alerts, 2 * MINUTE);
    expect(said()).toEqual(['raised stalled cycle']);
  },
);

test('an alert is sent once by a daemon whose database can be read and takes nothing, as with a full disk', async () => {
  well();
  const alerts = daemon({ on: ['stalled'] });
  await look(alerts);
  await database.sql.unsafe(`
    create function full() returns trigger language plpgsql
      as $$ begin raise exception 'no space left' using errcode = 'disk_full'; end $$;
    create trigger is_full before insert or update on udesk_sync.alert_channel
      for each statement execute function full();`);
  worker.health = { ...worker.health, failures: 4, lastKind: 'transient' };
  await look(alerts, 20 * MINUTE);
  await look(alerts, MINUTE);
  expect(said()).toEqual(['raised stalled cycle']);

  await database.sql.unsafe('drop function full() cascade');
  worker.health = { ...worker.health, failures: 0, lastKind: null, lastGoodAtMs: now };
  await look(alerts, 15 * MINUTE);
  expect(said()).toEqual(['raised stalled cycle', 'recovered stalled cycle']);
});

describe('a receiver', () => {
  test('that answers with errors is tried again later, and hears of it once it works', async () => {
    receiver.answer = 500;
    const alerts = daemon();
    await look(alerts);
    expect(receiver.received).toHaveLength(2);
    expect(await database.sql`select * from udesk_sync.alert`).toEqual([]);
    await look(alerts, 1_000);
    expect(receiver.received).toHaveLength(2);

    receiver.answer = 200;
    await look(alerts, 30 * MINUTE);
    await look(alerts, 30 * MINUTE);
    expect(receiver.received).toHaveLength(3);
    expect(logged.join('')).toContain('"msg":"alerts arrive again"');
  });

  test.each([
    ['back', -DAY],
    ['forward', DAY],
  ])('that failed is tried again in its time though the clock was set %s meanwhile', async (_, byMs) => {
    receiver.answer = 500;
    const alerts = daemon();
    await look(alerts);
    wrong = byMs;
    const asked = receiver.received.length;
    await look(alerts, 1_000);
    expect(receiver.received).toHaveLength(asked);
    receiver.answer = 200;
    await look(alerts, MINUTE);
    expect(receiver.received).toHaveLength(asked + 1);
  });

  test('that does not want the message is not asked twice at once', async () => {
    receiver.answer = 404;
    await look(daemon());
    expect(receiver.received).toHaveLength(1);
    expect(logged.join('')).toContain('"code":"http-404"');
  });

  test('that hangs keeps no other one waiting, and is given up', async () => {
    const other = await startReceiver();
    try {
      receiver.answer = 'hang';
      const alerts = daemon({}, 'me', [receiver.url, other.url]);
      const looking = look(alerts);
      await vi.waitFor(() => expect(other.received).toHaveLength(1), 20_000);
      await looking;
      expect(logged.join('')).toContain('"channel":"alerts[0]"');
      expect(logged.join('')).toContain('"code":"timeout"');
      receiver.answer = 200;
      await look(alerts, 30 * MINUTE);
      expect(receiver.received.at(-1)?.alerts).toMatchObject([{ kind: 'raised', event: 'auth' }]);
      expect(other.received).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  test('never gets into the log: neither its address nor what it said, nor a customer', async () => {
    for (const answer of [500, 404, 'hang', 200] as const) {
      receiver.answer = answer;
      await look(daemon());
      now += HOUR;
    }
    await receiver.close();
    await look(daemon({ on: ['auth', 'guard'] }));
    expect(logged.length).toBeGreaterThan(3);
    expect(logged.join('')).not.toMatch(/s3cr3t|127\.0\.0\.1|example\.com/);
    expect(JSON.stringify(receiver.received)).not.toMatch(/example\.com/);
    const kept = await database.sql`select channel, key from udesk_sync.alert`;
    expect(JSON.stringify(kept)).not.toMatch(/s3cr3t|127\.0\.0\.1/);
  });
});

describe('the conflict digest', () => {
  beforeEach(async () => {
    well();
    await database.sql`
      insert into udesk_sync.conflict (pair, link_id, field, kind, state, udesk, crm, reason, opened_at, changed_at)
      values ('main', 1, 'nick_name', 'edit/edit', 'open', '"Ann Secret"', '"B"', '', now() - interval '50 hours', now()),
        ('main', 2, 'nick_name', 'edit/edit', 'open', '"C"', '"D"', '', now(), now())`;
  });

  test('comes once a day at its time, with counts and no names', async () => {
    const on = { on: ['conflict-digest' as const] };
    await look(daemon(on)); // 08:00 of the first day
    await look(daemon(on), 59 * MINUTE);
    expect(said()).toEqual([]);
    await look(daemon(on), MINUTE);
    await look(daemon(on), MINUTE);
    expect(said()).toEqual(['digest conflict-digest ']);
    expect(receiver.received[0]?.text).toContain('main: 2 open conflicts (the oldest for 2 days); 1 new');
    expect(JSON.stringify(receiver.received)).not.toContain('Secret');

    await look(daemon(on), 12 * HOUR);
    expect(said()).toHaveLength(1);
    await look(daemon(on), 12 * HOUR);
    expect(said()).toHaveLength(2);
  });

  test('is not sent when there is nothing to decide', async () => {
    await database.sql`delete from udesk_sync.conflict`;
    await look(daemon({ on: ['conflict-digest'] }));
    await look(daemon({ on: ['conflict-digest'] }), 24 * HOUR);
    expect(said()).toEqual([]);
  });
});

describe('kill -9 of a daemon', () => {
  const CLAIM_MS = '500';
  const start = (): ChildProcess =>
    spawn(process.execPath, [CHILD, ours.url, receiver.url, CLAIM_MS], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });

  test('between sending and writing down says it once more, and never leaves it unsaid', async () => {
    receiver.answer = 'hang';
    const killed = start();
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), 30_000);
    killed.kill('SIGKILL');
    await once(killed, 'close');
    expect(await database.sql`select * from udesk_sync.alert`).toEqual([]);

    receiver.answer = 200;
    // Until the claim of the killed one has run out, the next daemon waits.
    await vi.waitFor(async () => {
      const next = start();
      await once(next, 'close');
      expect(receiver.received).toHaveLength(2);
    }, 60_000);
    const third = start();
    await once(third, 'close');
    expect(said()).toEqual(['raised auth crm', 'raised auth crm']);
  });
});
