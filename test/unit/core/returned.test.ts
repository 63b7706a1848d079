import { expect, test } from 'vitest';
import type { MatchDecision } from '../../../src/core/match.ts';
import { type FormerCounterpart, weighFormer } from '../../../src/core/returned.ts';

const former = (counterpart: string, more: Partial<FormerCounterpart> = {}): FormerCounterpart => ({
  id: 'c',
  counterpart,
  isReplaced: false,
  isSettled: false,
  ...more,
});
const unmatched: MatchDecision = { kind: 'unmatched' };
const match: MatchDecision = { kind: 'link', udeskId: 'u', crmId: 'c', evidence: [] };
const weigh = (decision: MatchDecision, all: FormerCounterpart[], apart: string[] = []) =>
  weighFormer('crm', 'c', decision, all, (other) => apart.includes(other));

test('P5: whoever is no match by now is asked about with all who were their counterparts, sorted', () => {
  expect(weigh(unmatched, [former('u2'), former('u1', { isReplaced: true }), former('u2')])).toMatchObject({
    kind: 'review',
    udeskIds: ['u1', 'u2'],
    crmIds: ['c'],
    reason: 'they were linked until one was deleted, and another record has its place by now',
  });
  expect(weighFormer('udesk', 'x', unmatched, [former('c9')], () => false)).toMatchObject({
    udeskIds: ['x'],
    crmIds: ['c9'],
    reason: 'they were linked until one was deleted, and it is back',
  });
});

test('of whom a person said that they are somebody else, nobody is asked again', () => {
  expect(weigh(unmatched, [former('u1'), former('u2')], ['u1', 'u2'])).toEqual(unmatched);
  expect(weigh(unmatched, [former('u1'), former('u2')], ['u1'])).toMatchObject({ udeskIds: ['u2'] });
});

test('P6: a match is a question where a person had settled the deletion of just these two', () => {
  expect(weigh(match, [former('u', { isSettled: true })])).toMatchObject({ kind: 'review', udeskIds: ['u'] });
  expect(weigh(match, [former('u')])).toEqual(match);
  expect(weigh(match, [former('other', { isSettled: true })])).toEqual(match);
  expect(weigh(match, [])).toEqual(match);
});

test('a question stays the question that it is', () => {
  const asked: MatchDecision = {
    ...match,
    kind: 'review',
    udeskIds: ['u'],
    crmIds: ['c'],
    score: 1,
    reason: '',
  };
  expect(weigh(asked, [former('u1')])).toBe(asked);
});
