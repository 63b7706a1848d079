/**
 * What can be wrong on the first day: each is told in one paragraph that says what to do, with the documented exit
 * code, without a stack trace or a secret. The real program, in a process of its own.
 */
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../support/db.ts';
import { type Ended, runProgram, writeConfig } from '../../support/program.ts';

const COMMANDS = ['check', 'sync', 'plan'] as const;

let simulator: Simulator;
let ours: TestDatabase;
let crm: TestDatabase;
let closedPort: number;
beforeAll(async () => {
  simulator = await startSimulator({ customers: 3, switches: { 'rate.per_minute': '0' } });
  ours = await createTestDatabase();
  crm = await createEmptyDatabase();
  const { sql, close } = await crm.open();
  await sql`create table contact (id bigint generated always as identity primary key, name text, emails text[])`;
  await close();
  closedPort = await portOfNobody();
});
afterAll(async () => {
  await simulator.close();
  await ours.drop();
  await crm.drop();
});

async function portOfNobody(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Wrong {
  readonly baseUrl?: string;
  readonly token?: string;
  readonly databaseUrl?: string;
  readonly more?: string;
}

async function run(command: string, wrong: Wrong = {}): Promise<Ended> {
  const config = writeConfig(`
database: { url: \${DATABASE_URL} }
pairs:
  - name: ${command}
    udesk:
      baseUrl: ${wrong.baseUrl ?? simulator.url}
      email: ${simulator.admin.email}
      token: \${UDESK_TOKEN}
      quota: { perMinute: 100000 }
    crm: { adapter: postgres, url: \${CRM_DATABASE_URL}, table: contact }
    fields:
      - { udesk: nick_name, crm: name }
      - { udesk: emails, crm: emails, policy: union }
${wrong.more ?? ''}`);
  try {
    return await runProgram([command, '--config', config.file], {
      UDESK_TOKEN: wrong.token ?? simulator.admin.token,
      DATABASE_URL: wrong.databaseUrl ?? ours.url,
      CRM_DATABASE_URL: crm.url,
    });
  } finally {
    config.remove();
  }
}

/** One paragraph on stderr: what happened, then what to do. */
function expectParagraph(ended: Ended, code: number, what: RegExp, advice: RegExp): void {
  expect(ended.stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(what)]);
  expect(ended.stderr).toMatch(advice);
  expect(ended.stderr).toMatch(/\.\n$/);
  expect(ended.code).toBe(code);
  expectClean(ended);
}

function expectClean({ stdout, stderr }: Ended): void {
  const all = stdout + stderr;
  expect(all).not.toMatch(/^\s+at .*[:(]\d+/m);
  for (const secret of [simulator.admin.token, 'not-the-token', 'pa55word'])
    expect(all).not.toContain(secret);
}

describe.each(COMMANDS)('%s', (command) => {
  test('with a wrong token names what to compare, and ends with 1', async () => {
    const ended = await run(command, { token: 'not-the-token' });
    expectParagraph(
      ended,
      1,
      /does not accept the signature \(code 2059\)/,
      /Check udesk\.token and udesk\.email/,
    );
  });

  test('with a clock ten minutes off says by how much and which way, and ends with 1', async () => {
    simulator.set('clock.offset', '600');
    const ended = await run(command).finally(() => simulator.set('clock.offset', '0'));
    expectParagraph(ended, 1, /refuses our time \(code 20622\).*about (599|600|601) s \(behind\)/, /NTP/);
  });

  test('with the database down names host and port, and ends with 1', async () => {
    const ended = await run(command, {
      databaseUrl: `postgres://me:pa55word@127.0.0.1:${closedPort}/mirror`,
    });
    expectParagraph(
      ended,
      1,
      new RegExp(`127.0.0.1:${closedPort}.*is not reachable`),
      /Check that the server runs/,
    );
  });

  test('with an unknown key in the configuration names line, key and what was meant, and ends with 2', async () => {
    const ended = await run(command, { more: '    feilds: []\n' });
    expect(ended.code).toBe(2);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toMatch(
      /1\. pairs\[0\]\.feilds \(line \d+\): .*Did you mean "fields"\?\n.*udesk-sync check/,
    );
    expectClean(ended);
  });
});

// Calls that find nobody are made again for up to half a minute: side by side.
test.concurrent.each(COMMANDS)(
  '%s with a host that does not answer names it, and ends with 1',
  async (command) => {
    const ended = await run(command, { baseUrl: `http://127.0.0.1:${closedPort}` });
    const what = new RegExp(`127.0.0.1:${closedPort}.*nothing listens there`);
    expectParagraph(ended, 1, what, /Check the base URL/);
  },
);

test('nothing is wrong: check ends with 0, and the first plan waits for a person with 3', async () => {
  expect(await run('check')).toMatchObject({ code: 0, stderr: '' });
  expect(await run('plan')).toMatchObject({ code: 0, stderr: '' });
  expect(await run('sync')).toMatchObject({ code: 3, stderr: '' });
});
