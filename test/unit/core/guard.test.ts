import { describe, expect, test } from 'vitest';
import { evaluateGuards, type GuardContext, type GuardCounts } from '../../../src/core/guard.ts';

const spec = { deletes: { max: 20, share: 0.02 }, updates: { share: 0.3 }, creates: { perHour: 500 } };
const calm: GuardContext = {
  confirmedLinks: 1000,
  createsLastHour: 0,
  updatesLastHour: 0,
  deletesLastDay: 0,
  firstRunAccepted: false,
  emptySide: null,
  fingerprintChanged: null,
  clockSkewMs: null,
  restored: false,
};
const FREE = { holdCreates: false, holdUpdates: false, holdDeletes: false };

const ONE: GuardCounts = { creates: { udesk: 0, crm: 0 }, updates: 0, deletes: 1 };

function judge(counts: Partial<GuardCounts>, context: Partial<GuardContext> = {}) {
  const all = { creates: { udesk: 0, crm: 0 }, updates: 0, deletes: 0, ...counts };
  const { tripped, ...holds } = evaluateGuards(spec, all, { ...calm, ...context });
  return {
    guards: tripped.map(({ guard }) => guard),
    messages: tripped.map(({ message }) => message),
    holds,
  };
}

describe('P8 blast radius', () => {
  test('an ordinary plan goes through', () => {
    const verdict = judge({ creates: { udesk: 200, crm: 300 }, updates: 300, deletes: 20 });
    expect(verdict).toEqual({ guards: [], messages: [], holds: FREE });
  });
  test('deletes by count: held, and nothing else is', () => {
    const verdict = judge({ deletes: 21, updates: 5 });
    expect(verdict.guards).toEqual(['deletes']);
    expect(verdict.holds).toEqual({ ...FREE, holdDeletes: true });
    expect(verdict.messages[0]).toMatch(/21 .* 20 /);
  });
  test('one is told of in the singular', () => {
    const one = judge(
      { deletes: 1, creates: { udesk: 1, crm: 1 } },
      { deletesLastDay: 1, restored: true, confirmedLinks: 1, emptySide: 'crm', createsLastHour: 500 },
    ).messages;
    expect(one.join('\n')).not.toMatch(
      /\b1 (?:CRM )?(?:record|link|customer|other|second)s\b|\b1 (?:were|are)\b/,
    );
    expect(one).toContain('crm shows no records at all, and 1 link is known.');
    const deletes = evaluateGuards({ ...spec, deletes: { max: 1, share: 1 } }, ONE, {
      ...calm,
      deletesLastDay: 1,
    });
    expect(deletes.tripped[0]?.message).toBe(
      'The plan deletes 1 record, 1 was deleted in the last day, and at most 1 may go.',
    );
    expect(judge({ deletes: 21 }, { deletesLastDay: 11 }).messages[0]).toMatch(/21 records, 11 were/);
  });
  test('deletes by rate: what went in the last day counts (T2)', () => {
    expect(judge({ deletes: 11 }, { deletesLastDay: 10 }).guards).toEqual(['deletes']);
    expect(judge({ deletes: 0 }, { deletesLastDay: 100 }).guards).toEqual([]);
  });
  test('deletes by share, from the third on', () => {
    expect(judge({ deletes: 3 }, { confirmedLinks: 100 }).guards).toEqual(['deletes']);
    expect(judge({ deletes: 2 }, { confirmedLinks: 10 }).guards).toEqual([]);
  });
  test('updates by share, unless the tenant is tiny', () => {
    expect(judge({ updates: 301 })).toMatchObject({
      guards: ['updates'],
      holds: { ...FREE, holdUpdates: true },
    });
    expect(judge({ updates: 20 }, { confirmedLinks: 20 }).guards).toEqual([]);
    expect(judge({ updates: 7 }, { confirmedLinks: 21 }).guards).toEqual(['updates']);
  });
  test('updates by hour: many small plans may not do what one large plan may not', () => {
    const verdict = judge({ updates: 101 }, { updatesLastHour: 200 });
    expect(verdict).toMatchObject({ guards: ['updates'], holds: { ...FREE, holdUpdates: true } });
    expect(verdict.messages[0]).toMatch(/101 .* 200 .* 30 % of 1000/);
    expect(judge({ updates: 100 }, { updatesLastHour: 200 }).guards).toEqual([]);
    expect(judge({ updates: 0 }, { updatesLastHour: 900 }).guards).toEqual([]);
  });
  test('creates by hour, both sides together', () => {
    const verdict = judge({ creates: { udesk: 250, crm: 250 } }, { createsLastHour: 1 });
    expect(verdict).toMatchObject({ guards: ['creates'], holds: { ...FREE, holdCreates: true } });
  });
  test('the accepted first plan may create and update as much as was accepted, but not delete', () => {
    const first = { firstRunAccepted: true };
    expect(judge({ creates: { udesk: 0, crm: 9000 }, updates: 1000 }, first).guards).toEqual([]);
    expect(judge({ deletes: 21 }, first).guards).toEqual(['deletes']);
  });
  test.each([
    ['empty-side', { emptySide: 'crm' as const }],
    ['fingerprint', { fingerprintChanged: 'udesk' as const }],
  ])('%s holds everything', (guard, context) => {
    expect(judge({ updates: 1 }, context)).toMatchObject({
      guards: [guard],
      holds: { holdCreates: true, holdUpdates: true, holdDeletes: true },
    });
  });
  test('a clock that is far off holds deletes', () => {
    expect(judge({}, { clockSkewMs: -300_001 })).toMatchObject({
      guards: ['clock-skew'],
      holds: { ...FREE, holdDeletes: true },
    });
    expect(judge({}, { clockSkewMs: 300_000 }).guards).toEqual([]);
  });
  test('all that tripped is said', () => {
    expect(judge({ deletes: 99, updates: 999 }, { emptySide: 'udesk' }).guards).toEqual([
      'empty-side',
      'deletes',
      'updates',
    ]);
  });
});
