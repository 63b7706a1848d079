import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createMailServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { hashPassword } from '../../../src/lib/password.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { endRules, turnOn } from '../../../src/store/review-rules.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { startProgram, writeConfig } from '../../support/program.ts';
import { startRestCrm } from '../../support/rest-crm.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';
import { visitor } from '../../support/visitor.ts';
import { createWorld, UNITING_FIELDS } from '../../support/world.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const HOOK_SECRET = 'hook-secret-that-nobody-may-see';
const ROBOT_KEY = 'SEC-signing-key-of-the-robot';
const MAIL_PASSWORD = 'password/of the mail+server';
const DESK_PASSWORD = 'what the reviewer types';
const API_TOKEN = 'token-of-a-program-that-asks-the-api';
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

/** Hears the password, and refuses it in words that hold it. */
async function refusingMailServer(): Promise<{ readonly port: number }> {
  const server = createMailServer((socket) => {
    socket.write('220 mail ESMTP\r\n');
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const line = data.toString();
      if (/^EHLO/i.test(line)) socket.write('250-mail\r\n250 AUTH PLAIN LOGIN\r\n');
      else if (/^AUTH/i.test(line)) socket.write(`535 no: ${MAIL_PASSWORD}\r\n`);
      else socket.end('221 bye\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return { port: (server.address() as AddressInfo).port };
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
  const mail = await refusingMailServer();
  const deskHash = await hashPassword(DESK_PASSWORD, { log2N: 10, r: 8, p: 1 });
  const secrets = {
    token: world.simulator.admin.token,
    hook: HOOK_SECRET,
    database: passwordOf(world.databaseUrl),
    alert: 'access-key-of-the-robot',
    robot: ROBOT_KEY,
    heartbeat: 'address-of-the-heartbeat',
    mail: MAIL_PASSWORD,
    desk: DESK_PASSWORD,
    deskHash: deskHash.split(':').at(-1) ?? '',
    api: API_TOKEN,
  };
  for (const secret of Object.values(secrets)) expect(secret.length).toBeGreaterThan(8);
  const on = 'on: [guard, auth, stalled, conflict-digest, rule]';
  const alerts = `alerts:
  - { type: webhook, url: ${alertUrl}, ${on} }
  - { type: webhook, url: ${alertUrl}2, format: dingtalk, secret: ${ROBOT_KEY}, ${on} }
  - { type: email, host: 127.0.0.1, port: ${mail.port}, tls: none, user: desk, password: '${MAIL_PASSWORD}', from: a@desk.example, to: [b@desk.example], ${on} }
  - { type: heartbeat, url: ${new URL('/address-of-the-heartbeat', alertUrl).href}, everyMs: 1000 }`;
  const configText = `${alerts}\n${world.configText.replace(
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

  // That a rule of the review has ended is told for a week, so each receiver is tried at the first look, and refuses.
  const { db } = world.database;
  const rule = {
    ...{ pair: 'main', field: 'nick_name', pattern: 'v1.person.other.together' },
    kind: 'edit/edit',
  } as const;
  const about = { take: 'udesk', agrees: 12, total: 12, includeOpen: false, who: 'ann' } as const;
  await turnOn(db, { ...rule, ...about, at: new Date() });
  await db.transaction((tx) => endRules(tx, 'main', null, 'restored', new Date()));

  const auth = `{ users: [ { name: ann, role: operator, passwordHash: '${deskHash}' } ], tokens: [ { name: robot, role: viewer, token: ${API_TOKEN} } ] }`;
  const config = writeConfig(
    `http: { port: 0, auth: ${auth} }\ndatabase: { url: '${world.databaseUrl}' }\n${configText}`,
  );
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
  // Each was tried, and its refusal is in the log: what it was given could be there, too.
  const tried = [0, 1, 2].map((n) => said(new RegExp(`"channel":"(alerts\\[${n}\\])","code"`)));
  const beaten = said(/"channel":"alerts\[3\]","code":"(not-taken http-500)"/);
  const url = await said(/"url":"(http:\/\/127\.0\.0\.1:\d+)/);
  const { faults } = world.simulator.tenant;
  faults.push({ kind: 'status', status: 500, times: 2 });
  faults.push({ kind: 'html', times: 1 });
  faults.push({ kind: 'truncate', times: 1 });
  const paths = [
    '/',
    '/conflicts',
    '/conflicts?state=closed',
    '/similar',
    '/plans',
    '/customers',
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
  ];
  for (const path of paths) {
    const method = path.startsWith('/hooks') ? 'POST' : 'GET';
    for (const headers of [{}, { authorization: `Bearer ${API_TOKEN}` }]) {
      const answer = await fetch(`${url}${path}`, { method, headers, redirect: 'manual' });
      printed.push(await answer.text(), JSON.stringify([...answer.headers]));
    }
  }
  const wrong = visitor(url);
  await wrong.get('/sign-in');
  const refused = await wrong.post('/sign-in', { name: 'ann', password: `${DESK_PASSWORD}!` });
  printed.push(refused.text, JSON.stringify([...refused.headers]));
  const ann = visitor(url);
  await ann.get('/sign-in');
  expect((await ann.post('/sign-in', { name: 'ann', password: DESK_PASSWORD })).status).toBe(303);
  let csrf = '';
  let outsideForms = '';
  for (const path of paths.filter((each) => !each.startsWith('/hooks'))) {
    const { status, text, headers } = await ann.get(path);
    expect(text, `${path} is shown to whoever signed in`).not.toContain('name="password"');
    // Not ready before the first cycle has ended, which may be now.
    if (path !== '/readyz' || status !== 503) expect(status, path).toBeLessThan(500);
    csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? csrf;
    outsideForms += text.replace(/name="csrf" value="[^"]+"/g, '');
    printed.push(text, JSON.stringify([...headers]));
  }
  await fetch(`${url}/hooks/udesk/main/${HOOK_SECRET}`, { method: 'POST', body: '{}' });
  await Promise.all([cycled, beaten, ...tried]);
  daemon.process.kill('SIGTERM');
  const { stdout, stderr } = await daemon.ended;
  printed.push(stdout, stderr);

  const everything = printed.join('\n');
  expect(everything.length).toBeGreaterThan(20_000);
  const told = Object.entries(secrets).filter(([, secret]) =>
    formsOf(secret).some((form) => everything.includes(form)),
  );
  // The session is told in its cookie alone, the token of forms in forms alone.
  const own = Object.entries({ session: ann.cookie('udesk_sync') ?? '', csrf });
  for (const [, secret] of own) expect(secret.length).toBeGreaterThan(20);
  const elsewhere = own.filter(([, secret]) =>
    [stdout, stderr, outsideForms].some((text) => text.includes(secret)),
  );
  expect([...told, ...elsewhere].map(([name]) => name)).toEqual([]);
  for (const { nick_name, email, cellphones } of PERSONS) {
    for (const value of [nick_name, email, ...cellphones]) expect(stderr).not.toContain(value);
  }
});

test('no secret is in what any other command prints, of a password that logs in to Udesk and of keys of CRMs that are sent back in refusals', async () => {
  const rest = await startRestCrm();
  cleanups.push(() => rest.close());
  const keys = {
    login: 'what-the-admin-of-udesk-types',
    token: '7f0c1c5e-4d0a-4a77-9d55-0123456789ab',
    client: 's3cret-of-client',
    header: 'key-in-a-header-of-http',
    hubspot: 'pat-na1-of-the-private-app',
    odoo: 'api-key-of-the-odoo-user',
    salesforce: 'consumer-secret-of-the-org',
    refresh: 'refresh-token-of-the-org',
    typed: 'correct horse battery staple',
  };
  const udesk = await startSimulator({
    customers: PERSONS,
    switches: { 'rate.per_minute': '0' },
    admin: { password: keys.login, token: keys.token },
  });
  cleanups.push(() => udesk.close());
  const world = await createWorld({
    crmBlock: { ...rest.block, sandbox: true },
    pair: { fields: UNITING_FIELDS },
  });
  cleanups.push(() => world.close());
  // Says in its refusal all that it was sent, as careless servers do.
  const parrot = await startScriptedServer(({ headers, body }) => ({
    status: 401,
    json: { message: `no: ${JSON.stringify(headers)} ${body}`, error: { message: `no: ${body}` } },
  }));
  cleanups.push(() => parrot.close());
  const configText = world.configText
    .replace(world.simulator.url, udesk.url)
    .replace(/token: .*/, `password: '${keys.login}'`);
  const [, block = ''] = configText.split('pairs:\n');
  const withCrm = (name: string, crm: object) =>
    block.replace('- name: main', `- name: ${name}`).replace(/crm: \{.*/, `crm: ${JSON.stringify(crm)}`);
  const others = [
    withCrm('header', {
      ...rest.block,
      ...{ baseUrl: parrot.origin, auth: { type: 'header', name: 'x-key', secret: keys.header } },
    }),
    withCrm('hub', { adapter: 'hubspot', token: keys.hubspot, baseUrl: parrot.origin }),
    withCrm('odoo', {
      ...{ adapter: 'odoo', url: parrot.origin, database: 'd', login: 'sync' },
      apiKey: keys.odoo,
    }),
    withCrm('sf', {
      ...{ adapter: 'salesforce', loginUrl: parrot.origin, clientId: 'consumer' },
      ...{ clientSecret: keys.salesforce, refreshToken: keys.refresh },
    }),
  ];
  const printed: string[] = [];
  const cli = commandLine({ configText, databaseUrl: world.databaseUrl });
  const all = commandLine({
    configText: `pairs:\n${block}${others.join('')}`,
    databaseUrl: world.databaseUrl,
    typed: `${keys.typed}\n`,
  });
  cleanups.push(
    () => cli.close(),
    () => all.close(),
  );
  const codes = new Map<string, number>();
  const ran = async (line: CommandLine, ...args: string[]) => {
    const { code, stdout, stderr } = await line.run(...args);
    printed.push(stdout, stderr);
    codes.set(args[0] ?? '', code);
    return stdout;
  };
  await ran(all, 'check', '--json');
  await ran(all, 'check', '--log-level', 'trace');
  for (const pair of ['main', 'header', 'hub', 'odoo', 'sf'])
    await ran(all, 'sync', '--pair', pair, '--log-level', 'trace');
  const id = udesk.tenant.list()[0]?.id ?? '';
  await ran(all, 'hash-password');
  await ran(cli, 'crm', 'triggers', 'main');
  await ran(cli, 'refresh', 'udesk', id);
  await ran(cli, 'rules', 'list', '--json');
  await ran(cli, 'rules', 'show', '1');
  await ran(cli, 'retention');
  await ran(cli, 'revert', '--since', '1h', '--dry-run');
  await ran(cli, 'rebaseline');
  await ran(cli, 'probe', 'main', '--patience', '1');
  await ran(cli, 'forget', 'udesk', id, '--keep-out', '--yes');
  await ran(cli, 'init', '--force', '--udesk-url', udesk.url, '--udesk-email', 'a@desk.example');
  // Each came to what it is for, and was not refused at the door.
  for (const command of ['hash-password', 'refresh', 'retention', 'revert', 'rebaseline', 'forget', 'init'])
    expect([command, codes.get(command)]).toEqual([command, 0]);

  const config = writeConfig(`database: { url: '${world.databaseUrl}' }\n${configText}`);
  cleanups.push(() => config.remove());
  const simulated = startProgram(['simulate', 'udesk', '--config', config.file]);
  cleanups.push(() => simulated.process.kill('SIGKILL'));
  for (const stream of [simulated.process.stdout, simulated.process.stderr])
    stream?.once('data', () => simulated.process.kill('SIGTERM'));
  const { stdout, stderr } = await simulated.ended;
  printed.push(stdout, stderr);

  expect(parrot.seen.length).toBeGreaterThan(3);
  const everything = printed.join('\n');
  expect(everything).toMatch(/Udesk|udesk/);
  const told = Object.entries(keys).filter(([, secret]) =>
    formsOf(secret).some((form) => everything.includes(form)),
  );
  expect(told.map(([name]) => name)).toEqual([]);
}, 600_000);
