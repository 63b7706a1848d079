import { describe, expect, test } from 'vitest';
import { ABSENT, type Value } from '../../../src/core/value.ts';
import { isSyncError } from '../../../src/errors.ts';
import { type FieldMeaning, flatOptions, toLabels, toWire } from '../../../src/udesk/field-meaning.ts';

const ABC = [
  { value: '0', label: 'A' },
  { value: '1', label: 'B' },
  { value: '2', label: 'C' },
];
const select = (over: Partial<FieldMeaning> = {}): FieldMeaning => ({
  contentType: 'checkbox',
  required: false,
  options: ABC,
  pinned: ABC,
  vanished: false,
  ...over,
});
const set = (...values: string[]) => values.map((value) => ({ id: null, value }));

function read(meaning: FieldMeaning | undefined, value: Value) {
  const drifted: string[] = [];
  return { value: toLabels(meaning, value, (option) => drifted.push(option)), drifted };
}

function refusal(meaning: FieldMeaning | undefined, value: Value): string {
  try {
    toWire('custom.X_1', meaning, value);
  } catch (error) {
    if (isSyncError(error, 'rejected')) return error.message;
    throw error;
  }
  return 'taken';
}

describe('a selection is read as labels', () => {
  test('option values become the labels that they were pinned to', () => {
    expect(read(select(), set('2', '0'))).toEqual({ value: set('C', 'A'), drifted: [] });
    expect(read(select(), '0,2').value).toEqual(set('A', 'C'));
  });

  test('nothing chosen stays as it is told: absent, null and empty are different', () => {
    expect(read(select(), ABSENT).value).toBe(ABSENT);
    expect(read(select(), null).value).toBe(null);
    expect(read(select(), []).value).toEqual([]);
  });

  test('an option whose label moved gives no value at all, never another meaning', () => {
    const moved = select({
      options: [{ value: '0', label: 'B' }, { value: '1', label: 'A' }, ...ABC.slice(2)],
    });
    expect(read(moved, set('0'))).toEqual({ value: undefined, drifted: ['0'] });
    expect(read(moved, set('2', '1'))).toEqual({ value: undefined, drifted: ['1'] });
    expect(read(moved, set('2')).value).toEqual(set('C'));
  });

  test('an option that was removed, or was never seen, gives no value', () => {
    expect(read(select({ options: ABC.slice(0, 2) }), set('2'))).toEqual({
      value: undefined,
      drifted: ['2'],
    });
    expect(read(select(), set('7'))).toEqual({ value: undefined, drifted: ['7'] });
  });

  test('a field that vanished, or is not known, is not returned: that customers stop listing it is no edit', () => {
    expect(read(select({ vanished: true }), ABSENT).value).toBeUndefined();
    expect(read(select({ contentType: 'text', vanished: true }), ABSENT).value).toBeUndefined();
    expect(read(undefined, 'text').value).toBeUndefined();
  });

  test('a cascade is one value: the labels on the way down', () => {
    const options = flatOptions({
      contentType: 'chained_droplist',
      options: [
        { value: '0', label: 'North', subs: [{ value: '0', label: 'Beijing' }] },
        { value: '1', label: 'South ', subs: [{ value: '0', label: 'Shenzhen' }] },
      ],
    });
    const cascade = select({ contentType: 'chained_droplist', options, pinned: options });
    expect(read(cascade, set('1', '0')).value).toEqual(set('South / Shenzhen'));
    expect(toWire('custom.X_1', cascade, set('South / Shenzhen'))).toEqual(set('1', '0'));
    expect(read(cascade, set('1')).value).toEqual(set('South'));
    expect(refusal(cascade, set('North', 'South'))).toContain('takes one option');
  });
});

describe('a selection is sent as option values', () => {
  test('labels become the values that they were pinned to', () => {
    expect(toWire('custom.X_1', select(), set('C', ' A '))).toEqual(set('2', '0'));
    expect(toWire('custom.X_1', select(), [])).toEqual([]);
    expect(toWire('custom.X_1', select(), null)).toBe(null);
  });

  test('an unknown label is refused with the labels that are allowed, and without the value itself', () => {
    const words = refusal(select(), set('Private words'));
    expect(words).toBe('custom.X_1 has no such option in Udesk; it has: "A", "B", "C"');
  });

  test('a label that moved or went is refused', () => {
    const moved = select({
      options: [
        { value: '0', label: 'B' },
        { value: '1', label: 'A' },
      ],
    });
    for (const label of ['A', 'B', 'C'])
      expect(refusal(moved, set(label))).toContain('moved, renamed or removed');
  });

  test('a label that two options have is refused: nobody knows which one is meant', () => {
    const two = [...ABC, { value: '3', label: 'A' }];
    expect(refusal(select({ options: two, pinned: two }), set('A'))).toContain(
      'several options of this name',
    );
  });

  test('a single choice takes one option', () => {
    for (const contentType of ['droplist', 'radio']) {
      expect(refusal(select({ contentType }), set('A', 'B'))).toContain('takes one option');
      expect(refusal(select({ contentType }), set('A'))).toBe('taken');
    }
  });

  test('a required field is not emptied', () => {
    for (const value of [null, [], '', ' ', ABSENT]) {
      expect(refusal(select({ required: true }), value)).toContain('is required in Udesk');
    }
  });

  test('a field that vanished, is not known, or is calculated is not written', () => {
    expect(refusal(select({ vanished: true }), set('A'))).toContain('any more');
    expect(refusal(undefined, 'x')).toContain('any more');
    expect(refusal(select({ contentType: 'calculate' }), '1')).toContain('calculated by Udesk');
  });
});

describe('a value is checked against the type of its field before it is sent', () => {
  test.each([
    ['number', ['0', '42'], ['-1', '1.5', 'abc', '1e3']],
    ['numeric', ['-1', '1.5', '10000000000000000001'], ['1,5', 'abc', '.5']],
    ['date', ['2017-01-18', '2024-02-29'], ['2023-02-29', '18.1.2017', '2017-1-18']],
    ['time', ['10:14', '23:59:59'], ['24:00', '10']],
    [
      'datetime',
      ['2017-01-18 10:14:41', '2017-01-18T10:14:41.000+08:00'],
      ['2017-01-18', '2017-13-01 10:00'],
    ],
    ['link', ['https://a.example.com/x?y=1', 'www.example.com'], ['no link', 'x']],
    ['text', ['anything', '1'], []],
    ['location', ['anything'], []],
  ])('%s', (contentType, good, bad) => {
    const meaning = select({ contentType, options: [], pinned: [] });
    for (const value of good) expect(refusal(meaning, value)).toBe('taken');
    for (const value of bad) {
      expect(refusal(meaning, value)).toContain(`of the type ${contentType}`);
      expect(refusal(meaning, value)).not.toContain(`"${value}"`);
    }
  });
});
