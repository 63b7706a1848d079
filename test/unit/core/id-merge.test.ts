import { describe, expect, test } from 'vitest';
import { buildUdeskContacts, type UdeskContacts } from '../../../src/core/id-merge.ts';
import type { FieldWrite, SetOps } from '../../../src/core/record.ts';
import type { Value } from '../../../src/core/value.ts';
import { isSyncError } from '../../../src/errors.ts';
import { set } from '../../support/core-fixtures.ts';

const current: UdeskContacts = {
  email: 'p@x.cn',
  otherEmails: set(['34', 'b@x.cn'], ['35', 'c@x.cn'], ['36', 'd@x.cn']),
  cellphones: set(['9', '13800138000'], ['10', '13900139000']),
};
const one: UdeskContacts = { ...current, otherEmails: set(['34', 'b@x.cn']) };
const none: UdeskContacts = { email: null, otherEmails: [], cellphones: [] };

function ops(over: Partial<SetOps>): FieldWrite {
  return { field: 'emails', before: [], after: [], ops: { add: [], remove: [], change: [], ...over } };
}
function values(before: Value, after: Value): FieldWrite {
  return { field: 'email', before, after, ops: null };
}
const gone = (value: string, id: string | null = null) => ops({ remove: [{ id, value }] });

describe('e-mails of a Udesk customer', () => {
  test('a fourth secondary: the list holds all four, the old ids unchanged, and the primary goes with it', () => {
    expect(buildUdeskContacts(current, { emails: ops({ add: ['e@x.cn'] }) })).toEqual({
      email: 'p@x.cn',
      otherEmails: [
        ['34', 'b@x.cn'],
        ['35', 'c@x.cn'],
        ['36', 'd@x.cn'],
        [null, 'e@x.cn'],
      ],
    });
  });
  test('removing one leaves its id out, and names every other', () => {
    expect(buildUdeskContacts(current, { emails: gone('C@x.cn', '35') }).otherEmails).toEqual([
      ['34', 'b@x.cn'],
      ['36', 'd@x.cn'],
    ]);
  });
  test('removing the last secondary is asked for by name: the list is never empty', () => {
    expect(buildUdeskContacts(one, { emails: gone('b@x.cn', '34') })).toEqual({
      email: 'p@x.cn',
      otherEmails: [['34', '']],
    });
  });
  test('removing the primary promotes the first secondary', () => {
    expect(buildUdeskContacts(current, { emails: gone('p@x.cn') })).toEqual({
      email: 'b@x.cn',
      otherEmails: [
        ['35', 'c@x.cn'],
        ['36', 'd@x.cn'],
      ],
    });
  });
  test('the first address of a customer without any becomes the primary', () => {
    expect(buildUdeskContacts(none, { emails: ops({ add: ['a@x.cn', 'b@x.cn'] }) })).toEqual({
      email: 'a@x.cn',
      otherEmails: [[null, 'b@x.cn']],
    });
  });
  test('an edit in place keeps the id; an edit of the primary keeps it primary', () => {
    const edit = (id: string | null, from: string, to: string) => ({
      emails: ops({ change: [{ id, from, to }] }),
    });
    expect(buildUdeskContacts(one, edit('34', 'b@x.cn', 'n@x.cn')).otherEmails).toEqual([['34', 'n@x.cn']]);
    expect(buildUdeskContacts(one, edit(null, 'p@x.cn', 'n@x.cn'))).toEqual({
      email: 'n@x.cn',
      otherEmails: [['34', 'b@x.cn']],
    });
  });
  test('what was planned against is gone: the removal is skipped, the edited value is added', () => {
    expect(buildUdeskContacts(current, { emails: gone('old@x.cn', '34') })).toEqual({});
    const edit = ops({ change: [{ id: '34', from: 'old@x.cn', to: 'n@x.cn' }] });
    expect(buildUdeskContacts(one, { emails: edit }).otherEmails).toEqual([
      ['34', 'b@x.cn'],
      [null, 'n@x.cn'],
    ]);
  });
  test('an address that was added meanwhile stays, although the planned whole does not know it', () => {
    const write: FieldWrite = { ...values(set('p@x.cn', ['34', 'b@x.cn']), set('p@x.cn')), field: 'emails' };
    expect(buildUdeskContacts(current, { emails: write }).otherEmails).toEqual([
      ['35', 'c@x.cn'],
      ['36', 'd@x.cn'],
    ]);
  });
});

describe('the primary as a field of its own', () => {
  test('an edit replaces it, and the others are listed', () => {
    expect(buildUdeskContacts(one, { email: values('p@x.cn', 'n@x.cn') })).toEqual({
      email: 'n@x.cn',
      otherEmails: [['34', 'b@x.cn']],
    });
  });
  test('one of the secondaries becomes primary: the old primary stays as a secondary', () => {
    expect(buildUdeskContacts(one, { email: values('p@x.cn', 'b@x.cn') })).toEqual({
      email: 'b@x.cn',
      otherEmails: [[null, 'p@x.cn']],
    });
  });
  test('a primary that moved since the plan stays as a secondary', () => {
    expect(buildUdeskContacts(one, { email: values('old@x.cn', 'n@x.cn') })).toEqual({
      email: 'n@x.cn',
      otherEmails: [
        [null, 'p@x.cn'],
        ['34', 'b@x.cn'],
      ],
    });
  });
  test('clearing it promotes nobody', () => {
    expect(buildUdeskContacts(one, { email: values('p@x.cn', null) })).toEqual({
      email: null,
      otherEmails: [['34', 'b@x.cn']],
    });
  });
  test('beside the set, the set says who goes', () => {
    const both = { email: values('p@x.cn', 'n@x.cn'), emails: ops({ add: ['n@x.cn'] }) };
    expect(buildUdeskContacts(one, both)).toEqual({
      email: 'n@x.cn',
      otherEmails: [
        [null, 'p@x.cn'],
        ['34', 'b@x.cn'],
      ],
    });
    expect(
      buildUdeskContacts(one, { email: values('p@x.cn', null), emails: ops({ add: ['n@x.cn'] }) }).email,
    ).toBe('p@x.cn');
  });
});

describe('phones of a Udesk customer', () => {
  test('a patch: change by id, add, delete, and nothing else', () => {
    const write = ops({
      add: ['13700137000'],
      remove: [{ id: '10', value: '+86 139 0013 9000' }],
      change: [{ id: '9', from: '+8613800138000', to: '13600136000' }],
    });
    expect(buildUdeskContacts(current, { cellphones: write })).toEqual({
      cellphones: [
        ['9', '13600136000'],
        ['10', null],
        [null, '13700137000'],
      ],
    });
  });
  test('a number that is there already, in another form, is not sent', () => {
    expect(buildUdeskContacts(current, { cellphones: ops({ add: ['+86 13800138000'] }) })).toEqual({});
  });
  test('without an id only the untouched ones can be left alone', () => {
    const poor = { ...current, cellphones: set('13800138000', ['10', '13900139000']) };
    expect(buildUdeskContacts(poor, { cellphones: gone('13900139000') })).toEqual({
      cellphones: [['10', null]],
    });
    expect(() => buildUdeskContacts(poor, { cellphones: gone('13800138000') })).toThrow(/without its id/);
  });
});

describe('what cannot be built', () => {
  const thrown = (run: () => unknown): unknown => {
    try {
      run();
    } catch (error) {
      return error;
    }
    return null;
  };
  test('an address without its id cannot be echoed: read the customer first', () => {
    const poor = { ...current, otherEmails: set('b@x.cn') };
    const error = thrown(() => buildUdeskContacts(poor, { emails: ops({ add: ['n@x.cn'] }) }));
    expect(isSyncError(error, 'contract') && error.details.advice).toMatch(/detail/);
    expect(buildUdeskContacts(poor, { cellphones: gone('13900139000') })).toEqual({
      cellphones: [['10', null]],
    });
  });
  test('ops that ask for a value and against it stop at the last check, without any address in the message', () => {
    const swap = ops({
      change: [
        { id: '34', from: 'b@x.cn', to: 'c@x.cn' },
        { id: '35', from: 'c@x.cn', to: 'b@x.cn' },
      ],
    });
    const error = thrown(() => buildUdeskContacts(current, { emails: swap }));
    if (error !== null) expect(isSyncError(error, 'invariant') && error.message).not.toContain('@');
  });
  test('two elements with one id are never sent', () => {
    const twice = { ...current, otherEmails: set(['34', 'b@x.cn'], ['34', 'c@x.cn']) };
    expect(
      isSyncError(
        thrown(() => buildUdeskContacts(twice, { emails: ops({ add: ['n@x.cn'] }) })),
        'invariant',
      ),
    ).toBe(true);
  });
  test('nothing to do is an empty patch', () => {
    expect(buildUdeskContacts(current, {})).toEqual({});
    expect(buildUdeskContacts(current, { emails: ops({ add: ['P@x.cn'] }) })).toEqual({});
  });
});
