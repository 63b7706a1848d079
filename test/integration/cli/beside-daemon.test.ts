import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { runProgram, startProgram, writeConfig } from '../../support/program.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('beside a running daemon with an embedded database every short command works, and a second daemon is refused', async () => {
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
  const daemon = startProgram(['run', '--config', config.file]);
  cleanups.push(() => daemon.process.kill('SIGKILL'));
  await new Promise<void>((resolve, reject) => {
    daemon.process.stderr?.on('data', (text: string) => {
      if (text.includes('"cycle done"')) resolve();
    });
    daemon.ended.then(({ stderr }) => reject(new Error(stderr)));
  });

  const command = (...args: string[]) => runProgram([...args, '--config', config.file]);
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

  daemon.process.kill('SIGTERM');
  expect((await daemon.ended).code).toBe(0);
});
