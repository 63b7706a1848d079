import { describe, expect, test } from 'vitest';
import { toFailure } from '../../../src/crm/postgres/failures.ts';
import { join, name, parseTableName, raw, render, sql } from '../../../src/crm/postgres/sql.ts';
import type { SyncError } from '../../../src/errors.ts';

describe('SQL with its parameters', () => {
  test('values become numbered text parameters, in order, through every level', () => {
    const inner = sql`a = ${'x'} and b = ${null}`;
    const all = sql`select ${1} where ${join([inner, inner], ' or ')} limit ${2}::int`;
    expect(render(all)).toBe(
      'select $1::text where a = $2::text and b = $3::text or a = $4::text and b = $5::text limit $6::text::int',
    );
    expect(all.values).toEqual(['1', 'x', null, 'x', null, '2']);
  });

  test('more than nine parameters keep their numbers', () => {
    const twelve = join(
      Array.from({ length: 12 }, (_, at) => sql`${at}`),
      ', ',
    );
    const twice = sql`${twelve}; ${twelve}`;
    const numbers = [...render(twice).matchAll(/\$(\d+)::text/g)].map((match) => Number(match[1]));
    expect(numbers).toEqual(Array.from({ length: 24 }, (_, at) => at + 1));
    expect(twice.values).toHaveLength(24);
  });

  test('a name is quoted as one name, dots and quotes included', () => {
    expect(render(name('a.b'))).toBe('"a.b"');
    expect(render(name('x"; drop table y; --'))).toBe('"x""; drop table y; --"');
    expect(render(sql`${'v'} = ${name('$1::text')} and ${raw('true')}`)).toBe(
      '$1::text = "$1::text" and true',
    );
  });

  test('a table is named as Postgres reads it', () => {
    expect(parseTableName('Contact')).toEqual(['contact']);
    expect(parseTableName('CRM.Contact_2')).toEqual(['crm', 'contact_2']);
    expect(parseTableName('"My Schema"."Con""tact.2"')).toEqual(['My Schema', 'Con"tact.2']);
    expect(parseTableName('crm . "客户"')).toEqual(['crm', '客户']);
    expect(parseTableName('客户')).toEqual(['客户']);
    for (const wrong of ['', '.', 'a.', '.a', 'a.b.c', 'a b', 'a;', '"a', '1a', 'a"b"', '""']) {
      expect(() => parseTableName(wrong)).toThrow('is not the name of a table');
    }
  });
});

describe('failures of the database', () => {
  const context = {
    pair: 'main',
    target: 'database "crm"',
    values: ['Zhang San', '["li@example.com"]', 'x'],
  };
  const of = (code: string, message = 'm') => toFailure(Object.assign(new Error(message), { code }), context);

  test.each([
    ['ECONNREFUSED', 'transient'],
    ['CONNECT_TIMEOUT', 'transient'],
    ['ENOTFOUND', 'transient'],
    ['EAI_AGAIN', 'transient'],
    ['ENETUNREACH', 'transient'],
    ['ETIMEDOUT', 'transient'],
    ['EPIPE', 'transient'],
    ['57P01', 'transient'],
    ['53300', 'transient'],
    ['40P01', 'transient'],
    ['40001', 'transient'],
    ['57014', 'transient'],
    ['28P01', 'auth'],
    ['3D000', 'config'],
    ['42501', 'config'],
    ['42703', 'config'],
    ['25006', 'config'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'config'],
    ['23505', 'rejected'],
    ['22P02', 'rejected'],
    ['P0001', 'rejected'],
    ['XX000', 'contract'],
  ])('%s is %s', (code, kind) => {
    expect(of(code)).toMatchObject({ kind, details: { code, side: 'crm', pair: 'main' } });
  });

  test('what was sent is cut out of the words, elements of lists too', () => {
    const error = of('P0001', 'Zhang San may not have li@example.com in box x') as Error;
    expect(error.message).toContain('‹value› may not have ‹value› in box x');
    expect(error.cause).toBeUndefined();
    const other = of('22P02', 'invalid input syntax for type integer: "held by the row"') as Error;
    expect(other.message).toContain('type integer: ‹value›');
  });

  test.each([
    [{}, true],
    [{ host: 'db', ssl: false as const }, true],
    [{ host: 'db', ssl: 'prefer' as const }, true],
    [{ host: 'db', ssl: 'require' as const }, false],
    [{ host: 'db', ssl: 'verify-full' as const }, false],
    [{ host: '/run/pg' }, false],
  ])('whom a server refuses that may want TLS is told so (%j: %s)', (asked, told) => {
    const refusal = Object.assign(new Error('no pg_hba.conf entry for host "::1", no encryption'), {
      code: '28000',
    });
    const { kind, details } = toFailure(refusal, { ...context, ...asked }) as SyncError;
    expect(kind).toBe('auth');
    expect(details.advice).toContain('pg_hba.conf');
    expect(details.advice?.includes('sslmode=verify-full')).toBe(told);
  });

  test('a fault of ours is not dressed up as one of the database', () => {
    const ours = new TypeError('x is not a function');
    expect(toFailure(ours, context)).toBe(ours);
  });
});
