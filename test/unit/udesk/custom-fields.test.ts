import { describe, expect, it } from 'vitest';
import { decodeCustomFields, withRequired } from '../../../src/udesk/custom-fields.ts';

function one(raw: object) {
  const { items, dropped } = decodeCustomFields([raw]);
  if (items[0] === undefined) throw new Error(dropped[0]?.reason);
  return items[0];
}

describe('definitions of custom fields', () => {
  it('F1: custom_field_name, title, requirement; an option is its position', () => {
    const raw = {
      id: 12,
      agent_permission: 1,
      customer_permission: 0,
      custom_field_name: 'SelectField_1',
      title: '来源',
      comment: '',
      content_type: 'droplist',
      options: ['官网', '展会'],
      requirement: true,
    };
    expect(one(raw)).toEqual({
      name: 'SelectField_1',
      label: '来源',
      contentType: 'droplist',
      required: true,
      options: [
        { value: '0', label: '官网' },
        { value: '1', label: '展会' },
      ],
      id: '12',
      comment: '',
      updatedAt: null,
    });
  });

  it.each([[''], [null], [undefined], [[]]])(
    'F2: name in place of custom_field_name, options %j',
    (options) => {
      const raw = { id: 1, name: 'TextField_1', title: 't', content_type: 'text', options, sort: 3 };
      expect(one(raw)).toMatchObject({ name: 'TextField_1', options: [], required: null });
    },
  );

  it('F3: organizations misspell the key and nest cascades as positions with labels', () => {
    const raw = {
      id: 11,
      field_name: 'SelectField_11',
      field_title: '级联城市',
      content_type: 'chained_droplist',
      options: [{ '0': ['北京市', [['海淀区', [['知春路']]]]] }, { '1': ['天津市', [['和平区']]] }],
      permission: 2,
      requirment: false,
    };
    expect(one(raw)).toMatchObject({
      label: '级联城市',
      required: false,
      options: [
        {
          value: '0',
          label: '北京市',
          subs: [{ value: '0', label: '海淀区', subs: [{ value: '0', label: '知春路' }] }],
        },
        { value: '1', label: '天津市', subs: [{ value: '0', label: '和平区' }] },
      ],
    });
  });

  it('F4: an option has a value of its own, whatever its position; hidden ones are still known', () => {
    const raw = {
      id: 104,
      field_name: 'SelectField_1',
      field_label: '来源',
      content_type: 'droplist',
      comment: 'c',
      updated_at: '2020-01-18T10:14:41.000+08:00',
      options: [
        { title: '展会', value: '7', default: false, is_hide: true, subs: null },
        { title: '官网', value: 2, default: true, is_hide: false, subs: [{ title: '首页', value: '0' }] },
      ],
      customer_permission: 'none',
      agent_permission: 'write',
      calculate_result_type: null,
    };
    expect(one(raw)).toEqual({
      name: 'SelectField_1',
      label: '来源',
      contentType: 'droplist',
      required: null,
      options: [
        { value: '7', label: '展会', hidden: true },
        { value: '2', label: '官网', subs: [{ value: '0', label: '首页' }] },
      ],
      id: '104',
      comment: 'c',
      updatedAt: '2020-01-18T02:14:41.000Z',
    });
  });

  it('what only the first generation says (required) is joined by name', () => {
    const field = (name: string, required: boolean | null) => ({ ...one(plain(name)), required });
    const joined = withRequired([field('a', null), field('b', null)], [field('a', true), field('c', true)]);
    expect(joined.map(({ name, required }) => [name, required])).toEqual([
      ['a', true],
      ['b', null],
    ]);
  });

  it('a definition that cannot be read is dropped with its shape, and the others go on', () => {
    const { items, dropped } = decodeCustomFields([
      { title: 'SECRET', content_type: 'text' },
      { name: 'x', title: 'SECRET' },
      { name: 'y', content_type: 'droplist', options: 7 },
      { name: 'z', content_type: 'droplist', options: [{ other: {} }] },
      plain('fine'),
    ]);
    expect(items.map((field) => field.name)).toEqual(['fine']);
    expect(dropped.map((one) => one.reason)).toEqual([
      'custom field: no name',
      'content_type: missing',
      'options: not a list',
      'options: an option without a label',
    ]);
    expect(JSON.stringify(dropped)).not.toContain('SECRET');
  });
});

const plain = (name: string) => ({ id: 1, name, title: name, content_type: 'text' });
