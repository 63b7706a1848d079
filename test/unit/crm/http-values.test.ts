import { describe, expect, test } from 'vitest';
import { type HttpConfig, httpConfigSchema } from '../../../src/crm/http/config.ts';
import { decode } from '../../../src/crm/http/decode.ts';
import { assign } from '../../../src/crm/http/encode.ts';
import { linkNext } from '../../../src/crm/http/pages.ts';
import { parseJson, valueAt, withValueAt } from '../../../src/crm/http/paths.ts';
import { placesOf } from '../../../src/crm/http/places.ts';
import { cleaned, readAnswer } from '../../../src/crm/http/refusal.ts';
import { formatTime, parseTime } from '../../../src/crm/http/times.ts';
import type { HttpFailure } from '../../../src/http/classify.ts';
import { scalar, setWrite } from '../../conformance/harness.ts';

const FIELDS = [
  { name: 'vip', shape: 'scalar', equivalence: 'boolean' },
  { name: 'age', shape: 'scalar', equivalence: 'number' },
  { name: 'born', shape: 'scalar', equivalence: 'text' },
  { name: 'mail', shape: 'set', equivalence: 'email' },
  { name: 'tags', shape: 'set', equivalence: 'text' },
] as const;

const config: HttpConfig = httpConfigSchema.parse({
  adapter: 'http',
  baseUrl: 'https://crm.example.com',
  list: { path: '/p', paging: { kind: 'link' } },
  get: { path: '/p/{id}' },
  create: { path: '/p' },
  update: { path: '/p/{id}' },
  fields: {
    vip: { path: 'flags.vip', as: 'boolean', words: { true: 'Y', false: 'N' } },
    age: { path: 'age', as: 'number' },
    born: { path: 'born', as: 'date', format: 'datetime', offset: '+08:00' },
    mail: { path: 'mail', as: 'objects', value: 'at', primary: 'first', lower: true, trim: true },
  },
});
const { places } = placesOf(config, FIELDS);
const shape = { config, places };
const place = (name: string) => {
  const found = places.find(({ field }) => field === name);
  if (found === undefined) throw new Error(name);
  return found;
};

const RAW = parseJson(
  `{"id": 9007199254740993, "flags": {"vip": "Y", "x": 1}, "age": 41.50, "born": "2025-01-31 08:00:00",
    "mail": [{"at": "B@x.cn ", "first": false, "kind": "home"}, {"at": "a@x.cn", "first": true}], "tags": ["t", 7, null]}`,
);

describe('values', () => {
  test('a record is read as it is declared: words, numbers with every digit, times, the first before the others', () => {
    expect(decode(shape, RAW)).toMatchObject({
      kind: 'live',
      record: {
        id: '9007199254740993',
        fields: {
          vip: true,
          age: '41.50',
          born: '2025-01-31T00:00:00.000Z',
          mail: [{ value: 'a@x.cn' }, { value: 'b@x.cn' }],
          tags: [{ value: 't' }, { value: '7' }],
        },
      },
    });
  });

  test('a missing field is not told, and null is null', () => {
    const decoded = decode(shape, { id: 1, age: null });
    expect(decoded).toMatchObject({ kind: 'live', record: { fields: { age: null } } });
    expect(decoded.kind === 'live' && Object.keys(decoded.record.fields)).toEqual(['age']);
    const omitting = decode({ places, config: { ...config, omitsEmpty: true } }, { id: 1 });
    expect(omitting).toMatchObject({ record: { fields: { vip: null, mail: null } } });
  });

  test('what does not hold what the config says is dropped by its shape, never with a value', () => {
    const decoded = decode(shape, { id: 1, tags: 'secret', name: 'secret' });
    expect(decoded).toEqual({
      kind: 'dropped',
      dropped: {
        id: '1',
        reason: '"tags" does not hold what the config says (strings)',
        sample: '{ id: number, tags: string, name: string }',
      },
    });
  });

  test.each([
    ['mail', [{ at: { no: 'text' } }]],
    ['mail', ['a@x.cn']],
    ['tags', [['t']]],
    ['tags', ['t', {}]],
  ])(
    'P2: a list of %s that holds %j is not read as one from which somebody took elements away',
    (field, value) => {
      expect(decode(shape, { id: 1, [field]: value })).toMatchObject({
        kind: 'dropped',
        dropped: { id: '1' },
      });
    },
  );

  test('a value is written in the form of the API', () => {
    const write = (name: string, after: string | boolean | null) =>
      assign(place(name), scalar(null, after), RAW, 'exact', 'CN');
    expect(write('vip', false)).toEqual([['flags.vip', 'N']]);
    expect(JSON.stringify(write('age', '12345678901234567890.10'))).toBe('[["age",12345678901234567890.10]]');
    expect(write('born', '2025-01-31T16:00:00.000Z')).toEqual([['born', '2025-02-01 00:00:00']]);
    expect(() => write('age', 'forty')).toThrow(/takes a number/);
    expect(() => write('vip', 'perhaps')).toThrow(/true or false/);
  });

  test('an edit of a list keeps what else its elements hold, and leaves it with a first', () => {
    const before = [
      { id: null, value: 'a@x.cn' },
      { id: null, value: 'b@x.cn' },
    ];
    const write = setWrite(before, { remove: [{ id: null, value: 'a@x.cn' }], add: ['C@x.cn'] });
    expect(assign(place('mail'), write, RAW, 'email', 'CN')).toEqual([
      [
        'mail',
        [
          { at: 'B@x.cn ', first: true, kind: 'home' },
          { at: 'c@x.cn', first: false },
        ],
      ],
    ]);
  });

  test('paths are read and written without touching what they pass', () => {
    expect(valueAt(RAW, 'mail[1].at')).toBe('a@x.cn');
    expect(valueAt(RAW, 'mail[9].at')).toBeUndefined();
    expect(valueAt({}, 'constructor.name')).toBeUndefined();
    expect(withValueAt({ a: [{ b: 1, c: 2 }] }, 'a[0].b', 3)).toEqual({ a: [{ b: 3, c: 2 }] });
    expect(withValueAt({}, 'a.b[1]', 3)).toEqual({ a: { b: [null, 3] } });
  });

  test('times go there and back, cut and never rounded up', () => {
    const ms = Date.UTC(2025, 0, 31, 23, 59, 59, 999);
    for (const format of ['iso', 'unix', 'unix-ms', 'datetime'] as const) {
      const form = { format, offset: '+08:00' };
      const back = parseTime(formatTime(ms, form), form) ?? 0;
      expect(ms - back).toBe(format === 'unix' || format === 'datetime' ? 999 : 0);
    }
    expect(parseTime('yesterday', { format: 'iso', offset: '+00:00' })).toBeNull();
  });

  test('the next page is found in a Link header among others', () => {
    expect(linkNext('<https://a/1>; rel="prev", <https://a/3?x=1,2>; title="n"; rel="last next"')).toBe(
      'https://a/3?x=1,2',
    );
    expect(linkNext('<https://a/1>; rel="nextish"')).toBeNull();
    expect(linkNext(undefined)).toBeNull();
  });
});

describe('what an answer means', () => {
  const errors = {
    code: 'code',
    ok: [0],
    message: 'msg',
    map: [{ status: 400, code: 'late', kind: 'stale' }],
  } as const;
  const ask = (
    status: number,
    json: unknown,
    about: { write: boolean; creates?: boolean; plain?: boolean },
  ) => {
    const { write, creates = false, plain = false } = about;
    try {
      return readAnswer(
        { status, headers: {}, text: typeof json === 'string' ? json : JSON.stringify(json) },
        {
          errors: plain ? { map: [] } : { ...errors, ok: [0], map: [...errors.map] },
          target: 'X',
          write,
          creates,
          sent: {},
          nowMs: 0,
        },
      );
    } catch (thrown) {
      const failure = thrown as HttpFailure;
      return [failure.kind, failure.undone];
    }
  };

  test.each([
    [401, 'auth', 'auth', true],
    [403, 'auth', 'auth', true],
    [408, 'transient', 'ambiguous', false],
    [412, 'stale', 'stale', true],
    [422, 'rejected', 'rejected', true],
    [429, 'throttled', 'throttled', true],
    [500, 'transient', 'ambiguous', false],
    [503, 'transient', 'ambiguous', false],
    [504, 'transient', 'ambiguous', false],
  ] as const)('HTTP %i: a read is %s, a write %s', (status, read, write, undone) => {
    expect(ask(status, {}, { write: false, plain: true })).toEqual([read, read !== 'transient']);
    expect(ask(status, {}, { write: true, plain: true })).toEqual([write, undone]);
  });

  test('409 is a duplicate for a create, and a record that moved for an update', () => {
    expect(ask(409, {}, { write: true, creates: true, plain: true })).toEqual(['rejected', true]);
    expect(ask(409, {}, { write: true, plain: true })).toEqual(['stale', true]);
  });

  test('at HTTP 200 the code decides; one that is not known is a no to a write, and nothing to a read', () => {
    expect(ask(200, { code: 0, data: 1 }, { write: true })).toEqual({ code: 0, data: 1 });
    expect(ask(400, { code: 'late' }, { write: true })).toEqual(['stale', true]);
    expect(ask(200, { code: 9 }, { write: true })).toEqual(['rejected', true]);
    expect(ask(200, { code: 9 }, { write: false })).toEqual(['contract', false]);
    expect(ask(200, {}, { write: true })).toEqual(['ambiguous', false]);
    expect(ask(200, '<html>', { write: true, plain: true })).toEqual(['ambiguous', false]);
    expect(ask(200, '<html>', { write: false, plain: true })).toEqual(['contract', false]);
  });

  test('words lose what we sent, addresses and numbers', () => {
    expect(cleaned('Li Lei <li@x.cn> has +86 138-0013-8000, field 12', { body: { n: 'Li Lei' } })).toBe(
      '… <…> has …, field 12',
    );
  });
});
