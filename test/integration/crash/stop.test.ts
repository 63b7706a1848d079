/** A stop ends in time, whatever does not answer, and at once where it is asked for twice. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { startProxy } from '../../support/postgres-proxy.ts';
import { type Running, runProgram, startProgram, writeConfig } from '../../support/program.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let config: ReturnType<typeof writeConfig>;
let proxy: Awaited<ReturnType<typeof startProxy>>;
afterEach(async () => {
  await proxy.close();
  config.remove();
  await world.close();
});

/** The daemon, running, over a database that has just fallen silent: its connections stay open, and nothing comes. */
async function daemonWithSilentDatabase(): Promise<Running> {
  world = await createWorld({ customers: [{ nick_name: 'U', email: 'u@example.com' }] });
  await world.sync();
  proxy = await startProxy(world.databaseUrl);
  config = writeConfig(`${world.configText}\nhttp: { port: 0 }\n`);
  const running = startProgram(['--config', config.file, 'run'], { DATABASE_URL: proxy.url });
  let said = '';
  while (!said.includes('"running"'))
    said += String((await once(running.process.stderr as Readable, 'data'))[0]);
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

  test('a second one ends it at once', async () => {
    const running = await daemonWithSilentDatabase();
    running.process.kill('SIGTERM');
    running.process.kill('SIGINT');
    // Which of the two comes first is the system's choice; a stop by one of them alone ends with 1.
    expect([130, 143]).toContain((await running.ended).code);
  });
});
