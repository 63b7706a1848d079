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
  /** The groups of the first thing that matches, of all that it says from now on. */
  says(pattern: RegExp): Promise<string[]>;
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
        says: (pattern) =>
          new Promise((resolve, reject) => {
            daemon.process.stderr?.on('data', (more: string) => {
              text += more;
              const found = pattern.exec(text);
              if (found !== null) resolve(found.slice(1));
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
  await daemon.says(/"cycle done"/);

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

test('a daemon that was killed leaves its database to the next start, which goes on with what is in it, and no server without a daemon', async () => {
  const { start, serverPid } = await place();
  const first = start();
  const run = /"runId":(\d+),"changed":\{"udesk":(\d+),.*"cycle done"/;
  expect(await first.says(run)).toMatchObject(['1', '3']);
  const before = serverPid() ?? 0;
  first.process.kill('SIGKILL');
  await first.ended;

  const next = start();
  const [id, changed] = await next.says(run);
  expect(Number(id)).toBeGreaterThan(1);
  expect(changed).toBe('0');

  const after = serverPid() ?? 0;
  expect(lives(after)).toBe(true);
  if (after !== before) expect(lives(before)).toBe(false);
  next.process.kill('SIGTERM');
  expect((await next.ended).code).toBe(0);
  expect(lives(after)).toBe(false);
}, 240_000);
