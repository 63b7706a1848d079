import { describe, expect, test } from 'vitest';
import { differences, entryDifferences, losses, type TextPart } from '../../../src/report/text-diff.ts';

const told = (parts: readonly TextPart[]) =>
  parts.map(({ text, differs }) => (differs ? `[${text}]` : text)).join('');
const lost = (agreed: string, ...now: string[]) =>
  losses(
    [agreed],
    now.map((to) => ({ from: [agreed], to: to === '' ? [] : [to] })),
    false,
  ).map(told);
const lostOfSet = (agreed: string[], ...now: string[][]) =>
  losses(
    agreed,
    now.map((to) => ({ from: agreed, to })),
    true,
  ).map(told);

describe('what a side took away', () => {
  test('is marked in what both agreed on, where nothing of the edit stands on its own side', () => {
    expect(told(differences('12 Main St', '12 Main Street'))).toBe('12 Main St');
    expect(lost('12 Main Street', '12 Main St')).toEqual(['12 Main St[reet]']);
  });

  test('counts from both sides', () => {
    expect(lost('Dr. Ann Lee', 'Ann Lee', 'Dr. Ann')).toEqual(['[Dr. ]Ann[ Lee]']);
  });

  test('is nothing in particular where a side holds quite another value, or none', () => {
    expect(lost('Base', 'Quite another one')).toEqual(['Base']);
    expect(lost('Base', '')).toEqual(['Base']);
    expect(lost('Base', 'Base')).toEqual(['Base']);
  });

  test('is told of a value as the side agreed on it: other words of the same value are no loss', () => {
    expect(told(losses(['VIP'], [{ from: ['1'], to: ['2'] }], false)[0] ?? [])).toBe('VIP');
  });

  test('of characters beyond the first plane is whole', () => {
    expect(lost('ab𠮷cd', 'abcd')).toEqual(['ab[𠮷]cd']);
  });
});

describe('the entries of a set', () => {
  test('one that took the place of a similar one is marked by its characters, on both sides of the edit', () => {
    const [agreed, now] = [
      ['ann@example.com', 'x@y.cn'],
      ['anne@example.com', 'x@y.cn'],
    ];
    expect(entryDifferences(now, agreed).map(told)).toEqual(['ann[e]@example.com', 'x@y.cn']);
    expect(lostOfSet(now, agreed)).toEqual(['ann[e]@example.com', 'x@y.cn']);
  });

  test('is marked whole where it is new, gone, or quite another one', () => {
    expect(entryDifferences(['a1', 'b2'], []).map(told)).toEqual(['[a1]', '[b2]']);
    expect(entryDifferences(['13800000000'], ['zzz']).map(told)).toEqual(['[13800000000]']);
    expect(lostOfSet(['a1', 'b2', 'c3'], ['a1'])).toEqual(['a1', '[b2]', '[c3]']);
    expect(lostOfSet(['zzz'], ['13800000000'])).toEqual(['[zzz]']);
  });

  test('one that was only shortened stays marked whole, and what went is marked in the agreed one', () => {
    expect(entryDifferences(['12 Main St'], ['12 Main Street']).map(told)).toEqual(['[12 Main St]']);
    expect(lostOfSet(['12 Main Street'], ['12 Main St'])).toEqual(['12 Main St[reet]']);
  });
});
