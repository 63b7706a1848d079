/** A stop ends in time, whatever does not answer, and at once where it is asked for twice. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { STOP_LIMITS } from '../../../src/cli/stop-limits.ts';
import { startProxy } from '../../support/postgres-proxy.ts';
import { type Running, runProgram, startProgram, writeConfig } from '../../support/program.ts';
import { createWorld, type World } from '../../support/world.ts';

const STOP_CHILD = fileURLToPath(new URL('../../support/stop-child.ts', import.meta.url));

let world: World;
let config: ReturnType<typeof writeConfig>;
let proxy: Awaited<ReturnType<typeof startProxy>>;
afterEach(async () => {
  await proxy.close();
  config.remove();
  await world.close();
});

/** The next line of its log that holds this; past ones do not count. */
async function said({ process }: Running, word: string): Promise<void> {
  let text = '';
  while (!text.includes(word)) text += String((await once(process.stderr as Readable, 'data'))[0]);
}

/** The daemon, running, over a database that has just fallen silent: its connections stay open, and nothing comes. */
async function daemonWithSilentDatabase(): Promise<Running> {
  world = await createWorld({ customers: [{ nick_name: 'U', email: 'u@example.com' }] });
  await world.sync();
  proxy = await startProxy(world.databaseUrl);
  config = writeConfig(`${world.configText}\nhttp: { port: 0 }\n`);
  const running = startProgram(['--config', config.file, 'run'], { DATABASE_URL: proxy.url });
  await said(running, '"running"');
  proxy.freeze(true);
  return running;
}

describe('SIGTERM to the daemon while its database answers nothing', () => {
  test('ends it by itself, once it is noticed that nobody answers; the next start is whole', async () => {
    const running = await daemonWithSilentDatabase();
    running.process.kill('SIGTERM');
    const { code, stderr } = await running.ended;
    expect(stderr).not.toContain('the stop did not come to its end');
    expect(code).toBe(0);
    proxy.freeze(false);
    const next = await runProgram(['--config', config.file, 'sync'], { DATABASE_URL: world.databaseUrl });
    expect(next.code).toBe(0);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('a second signal, %s, ends it at once with %i', async (signal, code) => {
    const running = await daemonWithSilentDatabase();
    const first = said(running, '"stopping');
    running.process.kill('SIGTERM');
    await first;
    running.process.kill(signal);
    expect((await running.ended).code).toBe(code);
  });
});

test('SIGTERM to the daemon while a call of the CRM hangs: it waits for what is in flight as long as it may, and no longer; the process ends with 1; the next start is whole', async () => {
  const [drainMs, withinMs] = [1_000, 25_000];
  world = await createWorld({
    customers: [{ nick_name: 'U', email: 'u@example.com' }],
    pair: { schedule: "{ crm: '* * * * * *' }" },
  });
  await world.sync();
  const [, crmUrl = ''] = /url: (postgres:\S+)/.exec(world.configText) ?? [];
  proxy = await startProxy(crmUrl);
  config = writeConfig(`${world.configText.replace(crmUrl, proxy.url)}\nhttp: { port: 0 }\n`);
  const env = { DATABASE_URL: world.databaseUrl };
  const limits = { DRAIN_MS: String(drainMs), STOP_WITHIN_MS: String(withinMs) };
  const running = startProgram(['--config', config.file, 'run'], { ...env, ...limits }, STOP_CHILD);
  await said(running, '"cycle done"');
  const asked = proxy.unheard();
  proxy.freeze(true);
  await asked;

  running.process.kill('SIGTERM');

  const { code, stderr } = await running.ended;
  expect(stderr).toContain('"msg":"stopped"');
  expect(stderr).toContain('the stop did not come to its end within 25 s');
  expect(code).toBe(1);
  proxy.freeze(false);
  const next = await runProgram(['--config', config.file, 'sync'], env);
  expect(next.code).toBe(0);
});

test('a stop is over before Docker and systemd lose their patience, and has time left for what is in flight', () => {
  const read = (path: string) =>
    readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');
  const seconds = (text: string, key: string) => Number(new RegExp(`${key}[=:] ?(\\d+)s`).exec(text)?.[1]);
  const { drainMs, withinMs } = STOP_LIMITS;
  const [, daemon = ''] = read('docker-compose.yml').split('\n  daemon:');
  const words = read('docs/operations.md').replaceAll('\n', ' ');

  expect(seconds(daemon, 'stop_grace_period') * 1_000).toBeGreaterThan(withinMs);
  expect(seconds(read('config/udesk-sync.service'), 'TimeoutStopSec') * 1_000).toBeGreaterThan(withinMs);
  expect(drainMs).toBeLessThan(withinMs);
  expect(words).toContain(`what is in flight within ${drainMs / 1_000} s;`);
  expect(words).toContain(`the process ends after ${withinMs / 1_000} s with exit code 1`);
});
