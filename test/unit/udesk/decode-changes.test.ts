import { describe, expect, test } from 'vitest';
import { BLANK_CUSTOMER } from '../../../src/simulator/customer.ts';
import { Directory } from '../../../src/simulator/directory.ts';
import { summariesOf } from '../../../src/simulator/feeds.ts';
import { decodeChanges } from '../../../src/udesk/decode-changes.ts';

describe('the sentence of a change', () => {
  test.each([
    ['将昵称从“Ann”设置为 “Anna”', [{ field: 'nick_name', from: 'Ann', to: 'Anna' }]],
    ['将昵称从“Ann”设置为 <空>', [{ field: 'nick_name', from: 'Ann', to: null }]],
    ['将描述设置为“a\nb”', [{ field: 'description', to: 'a\nb' }]],
    ['将描述由"a"修改为"b"', [{ field: 'description', from: 'a', to: 'b' }]],
    ['nick_name changed from "Ann" to "Anna"', [{ field: 'nick_name', from: 'Ann', to: 'Anna' }]],
    ['description set to empty', [{ field: 'description', to: null }]],
    ['将TextField_2从“a”设置为 “b”', [{ field: 'custom.TextField_2', from: 'a', to: 'b' }]],
    [
      '将标签从“a,b”设置为 “b,c”',
      [
        { field: 'tags', from: 'a', to: null },
        { field: 'tags', from: null, to: 'c' },
      ],
    ],
  ])('%s', (sentence, changes) => {
    expect(decodeChanges(sentence)).toEqual(changes);
  });

  test('of an address is about the primary one and about the set', () => {
    expect(decodeChanges('将邮箱从“a@example.com”设置为 “b@example.com”')).toEqual([
      { field: 'email', from: 'a@example.com', to: 'b@example.com' },
      { field: 'emails', from: 'a@example.com', to: 'b@example.com' },
    ]);
  });

  test('that shows a name or a label tells the field and no value', () => {
    expect(decodeChanges('将负责人从“Tom”设置为 <空>')).toEqual([{ field: 'owner' }]);
    expect(decodeChanges('将负责组设置为“默认组”')).toEqual([{ field: 'owner_group' }]);
    expect(decodeChanges('将SelectField_2设置为“1,2”')).toEqual([{ field: 'custom.SelectField_2' }]);
  });

  test('that could mean two things means none', () => {
    expect(decodeChanges('将昵称从“a”设置为 “b”设置为 “c”')).toBeNull();
  });

  test('that is strange is not read', () => {
    for (const strange of ['客户资料已更新', '将行业从“a”设置为 “b”', '', null, 7])
      expect(decodeChanges(strange)).toBeNull();
    expect(decodeChanges('创建客户')).toEqual([]);
  });

  test('comes back from every sentence that the simulator writes about a value', () => {
    const before = { ...BLANK_CUSTOMER, id: 1, nickName: 'Ann', email: 'a@example.com', description: 'x' };
    const after = {
      ...before,
      nickName: 'Anna',
      email: 'b@example.com',
      description: '',
      cellphones: [{ id: 5, content: '13800000001' }],
      customFields: { TextField_2: 'IT' },
    };
    const told = summariesOf(before, after, new Directory()).map((sentence) => decodeChanges(sentence));
    expect(told.flat()).toEqual(
      expect.arrayContaining([
        { field: 'nick_name', from: 'Ann', to: 'Anna' },
        { field: 'emails', from: 'a@example.com', to: 'b@example.com' },
        { field: 'description', from: 'x', to: null },
        { field: 'cellphones', to: '13800000001' },
        { field: 'custom.TextField_2', to: 'IT' },
      ]),
    );
  });
});
