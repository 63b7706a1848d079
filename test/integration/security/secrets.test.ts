import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { startProgram, writeConfig } from '../../support/program.ts';
import { createWorld } from '../../support/world.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const HOOK_SECRET = 'hook-secret-that-nobody-may-see';
const PERSONS = [
  { nick_name: 'Zerlina Quartzheim', email: 'zerlina@quartzheim.example', cellphones: ['13912345678'] },
  { nick_name: 'Ottokar Vexelberg', email: 'ottokar@vexelberg.example', cellphones: ['13987654321'] },
];

/** Somebody who takes what is sent, and answers 500: refused alerts are told in the log. */
async function refusingReceiver(): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(500).end('no')).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/robot/access-key-of-the-robot`;
}

/** A secret in each form in which it could turn up. */
function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  return [...new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64])];
}

test('no secret is in anything that a full run prints, logs or serves, faults included; and no customer is in the log', async () => {
  const world = await createWorld({
    customers: PERSONS,
    people: [{ name: 'Zerlina of the CRM', emails: ['zerlina@quartzheim.example'] }],
  });
  cleanups.push(() => world.close());
  const alertUrl = await refusingReceiver();
  const passwordOf = (url: string) => decodeURIComponent(new URL(url).password);
  const secrets = {
    token: world.simulator.admin.token,
    hook: HOOK_SECRET,
    database: passwordOf(world.databaseUrl),
    alert: 'access-key-of-the-robot',
  };
  for (const secret of Object.values(secrets)) expect(secret.length).toBeGreaterThan(8);
  const configText = `alerts: [ { type: webhook, url: ${alertUrl}, on: [guard, auth, stalled, conflict-digest] } ]\n${world.configText.replace(
    /(\n +quota:)/,
    `\n      webhook: { secret: ${HOOK_SECRET} }$1`,
  )}`;
  const printed: string[] = [];

  const cli = commandLine({ configText, databaseUrl: world.databaseUrl });
  cleanups.push(() => cli.close());
  for (const command of [
    'check',
    'check --json',
    'plan',
    'sync --log-level trace',
    'status --json',
    'conflicts list --json',
    'links list',
    'parked list',
    'report --format csv',
    'verify-log',
    'explain udesk 1 no_such_field',
  ]) {
    const { stdout, stderr } = await cli.run(...command.split(' '));
    printed.push(stdout, stderr);
  }

  const config = writeConfig(`http: { port: 0 }\ndatabase: { url: '${world.databaseUrl}' }\n${configText}`);
  cleanups.push(() => config.remove());
  const daemon = startProgram(['run', '--config', config.file, '--log-level', 'trace']);
  cleanups.push(() => daemon.process.kill('SIGKILL'));
  const said = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      let text = '';
      daemon.process.stderr?.on('data', (chunk: string) => {
        text += chunk;
        const found = pattern.exec(text);
        if (found !== null) resolve(found[1] ?? '');
      });
      void daemon.ended.then(({ stderr }) => reject(new Error(`the daemon ended: ${stderr.slice(-2000)}`)));
    });
  const cycled = said(/"msg":"(cycle done)"/);
  const url = await said(/"url":"(http:\/\/127\.0\.0\.1:\d+)/);
  const { faults } = world.simulator.tenant;
  faults.push({ kind: 'status', status: 500, times: 2 });
  faults.push({ kind: 'html', times: 1 });
  faults.push({ kind: 'truncate', times: 1 });
  for (const path of [
    '/',
    '/conflicts',
    '/links',
    '/parked',
    '/runs',
    '/plans/none',
    '/healthz',
    '/readyz',
    '/metrics',
    '/api/openapi.json',
    '/api/v1/conflicts',
    `/hooks/udesk/main/${HOOK_SECRET}x`,
  ]) {
    const answer = await fetch(`${url}${path}`, path.startsWith('/hooks') ? { method: 'POST' } : {});
    printed.push(await answer.text(), JSON.stringify([...answer.headers]));
  }
  await fetch(`${url}/hooks/udesk/main/${HOOK_SECRET}`, { method: 'POST', body: '{}' });
  await cycled;
  daemon.process.kill('SIGTERM');
  const { stdout, stderr } = await daemon.ended;
  printed.push(stdout, stderr);

  const everything = printed.join('\n');
  expect(everything.length).toBeGreaterThan(20_000);
  for (const [name, secret] of Object.entries(secrets)) {
    const seen = formsOf(secret).filter((form) => everything.includes(form));
    expect(seen, `${name} was printed`).toEqual([]);
  }
  for (const { nick_name, email, cellphones } of PERSONS) {
    for (const value of [nick_name, email, ...cellphones]) expect(stderr).not.toContain(value);
  }
});
