import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sweep } from '../../../src/udesk/enumerate.ts';
import { listTenant } from '../../support/list-tenant.ts';
import { startClient } from '../../support/udesk-client.ts';

/** What happens to the list just before one request. */
const change = fc.record({
  atRequest: fc.integer({ min: 1, max: 12 }),
  what: fc.oneof(
    fc.record({ create: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ deleteAt: fc.nat(20) }),
    // Created and gone again is the nastiest: the totals show nothing.
    fc.constant({ flicker: true as const }),
  ),
});

type Change = typeof change extends fc.Arbitrary<infer C> ? C : never;

/** Ways to miss a customer that longer runs found in earlier versions: customers, page size, changes. */
const FOUND: [number, number, Change[]][] = [
  [
    4,
    2,
    [
      { atRequest: 2, what: { create: 3 } },
      { atRequest: 4, what: { deleteAt: 2 } },
    ],
  ],
  [
    3,
    2,
    [
      { atRequest: 5, what: { create: 1 } },
      { atRequest: 2, what: { create: 2 } },
      { atRequest: 5, what: { deleteAt: 1 } },
    ],
  ],
  [
    10,
    2,
    [
      { atRequest: 7, what: { create: 2 } },
      { atRequest: 8, what: { flicker: true } },
      { atRequest: 2, what: { create: 1 } },
    ],
  ],
  // A new one was pushed to the second page of the head and met again there, with a newer one behind it unread.
  [
    9,
    1,
    [
      { atRequest: 11, what: { create: 1 } },
      { atRequest: 10, what: { create: 2 } },
      { atRequest: 10, what: { deleteAt: 2 } },
    ],
  ],
  // More new ones than the head is read for, and then as many deleted as lie between.
  [
    5,
    1,
    [
      { atRequest: 6, what: { create: 14 } },
      { atRequest: 16, what: { create: 4 } },
      ...Array.from({ length: 4 }, () => ({ atRequest: 16, what: { deleteAt: 4 } })),
    ],
  ],
];

describe('P7: a certified sweep', () => {
  it('has told every customer that is there at its end, and none twice, whatever happened meanwhile (T6)', async () => {
    let certified = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(14),
        fc.integer({ min: 1, max: 4 }),
        fc.array(change, { maxLength: 4 }),
        async (count, pageSize, changes) => {
          let next = count;
          const tenant = listTenant(Array.from({ length: count }, (_, n) => count - n));
          tenant.onRequest = (n) => {
            for (const { what } of changes.filter((one) => one.atRequest === n)) {
              if ('create' in what) for (let k = 0; k < what.create; k += 1) tenant.live.unshift(++next);
              else if ('deleteAt' in what) tenant.live.splice(what.deleteAt, 1);
              else if (tenant.live[0] !== undefined && tenant.live[0] > count) tenant.live.shift();
              else tenant.live.unshift(++next);
            }
          };
          const { client, close } = await startClient(tenant.script);
          const ids: string[] = [];
          let end: { certified: boolean } | null = null;
          for await (const page of sweep({ client, pageSize, customFields: [] })) {
            ids.push(...page.records.map((record) => record.id));
            end = page.end;
          }
          await close();
          expect(new Set(ids).size).toBe(ids.length);
          if (end?.certified === true) {
            certified += 1;
            expect(tenant.live.map(String).filter((id) => !ids.includes(id))).toEqual([]);
          }
          const creations = changes.reduce(
            (sum, { what }) => sum + ('create' in what ? what.create : pageSize + 1),
            0,
          );
          if (creations <= pageSize) expect(end?.certified).toBe(true);
        },
      ),
      { numRuns: 300, examples: FOUND },
    );
    expect(certified).toBeGreaterThan(20);
  }, 60_000);
});
