import { expect, test } from 'vitest';
import type { SyncError } from '../../../src/errors.ts';
import { connectError, serverTooOld, serverVersionText } from '../../../src/store/connect-errors.ts';

const where = { host: 'db', port: 5432, database: 'sync', username: 'desk' };

test.each([
  [90_624, '9.6.24'],
  [140_011, '14.11'],
])('server %i is refused as %s, with what is needed', (num, text) => {
  const error = serverTooOld(num);
  expect(error).toMatchObject({ kind: 'config', details: { code: 'server-too-old' } });
  expect(error?.message).toContain(text);
  expect(error?.message).toContain('15 or newer');
});

test.each([150_000, 150_008, 180_004])('server %i is new enough', (num) => {
  expect(serverTooOld(num)).toBeNull();
});

test('a version number reads as people write it', () => {
  expect(serverVersionText(180_004)).toBe('18.4');
});

test.each([
  ['ECONNREFUSED', 'transient'],
  ['CONNECT_TIMEOUT', 'transient'],
  ['ENOTFOUND', 'transient'],
  ['EAI_AGAIN', 'transient'],
  ['57P03', 'transient'],
  ['53300', 'transient'],
  ['28P01', 'config'],
  ['28000', 'config'],
  ['3D000', 'config'],
  ['42501', 'config'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'config'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'config'],
])('%s becomes a %s error with advice', (code, kind) => {
  const cause = Object.assign(new Error('its own words'), { code });
  expect(connectError(cause, where)).toMatchObject({
    kind,
    message: expect.stringContaining('"sync" on db:5432'),
    details: { code, cause, advice: expect.any(String) },
  });
});

test.each([
  ['28000', where, true],
  ['28000', { ...where, ssl: false as const }, true],
  ['28000', { ...where, ssl: 'prefer' as const }, true],
  ['28000', { ...where, ssl: 'require' as const }, false],
  ['28000', { ...where, ssl: 'verify-full' as const }, false],
  ['28000', { ...where, host: '/run/pg' }, false],
  ['28P01', where, false],
])('whom a server refuses that may want TLS is told so (%s, %j: %s)', (code, target, told) => {
  const cause = Object.assign(new Error('no pg_hba.conf entry for host "::1", no encryption'), { code });
  const { details } = connectError(cause, target) as SyncError;
  expect(details.advice).toContain('pg_hba.conf');
  expect(details.advice?.includes('sslmode=verify-full')).toBe(told);
});

test('an error of another origin is handed on as it is', () => {
  const bug = new TypeError('a bug');
  expect(connectError(bug, where)).toBe(bug);
});
