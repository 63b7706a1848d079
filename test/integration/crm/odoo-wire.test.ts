/** What goes wrong between us and an Odoo, over real HTTP, in the shapes that an Odoo 14 was seen to answer with. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { createOdooSide } from '../../../src/crm/odoo/adapter.ts';
import { odooConfigSchema } from '../../../src/crm/odoo/config.ts';
import type { OdooLimits } from '../../../src/crm/odoo/wire.ts';
import { DEFAULT_RETRY } from '../../../src/http/retry.ts';
import { CONTEXT, failure, person } from '../../conformance/harness.ts';
import { FAKE_DATABASE, FAKE_KEY, startFakeJson2 } from '../../support/odoo/fake-json2.ts';
import { type Scripted, type ScriptedServer, startScriptedServer } from '../../support/scripted-server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const FIELDS = Object.fromEntries(
  ['name', 'comment', 'email', 'mobile', 'phone'].map((name) => [name, { type: 'char', readonly: false }]),
);
const LI = { id: 7, active: true, name: 'Li Lei', comment: false, email: false, mobile: false, phone: false };
const HTML = {
  status: 400,
  text: '<title>400 Bad Request</title>',
  headers: { 'content-type': 'text/html' },
};
const result = (value: unknown): Scripted => ({ json: { jsonrpc: '2.0', id: 1, result: value } });
const error = (name: string, message: string): Scripted => {
  const debug = 'Traceback (most recent call last):\n  File "/usr/lib/python3/dist-packages/odoo/http.py"';
  return {
    json: {
      jsonrpc: '2.0',
      id: 1,
      error: { code: 200, message: 'Odoo Server Error', data: { name, message, debug } },
    },
  };
};

type Answers = Readonly<Record<string, Scripted | (() => Scripted)>>;

/** An Odoo 14 with one partner; `answers` by method in the place of the usual ones. */
async function odoo14(
  answers: Answers = {},
  timeoutMs = 5_000,
  onAttempt?: OdooLimits['onAttempt'],
): Promise<{ side: Side; calls: () => string[] }> {
  const usual: Answers = {
    version: result({ server_version: '14.0', server_version_info: [14, 0, 0, 'final', 0, ''] }),
    login: result(2),
    fields_get: result(FIELDS),
    read: result([LI]),
    search_read: result([]),
    write: result(true),
    load: result({ ids: [7], messages: [], nextrow: 0 }),
  };
  const methodOf = (body: string): string => {
    const { params } = JSON.parse(body) as { params: { method: string; args: unknown[] } };
    return params.method === 'execute_kw' ? String(params.args[4]) : params.method;
  };
  const server: ScriptedServer = await startScriptedServer(({ method, body }) => {
    if (method === 'GET')
      return { status: 404, text: '<title>404</title>', headers: { 'content-type': 'text/html' } };
    const answer = answers[methodOf(body)] ?? usual[methodOf(body)] ?? HTML;
    return typeof answer === 'function' ? answer() : answer;
  });
  open.push(server);
  const side = await createOdooSide(block({ url: server.origin, password: 'secret-words' }), CONTEXT, {
    retry: { ...DEFAULT_RETRY, retries: 1, minDelayMs: 1, maxDelayMs: 1 },
    timeouts: { headersMs: timeoutMs, totalMs: timeoutMs },
    sleep: async () => {},
    onAttempt,
  });
  open.push(side);
  const calls = () => server.seen.filter(({ method }) => method === 'POST').map(({ body }) => methodOf(body));
  return { side, calls };
}

const block = (more: object) =>
  odooConfigSchema.parse({
    adapter: 'odoo',
    database: FAKE_DATABASE,
    login: 'sync',
    fields: { note: 'comment' },
    ...more,
  });
const update = (side: Side) =>
  side.update({
    id: '7',
    patch: { name: { field: 'nick_name', before: 'Li Lei', after: 'Han Meimei', ops: null } },
    current: { id: '7', fields: {}, externalId: null, version: null, updatedAt: null },
  });

test('every attempt that left is told once', async () => {
  const told: string[] = [];
  const { side, calls } = await odoo14({ write: result(true) }, undefined, ({ outcome, attempt }) => {
    told.push(`${attempt} ${outcome}`);
  });
  const posted = calls().length;
  told.length = 0;
  await update(side);
  expect(told).toEqual(
    calls()
      .slice(posted)
      .map(() => '1 done'),
  );
  expect(told).not.toEqual([]);
});

describe('JSON-RPC', () => {
  test('an error at HTTP 200 parks the record, and neither traceback nor value nor password is told', async () => {
    const { side } = await odoo14({
      write: error('odoo.exceptions.ValidationError', 'Han Meimei is too long'),
    });
    const refused = await failure(update(side));
    expect(refused).toMatchObject({ kind: 'rejected', details: { record: '7', code: 'ValidationError' } });
    const told = JSON.stringify([refused.message, refused.details]);
    expect(told).toContain('is too long');
    expect(told).not.toMatch(/Traceback|Han Meimei|secret-words/);
  });

  test('a page of HTML is no answer: a read is refused, and the program is not told "not there"', async () => {
    const { side } = await odoo14({ read: HTML });
    expect(await failure(side.read('7'))).toMatchObject({ kind: 'contract', details: { code: 'HTTP 400' } });
  });

  test('P5: a write without an answer is ambiguous and sent once; a read is asked again', async () => {
    const { side, calls } = await odoo14({ write: { fault: 'silence' } }, 300);
    expect((await failure(update(side))).kind).toBe('ambiguous');
    expect(calls().filter((method) => method === 'write')).toHaveLength(1);
    let reads = 0;
    const again = await odoo14({ read: () => (reads++ === 0 ? { fault: 'reset' } : result([LI])) });
    expect((await again.side.read('7'))?.fields.name).toBe('Li Lei');
  });

  test('P5: a database that gave up five times proves that nothing was done, so the write is sent again', async () => {
    let writes = 0;
    const gaveUp = error('psycopg2.errors.SerializationFailure', 'could not serialize access');
    const { side } = await odoo14({ write: () => (writes++ === 0 ? gaveUp : result(true)) });
    expect((await update(side)).id).toBe('7');
    expect(writes).toBe(2);
  });

  test('P5: a written record that cannot be read back is looked for later, and not taken for unwritten', async () => {
    let reads = 0;
    const { side } = await odoo14({
      read: () => (reads++ === 0 ? result([LI]) : error('odoo.exceptions.AccessError', 'x')),
    });
    expect(await failure(update(side))).toMatchObject({ kind: 'ambiguous', details: { record: '7' } });
  });

  test('P5: a load that met another in its way kept nothing, and says so in its result alone', async () => {
    const message = 'could not serialize access due to concurrent update\n';
    const { side } = await odoo14({ load: result({ ids: false, messages: [{ type: 'error', message }] }) });
    const error = await failure(side.create({ patch: person({ name: 'Han' }), marker: 'm' }));
    expect(error.kind).toBe('transient');
  });

  test('a login that is refused is told when the side is opened, not with the first write', async () => {
    const refused = await failure(odoo14({ login: result(false) }));
    expect(refused).toMatchObject({ kind: 'auth', details: { side: 'crm' } });
  });
});

describe('/json/2', () => {
  test('is chosen for Odoo 19, and check says that no live one was ever asked', async () => {
    const odoo = await startFakeJson2();
    open.push(odoo);
    const side = await createOdooSide(block({ url: odoo.url, apiKey: FAKE_KEY }), CONTEXT);
    open.push(side);
    const { findings } = await side.check();
    expect(findings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('Odoo 19.0 by /json/2'),
        expect.stringContaining('not yet verified against a live Odoo 19'),
      ]),
    );
    expect(side.manifest.capacity).toEqual({ emails: 1, phones: 1 });
  });

  test('takes no password, and a key that has run out is a matter of credentials', async () => {
    const odoo = await startFakeJson2();
    open.push(odoo);
    const withPassword = failure(createOdooSide(block({ url: odoo.url, password: 'p' }), CONTEXT));
    expect(await withPassword).toMatchObject({
      kind: 'config',
      message: expect.stringContaining('takes no password'),
    });
    const expired = failure(createOdooSide(block({ url: odoo.url, apiKey: 'expired-key' }), CONTEXT));
    expect(await expired).toMatchObject({ kind: 'auth' });
    expect(JSON.stringify(await expired)).not.toContain('expired-key');
  });
});
