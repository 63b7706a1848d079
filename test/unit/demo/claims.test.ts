import { describe, expect, test } from 'vitest';
import { type Facts, judge } from '../../../src/demo/claims.ts';
import type { Comparison } from '../../../src/demo/compare.ts';
import { keptElements } from '../../../src/demo/measure.ts';
import { LANGUAGES, wordsOf } from '../../../src/demo/words.ts';
import { busiestMinute } from '../../../src/lib/sliding-window.ts';

const words = wordsOf('en');
const quiet = { before: { udesk: 5, crm: 9 }, after: { udesk: 5, crm: 9 } };
const agreed: Comparison = { people: 3, fields: 18, equal: 17, held: 1, asked: 2, problems: [] };
const broken: Comparison = { ...agreed, problems: ['customer 1 is missing in the CRM'] };
const emails = [1, 2, 3].map((id) => ({ id: String(id), content: `e${id}@example.com` }));
const phones = [
  { id: '8', content: '13800000001' },
  { id: '9', content: '13800000002' },
];

const facts: Facts = {
  firstRun: {
    ...quiet,
    linked: 4,
    questions: 2,
    hash: 'abc',
    expected: { links: 4, questions: 2 },
  },
  accepted: { hash: 'abc', expectedConflicts: 1, openConflicts: 1 },
  agreed,
  quiet,
  arrivals: [
    { what: 'one', ms: 900 },
    { what: 'two', ms: 2_000 },
  ],
  crossing: { wanted: ['name', 'note'], udesk: ['name', 'note'], crm: ['name', 'note'] },
  fourthEmail: {
    before: emails,
    after: [...emails, { id: '4', content: 'new@example.com' }],
    added: 'new@example.com',
  },
  phone: {
    before: phones,
    after: [phones[0], { id: '9', content: '13900000000' }].filter((item) => item !== undefined),
    from: '13800000002',
    to: '13900000000',
  },
  lostReply: { dropped: 1, sent: 1, customers: 1, linked: true },
  conflict: {
    rows: 1,
    field: 'nick_name',
    values: { base: 'B', udesk: 'U', crm: 'C' },
    wanted: { base: 'B', udesk: 'U', crm: 'C' },
    held: { udesk: 'U', crm: 'C' },
    restFlowed: true,
  },
  resolved: { state: 'resolved', udesk: 'C', crm: 'C', wanted: 'C' },
  kept: { elements: 10, lost: 0, newIds: 0 },
  end: { comparison: agreed, ...quiet },
  parked: 0,
  quota: { perMinute: 100, busiest: 100, refused: 0 },
};

function failing(changed: Partial<Facts>): string[] {
  return judge({ ...facts, ...changed }, words)
    .filter(({ held }) => !held)
    .map(({ claim }) => claim);
}

describe('what the demo claims', () => {
  test('every claim holds when every fact is as promised, in every language', () => {
    for (const language of LANGUAGES) {
      const claims = judge(facts, wordsOf(language));
      expect(claims.every(({ held }) => held)).toBe(true);
      expect(claims.every(({ claim, check }) => claim !== '' && check !== '')).toBe(true);
      expect(new Set(claims.map(({ claim }) => claim)).size).toBe(claims.length);
    }
  });

  const say = words.claims;
  const written = { before: { udesk: 5, crm: 9 }, after: { udesk: 5, crm: 10 } };
  const { firstRun, accepted, fourthEmail, phone, lostReply, conflict, resolved, kept, quota, crossing } =
    facts;
  test.each<[string, string, Partial<Facts>]>([
    [
      'the first run wrote to Udesk',
      say.firstRunWritesNothing,
      { firstRun: { ...firstRun, after: { udesk: 6, crm: 9 } } },
    ],
    ['the first run wrote to the CRM', say.firstRunWritesNothing, { firstRun: { ...firstRun, ...written } }],
    ['somebody was not recognised', say.matching, { firstRun: { ...firstRun, linked: 3 } }],
    ['somebody was guessed', say.matching, { firstRun: { ...firstRun, questions: 1 } }],
    ['another plan was executed', say.samePlan, { accepted: { ...accepted, hash: 'abd' } }],
    ['a difference has no row', say.differencesHeld, { accepted: { ...accepted, openConflicts: 0 } }],
    ['the sides differ', say.sidesAgree, { agreed: broken }],
    ['nobody was compared', say.sidesAgree, { agreed: { ...agreed, people: 0 } }],
    ['the further cycle wrote', say.noEcho, { quiet: written }],
    ['an edit never arrived', say.editsCross, { arrivals: [...facts.arrivals, { what: 'x', ms: null }] }],
    ['an edit was slow', say.editsCross, { arrivals: [{ what: 'x', ms: 10_001 }] }],
    ['nothing was edited', say.editsCross, { arrivals: [] }],
    ['one of two edits was lost', say.bothSurvive, { crossing: { ...crossing, crm: ['name', 'old'] } }],
    [
      'an e-mail was dropped',
      say.fourthEmail,
      { fourthEmail: { ...fourthEmail, after: fourthEmail.after.slice(1) } },
    ],
    [
      'an e-mail got a new id',
      say.fourthEmail,
      {
        fourthEmail: {
          ...fourthEmail,
          after: fourthEmail.after.map((item, n) => (n === 0 ? { ...item, id: '5' } : item)),
        },
      },
    ],
    [
      'a phone got a new id',
      say.phoneInPlace,
      { phone: { ...phone, after: phone.after.map((item) => ({ ...item, id: '10' })) } },
    ],
    ['the old phone stayed', say.phoneInPlace, { phone: { ...phone, after: [...phone.after, ...phones] } }],
    ['no reply was lost at all', say.lostReply, { lostReply: { ...lostReply, dropped: 0 } }],
    ['there are two customers', say.lostReply, { lostReply: { ...lostReply, sent: 2, customers: 2 } }],
    [
      'there is no conflict',
      say.oneConflict,
      { conflict: { ...conflict, rows: 0, field: null, values: null } },
    ],
    [
      'the base is missing',
      say.oneConflict,
      { conflict: { ...conflict, values: { base: '', udesk: 'U', crm: 'C' } } },
    ],
    [
      'a value was overwritten',
      say.nothingOverwritten,
      { conflict: { ...conflict, held: { udesk: 'C', crm: 'C' } } },
    ],
    ['the rest waited too', say.nothingOverwritten, { conflict: { ...conflict, restFlowed: false } }],
    ['the decision reached one side only', say.resolved, { resolved: { ...resolved, udesk: 'U' } }],
    ['the conflict stayed open', say.resolved, { resolved: { ...resolved, state: 'resolving' } }],
    ['an address is gone', say.nothingLost, { kept: { ...kept, lost: 1 } }],
    ['an address has a new id', say.nothingLost, { kept: { ...kept, newIds: 1 } }],
    ['the sides differ at the end', say.agreeAtEnd, { end: { ...facts.end, comparison: broken } }],
    ['the daemon writes without need', say.quietAtEnd, { end: { ...facts.end, ...written } }],
    ['a record was parked', say.nothingParked, { parked: 1 }],
    ['the quota was exceeded', say.quotaKept(100), { quota: { ...quota, busiest: 101 } }],
    ['Udesk refused a call', say.quotaKept(100), { quota: { ...quota, refused: 1 } }],
  ])('where %s, exactly one claim fails: %s', (_, claim, changed) => {
    expect(failing(changed)).toEqual([claim]);
  });
});

describe('what is counted', () => {
  test('the busiest minute is that of any 60 s, not of the clock', () => {
    expect(busiestMinute([])).toBe(0);
    expect(busiestMinute([0, 59_999])).toBe(2);
    expect(busiestMinute([0, 60_000])).toBe(1);
    expect(busiestMinute([0, 30_000, 50_000, 70_000, 89_999, 200_000])).toBe(4);
  });

  test('an address that is gone or has another id is seen, an edited one is excused', () => {
    const before = [
      [{ id: '1', content: 'a' }],
      [
        { id: '2', content: 'b' },
        { id: '3', content: 'c' },
      ],
    ];
    expect(keptElements(before, before, new Set())).toEqual({ elements: 3, lost: 0, newIds: 0 });
    const after = [[{ id: '9', content: 'a' }], [{ id: '2', content: 'b' }]];
    expect(keptElements(before, after, new Set())).toEqual({ elements: 3, lost: 1, newIds: 1 });
    expect(keptElements(before, after, new Set(['a', 'c']))).toEqual({ elements: 1, lost: 0, newIds: 0 });
  });
});
