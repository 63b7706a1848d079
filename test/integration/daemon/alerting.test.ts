import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type AlertReceiver, startReceiver } from '../../support/alert-receiver.ts';
import { startProgram, writeConfig } from '../../support/program.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let receiver: AlertReceiver;
beforeEach(async () => {
  world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  await world.close();
});

test('the daemon says in the language of its configuration that Udesk refuses it, and its log does not name the address', async () => {
  const config = writeConfig(`
database: { url: '${world.databaseUrl}' }
http: { port: 0, publicUrl: 'https://sync.example/' }
alerts: [ { type: webhook, url: '${receiver.url}', on: [guard, auth, stalled, conflict-digest] } ]
${world.configText.replace(world.simulator.admin.token, 'a-token-that-is-wrong')}`);
  const running = startProgram(['run', '--config', config.file]);
  try {
    await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThan(0), 60_000);
    running.process.kill('SIGTERM');
    const { code, stderr } = await running.ended;

    expect(receiver.received).toMatchObject([
      {
        title: 'udesk-sync：1 条消息',
        text: expect.stringContaining('[告警] main: Udesk 拒绝了凭据，同步已停止。详见 https://sync.example'),
        alerts: [{ event: 'auth', kind: 'raised', pair: 'main', subject: 'udesk' }],
      },
    ]);
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/s3cr3t|a-token-that-is-wrong/);
  } finally {
    running.process.kill('SIGKILL');
    await running.ended;
    config.remove();
  }
});
