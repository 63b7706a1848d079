import { describe, expect, test } from 'vitest';
import type { ContactPatch, ContactWrites, UdeskContacts } from '../../../src/core/id-merge.ts';
import { checkEmails, checkPhones, phoneKey } from '../../../src/core/id-merge-check.ts';
import type { FieldWrite, SetOps } from '../../../src/core/record.ts';
import { set } from '../../support/core-fixtures.ts';

const current: UdeskContacts = {
  email: 'p@x.cn',
  otherEmails: set(['34', 'b@x.cn'], ['35', 'c@x.cn']),
  cellphones: set(['9', '13800138000']),
};
const ops = (over: Partial<SetOps>): SetOps => ({ add: [], remove: [], change: [], ...over });
const writes = (over: Partial<SetOps> = {}): ContactWrites => ({
  emails: { field: 'emails', before: [], after: [], ops: ops(over) },
});
const email: FieldWrite = { field: 'email', before: 'p@x.cn', after: 'n@x.cn', ops: null };

describe('a request that a broken builder might make is stopped', () => {
  const all: [string, string][] = [
    ['34', 'b@x.cn'],
    ['35', 'c@x.cn'],
  ];
  test.each<[string, ContactWrites, ContactPatch, RegExp]>([
    [
      'a secondary left out',
      writes(),
      { email: 'p@x.cn', otherEmails: [['34', 'b@x.cn']] },
      /would be deleted/,
    ],
    ['a primary overwritten', writes(), { email: 'b@x.cn', otherEmails: all }, /would be deleted/],
    ['an empty list', writes(), { email: 'p@x.cn', otherEmails: [] }, /empty list/],
    ['others without the primary', writes(), { otherEmails: all }, /without the primary/],
    [
      'an addition forgotten',
      writes({ add: ['n@x.cn'] }),
      { email: 'p@x.cn', otherEmails: all },
      /asked for/,
    ],
    ['an edit forgotten', { email }, { email: 'p@x.cn', otherEmails: all }, /asked for/],
    ['an id twice', writes(), { email: 'p@x.cn', otherEmails: [...all, ['34', 'b@x.cn']] }, /stands twice/],
    ['an unknown id', writes(), { email: 'p@x.cn', otherEmails: [...all, ['77', 'b@x.cn']] }, /unknown/],
    [
      'ids exchanged',
      writes(),
      {
        email: 'p@x.cn',
        otherEmails: [
          ['34', 'c@x.cn'],
          ['35', 'b@x.cn'],
        ],
      },
      /another value/,
    ],
  ])('%s', (_name, planned, patch, message) => {
    expect(() => checkEmails(current, planned, patch)).toThrow(message);
  });

  test('what the plan named may go', () => {
    const patch: ContactPatch = { email: 'p@x.cn', otherEmails: [['34', 'b@x.cn']] };
    expect(() =>
      checkEmails(current, writes({ remove: [{ id: '35', value: 'C@x.cn' }] }), patch),
    ).not.toThrow();
    expect(() => checkEmails(current, { email }, { email: 'n@x.cn', otherEmails: all })).not.toThrow();
  });

  test.each<[string, SetOps, [string | null, string | null][], RegExp]>([
    ['a phone deleted', ops({}), [['9', null]], /would be deleted|another value/],
    ['a phone overwritten', ops({}), [['9', '13700137000']], /would be deleted|another value/],
    ['an addition forgotten', ops({ add: ['13700137000'] }), [], /asked for/],
    ['an unknown id', ops({}), [['8', '13700137000']], /unknown/],
  ])('%s', (_name, planned, patch, message) => {
    expect(() => checkPhones(current.cellphones, planned, patch, phoneKey('CN'))).toThrow(message);
  });
});
