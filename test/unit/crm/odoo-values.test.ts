import { describe, expect, test } from 'vitest';
import type { FieldWrite, Patch } from '../../../src/core/record.ts';
import type { Value } from '../../../src/core/value.ts';
import type { MappedField } from '../../../src/crm/definition.ts';
import { decode, type Words } from '../../../src/crm/odoo/decode.ts';
import { editsOf, loadRow, writeValues } from '../../../src/crm/odoo/encode.ts';
import { type ModelFields, placesOf } from '../../../src/crm/odoo/places.ts';

const field = (type: string, relation: string | null = null, readonly = false) => ({
  type,
  relation,
  readonly,
});
const MODEL: ModelFields = {
  id: field('integer'),
  active: field('boolean'),
  name: field('char'),
  comment: field('text'),
  email: field('char'),
  mobile: field('char'),
  phone: field('char'),
  color: field('integer'),
  employee: field('boolean'),
  lang: field('selection'),
  country_id: field('many2one', 'res.country'),
  user_id: field('many2one', 'res.users'),
  parent_id: field('many2one', 'res.partner'),
  category_id: field('many2many', 'res.partner.category'),
  display_name: field('char', null, true),
  image_128: field('binary'),
};
const mapped = (
  name: string,
  shape: 'scalar' | 'set' = 'scalar',
  equivalence: MappedField['equivalence'] = 'text',
) => ({
  name,
  shape,
  equivalence,
});
const FIELDS = [
  mapped('name'),
  mapped('emails', 'set', 'email'),
  mapped('phones', 'set', 'phone'),
  mapped('tags', 'set'),
  mapped('owner', 'scalar', 'email'),
  mapped('employee', 'scalar', 'boolean'),
  mapped('color', 'scalar', 'number'),
];
const { places } = placesOf({ fields: {} }, FIELDS, MODEL);
const CONTEXT = { places, fields: FIELDS, region: 'CN' };
const WORDS: Words = new Map([
  [
    'tags',
    new Map([
      [5, 'VIP'],
      [6, 'old'],
    ]),
  ],
  ['owner', new Map([[2, 'desk@example.com']])],
]);
const RAW = {
  id: 7,
  active: true,
  write_date: '2026-11-26 01:04:47',
  name: 'Li Lei',
  email: 'li@example.com',
  mobile: false,
  phone: '+86 138 0013 8000',
  category_id: [5, 6],
  user_id: [2, 'Desk'],
  employee: false,
  color: 0,
  write_uid: [2, 'Desk'],
};
const decoded = (raw: object, more: object = {}) =>
  decode(
    { places, words: WORDS, markers: new Map([[7, '1001']]), archivedIsDeleted: true, uid: 7, ...more },
    raw,
  );
const set = (...values: string[]): Value => values.map((value) => ({ id: null, value }));
const write = (before: Value, after: Value, ops: FieldWrite['ops'] = null): FieldWrite => ({
  field: 'x',
  before,
  after,
  ops,
});

describe('where a field stands', () => {
  const problems = (name: string, block: object | string, shape: 'scalar' | 'set' = 'scalar') =>
    placesOf({ fields: { [name]: block as string } }, [mapped(name, shape)], MODEL).problems;

  test('names that a pair uses have a usual place', () => {
    expect(places.map((place) => [place.field, place.kind])).toEqual([
      ['name', 'text'],
      ['emails', 'slots'],
      ['phones', 'slots'],
      ['tags', 'tags'],
      ['owner', 'reference'],
      ['employee', 'boolean'],
      ['color', 'number'],
    ]);
  });

  test('without mobile (Odoo 19) phones have one place, and asking for it says why', () => {
    const { mobile: _, ...model } = MODEL;
    expect(placesOf({ fields: {} }, [mapped('phones', 'set')], model).places).toMatchObject([
      { slots: ['phone'] },
    ]);
    const asked = placesOf(
      { fields: { phones: { slots: ['mobile'], readOnly: false } } },
      [mapped('phones', 'set')],
      model,
    );
    expect(asked.problems).toEqual([expect.stringContaining('Odoo 19 took it out')]);
  });

  test('what does not fit is named, each with its key', () => {
    expect(problems('a', 'nmae')).toEqual([
      expect.stringContaining('crm.fields.a: res.partner has no field "nmae"'),
    ]);
    expect(problems('a', 'active')).toEqual([expect.stringContaining('a deletion here')]);
    expect(problems('a', 'user_id')).toEqual([expect.stringContaining('{ ref: user_id }')]);
    expect(problems('a', 'image_128')).toEqual([expect.stringContaining('binary')]);
    expect(problems('a', { tags: 'name' }, 'set')).toHaveLength(1);
    expect(problems('a', { slots: ['email'] })).toHaveLength(1);
    expect(problems('a', { slots: ['color'] }, 'set')).toHaveLength(1);
  });

  test('language and country are left alone, and what Odoo computes cannot be written', () => {
    const fields = { country: { ref: 'country_id', readOnly: false } };
    const names = ['lang', 'country', 'display_name'].map((name) => mapped(name));
    const found = placesOf({ fields }, names, MODEL).places;
    expect(found.map(({ readOnly }) => readOnly)).toEqual([true, true, true]);
  });
});

describe('a partner becomes a record', () => {
  test('its last author is who wrote it: we are told apart, and without our own id nobody is told', () => {
    const author = (write_uid: unknown, more: object = {}) => {
      const found = decoded({ ...RAW, write_uid }, more);
      return found.kind === 'live' ? found.record.lastEdit : undefined;
    };
    expect(author([7, 'Sync'])).toMatchObject({ id: '7', own: true });
    expect(author(2)).toMatchObject({ id: '2', name: null, own: false });
    expect([author(false), author(undefined), author([2, 'Desk'], { uid: null })]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test('false is nothing, references are words, the time is UTC', () => {
    expect(decoded(RAW)).toEqual({
      kind: 'live',
      record: {
        id: '7',
        externalId: '1001',
        version: null,
        updatedAt: '2026-11-26T01:04:47.000Z',
        lastEdit: { id: '2', name: 'Desk', at: '2026-11-26T01:04:47.000Z', own: false },
        fields: {
          name: 'Li Lei',
          emails: [{ id: 'email', value: 'li@example.com' }],
          phones: [{ id: 'phone', value: '+86 138 0013 8000' }],
          tags: set('VIP', 'old'),
          owner: 'desk@example.com',
          employee: false,
          color: '0',
        },
      },
    });
    expect(decoded({ ...RAW, name: false, user_id: false })).toMatchObject({
      record: { fields: { name: null, owner: null } },
    });
    expect(decoded({ ...RAW, name: '' })).toMatchObject({ record: { fields: { name: '' } } });
  });

  test('a tag or an owner that is hidden from us is not told, and not taken for removed', () => {
    const one = decoded({ ...RAW, category_id: [5, 99], user_id: [99, '?'] });
    if (one.kind !== 'live') throw new Error('expected a record');
    expect(Object.keys(one.record.fields)).not.toContain('tags');
    expect(Object.keys(one.record.fields)).not.toContain('owner');
  });

  test('archived counts as deleted, or as live where the config says so', () => {
    expect(decoded({ ...RAW, active: false })).toEqual({ kind: 'archived', id: '7' });
    expect(decoded({ ...RAW, active: false }, { archivedIsDeleted: false }).kind).toBe('live');
  });

  test('what cannot be read is left out with its shape, and never its values', () => {
    const bad = decoded({ ...RAW, name: 7 });
    expect(bad).toMatchObject({ kind: 'dropped', dropped: { id: '7' } });
    expect(JSON.stringify(bad)).not.toContain('example.com');
    expect(decoded({ name: 'no id' })).toMatchObject({ kind: 'dropped', dropped: { id: null } });
  });
});

describe('a patch becomes what Odoo is sent', () => {
  const ids = new Map([
    ['tags', new Map([['new', 9]])],
    ['owner', new Map([['li@example.com', 4]])],
  ]);
  const values = (patch: Patch) => writeValues(editsOf(CONTEXT, patch, RAW, WORDS), ids);

  test('null is false, the empty text is itself', () => {
    expect(values({ name: write('Li Lei', null) })).toEqual({ name: false });
    expect(values({ name: write('Li Lei', '') })).toEqual({ name: '' });
    expect(values({ employee: write(false, true), color: write('0', '12') })).toEqual({
      employee: true,
      color: 12,
    });
    expect(() => values({ color: write('0', 'blue') })).toThrow('takes a number');
  });

  test('tags are linked and unlinked one by one, an owner is set by its id', () => {
    const ops = { add: ['new'], remove: [{ id: null, value: 'old' }], change: [] };
    expect(values({ tags: write(set('VIP', 'old'), set('VIP', 'new'), ops) })).toEqual({
      category_id: [
        [3, 6, 0],
        [4, 9, 0],
      ],
    });
    expect(values({ owner: write('desk@example.com', 'li@example.com') })).toEqual({ user_id: 4 });
    expect(values({ owner: write('desk@example.com', null) })).toEqual({ user_id: false });
  });

  test('a second phone takes the free place, a third finds no room', () => {
    const ops = (...add: string[]) => ({ add, remove: [], change: [] });
    expect(values({ phones: write(set('13800138000'), set(), ops('13900139000')) })).toEqual({
      mobile: '13900139000',
    });
    expect(() => values({ phones: write(set(), set(), ops('13900139000', '13700137000')) })).toThrow(
      'room for 2',
    );
  });

  test('an element that is not there any more is stale, and a tag that is hidden stops the write', () => {
    const remove = [{ id: null, value: 'gone' }];
    expect(() => values({ tags: write(set('gone'), [], { add: [], remove, change: [] }) })).toThrow('moved');
    const hidden = { ...RAW, category_id: [5, 99] };
    expect(() => editsOf(CONTEXT, { tags: write(set(), set('new')) }, hidden, WORDS)).toThrow('cannot see');
  });

  test('what Postgres cannot keep is refused by the name of its field', () => {
    for (const bad of ['a\0b', 'half \ud800 pair'])
      expect(() => values({ name: write('', bad) })).toThrow('"name" holds characters');
  });

  test('a new partner is a row of texts; empty cells are left to the defaults', () => {
    const patch = {
      name: write(null, 'Han'),
      emails: write(null, set('han@example.com')),
      tags: write(null, set('new')),
      owner: write(null, 'li@example.com'),
      employee: write(null, false),
      color: write(null, '3'),
    };
    const fixed = { is_company: false, name: 'nobody', parent_id: 12 };
    const { columns, row } = loadRow(editsOf(CONTEXT, patch, null, new Map()), ids, fixed, MODEL);
    expect(Object.fromEntries(columns.map((column, at) => [column, row[at]]))).toEqual({
      is_company: '0',
      name: 'Han',
      'parent_id/.id': '12',
      email: 'han@example.com',
      'category_id/.id': '9',
      'user_id/.id': '4',
      employee: '0',
      color: '3',
    });
  });
});
