import { describe, expect, test } from 'vitest';
import type {
  CustomerHistory,
  HistoryIntent,
  HistoryObservation,
  HistoryRecord,
} from '../../../src/core/history.ts';
import { traceValue } from '../../../src/core/provenance.ts';
import type { Value } from '../../../src/core/value.ts';
import { tellStory } from '../../../src/core/value-story.ts';
import { field } from '../../support/core-fixtures.ts';

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000Z`;
const NAME = field();

function seen(
  id: string,
  side: 'udesk' | 'crm',
  [old, now]: readonly [Value, Value],
  over: Partial<HistoryObservation> = {},
): HistoryObservation {
  const recordId = side === 'udesk' ? 'u1' : 'c1';
  const name = side === 'udesk' ? 'nick_name' : 'name';
  return {
    id,
    side,
    recordId,
    delta: { [name]: [old, now] },
    lane: 'sweep',
    runId: '1',
    at: at(1),
    ...over,
  };
}

function wrote(
  id: string,
  side: 'udesk' | 'crm',
  value: Value,
  over: Partial<HistoryIntent> = {},
): HistoryIntent {
  return {
    id,
    linkId: '1',
    runId: '1',
    side,
    op: 'update',
    recordId: side === 'udesk' ? 'u1' : 'c1',
    patch: { name: { field: 'nick_name', before: 'old', after: value, ops: null } },
    reasons: { nick_name: 'propagate' },
    source: { nick_name: value },
    halves: {},
    decisions: {},
    state: 'settled',
    result: { nick_name: value },
    error: null,
    createdAt: at(2),
    sentAt: at(3),
    sentRunId: null,
    settledAt: at(4),
    ...over,
  };
}

function history(over: Partial<CustomerHistory> & { udesk?: Value; crm?: Value }): CustomerHistory {
  const { udesk = 'old', crm = 'old', ...rest } = over;
  const sights = (side: string) => 1 + (over.observations ?? []).filter((one) => one.side === side).length;
  return {
    link: null,
    bases: {},
    records: {
      udesk: [
        {
          id: 'u1',
          state: 'live',
          fields: { nick_name: udesk },
          firstSeenAt: at(0),
          firstSeenRunId: null,
          sights: sights('udesk'),
        },
      ],
      crm: [
        {
          id: 'c1',
          state: 'live',
          fields: { name: crm },
          firstSeenAt: at(0),
          firstSeenRunId: null,
          sights: sights('crm'),
        },
      ],
    },
    observations: [],
    intents: [],
    conflicts: [],
    decisions: [],
    reverts: [],
    changes: [],
    keptSince: null,
    ...rest,
  };
}

describe('P12: the chain of a value', () => {
  test('ends at the first sight where nobody changed it since', () => {
    expect(traceValue(history({}), NAME, 'crm')).toMatchObject({
      origin: { kind: 'observation', side: 'crm', observationId: null },
      gap: null,
    });
  });

  test('ends at the observation of a foreign edit, also when the answer of our own write showed it', () => {
    const observations = [seen('7', 'crm', ['old', 'edited'], { lane: 'write' })];
    const trace = traceValue(history({ crm: 'edited', observations }), NAME, 'crm');
    expect(trace?.origin).toEqual({ kind: 'observation', side: 'crm', at: at(1), observationId: '7' });
  });

  test('goes through a write that a later cycle sent than the one that planned it: what it left is no edit of that side', () => {
    const observations = [
      seen('1', 'udesk', ['old', 'new'], { runId: '1' }),
      seen('2', 'crm', ['old', 'new'], { lane: 'write', at: at(4), runId: '2' }),
    ];
    const intents = [wrote('5', 'crm', 'new', { runId: '1' })];
    const trace = traceValue(history({ udesk: 'new', crm: 'new', observations, intents }), NAME, 'crm');
    expect(trace).toMatchObject({ intents: ['5'], gap: null });
    expect(trace?.origin).toMatchObject({ side: 'udesk', observationId: '1' });
  });

  test('does not break off where our clock was set back between an edit and the write that carried it', () => {
    const observations = [
      seen('1', 'udesk', ['old', 'new'], { at: at(50), runId: '1' }),
      seen('2', 'crm', ['old', 'new'], { lane: 'write', at: at(4), runId: '2' }),
    ];
    const intents = [wrote('5', 'crm', 'new', { runId: '2' })];
    const trace = traceValue(history({ udesk: 'new', crm: 'new', observations, intents }), NAME, 'crm');
    expect(trace).toMatchObject({ intents: ['5'], gap: null });
    expect(trace?.origin).toMatchObject({ side: 'udesk', observationId: '1' });
    // And where it was set back after a record was first seen.
    const records = { ...history({ crm: 'old' }).records };
    const [first] = history({ udesk: 'new' }).records.udesk;
    const seenAhead = {
      ...history({ crm: 'new', observations: observations.slice(1), intents }),
      records: {
        udesk: [{ ...(first as NonNullable<typeof first>), firstSeenAt: at(50) }],
        crm: records.crm,
      },
    };
    const crm = seenAhead.records.crm.map((one) => ({ ...one, fields: { name: 'new' }, sights: 2 }));
    const fromFirst = { ...seenAhead, records: { ...seenAhead.records, crm } };
    expect(traceValue(fromFirst, NAME, 'crm')).toMatchObject({ intents: ['5'], gap: null });
  });

  test('takes no later sight for the reason of an earlier write, whatever the clock says', () => {
    const observations = [
      seen('1', 'udesk', ['old', 'new'], { at: at(1), runId: '3' }),
      seen('2', 'crm', ['old', 'new'], { lane: 'write', at: at(4), runId: '2' }),
    ];
    const intents = [wrote('5', 'crm', 'new', { runId: '2' })];
    const trace = traceValue(history({ udesk: 'new', crm: 'new', observations, intents }), NAME, 'crm');
    expect(trace?.gap).toMatch(/no observation shows what udesk held/);
  });

  const create = (
    id: string,
    side: 'udesk' | 'crm',
    second: number,
    runId: string,
    over: Partial<HistoryIntent> = {},
  ) =>
    wrote(id, side, 'A', {
      op: 'create',
      recordId: null,
      runId,
      createdAt: at(second),
      sentAt: at(second + 1),
      settledAt: at(second + 2),
      ...over,
    });
  const record = (id: string, firstSeenAt: string, firstSeenRunId: string | null): HistoryRecord => ({
    id,
    state: id === 'u1' ? 'live' : 'deleted',
    firstSeenAt,
    firstSeenRunId,
    fields: id.startsWith('u') ? { nick_name: 'A' } : { name: 'A' },
    sights: 1,
  });

  // Seed i1-19: the creates of the two customers named each other as their reason.
  test.each([
    ['before it was carried over', '3'],
    ['in the run that carried it over', '4'],
  ])('ends at the record that began it, also when our clock was set back %s', (_, firstSeenRunId) => {
    // u0 came first, seen by a clock that was ahead; c1 was made of it. Both were deleted, c1 came back, and u1 was made of it.
    const told = history({
      records: {
        udesk: [record('u1', at(59), '9'), record('u0', at(50), firstSeenRunId)],
        crm: [record('c1', at(4), '4')],
      },
      intents: [
        create('1', 'crm', 2, '4', { recordId: 'c1' }),
        create('2', 'udesk', 57, '9', { recordId: 'u1' }),
      ],
    });
    expect(traceValue(told, NAME, 'udesk')).toMatchObject({
      intents: ['2', '1'],
      origin: { kind: 'observation', side: 'udesk', at: at(50), observationId: null },
      gap: null,
    });
  });

  test('goes through a create whose outcome was found out after our clock had been set back', () => {
    const told = history({
      records: { udesk: [record('u1', at(4), '7')], crm: [record('c1', at(1), '2')] },
      intents: [create('1', 'udesk', 20, '3', { recordId: 'u1', sentRunId: '5' })],
    });
    expect(traceValue(told, NAME, 'udesk')).toMatchObject({
      intents: ['1'],
      origin: { kind: 'observation', side: 'crm', observationId: null },
      gap: null,
    });
  });

  test('takes no write for the reason of what was seen between its planning and its sending', () => {
    const observations = [
      seen('1', 'udesk', ['old', 'new'], { runId: '1' }),
      // Somebody set it there before us.
      seen('2', 'crm', ['old', 'new'], { at: at(2), runId: '3' }),
    ];
    const intents = [wrote('5', 'crm', 'new', { runId: '2', sentRunId: '4', sentAt: at(1) })];
    const trace = traceValue(history({ udesk: 'new', crm: 'new', observations, intents }), NAME, 'crm');
    expect(trace).toMatchObject({ intents: [], origin: { side: 'crm', observationId: '2' } });
  });

  test('ends at the record that began it, also when its counterpart was deleted and created anew', () => {
    // c1 came first, u1 was made of it; c1 was deleted, and c2 made of u1.
    const told = history({
      records: {
        udesk: [record('u1', at(4), null)],
        crm: [record('c2', at(9), null), record('c1', at(1), null)],
      },
      intents: [create('1', 'udesk', 2, '1'), create('2', 'crm', 7, '5')],
    });
    expect(traceValue(told, NAME, 'udesk')).toMatchObject({
      intents: ['1'],
      origin: { kind: 'observation', side: 'crm', at: at(1), observationId: null },
      gap: null,
    });
  });

  test('goes through our write to the edit on the other side, an emptied field included', () => {
    for (const value of ['new', null]) {
      const observations = [
        seen('1', 'udesk', ['old', value]),
        seen('2', 'crm', ['old', value], { lane: 'write', at: at(4) }),
      ];
      const story = history({ udesk: value, crm: value, observations, intents: [wrote('5', 'crm', value)] });
      const trace = traceValue(story, NAME, 'crm');
      expect(trace).toMatchObject({ intents: ['5'], gap: null });
      expect(trace?.origin).toMatchObject({ side: 'udesk', observationId: '1' });
    }
  });

  test('knows our write also when a sweep saw it before its outcome was known', () => {
    const observations = [
      seen('1', 'udesk', ['old', 'new']),
      seen('2', 'crm', ['old', 'new'], { lane: 'sweep', at: at(3), runId: '2' }),
    ];
    const story = history({ udesk: 'new', crm: 'new', observations, intents: [wrote('5', 'crm', 'new')] });
    expect(traceValue(story, NAME, 'crm')?.intents).toEqual(['5']);
  });

  test('breaks off where the observations are older than is kept, and says that they were not lost', () => {
    const told = history({ crm: 'edited', keptSince: at(50) });
    const [record] = told.records.crm;
    if (record === undefined) throw new Error('no record');
    const records = { ...told.records, crm: [{ ...record, sights: 3 }] };
    expect(traceValue({ ...told, records }, NAME, 'crm')).toMatchObject({
      origin: null,
      gap: expect.stringMatching(/^what crm c1 held before .* is not known any more/),
    });
    expect(traceValue({ ...told, records, keptSince: null }, NAME, 'crm')).toMatchObject({
      gap: '2 observations of crm c1 are not on record',
    });
  });

  test('breaks off where the decision is not on record, and says so', () => {
    const observations = [seen('2', 'crm', ['old', 'new'], { lane: 'write', at: at(4) })];
    const reasons = { nick_name: 'decision' };
    const intents = [wrote('5', 'crm', 'new', { reasons, decisions: { nick_name: '9' } })];
    const broken = history({ crm: 'new', observations, intents });
    expect(traceValue(broken, NAME, 'crm')).toMatchObject({
      origin: null,
      gap: 'the decision behind write 5 is not on record',
    });
    const decision = {
      id: '9',
      conflictId: '3',
      field: 'nick_name',
      who: 'li',
      take: 'value',
      value: 'new',
      at: at(2),
    };
    expect(traceValue({ ...broken, decisions: [decision] }, NAME, 'crm')?.origin).toMatchObject({
      who: 'li',
    });
  });

  test('breaks off where the mirror holds what nobody saw, where the source was never seen, and where the log has holes', () => {
    const observations = [seen('2', 'crm', ['old', 'new'], { lane: 'write', at: at(4) })];
    const gap = (story: CustomerHistory) => traceValue(story, NAME, 'crm')?.gap;
    expect(gap(history({ crm: 'third', observations }))).toContain('no observation shows');
    expect(gap(history({ crm: 'new', observations, intents: [wrote('5', 'crm', 'new')] }))).toContain(
      'no observation shows what udesk held',
    );
    const whole = history({});
    const [crm] = whole.records.crm;
    if (crm === undefined) throw new Error('no record');
    expect(gap({ ...whole, records: { ...whole.records, crm: [{ ...crm, sights: 3 }] } })).toContain(
      '2 observations',
    );
  });
});

describe('the story of a value', () => {
  test('is told oldest first, and of one millisecond the cause before the effect', () => {
    const observations = [
      seen('1', 'udesk', ['old', 'new']),
      seen('2', 'crm', ['old', 'new'], { lane: 'write', at: at(4) }),
    ];
    const story = history({
      udesk: 'new',
      crm: 'new',
      observations,
      intents: [wrote('5', 'crm', 'new', { createdAt: at(1) })],
      changes: [
        { id: '1', at: at(1), author: 'Wang', summary: 'name: old -> new' },
        { id: '2', at: at(1), author: 'Li', summary: 'level: vip' },
        { id: '3', at: at(2), author: 'Tom', summary: 'name: new -> newer' },
      ],
    });
    const { events, now } = tellStory(story, [NAME], false);
    const kinds = [
      'first-sight',
      'first-sight',
      'observed',
      'write',
      'change-record',
      'change-record',
      'observed',
    ];
    expect(events.map(({ kind }) => kind)).toEqual(kinds);
    expect(events[2]).toMatchObject({ old: 'old', new: 'new', author: { name: 'Wang' } });
    expect(now).toMatchObject([{ field: 'nick_name', udesk: { gap: null }, crm: { gap: null }, base: null }]);
    expect(tellStory(story, [NAME], true).events).toHaveLength(8);
  });

  test('of two records of one second, the one that tells the way from the old value to the new one made it', () => {
    const story = history({
      udesk: 'Anna',
      crm: 'Anna',
      observations: [seen('1', 'udesk', ['Ann', 'Anna'], { at: at(3) })],
      changes: [
        { id: '1', at: at(1), author: 'Wang', summary: '将昵称从“Ann”设置为 “Anna”' },
        { id: '2', at: at(1), author: 'Tom', summary: '将昵称从“Anna”设置为 “U”' },
      ],
    });
    const { events } = tellStory(story, [NAME], false);
    expect(events.find(({ kind }) => kind === 'observed')).toMatchObject({ author: { name: 'Wang' } });
  });
});
