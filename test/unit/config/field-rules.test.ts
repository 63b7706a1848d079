/** What is declared under `fields` is checked at load: each problem with its place, and nothing ambiguous gets through. */
import { describe, expect, it } from 'vitest';
import { toFieldSpec } from '../../../src/config/pair-spec.ts';
import { failure, load, MINIMAL } from './support.ts';

const withFields = (...fields: readonly string[]) =>
  MINIMAL.replace(/ {6}- \{ udesk: nick_name.*\n/, fields.map((field) => `      - ${field}\n`).join(''));
const specs = (...fields: readonly string[]) =>
  (load(withFields(...fields)).pairs[0]?.fields ?? []).map(toFieldSpec);
const problems = (...fields: readonly string[]) => failure(withFields(...fields)).message;

describe('problems of a declaration are found at load, with their place', () => {
  it.each([
    ['{ udesk: nick_name, crm: [a, b] }', 'fields[0].crm', 'say what stands between them under join'],
    ['{ udesk: nick_name, crm: a, join: " " }', 'fields[0].join', 'list them under crm'],
    ['{ udesk: nick_name, crm: a, split: last }', 'fields[0].split', 'belongs to join'],
    ['{ udesk: nick_name, crm: a, constant: x }', 'fields[0].constant', 'comes from one side'],
    ['{ constant: x }', 'fields[0].constant', 'comes from one side'],
    ['{ crm: a }', 'fields[0].udesk', 'is missing'],
    ['{ udesk: nick_name }', 'fields[0].crm', 'is missing'],
    ['{ crm: a, constant: x, direction: to-udesk }', 'fields[0].direction', 'leads away'],
    ['{ crm: a, constant: x, default: y }', 'fields[0].default', 'no use beside a constant'],
    ['{ udesk: emails, crm: a, truncate: 5 }', 'fields[0].truncate', 'is for fields of one value'],
    ['{ udesk: emails, crm: [a, b], join: "," }', 'fields[0].join', 'is for fields of one value'],
    [
      '{ udesk: nick_name, crm: a, date: { crm: HH:mm } }',
      'fields[0].date.crm',
      'a pattern with yyyy, MM and dd',
    ],
    [
      '{ udesk: nick_name, crm: a, date: { crm: date, zone: Mars } }',
      'fields[0].date.zone',
      'is not a known time zone',
    ],
    [
      '{ udesk: nick_name, crm: a, date: { crm: date }, phone: e164 }',
      'fields[0].phone',
      'cannot go together with date',
    ],
    ['{ udesk: nick_name, crm: a, phone: e.164 }', 'fields[0].phone', 'e164'],
    ['{ udesk: nick_name, crm: a, truncate: 0 }', 'fields[0].truncate', 'at least 1'],
    [
      '{ udesk: nick_name, crm: a, truncate: 2, default: none }',
      'fields[0].default',
      'has more than 2 characters',
    ],
    ['{ udesk: nick_name, crm: a, path: a..b }', 'fields[0].path', 'must be a place'],
    ['{ udesk: owner, crm: a, truncate: 5 }', 'fields[0].truncate', 'travels by name'],
    ['{ udesk: level, crm: a, map: { vip: x, normal: x } }', 'fields[0].map.normal', 'is not one-to-one'],
    [
      '{ udesk: level, crm: a, map: { vip: [x, x] }, direction: to-crm }',
      'fields[0].map.vip',
      'is not one-to-one',
    ],
    [
      '{ udesk: level, crm: a, map: { vip: x }, default: x }',
      'fields[0].default',
      'stands in the map already',
    ],
  ])('%s', (field, place, message) => {
    const text = problems(field);
    expect(text).toContain(`pairs[0].${place}`);
    expect(text).toContain(message);
  });

  it('two fields may not write into one field of the CRM, but into two places of one document', () => {
    const joined = '{ udesk: nick_name, crm: [a, b], join: " " }';
    expect(problems(joined, '{ udesk: description, crm: b }')).toContain(
      'shares a field of the CRM with fields[0]',
    );
    expect(problems('{ udesk: nick_name, crm: a, path: x }', '{ udesk: description, crm: a }')).toContain(
      'shares',
    );
    expect(
      problems('{ udesk: nick_name, crm: a, path: x }', '{ udesk: description, crm: a, path: x }'),
    ).toContain('is mapped by fields[0] already');
    expect(
      specs('{ udesk: nick_name, crm: a, path: x }', '{ udesk: description, crm: a, path: y }'),
    ).toHaveLength(2);
  });
});

describe('what a declaration means', () => {
  it('many to one is for one way, and a list is for both', () => {
    const [one] = specs('{ udesk: level, crm: a, map: { vip: x, normal: x }, direction: to-crm }');
    expect(one?.map).toEqual([
      ['vip', 'x'],
      ['normal', 'x'],
    ]);
    const [list] = specs('{ udesk: level, crm: a, map: { vip: [x, y], normal: z } }');
    expect(list?.map).toEqual([
      ['vip', 'x'],
      ['vip', 'y'],
      ['normal', 'z'],
    ]);
  });

  it('a constant is written where it is not from, and an edit of it is taken back', () => {
    const [toCrm, toUdesk] = specs('{ crm: a, constant: 7 }', '{ udesk: description, constant: x }');
    expect(toCrm).toMatchObject({
      udesk: 'constant:a',
      crm: 'a',
      direction: 'to-crm',
      policy: 'udesk',
      onBlocked: 'revert',
    });
    expect(toUdesk).toMatchObject({
      udesk: 'description',
      crm: 'constant:description',
      direction: 'to-udesk',
      policy: 'crm',
    });
    expect(toCrm?.lenses).toEqual([{ kind: 'constant', on: 'udesk', value: '7' }]);
  });

  it('numbers are read in the region of the pair, and compared as numbers', () => {
    const yaml = withFields('{ udesk: description, crm: a, phone: e164 }').concat(
      '    match: { defaultRegion: DE }\n',
    );
    const [field] = (load(yaml).pairs[0]?.fields ?? []).map(toFieldSpec);
    expect(field).toMatchObject({
      equivalence: 'phone',
      lenses: [{ kind: 'phone', crm: 'e164', udesk: 'as-is', region: 'DE' }],
    });
  });

  it('without a rule a field is what it was', () => {
    expect(specs('{ udesk: nick_name, crm: a }')).toEqual([
      {
        udesk: 'nick_name',
        crm: 'a',
        shape: 'scalar',
        equivalence: 'text',
        direction: 'both',
        policy: 'hold',
        onBlocked: 'hold',
        map: null,
      },
    ]);
  });
});
