import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { toError } from '../../../src/errors.ts';
import { createSockets } from '../../../src/lib/postgres-sockets.ts';
import { openClient, targetOf } from '../../../src/store/client.ts';
import { type Database, openDatabase } from '../../../src/store/database.ts';
import { createPool } from '../../../src/store/pool.ts';
import { watchForSilence } from '../../../src/store/silence.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/db.ts';
import { surviveAsTheProgram } from '../../support/driver-faults.ts';
import { type PostgresProxy, startProxy } from '../../support/postgres-proxy.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

let server: TestDatabase;
let proxy: PostgresProxy;
let database: Database;
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  server = await createEmptyDatabase();
  proxy = await startProxy(server.url);
  cleanups.push(() => server.drop());
});
afterEach(async () => {
  await database.close();
  await proxy.close();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** `ok`, or the code that says why not. */
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (thrown: unknown) => (toError(thrown) as { code?: unknown }).code ?? String(thrown),
  );
/** That of the driver, which drizzle wraps. */
const codeOf = (thrown: unknown) => (toError(toError(thrown).cause ?? thrown) as { code?: unknown }).code;
const one = () => outcome(database.db.execute(sql`select 1 as n where ${1} = 1`));

describe('a connection that is lost inside a transaction', () => {
  let end: () => void;
  beforeEach(() => {
    end = surviveAsTheProgram();
  });
  afterEach(() => end());

  test.each(['in a statement', 'between two'])(
    '%s rejects it, and is not used again: the next statements have another one at once',
    async (when) => {
      database = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 1 });
      await loseOneInTransaction(when === 'in a statement');
      // One of the lost connection would not be told, but wait for ten seconds and fail.
      expect([await one(), await one(), await one()]).toEqual(['ok', 'ok', 'ok']);
    },
  );

  test.skipIf(!hasOpenssl)('over TLS, too (skipped without openssl)', async () => {
    const secure = await startTls(proxy.url);
    database = await openDatabase({ url: secure, dataDir: '/nonexistent', max: 1 });
    await loseOneInTransaction(true);
    expect([await one(), await one(), await one()]).toEqual(['ok', 'ok', 'ok']);
  });

  test('what is in flight on the other connections comes to its end', async () => {
    database = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 3 });
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const other = outcome(
      database.db.transaction(async (tx) => {
        await tx.execute(sql`create table kept (n int)`);
        begun.resolve();
        await held.promise;
        await tx.execute(sql`insert into kept values (1)`);
      }),
    );
    await begun.promise;
    const [row] = await database.sql`select pg_backend_pid() as pid`;
    await database.connect({ max: 1 })`select pg_terminate_backend(${Number(row?.pid)})`;
    await vi.waitFor(async () => expect(await one()).toBe('ok'));
    held.resolve();
    expect(await other).toBe('ok');
    expect(await database.sql`select n from kept`).toEqual([{ n: 1 }]);
  });

  async function loseOneInTransaction(inStatement: boolean): Promise<void> {
    const lost = database.db.transaction(async (tx) => {
      await tx.execute(sql`select 1`);
      const asked = inStatement ? outcome(tx.execute(sql`select pg_sleep(60)`)) : null;
      if (inStatement) await untilAsleep();
      proxy.cutAll();
      if (asked === null) await until(async () => (await connectionsOf(server)) === 0);
      throw new Error(`as it does when its connection is gone: ${String(await asked)}`);
    });
    expect(await outcome(lost)).not.toBe('ok');
    if (inStatement) await endSleep();
  }
});

describe('a connection that is not let in', () => {
  test.each(['one by one', 'in transactions'])(
    'because there are too many takes none away from a pool that works, asked %s',
    async (how) => {
      const url = await withLimit(2);
      database = await openDatabase({ url, dataDir: '/nonexistent', max: 4 });
      const pid = async (): Promise<unknown> => {
        const asked = sql`select pg_backend_pid() as pid from pg_sleep(0.2)`;
        const db = database.db;
        const rows = how === 'one by one' ? db.execute(asked) : db.transaction((tx) => tx.execute(asked));
        return (await rows)[0]?.pid;
      };
      const two = await Promise.all([pid(), pid()]);
      const refused: unknown[] = [];
      const four = [1, 2, 3, 4].map(() => pid().catch((thrown: unknown) => refused.push(codeOf(thrown))));
      await Promise.all(four);
      expect(refused).toEqual(['53300', '53300']);
      expect(new Set(await Promise.all([pid(), pid()]))).toEqual(new Set(two));
    },
  );

  test('begins no new pool, which one that is lost does; and the old pool is given up once nothing is on its way in it', async () => {
    database = await server.open();
    const url = await withLimit(1);
    let pools = 0;
    const givenUp: number[] = [];
    const pool = createPool((closed) => {
      const n = ++pools;
      const sockets = createSockets();
      const client = openClient(targetOf(url), { max: 2, sockets, closed });
      const { end } = client;
      return {
        sql: Object.assign(client, {
          end: (options?: { timeout?: number }) => {
            givenUp.push(n);
            return end(options);
          },
        }),
        sockets,
      };
    }, 0);
    const pidOf = async () => Number((await pool.sql`select pg_backend_pid() as pid`)[0]?.pid);
    const pid = await pidOf();
    const held = pool.sql`select pg_sleep(1)`;
    const refused = await Promise.all([1, 2, 3].map(() => outcome(pool.sql`select 1`)));
    expect(refused).toContain('53300');
    await held;
    expect({ pools, pid: await pidOf() }).toEqual({ pools: 1, pid });

    await database.sql`select pg_terminate_backend(${pid})`;
    await vi.waitFor(() => expect(pools).toBe(2));
    await vi.waitFor(() => expect(givenUp).toEqual([1]));
    await vi.waitFor(async () => expect(await outcome(pool.sql`select 1`)).toBe('ok'));
    await pool.end(1);
  });

  test('nothing is opened by a pool that has ended, whoever gives it up: nobody would end it', async () => {
    database = await server.open();
    let pools = 0;
    const pool = createPool((closed) => {
      pools += 1;
      const sockets = createSockets();
      return { sql: openClient(targetOf(server.url), { max: 1, sockets, closed }), sockets };
    });
    await pool.sql`select 1`;
    const ended = pool.end(1);
    await pool.replace();
    await ended;
    await pool.replace();
    expect(await outcome(pool.sql`select 1`)).toBe('CONNECTION_ENDED');
    expect(pools).toBe(1);
  });

  /** The test's database for a login that may have so many connections. */
  async function withLimit(connections: number): Promise<string> {
    const role = `limited_${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`;
    const admin = await server.open({ max: 1, applicationName: 'onlooker' });
    await admin.sql.unsafe(`create role ${role} login password 'limited' connection limit ${connections}`);
    cleanups.push(async () => {
      await admin.sql.unsafe(`drop role ${role}`);
    });
    const url = new URL(proxy.url);
    url.username = role;
    url.password = 'limited';
    return url.href;
  }
});

describe('a server that falls silent', () => {
  test('is noticed: statements, transactions and what waits end with a code, and it is used again once it answers', async () => {
    const { log, told } = aLog();
    database = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 2 });
    database.watch(log);
    const own = database.connect({ max: 1 });
    await own`select 1`;
    // Both connections have been let in; a third statement has to wait for one of them.
    await Promise.all([one(), one()]);
    const ready = Promise.withResolvers<void>();
    const transaction = outcome(
      database.db.transaction(async (tx) => {
        await tx.execute(sql`select 1`);
        proxy.freeze(true);
        ready.resolve();
        await tx.execute(sql`select 2`);
      }),
    );
    await ready.promise;
    const ended = await Promise.all([transaction, one(), one(), outcome(own`select 3`)]);

    expect(ended).toEqual([
      'CONNECTION_DESTROYED',
      'CONNECTION_DESTROYED',
      'CONNECTION_DESTROYED',
      'CONNECTION_CLOSED',
    ]);
    expect(told).toEqual(['warn silent Postgres says nothing: its connections are given up, and made again']);
    // As long as it is silent nothing waits for longer than that.
    expect(await one()).toMatch(/^CONNECT/);
    proxy.freeze(false);
    await vi.waitFor(() => expect(told.at(-1)).toBe('info undefined Postgres answers again'), 30_000);
    expect(await one()).toBe('ok');
    expect(await outcome(own`select 4`)).toBe('ok');
    await own.end();
  }, 90_000);

  test('on the connections that are open, for ever, is left for new ones that work', async () => {
    const { log, told } = aLog();
    database = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 2 });
    database.watch(log);
    await Promise.all([one(), one()]);
    await vi.waitFor(async () => expect(await connectionsOf(server)).toBe(3));
    proxy.freezeOpen();
    expect(await one()).toBe('CONNECTION_DESTROYED');
    expect(await one()).toBe('ok');
    await vi.waitFor(() => expect(told.at(-1)).toBe('info undefined Postgres answers again'), 30_000);
    expect(told).toHaveLength(2);
  }, 60_000);

  test('is not what a process is told of that was busy itself, nor a server whose work waits for a lock', async () => {
    const { log, told } = aLog();
    database = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 2 });
    await database.sql`create table busy (n int)`;
    const held = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holder = database.sql.begin(async (tx) => {
      await tx`lock table busy`;
      locked.resolve();
      await held.promise;
    });
    await locked.promise;
    database.watch(log);
    const waiting = outcome(database.sql`select * from busy`);
    await vi.waitFor(async () => expect(await connectionsOf(server)).toBe(3));
    beBusy(9_000);
    await vi.waitFor(async () => expect(await asksOf(server)).toBeGreaterThan(0));
    held.resolve();
    await holder;
    expect(await waiting).toBe('ok');
    expect(told).toEqual([]);
  }, 60_000);

  test('is not what a process is told of that was busy before it had asked', async () => {
    const { log, told } = aLog();
    database = await server.open({ max: 1 });
    const enough = new AbortController();
    let asked = 0;
    const ask = () => {
      asked += 1;
      if (asked === 3) enough.abort();
      const question = database.sql`select pg_sleep(0.1)`.execute();
      // The driver has the question by then, and sends it a turn later.
      if (asked === 2) queueMicrotask(() => queueMicrotask(() => beBusy(2_500)));
      return question;
    };
    await database.sql`select 1`;
    await watchForSilence(
      { ask, giveUp: async () => {}, log, askEveryMs: 10, patienceMs: 2_000 },
      enough.signal,
    );
    expect({ asked, told }).toEqual({ asked: 3, told: [] });
  });
});

function beBusy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

function aLog() {
  const told: string[] = [];
  const line = (level: string) => (fields: object, message: string) => {
    told.push(`${level} ${String((fields as { code?: unknown }).code)} ${message}`);
  };
  return { log: { info: line('info'), warn: line('warn') }, told };
}

/** How many connections of the program under test the server has. */
async function connectionsOf({ name }: TestDatabase): Promise<number> {
  const onlooker = await server.open({ max: 1, applicationName: 'onlooker' });
  const [row] = await onlooker.sql`select count(*)::int as n from pg_stat_activity
    where datname = ${name} and application_name <> 'onlooker' and backend_type = 'client backend'`;
  await onlooker.close();
  return Number(row?.n);
}

/** How many of them asked whether there is anybody, and were answered. */
async function asksOf({ name }: TestDatabase): Promise<number> {
  const onlooker = await server.open({ max: 1, applicationName: 'onlooker' });
  const [row] = await onlooker.sql`select count(*)::int as n from pg_stat_activity
    where datname = ${name} and query = 'select 1' and state = 'idle'`;
  await onlooker.close();
  return Number(row?.n);
}

async function untilAsleep(): Promise<void> {
  const onlooker = await server.open({ max: 1, applicationName: 'onlooker' });
  await until(async () => {
    const rows = await onlooker.sql`select 1 from pg_stat_activity
      where datname = ${server.name} and application_name <> 'onlooker' and wait_event = 'PgSleep'`;
    return rows.length > 0;
  });
  await onlooker.close();
}

/** The server itself notices nothing of a client that is gone while it sleeps. */
async function endSleep(): Promise<void> {
  const onlooker = await server.open({ max: 1, applicationName: 'onlooker' });
  await onlooker.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = ${server.name} and wait_event = 'PgSleep'`;
  await onlooker.close();
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  await vi.waitFor(async () => expect(await holds()).toBe(true), 30_000);
}

/** Answers for a Postgres that has none, as one does that speaks TLS. */
async function startTls(url: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-pg-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const args = `req -x509 -newkey rsa:2048 -nodes -keyout ${key} -out ${cert} -days 1 -subj /CN=localhost`;
  execFileSync('openssl', args.split(' '), { stdio: 'ignore' });
  const target = new URL(url);
  const port = Number(target.port);
  const listener = net.createServer((client) => {
    client.once('data', () => {
      client.write('S');
      const secure = new TLSSocket(client, {
        isServer: true,
        key: readFileSync(key),
        cert: readFileSync(cert),
      });
      const upstream = net.connect(port, '127.0.0.1');
      secure.pipe(upstream).pipe(secure);
      const cut = () => {
        client.destroy();
        upstream.destroy();
      };
      for (const socket of [secure, upstream, client]) socket.on('error', cut).on('close', cut);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  cleanups.push(() => new Promise<void>((resolve) => listener.close(() => resolve())));
  target.hostname = '127.0.0.1';
  target.port = String((listener.address() as net.AddressInfo).port);
  target.searchParams.set('sslmode', 'require');
  return target.href;
}
