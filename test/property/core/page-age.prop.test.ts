/** Up to when the customers of a page are right, while customers are created and deleted and so move between pages. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundOf, emptyList, type ListState, withHint, withPage } from '../../../src/core/freshness/pages.ts';

const ROWS = 5;
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('look' as const), at: fc.nat(99) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('create' as const), at: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), at: fc.nat(99) }) },
);

interface World {
  list: ListState;
  /** Newest first. */
  ids: number[];
  readonly seen: Map<number, number>;
  now: number;
}

function look(world: World, page: number): void {
  const shown = world.ids.slice((page - 1) * ROWS, page * ROWS);
  for (const id of shown) world.seen.set(id, world.now);
  world.list = withPage(world.list, {
    page,
    at: world.now,
    total: world.ids.length,
    records: shown.length,
    changed: 0,
    fresh: 0,
    repeats: false,
    lowId: shown.length === 0 ? null : String(Math.min(...shown)),
    free: false,
  });
}

function begin(count: number): World {
  const ids = Array.from({ length: count }, (_, n) => count - n);
  const world: World = { list: emptyList(0), ids, seen: new Map(), now: 1_000 };
  for (let page = 1; page <= Math.ceil(count / ROWS); page += 1) look(world, page);
  return world;
}

test('after any look every customer of a page was seen at or after the time up to which the page is said to be right', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(
      fc.integer({ min: ROWS + 1, max: 60 }),
      fc.array(step, { minLength: 5, maxLength: 40 }),
      (count, steps) => {
        const world = begin(count);
        let newest = count;
        let moved: string | null = null;
        for (const { kind, at } of steps) {
          world.now += 10_000;
          // What is created and what is deleted between the same two looks may hide each other in the total.
          if (kind !== 'look' && moved !== null && moved !== kind) look(world, 1);
          moved = kind === 'look' ? null : kind;
          if (kind === 'create') {
            for (let n = 0; n < at; n += 1) {
              newest += 1;
              world.ids.unshift(newest);
              // The head of the list and our own creates are known at once.
              world.seen.set(newest, world.now);
            }
          } else if (kind === 'delete') {
            if (world.ids.length > ROWS + 1) world.ids.splice(at % world.ids.length, 1);
          } else {
            look(world, 1 + (at % Math.ceil(world.ids.length / ROWS)));
            for (const page of world.list.pages) {
              const on = world.ids.slice((page.page - 1) * ROWS, page.page * ROWS);
              for (const id of on)
                expect(world.seen.get(id)).toBeGreaterThanOrEqual(page.rightAt ?? Number.POSITIVE_INFINITY);
            }
            const bound = boundOf(world.list, world.now, null);
            for (const [id, at] of world.seen) {
              if (bound === null || !world.ids.includes(id)) continue;
              expect(world.now - at).toBeLessThanOrEqual(bound.boundMs);
            }
          }
        }
      },
    ),
    { numRuns: 80 },
  );
});

test('a hint raises the page that holds the customer, and no other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 60 }), fc.nat(), (count, pick) => {
      const { list } = begin(count);
      const id = 1 + (pick % count);
      const hinted = withHint(list, String(id), 2_000);
      const place = Math.floor((count - id) / ROWS);
      expect(hinted.pages.map(({ hints }) => hints > 0)).toEqual(list.pages.map((_, n) => n === place));
    }),
  );
});
