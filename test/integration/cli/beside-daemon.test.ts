import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { type Running, runProgram, startProgram, writeConfig } from '../../support/program.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Daemon extends Running {
  /** Resolves with the first thing that matches, of all that it says. */
  said(pattern: RegExp): Promise<void>;
}

interface Place {
  readonly configFile: string;
  start(): Daemon;
  /** Of the embedded server; null when there is none. */
  serverPid(): number | null;
}

/** Where a daemon keeps an embedded database, and three customers. */
async function place(): Promise<Place> {
  const simulator = await startSimulator({ customers: 3, switches: { 'rate.per_minute': '0' } });
  cleanups.push(() => simulator.close());
  const dataDir = mkdtempSync(join(tmpdir(), 'udesk-sync-test-'));
  chmodSync(dataDir, 0o755); // as root, the server runs under another account
  cleanups.push(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  const config = writeConfig(`
database: { dataDir: ${dataDir} }
http: { port: 0 }
pairs:
  - name: main
    udesk: { baseUrl: ${simulator.url}, email: ${simulator.admin.email}, token: ${simulator.admin.token}, quota: { perMinute: 100000 } }
    crm: { adapter: memory }
    fields: [{ udesk: nick_name, crm: name }]
`);
  cleanups.push(() => config.remove());
  return {
    configFile: config.file,
    start() {
      const daemon = startProgram(['run', '--config', config.file]);
      cleanups.push(() => daemon.process.kill('SIGKILL'));
      let text = '';
      return {
        ...daemon,
        said: (pattern) =>
          new Promise((resolve, reject) => {
            daemon.process.stderr?.on('data', (more: string) => {
              text += more;
              if (pattern.test(text)) resolve();
            });
            daemon.ended.then(({ stderr }) => reject(new Error(stderr)));
          }),
      };
    },
    serverPid() {
      const file = join(dataDir, 'postgres', 'postmaster.pid');
      return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n', 1)[0]) : null;
    },
  };
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('beside a running daemon with an embedded database every short command works, and a second daemon is refused; stopped, it leaves no server behind', async () => {
  const { configFile, start, serverPid } = await place();
  const daemon = start();
  await daemon.said(/"cycle done"/);

  const command = (...args: string[]) => runProgram([...args, '--config', configFile]);
  const [status, conflicts, plan, second] = await Promise.all([
    command('status', '--json'),
    command('conflicts', 'list', '--json'),
    command('plan', '--json'),
    command('run'),
  ]);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(status.stdout)).toMatchObject({
    database: expect.stringContaining(`run by process ${daemon.process.pid}`),
    pairs: [{ pair: 'main', sides: { udesk: { records: 3 } } }],
  });
  expect(conflicts).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(conflicts.stdout)).toEqual({ conflicts: [] });
  expect(plan).toMatchObject({ code: 0, stderr: '' });
  expect(second).toMatchObject({ code: 2, stdout: '' });
  expect(second.stderr).toContain(`process ${daemon.process.pid}`);

  const server = serverPid() ?? 0;
  expect(lives(server)).toBe(true);
  daemon.process.kill('SIGTERM');
  expect((await daemon.ended).code).toBe(0);
  expect(lives(server)).toBe(false);
  expect(serverPid()).toBeNull();
});

test('a daemon that was killed leaves its embedded server to the next start, which takes it over and goes on with what is in it', async () => {
  const { configFile, start, serverPid } = await place();
  const first = start();
  await first.said(/"cycle done"/);
  const server = serverPid();
  first.process.kill('SIGKILL');
  await first.ended;
  expect(lives(server ?? 0)).toBe(true);

  const next = start();
  await next.said(/took over the Postgres that an earlier run left.*"cycle done"/s);

  expect(serverPid()).toBe(server);
  const status = await runProgram(['status', '--json', '--config', configFile]);
  expect(JSON.parse(status.stdout)).toMatchObject({
    pairs: [{ pair: 'main', sides: { udesk: { records: 3 } } }],
  });
  next.process.kill('SIGTERM');
  expect((await next.ended).code).toBe(0);
  expect(lives(server ?? 0)).toBe(false);
});
