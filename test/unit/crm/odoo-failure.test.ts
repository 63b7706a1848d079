import { describe, expect, test } from 'vitest';
import { versionIn } from '../../../src/crm/odoo/connect.ts';
import { json2, readJsonRpc } from '../../../src/crm/odoo/dialect.ts';
import { type About, faultOf, OdooFailure, statusFailure } from '../../../src/crm/odoo/failure.ts';
import type { Reply } from '../../../src/http/exchange.ts';

const READ: About = { target: 'POST http://odoo/jsonrpc res.partner.read', write: false, sent: null };
const WRITE: About = { ...READ, write: true, sent: { vals: { name: 'Li Lei', email: 'li@example.com' } } };

const failed = (work: () => unknown): OdooFailure => {
  try {
    work();
  } catch (error) {
    if (error instanceof OdooFailure) return error;
    throw error;
  }
  throw new Error('expected a failure');
};
const fault = (name: string, about: About, message = 'words') => faultOf({ name, message }, about);
const reply = (status: number, text: string): Reply => ({ status, headers: {}, text });

describe('what an exception of Odoo means', () => {
  test.each([
    ['odoo.exceptions.AccessDenied', 'auth', 'auth', true],
    ['odoo.exceptions.AccessError', 'auth', 'rejected', true],
    ['odoo.exceptions.MissingError', 'stale', 'stale', true],
    ['odoo.exceptions.ValidationError', 'contract', 'rejected', true],
    ['odoo.exceptions.UserError', 'contract', 'rejected', true],
    ['builtins.ValueError', 'contract', 'rejected', true],
    ['psycopg2.errors.SerializationFailure', 'transient', 'transient', true],
    ['psycopg2.extensions.TransactionRollbackError', 'transient', 'transient', true],
    ['psycopg2.errors.UniqueViolation', 'contract', 'rejected', true],
    ['psycopg2.OperationalError', 'transient', 'ambiguous', false],
  ])('%s: a read is %s, a write %s', (name, read, write, undone) => {
    expect(fault(name, READ).kind).toBe(read);
    expect(fault(name, WRITE)).toMatchObject({ kind: write, undone });
  });

  test('a database that does not exist is a matter of the config', () => {
    expect(fault('psycopg2.OperationalError', READ, 'FATAL:  database "x" does not exist').kind).toBe(
      'config',
    );
  });

  test('no message holds what was sent, nor the names that an access error tells', () => {
    const refused = fault('odoo.exceptions.ValidationError', WRITE, 'Li Lei <li@example.com> is not allowed');
    expect(refused.message).not.toMatch(/Li Lei|example\.com/);
    expect(refused.message).toContain('is not allowed');
    const hidden = fault('odoo.exceptions.AccessError', READ, 'Records: Han Meimei (id=7)\nUser: Sync');
    expect(hidden.message).not.toContain('Han Meimei');
  });
});

describe('JSON-RPC', () => {
  const error = { code: 200, message: 'Odoo Server Error' };

  test('an error at HTTP 200 is an error, and its traceback goes no further', () => {
    const data = {
      name: 'odoo.exceptions.UserError',
      message: 'no',
      debug: 'Traceback: File "/usr/lib/odoo.py"',
    };
    const thrown = failed(() =>
      readJsonRpc(reply(200, JSON.stringify({ error: { ...error, data } })), WRITE, 0),
    );
    expect(thrown).toMatchObject({ kind: 'rejected', exception: 'UserError' });
    expect(JSON.stringify([thrown.message, thrown.details])).not.toContain('Traceback');
  });

  test('null and false are results', () => {
    expect(readJsonRpc(reply(200, '{"result":null}'), READ, 0)).toBeNull();
    expect(readJsonRpc(reply(200, '{"result":false}'), READ, 0)).toBe(false);
  });

  test.each([
    [400, '<title>400 Bad Request</title>', 'contract', 'rejected'],
    [200, '<title>Odoo</title>', 'contract', 'ambiguous'],
    [200, '{}', 'contract', 'ambiguous'],
    [502, '<h1>Bad Gateway</h1>', 'transient', 'ambiguous'],
    [429, '', 'throttled', 'throttled'],
    [403, 'no', 'auth', 'auth'],
  ])('HTTP %i with %j: a read is %s, a write %s', (status, text, read, write) => {
    expect(failed(() => readJsonRpc(reply(status, text), READ, 0)).kind).toBe(read);
    expect(failed(() => readJsonRpc(reply(status, text), WRITE, 0)).kind).toBe(write);
  });

  test('how long to wait is taken from the answer', () => {
    const throttled = statusFailure({ status: 429, headers: { 'retry-after': '7' }, text: '' }, READ, 0);
    expect(throttled.details.retryAfterMs).toBe(7_000);
  });
});

describe('/json/2', () => {
  const dialect = json2({ database: 'crm', apiKey: 'key' });
  const body = (name: string) =>
    JSON.stringify({ name, message: 'no', arguments: [], context: {}, debug: 'Traceback' });
  const read = (status: number, text: string, about = WRITE) =>
    failed(() => dialect.read(reply(status, text), about, 0));

  test('arguments go by name, the key in a header, the database in another', () => {
    expect(
      dialect.request({
        model: 'res.partner',
        method: 'write',
        ids: [7],
        params: { vals: { name: 'x' } },
        write: true,
      }),
    ).toEqual({
      path: '/json/2/res.partner/write',
      headers: { authorization: 'bearer key', 'x-odoo-database': 'crm' },
      body: { ids: [7], vals: { name: 'x' } },
    });
  });

  test('the exception decides, and the status where there is none', () => {
    expect(dialect.read(reply(200, '[1]'), READ, 0)).toEqual([1]);
    expect(read(422, body('odoo.exceptions.ValidationError')).kind).toBe('rejected');
    expect(read(401, body('werkzeug.exceptions.Unauthorized')).kind).toBe('auth');
    expect(read(500, body('psycopg2.errors.SerializationFailure'))).toMatchObject({
      kind: 'transient',
      undone: true,
    });
    expect(read(500, 'Internal Server Error').kind).toBe('ambiguous');
    expect(read(503, body('builtins.Exception')).kind).toBe('ambiguous');
  });
});

test('a version is known by its list, also where it is a name', () => {
  expect(versionIn('{"version":"19.0","version_info":[19,0]}', 'version', 'version_info')).toEqual({
    version: '19.0',
    major: 19,
  });
  expect(
    versionIn('{"version":"saas~18.2","version_info":["saas~18",2]}', 'version', 'version_info')?.major,
  ).toBe(18);
  for (const page of ['<html>', '{}', '[]']) expect(versionIn(page, 'version', 'version_info')).toBeNull();
});
