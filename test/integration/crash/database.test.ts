import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { openClient, targetOf } from '../../../src/store/client.ts';
import {
  type EmbeddedPostgres,
  removeDataDir,
  startEmbeddedPostgres,
} from '../../../src/store/embedded/start.ts';
import { temporaryFolder } from '../../support/child.ts';
import { startProxy } from '../../support/postgres-proxy.ts';
import { type Running, runProgram, startProgram, writeConfig } from '../../support/program.ts';
import { createWorld, EVERY_SECOND, type World } from '../../support/world.ts';

let world: World;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await world.close();
});

const HOST_FILE = fileURLToPath(new URL('../../support/host-file.mjs', import.meta.url));

async function worldOfFive(): Promise<void> {
  world = await createWorld({
    customers: Array.from({ length: 5 }, (_, n) => ({ nick_name: `U${n}`, email: `u${n}@example.com` })),
    pair: { schedule: EVERY_SECOND },
  });
}

function folder(): string {
  const dataDir = temporaryFolder();
  cleanups.push(() => removeDataDir({ dataDir, socketDir: join(dataDir, 'socket') }));
  return dataDir;
}

async function postgres(dataDir: string, tcpPort: number | 'auto' = 'auto'): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, tcpPort });
  cleanups.push(() => server.stop());
  return server;
}

/** Everything that it says, line by line, as JSON. */
function daemon(env: Readonly<Record<string, string>>, more = ''): Running {
  const config = writeConfig(`${world.configText}\nhttp: { port: 0 }\n${more}`);
  cleanups.push(() => config.remove());
  const running = startProgram(['--config', config.file, 'run'], env);
  cleanups.push(async () => {
    running.process.kill('SIGKILL');
    await running.ended;
  });
  return running;
}

/** Asks again until it holds; the time-out is the test's own. */
async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await wait(50);
}

const namesInCrm = async () => (await world.people()).map(({ name }) => name);
const namesInUdesk = () => world.simulator.tenant.list().map(({ nick_name }) => nick_name);

/** An edit on either side that was not made before, and the wait until both have crossed. */
async function editBoth(text: string): Promise<() => Promise<void>> {
  // Somebody whose link is settled: an edit beside our own create would be a first link that differs.
  const known = world.simulator.tenant.list().find(({ email }) => email === 'u1@example.com');
  world.simulator.tenant.edit(known?.id ?? '', { nick_name: `${text} in Udesk` });
  await world.crm`update contact set name = ${`${text} in the CRM`} where emails @> ${['u0@example.com']}`;
  return () =>
    until(
      async () =>
        (await namesInCrm()).includes(`${text} in Udesk`) && namesInUdesk().includes(`${text} in the CRM`),
    );
}

describe('the start of a daemon', () => {
  /** A server that was there once, so that its address and password are known. */
  async function stopped(): Promise<{ readonly url: string; start(): Promise<EmbeddedPostgres> }> {
    const dataDir = folder();
    const first = await postgres(dataDir);
    const { port } = first;
    const url = first.url('postgres');
    await first.stop();
    return { url, start: () => postgres(dataDir, port) };
  }

  test('started before its Postgres, it goes on when that comes', async () => {
    await worldOfFive();
    const server = await stopped();
    const running = daemon({ DATABASE_URL: server.url });
    await until(() => /"code":"ECONNREFUSED".*the start waits for its database/.test(running.said()));

    await server.start();

    await until(async () => (await world.people()).length === 5);
    expect(running.process.exitCode).toBeNull();
    expect(running.said()).toContain('the database is there: the start goes on');
  });

  test('with a password that is not accepted, and then without its database, it says so at once, and goes on when somebody has mended it', async () => {
    await worldOfFive();
    const server = await postgres(folder());
    const admin = openClient(targetOf(server.url('postgres')), { max: 1 });
    cleanups.push(() => admin.end());
    const login = new URL(server.url('restored'));
    login.username = 'desk';
    await admin.unsafe(`create role desk login password 'of before'`);
    const running = daemon({ DATABASE_URL: login.href });
    await until(() => /"level":"error".*"code":"28P01".*refuses the user/.test(running.said()));
    await admin.unsafe(`alter role desk password '${decodeURIComponent(login.password)}'`);
    await until(() => /"level":"error".*"code":"3D000".*createdb restored/.test(running.said()));
    expect(running.process.exitCode).toBeNull();

    await admin.unsafe('create database restored owner desk');

    await until(async () => (await world.people()).length === 5);
    expect(running.said()).not.toContain(login.password);
  });

  test('is stopped while it waits: it ends without a failure; a command beside it fails at once and says what to do', async () => {
    await worldOfFive();
    const { url } = await stopped();
    const running = daemon({ DATABASE_URL: url });
    await until(() => /the start waits for its database/.test(running.said()));
    const config = writeConfig(world.configText);
    cleanups.push(() => config.remove());
    const status = await runProgram(['--config', config.file, 'status'], { DATABASE_URL: url });
    expect(status).toMatchObject({ code: 1, stderr: expect.stringMatching(/is not reachable.*Check that/) });

    running.process.kill('SIGTERM');

    expect((await running.ended).code).toBe(0);
  });
});

describe('P9: the database under the daemon', () => {
  test('is killed and started again: the daemon lives on, and what was edited meanwhile arrives once', async () => {
    await worldOfFive();
    const dataDir = folder();
    const first = await postgres(dataDir);
    const running = daemon({ DATABASE_URL: first.url('postgres') });
    await until(async () => (await world.people()).length === 5);

    process.kill(first.pid, 'SIGKILL');
    await first.stop();
    const arrived = await editBoth('while it was down');
    await until(() => /the cycle failed/.test(running.said()));
    await postgres(dataDir, first.port);

    await arrived();
    expect(running.process.exitCode).toBeNull();
    expect(world.simulator.tenant.count).toBe(5);
    expect(await world.people()).toHaveLength(5);
  });

  test('is stopped, and its host name with it, as in the compose file: no cycle takes it for a fault of the program, and all goes on when both are back', async () => {
    await worldOfFive();
    const dataDir = folder();
    const first = await postgres(dataDir);
    const name = join(dataDir, 'name');
    writeFileSync(name, '');
    const url = new URL(first.url('postgres'));
    url.hostname = 'postgres.test';
    const running = daemon({
      DATABASE_URL: url.href,
      NODE_OPTIONS: `--import=${HOST_FILE}`,
      HOST_FILE: name,
    });
    await until(async () => (await world.people()).length === 5);

    rmSync(name);
    await first.stop();
    const arrived = await editBoth('while it had no name');
    await until(() => /ENOTFOUND.*the cycle failed/.test(running.said()));
    await postgres(dataDir, first.port);
    writeFileSync(name, '');

    await arrived();
    expect(running.said()).not.toContain('"kind":"unexpected"');
    expect(running.process.exitCode).toBeNull();
    expect(await world.people()).toHaveLength(5);
  }, 240_000);

  test('fails over to its own files at another place behind the same address: nothing is lost, nothing is there twice', async () => {
    await worldOfFive();
    const [one, two] = [folder(), folder()];
    const primary = await postgres(one);
    const proxy = await startProxy(primary.url('postgres'));
    cleanups.push(() => proxy.close());
    const running = daemon({ DATABASE_URL: proxy.url });
    await until(async () => (await world.people()).length === 5);

    await primary.stop();
    cpSync(join(one, 'postgres'), join(two, 'postgres'), { recursive: true });
    execFileSync('chown', ['-R', owner(join(one, 'postgres')), join(two, 'postgres')]);
    execFileSync('chmod', ['700', join(two, 'postgres')]);
    const arrived = await editBoth('during the failover');
    await postgres(two, primary.port);
    proxy.cutAll();

    await arrived();
    expect(running.process.exitCode).toBeNull();
    expect(world.simulator.tenant.count).toBe(5);
    expect(await world.people()).toHaveLength(5);
  });

  test('says nothing while a command works: the command ends and says what to do, instead of waiting for a quarter of an hour', async () => {
    await worldOfFive();
    const proxy = await startProxy(world.databaseUrl);
    cleanups.push(() => proxy.close());
    const config = writeConfig(world.configText);
    cleanups.push(() => config.remove());
    const read = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holding = world.crm.begin(async (tx) => {
      await tx`lock table contact in access exclusive mode`;
      locked.resolve();
      await read.promise;
    });
    cleanups.push(() => holding);
    cleanups.push(() => read.resolve());
    await locked.promise;
    const { process: command, ended } = startProgram(['--config', config.file, 'sync'], {
      DATABASE_URL: proxy.url,
    });
    cleanups.push(() => command.kill('SIGKILL'));
    await until(async () => (await world.database.sql`select 1 from pg_locks where not granted`).length > 0);

    proxy.freeze(true);
    read.resolve();
    const { code, stderr } = await ended;

    expect(code).toBe(1);
    expect(stderr).toContain('See that the database runs, and run the command again');
  }, 90_000);

  test.each(['answers again', 'never answers again on the connections that were open'])(
    'says nothing, closes nothing, and %s: the daemon notices, goes on by itself, and nothing is lost or there twice',
    async (how) => {
      await worldOfFive();
      const proxy = await startProxy(world.databaseUrl);
      cleanups.push(() => proxy.close());
      const running = daemon({ DATABASE_URL: proxy.url });
      await until(async () => (await world.people()).length === 5);

      if (how === 'answers again') proxy.freeze(true);
      else proxy.freezeOpen();
      const arrived = await editBoth('while it was silent');
      await until(() => /Postgres says nothing/.test(running.said()));
      proxy.freeze(false);

      await arrived();
      await until(() => /Postgres answers again/.test(running.said()));
      expect(running.process.exitCode).toBeNull();
      expect(world.simulator.tenant.count).toBe(5);
      expect(world.simulator.counts().committed).toBe(1);
      expect(await world.people()).toHaveLength(5);
    },
    // Beside other work 13 to 46 s were seen, and once more than 120.
    400_000,
  );

  test('two daemons on one database: each piece of work is done once, and one goes on when the other is killed (T12)', async () => {
    await worldOfFive();
    const server = await postgres(folder());
    const env = { DATABASE_URL: server.url('postgres') };
    const both = [daemon(env), daemon(env)] as const;
    await until(async () => (await world.people()).length === 5);
    const created = await world.insert({ name: 'new', emails: ['new@example.com'] });
    await until(() => namesInUdesk().includes('new'));

    both[0].process.kill('SIGKILL');
    await both[0].ended;
    const arrived = await editBoth('after the kill');

    await arrived();
    expect(created).not.toBe('');
    expect(world.simulator.tenant.count).toBe(6);
    // The new customer, and the edit.
    expect(world.simulator.counts().committed).toBe(2);
    expect(await world.people()).toHaveLength(6);
  });

  test('has no room on its disk: the daemon says so, and goes on by itself when there is room again', async (context) => {
    await worldOfFive();
    const dataDir = folder();
    const small = join(dataDir, 'small');
    mkdirSync(small);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=180m,mode=0755', 'tmpfs', small], {
        stdio: 'ignore',
      });
    } catch {
      context.skip('a small disk needs the right to mount one (root)');
    }
    cleanups.push(() => execFileSync('umount', ['--lazy', small]));
    const running = daemon({}, `database: { dataDir: ${join(small, 'data')} }\n`);
    cleanups.push(async () => {
      running.process.kill('SIGTERM');
      await running.ended;
    });
    await until(async () => (await world.people()).length === 5);

    const ballast = join(small, 'ballast');
    fill(ballast);
    const arrived = await editBoth('while the disk was full');
    const more = Array.from({ length: 200 }, (_, n) => ({
      nick_name: `M${n}`,
      description: 'x'.repeat(9_000),
    }));
    for (const one of more) world.simulator.tenant.create(one);
    await until(() =>
      /the disk of the database is full|the connection to the database was lost/.test(running.said()),
    );
    rmSync(ballast);

    await arrived();
    await until(async () => (await world.people()).length === 205);
    expect(running.process.exitCode).toBeNull();
    expect(world.simulator.tenant.count).toBe(205);
    // Everybody once on each side, by the same name.
    const names = (await world.people()).map(({ name }) => name);
    expect(new Set(names).size).toBe(205);
    const inUdesk = world.simulator.tenant.list({ limit: 1_000 }).map(({ nick_name }) => nick_name);
    expect(names.toSorted()).toEqual(inUdesk.toSorted());
    // Of the statements that failed nothing is told but a code: their values are people.
    expect(running.said()).not.toMatch(/xxxx|while the disk was full|example\.com/);
  });
});

function owner(path: string): string {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
}

/** Takes what is left of the disk. */
function fill(path: string): void {
  for (let size = 1 << 26; size >= 1 << 12; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // The next smaller piece may still fit.
    }
  }
}
