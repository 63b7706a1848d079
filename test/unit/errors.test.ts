import { describe, expect, test } from 'vitest';
import { DatabaseFailure, SyncError, toError } from '../../src/errors.ts';

const driver = (code: string) =>
  Object.assign(new Error('duplicate key: (email)=(zhang@example.com)'), { code, severity: 'ERROR' });
const wrapped = (cause: Error) =>
  Object.assign(new Error('Failed query: insert …\nparams: Zhang San,zhang@example.com', { cause }), {
    query: 'insert …',
    params: ['Zhang San'],
  });

const lookup = (code: string) =>
  Object.assign(new Error(`getaddrinfo ${code} postgres`), { code, syscall: 'getaddrinfo' });
const connect = (code: string) => Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' });

describe('an error of our own database', () => {
  test.each([
    ['wrapped by drizzle', wrapped(driver('23505')), 'a database statement failed with code 23505', false],
    ['as the driver throws it', driver('23505'), 'a database statement failed with code 23505', false],
    [
      'as the driver throws it, with the statement',
      Object.assign(driver('53100'), { query: 'delete from …' }),
      'the disk of the database is full (53100)',
      true,
    ],
    ['a full disk', wrapped(driver('53100')), 'the disk of the database is full (53100)', true],
    ['no memory', wrapped(driver('53200')), 'the database has run out of something (53200)', true],
    ['a deadlock', wrapped(driver('40P01')), 'the database gave a statement up (40P01)', true],
    [
      'a lost connection, in the driver’s words',
      Object.assign(new Error('write CONNECTION_CLOSED'), { code: 'CONNECTION_CLOSED' }),
      'the connection to the database was lost (CONNECTION_CLOSED)',
      true,
    ],
    [
      'a host name that is not resolved, for a statement',
      wrapped(lookup('ENOTFOUND')),
      'the host of the database is not found (ENOTFOUND)',
      true,
    ],
    [
      'a host name that is not resolved, for a transaction',
      lookup('EAI_AGAIN'),
      'the host of the database is not found (EAI_AGAIN)',
      true,
    ],
    [
      'no way to its host',
      connect('EHOSTUNREACH'),
      'the connection to the database was lost (EHOSTUNREACH)',
      true,
    ],
    [
      'no way to its network',
      connect('ENETUNREACH'),
      'the connection to the database was lost (ENETUNREACH)',
      true,
    ],
    [
      'no answer of its host',
      connect('ETIMEDOUT'),
      'the connection to the database was lost (ETIMEDOUT)',
      true,
    ],
    ['no socket in its folder', connect('ENOENT'), 'the connection to the database was lost (ENOENT)', true],
    ['a password that was changed', wrapped(driver('28P01')), 'the database refuses our login (28P01)', true],
    [
      'a database that was renamed',
      wrapped(driver('3D000')),
      'the database is not there under its name (3D000)',
      true,
    ],
    ['without a code', wrapped(new Error('x')), 'a database statement failed', false],
  ])('%s: tells its code, and never the values of the statement', (_, thrown, message, passing) => {
    const error = toError(thrown);
    expect(error).toBeInstanceOf(DatabaseFailure);
    expect(error).toMatchObject({ message, passing });
  });

  test('is not taken for a side that did not answer: a write under way may have happened', () => {
    expect(toError(wrapped(driver('57P01')))).not.toBeInstanceOf(SyncError);
  });

  test.each([
    new SyncError('transient', 'x'),
    new Error('a bug'),
    new DatabaseFailure('53100', null),
    Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', syscall: 'open' }),
  ])('whatever is none stays as it is: %s', (error) => {
    expect(toError(error)).toBe(error);
  });
});
