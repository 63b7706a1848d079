import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { startReceiver } from '../../support/alert-receiver.ts';
import { createEmptyDatabase, createTestDatabase } from '../../support/db.ts';
import { startProxy } from '../../support/postgres-proxy.ts';
import { runProgram, startProgram, writeConfig } from '../../support/program.ts';

const SLOWLY = { timeout: 240_000, interval: 200 };
const TOKEN = '00000000-0000-4000-8000-00000000000a';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function udesk(name: string, port = 0, token = TOKEN): Promise<Simulator> {
  const simulator = await startSimulator({
    port,
    customers: [{ nick_name: name, email: `${name}@example.com` }],
    switches: { 'rate.per_minute': '0' },
    admin: { token },
  });
  cleanups.push(() => simulator.close());
  return simulator;
}

interface Sides {
  readonly name: string;
  readonly udesk: string | undefined;
  readonly crm: string;
  readonly deletes?: string;
}

/** A daemon of these pairs, each with a table of its name. @param more lines of the configuration */
function runWith(databaseUrl: string, pairs: readonly Sides[], more = '') {
  const config = writeConfig(`
http: { port: 0 }
${more}
pairs:${pairs
    .map(
      ({ name, udesk: baseUrl, crm, deletes = 'flag' }) => `
  - name: ${name}
    firstRun: auto
    deletes: ${deletes}
    udesk: { baseUrl: "${baseUrl}", email: admin@example.com, token: ${TOKEN}, quota: { perMinute: 100000 } }
    crm: { adapter: postgres, url: "${crm}", table: ${name}, externalId: udesk_id, updatedAt: updated_at }
    schedule: { head: "*/2 * * * * *", crm: "*/2 * * * * *", sweep: "*/10 * * * * *" }
    fields: [{ udesk: nick_name, crm: name }, { udesk: emails, crm: emails }]`,
    )
    .join('')}
`);
  cleanups.push(() => config.remove());
  const env = { DATABASE_URL: databaseUrl };
  const daemon = startProgram(['run', '--config', config.file], env);
  cleanups.push(async () => {
    daemon.process.kill('SIGKILL');
    await daemon.ended;
  });
  return { daemon, config, env };
}

function tableOf(name: string): string {
  return `create table ${name} (id bigint generated always as identity primary key,
    name text, emails text[] not null default '{}', udesk_id text unique,
    updated_at timestamptz not null default clock_timestamp())`;
}

test('each pair fails for itself: with one Udesk away, one refusing the token, one unknown host and one CRM away from the start, the fifth works; and those that come back go on without a person', async () => {
  const ours = await createTestDatabase();
  cleanups.push(() => ours.drop());
  const crmDb = await createEmptyDatabase();
  cleanups.push(() => crmDb.drop());
  const crm = (await crmDb.open({ max: 2 })).sql;
  const names = ['well', 'away', 'refused', 'nowhere', 'crmless'];
  for (const name of names) await crm.unsafe(tableOf(name));
  const [awayPort, refusedPort, crmPort] = [await freePort(), await freePort(), await freePort()];
  const well = await udesk('well');
  const crmless = await udesk('crmless');
  const stranger = await udesk('refused', refusedPort, '00000000-0000-4000-8000-00000000000b');
  const urls: Record<string, string> = {
    well: well.url,
    away: `http://127.0.0.1:${awayPort}`,
    refused: stranger.url,
    nowhere: 'http://no-such-host.invalid',
    crmless: crmless.url,
  };
  const crmUrl = (name: string) =>
    name === 'crmless' ? crmDb.url.replace(/:\d+\//, `:${crmPort}/`) : crmDb.url;
  const { daemon, config, env } = runWith(
    ours.url,
    names.map((name) => ({ name, udesk: urls[name], crm: crmUrl(name) })),
  );
  const inCrm = async (name: string) => (await crm.unsafe(`select name from ${name}`)).map((row) => row.name);
  const health = async () => {
    const { stdout } = await runProgram(['status', '--json', '--config', config.file], env);
    const { pairs } = JSON.parse(stdout) as { pairs: { pair: string; health: string }[] };
    return Object.fromEntries(pairs.map((one) => [one.pair, one.health]));
  };

  await vi.waitFor(async () => expect(await inCrm('well')).toEqual(['well']), SLOWLY);
  well.tenant.edit(well.tenant.list()[0]?.id ?? '', { nick_name: 'well again' });
  await vi.waitFor(async () => expect(await inCrm('well')).toEqual(['well again']), SLOWLY);
  await vi.waitFor(
    async () =>
      expect(await health()).toMatchObject({ well: 'healthy', away: 'unhealthy', refused: 'unhealthy' }),
    SLOWLY,
  );
  for (const name of names.slice(1)) expect(await inCrm(name)).toEqual([]);

  await udesk('away', awayPort);
  await stranger.close();
  await udesk('refused', refusedPort);
  const proxy = await startProxy(crmDb.url, crmPort);
  cleanups.push(() => proxy.close());

  for (const name of ['away', 'refused', 'crmless']) {
    await vi.waitFor(async () => expect(await inCrm(name)).toEqual([name]), SLOWLY);
  }
  expect(await inCrm('nowhere')).toEqual([]);
  expect(daemon.process.exitCode).toBeNull();
}, 600_000);

test('what a side does not hold or allow any more keeps its own pair from a start, and not the others: log, status, readiness and alert tell it, and the pair opens by itself once the side is mended', async () => {
  const ours = await createTestDatabase();
  cleanups.push(() => ours.drop());
  const admin = (await ours.open({ max: 1 })).sql;
  const crmDb = await createEmptyDatabase();
  const login = `login_of_${crmDb.name}`;
  cleanups.push(async () => {
    await crmDb.drop();
    await admin.unsafe(`drop role ${login}`);
  });
  const crm = (await crmDb.open({ max: 2 })).sql;
  const names = ['well', 'columnless', 'rightless'];
  await admin.unsafe(`create role ${login} login password 'of-the-test'`);
  for (const name of names) {
    await crm.unsafe(tableOf(name));
    await crm.unsafe(`grant select, insert, update on ${name} to ${login}`);
  }
  await crm`alter table columnless drop column emails`;
  const crmUrl = new URL(crmDb.url);
  Object.assign(crmUrl, { username: login, password: 'of-the-test' });
  const receiver = await startReceiver();
  cleanups.push(() => receiver.close());
  const sides = await Promise.all(names.map((name) => udesk(name)));
  const { daemon, config, env } = runWith(
    ours.url,
    names.map((name, n) => ({
      ...{ name, udesk: sides[n]?.url, crm: crmUrl.href },
      ...(name === 'rightless' ? { deletes: 'propagate' } : {}),
    })),
    `alerts: [{ type: webhook, url: "${receiver.url}", on: [stalled], stalledMinutes: 1 }]`,
  );
  const inCrm = async (name: string) => (await crm.unsafe(`select name from ${name}`)).map((row) => row.name);

  await vi.waitFor(async () => expect(await inCrm('well')).toEqual(['well']), SLOWLY);
  const status = async () => {
    const { stdout } = await runProgram(['status', '--json', '--config', config.file], env);
    const { pairs } = JSON.parse(stdout) as { pairs: { pair: string; health: string; problems: string[] }[] };
    return (name: string) => pairs.find(({ pair }) => pair === name);
  };
  await vi.waitFor(async () => expect((await status())('well')?.health).toBe('healthy'), SLOWLY);
  const of = await status();
  expect(of('columnless')).toMatchObject({
    ...{ health: 'unhealthy', problems: [expect.stringContaining('"emails"')] },
  });
  expect(of('rightless')).toMatchObject({
    ...{ health: 'unhealthy', problems: [expect.stringContaining('deletes-not-possible')] },
  });
  expect(daemon.said()).toMatch(/"level":"error".*"pair":"columnless".*"kind":"config".*"advice"/);
  const [, url] = /"url":"(http:[^"]+)"/.exec(daemon.said()) ?? [];
  const ready = await fetch(new URL('/readyz', url));
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({
    reason: 'columnless: its cycles fail (config); rightless: its cycles fail (config)',
  });
  const alerted = () => receiver.received.flatMap(({ alerts }) => alerts.map(({ pair }) => pair));
  await vi.waitFor(
    () => expect(alerted()).toEqual(expect.arrayContaining(['columnless', 'rightless'])),
    SLOWLY,
  );

  await crm`alter table columnless add column emails text[] not null default '{}'`;
  await crm.unsafe(`grant delete on rightless to ${login}`);

  for (const name of names) await vi.waitFor(async () => expect(await inCrm(name)).toEqual([name]), SLOWLY);
  expect(alerted()).not.toContain('well');
  expect(daemon.process.exitCode).toBeNull();
}, 900_000);
