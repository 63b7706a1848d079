import { expect, test } from 'vitest';
import { patchPhones, replaceOtherEmails, setItems } from '../../../src/simulator/elements.ts';
import { Refusal } from '../../../src/simulator/refusal.ts';

const CURRENT = [
  { id: 1, content: 'a' },
  { id: 2, content: 'b' },
  { id: 3, content: 'c' },
];
const nextId = () => 9;

test('phones are patched: a changed one keeps its id, an unlisted one stays, one without content goes', () => {
  const pairs = [
    { id: 1, content: 'A' },
    { id: 3, content: '' },
    { id: null, content: 'new' },
  ];
  expect(patchPhones(CURRENT, pairs, nextId)).toEqual([
    { id: 1, content: 'A' },
    { id: 2, content: 'b' },
    { id: 9, content: 'new' },
  ]);
});

test('an empty list of phones changes nothing', () => {
  expect(patchPhones(CURRENT, [], nextId)).toEqual(CURRENT);
});

test('other e-mails are replaced: an id that is left out is deleted', () => {
  const pairs = [
    { id: 2, content: 'B' },
    { id: null, content: 'new' },
  ];
  expect(replaceOtherEmails(CURRENT, pairs, nextId)).toEqual([
    { id: 2, content: 'B' },
    { id: 9, content: 'new' },
  ]);
});

test('echoing every id and adding one keeps the others under their ids', () => {
  expect(replaceOtherEmails(CURRENT, [...CURRENT, { id: null, content: 'd' }], nextId)).toEqual([
    ...CURRENT,
    { id: 9, content: 'd' },
  ]);
});

test('an id of nobody, or one id twice, is an error', () => {
  for (const change of [patchPhones, replaceOtherEmails]) {
    expect(() => change(CURRENT, [{ id: 7, content: 'x' }], nextId)).toThrow(Refusal);
    expect(() =>
      change(
        CURRENT,
        [CURRENT[0], CURRENT[0]].filter((item) => item !== undefined),
        nextId,
      ),
    ).toThrow(Refusal);
  }
});

test('a person sets the whole list, and known elements keep their ids', () => {
  expect(setItems(CURRENT, ['c', { id: '1', content: 'A' }, 'new'], nextId)).toEqual([
    { id: 3, content: 'c' },
    { id: 1, content: 'A' },
    { id: 9, content: 'new' },
  ]);
});
