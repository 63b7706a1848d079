/**
 * A standby that is promoted may have lost the last commits, and nothing inside of it tells: it is met like a restored backup
 * (docs/decisions/0018-a-database-that-went-back.md). What was on its way is asked about; nothing is lost, nothing is there twice.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { isSet } from '../../../src/core/value.ts';
import { openClient, targetOf } from '../../../src/store/client.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { openDatabase } from '../../../src/store/database.ts';
import {
  type EmbeddedPostgres,
  removeDataDir,
  startEmbeddedPostgres,
} from '../../../src/store/embedded/start.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { temporaryFolder } from '../../support/child.ts';
import type { TestDatabase } from '../../support/db.ts';
import { type PostgresProxy, startProxy } from '../../support/postgres-proxy.ts';
import { type Running, runProgram, startProgram, writeConfig } from '../../support/program.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';
import { edit, end, held, ours, WORLD } from './group.ts';

const PATIENCE = { timeout: 180_000, interval: 1_000 };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test.each([2, 6])(
  'the primary is killed after write %i of the daemon, and its standby is promoted behind the same address: the daemon lives on, overwrites and doubles nothing, and once a person has answered, both sides and our database are as after an uninterrupted run',
  async (writes) => {
    const { primary, standby, proxy } = await startPair();
    await interrupted(proxy.url, writes, {
      async by() {
        process.kill(primary.pid, 'SIGKILL');
        // It would be started again.
        await primary.stop();
        await promote(standby);
        proxy.leadTo(standby.url('postgres'));
        proxy.cutAll();
      },
      async until(world, running) {
        await answer(world, running);
        expect(running.said()).toContain('the database was restored from a backup, or moved');
      },
    });
  },
  600_000,
);

test('the database is killed after write 4 of the daemon, and comes back: both sides and our database are as after an uninterrupted run, and nobody is asked', async () => {
  const server = await postgres(folder());
  await interrupted(server.url('postgres'), 4, {
    // It is started again by who runs it.
    by: async () => void process.kill(server.pid, 'SIGKILL'),
    async until(world, running) {
      expect(running.said()).toContain('the cycle failed');
      expect((await world.conflicts()).filter(({ kind }) => kind === 'restored')).toEqual([]);
    },
  });
}, 600_000);

/**
 * A group of people is carried over undisturbed, and another one with something that happens after so many writes.
 * @param happens `until` is asked again until it holds, and both sides are as they should be
 */
async function interrupted(
  url: string,
  writes: number,
  happens: {
    readonly by: () => Promise<void>;
    readonly until: (world: World, running: Daemon) => Promise<void>;
  },
): Promise<void> {
  const world = await worldOn(url);
  await edit(world, 0);
  await (await daemonUntil(world, () => isDone(world, 0))).stop();
  // What was created is read once more: until then its link knows of the fields that were sent alone.
  await world.sync();
  const uninterrupted = await ours(world, 0);

  await edit(world, 1);
  const before = await writesOf(world);
  const running = await daemonUntil(world, async () => (await writesOf(world)) >= before + writes);
  await happens.by();

  await vi.waitFor(async () => {
    await happens.until(world, running);
    expect(await held(world, 1)).toEqual(end(1));
  }, PATIENCE);
  expect(running.process.exitCode).toBeNull();
  await running.stop();
  await vi.waitFor(async () => {
    await world.sync();
    expect((await ours(world, 1)).map(plain)).toEqual(uninterrupted.map(plain));
  }, PATIENCE);
  expect(
    await ourRows(world, `select 1 from udesk_sync.conflict where state in ('open', 'resolving')`),
  ).toEqual([]);
  const quiet = await writesSoFar(world);
  await world.sync();
  expect(await writesSoFar(world)).toEqual(quiet);
}

interface Daemon extends Running {
  /** Its file. */
  readonly config: string;
  /** By SIGTERM, and it must end by itself and well. */
  stop(): Promise<void>;
}

/** A person, who knows where an uninterrupted run ends, says what they are asked. */
async function answer(world: World, { config }: { readonly config: string }): Promise<void> {
  for (const conflict of (await world.conflicts()).filter(({ state }) => state === 'open')) {
    const { id, field, udesk, crm } = conflict;
    const choice = { conflictId: id, who: 'reviewer', at: new Date(), value: null };
    if (field === 'emails') {
      const both = [udesk, crm].flatMap((side) => (side !== null && isSet(side) ? side : []));
      const value = [...new Map(both.map((element) => [element.value, element])).values()];
      await decideConflict(world.database.db, { ...choice, take: 'value', value });
    } else {
      const take =
        field === 'nick_name' && end(1).udesk.join().includes(JSON.stringify(udesk)) ? 'udesk' : 'crm';
      await decideConflict(world.database.db, { ...choice, take });
    }
  }
  const [guard] = await ourRows(world, `select hash from udesk_sync.guard where state = 'waiting'`);
  if (guard === undefined) return;
  const args = ['--config', config, 'plan', '--approve', String(guard.hash), '--who', 'reviewer'];
  // Another plan may wait by now.
  expect([0, 3]).toContain((await runProgram(args, { DATABASE_URL: world.databaseUrl })).code);
}

/**
 * Without the questions that only the fail-over raised, and the order of a set's elements; a choice that was on its way, and had reached
 * both sides, is over by that.
 */
function plain(link: string): string {
  const sorted = (list: string) =>
    list
      .split(/(?<=\}), /)
      .sort()
      .join(', ');
  return link
    .replaceAll(/,?\w+ restored \w+/g, '')
    .replaceAll(/ (resolved|converged)\b/g, ' closed')
    .replaceAll(/(?<=\[)\{[^\]]*(?=\])/g, sorted)
    .trim();
}

async function isDone(world: World, g: number): Promise<boolean> {
  return JSON.stringify(await held(world, g)) === JSON.stringify(end(g));
}

async function writesOf(world: World): Promise<number> {
  const { udesk, crm } = await writesSoFar(world);
  return udesk + crm;
}

/** A primary, and a standby that each of its commits waits for. */
async function startPair(): Promise<{
  readonly primary: EmbeddedPostgres;
  readonly standby: EmbeddedPostgres;
  readonly proxy: PostgresProxy;
}> {
  const [one, two] = [folder(), folder()];
  const first = await postgres(one);
  const { port } = first;
  await first.stop();
  const [from, to] = [join(one, 'postgres'), join(two, 'postgres')];
  cpSync(from, to, { recursive: true });
  cpSync(join(one, 'password'), join(two, 'password'));
  const primary = await postgres(one, port);
  writeFileSync(join(to, 'standby.signal'), '');
  const { uid, gid } = statSync(from);
  execFileSync('chown', ['-R', `${uid}:${gid}`, to]);
  execFileSync('chmod', ['700', to]);
  const url = new URL(primary.url('postgres'));
  const place = `host=127.0.0.1 port=${url.port} user=${url.username} password=${decodeURIComponent(url.password)}`;
  const standby = await postgres(two, 'auto', ['-c', `primary_conninfo=${place}`]);
  await asAdmin(primary, async (admin) => {
    await admin`alter system set synchronous_standby_names = '*'`;
    await admin`select pg_reload_conf()`;
    await vi.waitFor(
      async () =>
        expect(await admin`select 1 from pg_stat_replication where sync_state = 'sync'`).toHaveLength(1),
      PATIENCE,
    );
  });
  const proxy = await startProxy(primary.url('postgres'));
  cleanups.push(() => proxy.close());
  return { primary, standby, proxy };
}

async function promote(standby: EmbeddedPostgres): Promise<void> {
  await asAdmin(standby, async (admin) => {
    expect(await admin`select pg_promote() as done`).toEqual([{ done: true }]);
  });
}

async function asAdmin(
  server: EmbeddedPostgres,
  work: (admin: ReturnType<typeof openClient>) => Promise<void>,
): Promise<void> {
  const admin = openClient(targetOf(server.url('postgres')), { max: 1 });
  try {
    await work(admin);
  } finally {
    await admin.end({ timeout: 5 });
  }
}

async function worldOn(url: string): Promise<World> {
  const opened: { close(): Promise<void> }[] = [];
  const database: TestDatabase = {
    name: 'postgres',
    url,
    async open(options = {}) {
      const made = await openDatabase({ url, dataDir: '/nonexistent', max: 4, ...options });
      opened.push(made);
      await migrate(made);
      return made;
    },
    async drop() {
      for (const each of opened) await each.close();
    },
  };
  const world = await createWorld({ ...WORLD, ours: database });
  cleanups.push(() => world.close());
  await world.sync();
  return world;
}

async function daemonUntil(world: World, holds: () => Promise<boolean>): Promise<Daemon> {
  const config = writeConfig(`${world.configText}\nhttp: { port: 0 }\n`);
  cleanups.push(() => config.remove());
  const running = startProgram(['--config', config.file, 'run'], { DATABASE_URL: world.databaseUrl });
  cleanups.push(async () => {
    running.process.kill('SIGKILL');
    await running.ended;
  });
  while (!(await holds())) await wait(20);
  return {
    ...running,
    config: config.file,
    async stop() {
      running.process.kill('SIGTERM');
      expect((await running.ended).code).toBe(0);
    },
  };
}

function folder(): string {
  const dataDir = temporaryFolder();
  cleanups.push(() => removeDataDir({ dataDir, socketDir: join(dataDir, 'socket') }));
  return dataDir;
}

async function postgres(
  dataDir: string,
  tcpPort: number | 'auto' = 'auto',
  flags: readonly string[] = [],
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, tcpPort, flags });
  cleanups.push(() => server.stop());
  return server;
}
