import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { errorDocument, exitCodeFor, renderError } from '../../../src/cli/errors.ts';
import { SyncError } from '../../../src/errors.ts';

describe('a failure on the command line', () => {
  it('names what happened, the record concerned, and what to do', () => {
    const error = new SyncError('rejected', 'Udesk refused the customer (code 2005)', {
      pair: 'main',
      side: 'udesk',
      record: '42',
      field: 'level',
      advice: 'correct the level in the CRM',
    });
    expect(renderError(error, false)).toBe(
      'Udesk refused the customer (code 2005) (pair main, udesk record 42, field level). Correct the level in the CRM.',
    );
  });

  it.each([
    ['config', 2],
    ['guard', 3],
    ['auth', 1],
    ['transient', 1],
    ['invariant', 1],
  ] as const)('of kind %s ends with exit code %i and never without advice', (kind, code) => {
    const error = new SyncError(kind, 'it happened');
    expect(exitCodeFor(error)).toBe(code);
    expect(renderError(error, false)).toMatch(/^It happened\. \S.*\.$/);
  });

  it('of usage ends with 2, a help page with 0, anything unknown with 1', () => {
    expect(exitCodeFor(new CommanderError(1, 'x', 'x'))).toBe(2);
    expect(exitCodeFor(new CommanderError(0, 'x', 'x'))).toBe(0);
    expect(exitCodeFor(new TypeError('x'))).toBe(1);
    expect(exitCodeFor('x')).toBe(1);
  });

  it('that nobody foresaw is called so, and says how to report it', () => {
    const text = renderError(new TypeError('x is not a function\nmore'), false);
    expect(text).toMatch(/^Unexpected failure: x is not a function\. .*--log-level debug/);
    expect(text).not.toContain('\n');
  });

  it('never shows the statement or the values of a database error: they are customer data', () => {
    const driver = Object.assign(new Error('invalid input syntax for type bigint: "Zhang San"'), {
      code: '22P02',
      severity: 'ERROR',
    });
    const drizzle = Object.assign(new Error('Failed query: insert … params: Zhang San', { cause: driver }), {
      query: 'insert …',
      params: ['Zhang San'],
    });
    for (const error of [driver, drizzle]) {
      for (const text of [
        renderError(error, false),
        renderError(error, true),
        JSON.stringify(errorDocument(error)),
      ]) {
        expect(text).not.toContain('Zhang');
        expect(text).toContain('22P02');
      }
    }
  });

  it('of a database that went away in the middle says so: it is no fault of the program', () => {
    const driver = Object.assign(new Error('terminating connection'), { code: '57P01', severity: 'FATAL' });
    const drizzle = Object.assign(new Error('Failed query: select …', { cause: driver }), {
      query: 'select …',
    });
    for (const error of [driver, drizzle]) {
      expect(renderError(error, false)).toBe(
        'The connection to the database was lost (57P01). See that the database runs, and run the command again: it goes on where it was.',
      );
      expect(errorDocument(error)).toMatchObject({ error: { kind: 'transient', code: '57P01' } });
    }
  });
});
