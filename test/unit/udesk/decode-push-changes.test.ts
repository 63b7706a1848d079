import { describe, expect, it } from 'vitest';
import { decodePushChanges } from '../../../src/udesk/decode-push-changes.ts';
import { parseUdeskJson } from '../../../src/udesk/json.ts';

const changed = (field: string, from: string | null, to: string | null) => ({ fields: [field], from, to });

describe('what a callback says that changed', () => {
  it('scalars, in the names of the mapping; an address may be meant as the primary one or as one of all', () => {
    expect(
      decodePushChanges({
        nick_name: ['Ann', 'Anna'],
        email: ['a@x.com', null],
        open_api_token: [null, 'c7'],
        is_blocked: [false, true],
        owner_id: [7, '8'],
        updated_at: ['2026-01-01', '2026-01-02'],
      }),
    ).toEqual([
      changed('nick_name', 'Ann', 'Anna'),
      { fields: ['email', 'emails'], from: 'a@x.com', to: null },
      changed('token', null, 'c7'),
      changed('is_blocked', 'false', 'true'),
      changed('owner', '7', '8'),
    ]);
  });

  it('elements by their ids: edited in place, added, taken away', () => {
    const item = (id: number, content: string) => ({ id, content });
    expect(
      decodePushChanges({
        cellphones: [
          [item(1, 'p'), item(2, 'q')],
          [item(1, 'P'), item(3, 'r')],
        ],
        other_emails: [[], [item(4, 'a@x.com')]],
        tags: [
          [{ id: 1, name: 'old' }, { name: 'kept' }],
          ['kept', 'new'],
        ],
      }),
    ).toEqual([
      changed('cellphones', 'q', null),
      changed('cellphones', 'p', 'P'),
      changed('cellphones', null, 'r'),
      changed('emails', null, 'a@x.com'),
      changed('tags', 'old', null),
      changed('tags', null, 'new'),
    ]);
  });

  it('custom fields one by one, those that stayed left out', () => {
    expect(
      decodePushChanges({ custom_fields: [{ TextField_1: 'a', TextField_2: 'b' }, { TextField_1: 'a' }] }),
    ).toEqual([changed('custom.TextField_2', 'b', null)]);
  });

  it.each([
    ['nothing', undefined],
    ['new values without the old ones', { nick_name: 'Anna' }],
    ['a list that could be a pair', { tags: ['a', 'b'] }],
    ['texts separated by commas', { tags: ['a,b', 'a'] }],
    ['the flat form of ids and addresses', { other_emails: [[], [7, 'a@x.com']] }],
    ['a selection', { custom_fields: [{ SelectField_1: ['1'] }, { SelectField_1: ['2'] }] }],
    ['a member that is not known', { color: ['red', 'blue'] }],
    ['a list that is not told', { cellphones: [null, []] }],
    ['one key with two values', parseUdeskJson('{"nick_name":["a","b"],"nick_name":["a","c"]}')],
  ])('%s is not read: then the customer is looked at', (_what, changes) => {
    expect(decodePushChanges(changes)).toBeNull();
  });
});
