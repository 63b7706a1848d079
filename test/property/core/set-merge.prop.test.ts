import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  mergeSets,
  type SetMerge,
  type SideMerge,
  type Sides,
  settledHalf,
} from '../../../src/core/set-merge.ts';
import type { Element, SetValue, Value } from '../../../src/core/value.ts';
import { field } from '../../support/core-fixtures.ts';

const spec = field({ udesk: 'tags', crm: 'tags', shape: 'set', equivalence: 'email' });
const word = fc.constantFrom('a', 'A', 'b', 'B', 'c', 'd', 'e', 'f');
const element = fc.record({ id: fc.option(fc.constantFrom('1', '2', '3', '4', '5')), value: word });
/** Ids are unique within a side, as remotes keep them. */
const anySet = fc.uniqueArray(element, { maxLength: 6, selector: (e) => e.id ?? Symbol() });
const agreedSet = fc.uniqueArray(element, { maxLength: 5, selector: (e) => e.id ?? Symbol() });

const key = (text: string) => text.toLowerCase();
const keys = (value: Value) => new Set((value as SetValue).map((e) => key(e.value)));
const minus = (a: Set<string>, b: Set<string>) => new Set([...a].filter((k) => !b.has(k)));
const sorted = (s: Iterable<string>) => [...s].sort();

function run(base: Sides | null, now: Sides): SetMerge {
  return mergeSets({ spec, region: 'CN', base, now });
}

const bag = (value: SetValue) => value.map((e) => JSON.stringify([e.id, e.value])).sort();

/** The ops carried out on what was there: another way to the same answer than `after`. */
function carryOut(now: SetValue, ops: SideMerge['ops']): Element[] {
  const gone = [...ops.remove];
  const changes = [...ops.change];
  const out: Element[] = [];
  for (const e of now) {
    const removed = gone.findIndex((r) => r.id === e.id && r.value === e.value);
    const changed = changes.findIndex((c) => c.id === e.id && c.from === e.value);
    if (removed >= 0) gone.splice(removed, 1);
    else if (changed >= 0) out.push({ id: e.id, value: changes.splice(changed, 1)[0]?.to ?? '' });
    else out.push(e);
  }
  expect([gone, changes]).toEqual([[], []]);
  return [...out, ...ops.add.map((value) => ({ id: null, value }))];
}

const agreed = fc.record({ base: agreedSet, udesk: anySet, crm: anySet });
const free = fc.record({ baseU: anySet, baseC: anySet, udesk: anySet, crm: anySet });
const runs = { numRuns: 1500 };

describe('laws of the set merge', () => {
  test('with one base it is the formula (base ∪ adds) \\ deletes, on both sides', () => {
    fc.assert(
      fc.property(agreed, ({ base, udesk, crm }) => {
        const [b, u, c] = [keys(base), keys(udesk), keys(crm)];
        const all = new Set([...b, ...minus(u, b), ...minus(c, b)]);
        const expected = sorted(minus(all, new Set([...minus(b, u), ...minus(b, c)])));
        const result = run({ udesk: base, crm: base }, { udesk, crm });
        expect(sorted(keys(result.udesk.after))).toEqual(expected);
        expect(sorted(keys(result.crm.after))).toEqual(expected);
      }),
      runs,
    );
  });

  test('the first link is the union', () => {
    fc.assert(
      fc.property(anySet, anySet, (udesk, crm) => {
        const result = run(null, { udesk, crm });
        const union = sorted(new Set([...keys(udesk), ...keys(crm)]));
        expect(sorted(keys(result.udesk.after))).toEqual(union);
        expect(sorted(keys(result.crm.after))).toEqual(union);
        expect([...result.udesk.ops.remove, ...result.crm.ops.remove]).toEqual([]);
      }),
    );
  });

  test('P2: no addition is lost and no deletion undone, whatever the bases are', () => {
    fc.assert(
      fc.property(free, ({ baseU, baseC, udesk, crm }) => {
        const result = run({ udesk: baseU, crm: baseC }, { udesk, crm });
        const addsU = minus(keys(udesk), keys(baseU));
        const addsC = minus(keys(crm), keys(baseC));
        const delsU = minus(minus(keys(baseU), keys(udesk)), addsC);
        const delsC = minus(minus(keys(baseC), keys(crm)), addsU);
        for (const side of [result.udesk, result.crm]) {
          for (const k of [...addsU, ...addsC]) expect(keys(side.after).has(k)).toBe(true);
        }
        for (const k of delsU) expect(keys(result.crm.after).has(k)).toBe(false);
        for (const k of delsC) expect(keys(result.udesk.after).has(k)).toBe(false);
      }),
      runs,
    );
  });

  test('swapping the sides swaps the answer', () => {
    fc.assert(
      fc.property(free, ({ baseU, baseC, udesk, crm }) => {
        const one = run({ udesk: baseU, crm: baseC }, { udesk, crm });
        const two = run({ udesk: baseC, crm: baseU }, { udesk: crm, crm: udesk });
        expect(two.udesk).toEqual(one.crm);
        expect(two.crm).toEqual(one.udesk);
        const flip = (c: SetMerge['elementConflicts'][number]) => ({ ...c, udesk: c.crm, crm: c.udesk });
        const order = (list: SetMerge['elementConflicts']) =>
          [...list].sort((a, b) => (a.from < b.from ? -1 : 1));
        expect(order(two.elementConflicts.map(flip))).toEqual(order(one.elementConflicts));
      }),
      runs,
    );
  });

  test('P4, P5: merging again after it was carried out, with the old or the new bases, changes nothing', () => {
    fc.assert(
      fc.property(free, ({ baseU, baseC, udesk, crm }) => {
        const { udesk: u, crm: c } = run({ udesk: baseU, crm: baseC }, { udesk, crm });
        const now = { udesk: u.after, crm: c.after };
        const settled = run(now, now);
        expect([settled.udesk.changed, settled.crm.changed]).toEqual([false, false]);
        if (sorted(keys(baseU)).join() !== sorted(keys(baseC)).join()) return;
        const again = run({ udesk: baseU, crm: baseC }, now);
        expect([again.udesk.changed, again.crm.changed]).toEqual([false, false]);
      }),
      runs,
    );
  });

  test('P5: one of two writes done and the other lost, then merged again from the old bases: the same end', () => {
    fc.assert(
      fc.property(agreed, fc.boolean(), ({ base, udesk, crm }, first) => {
        const bases = { udesk: base, crm: base };
        const whole = run(bases, { udesk, crm });
        const half = first ? { udesk: whole.udesk.after, crm } : { udesk, crm: whole.crm.after };
        const rest = run(bases, half);
        expect(sorted(keys(rest.udesk.after))).toEqual(sorted(keys(whole.udesk.after)));
        expect(sorted(keys(rest.crm.after))).toEqual(sorted(keys(whole.crm.after)));
      }),
      runs,
    );
  });

  test('an unchanged side is a unit: the other stays as it is and is copied', () => {
    fc.assert(
      fc.property(agreedSet, anySet, (base, crm) => {
        const still = run({ udesk: base, crm: base }, { udesk: base, crm: base });
        expect([still.udesk.changed, still.crm.changed]).toEqual([false, false]);
        const result = run({ udesk: base, crm: base }, { udesk: base, crm });
        expect(result.crm.changed).toBe(false);
        expect(sorted(keys(result.udesk.after))).toEqual(sorted(keys(crm)));
        expect(result.elementConflicts).toEqual([]);
      }),
    );
  });

  test('the ops lead from what is there to what shall be, and no id moves to another element', () => {
    fc.assert(
      fc.property(free, ({ baseU, baseC, udesk, crm }) => {
        const result = run({ udesk: baseU, crm: baseC }, { udesk, crm });
        for (const [now, side] of [
          [udesk, result.udesk],
          [crm, result.crm],
        ] as const) {
          // As bags: of two equal elements without ids, the ops cannot say which one they mean.
          expect(bag(carryOut(now, side.ops))).toEqual(bag(side.after));
          const changes = new Map(side.ops.change.map((c) => [c.id, c.to]));
          for (const e of side.after) {
            if (e.id === null) continue;
            const old = now.find((o) => o.id === e.id);
            expect(old && (old.value === e.value || changes.get(e.id) === e.value)).toBe(true);
          }
        }
      }),
      runs,
    );
  });
});

describe('P2: one half of a merge settled, the other dropped, and somebody edits meanwhile', () => {
  const plain = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 });
  const elements = (values: readonly string[]): Element[] => values.map((value) => ({ id: null, value }));
  const cases = fc.record({ base: fc.option(plain), udesk: plain, crm: plain, later: plain });

  test.each(['udesk', 'crm'] as const)(
    'written: %s; planning again ends where the edits alone would',
    (side) => {
      fc.assert(
        fc.property(cases, (values) => {
          const other = side === 'udesk' ? 'crm' : 'udesk';
          const base =
            values.base === null ? null : { udesk: elements(values.base), crm: elements(values.base) };
          const now = { udesk: elements(values.udesk), crm: elements(values.crm) };
          const written = run(base, now)[side].after;
          const moved = settledHalf(spec, 'CN', {
            side,
            bases: base,
            planned: { other: now[other], base },
            before: now[side],
            after: written,
          });
          const later = elements(values.later);
          const again = run(moved, { ...now, [side]: written, [other]: later });
          const alone = run(base ?? { udesk: [], crm: [] }, { ...now, [other]: later });
          // What both sides had added, or both removed, when the half was written is agreed by then: going back on it
          // later is an edit of its own, and not a non-event.
          const [b, u, c] = [keys(base?.udesk ?? []), keys(now.udesk), keys(now.crm)];
          const ignore = new Set([
            ...[...u].filter((k) => c.has(k) && !b.has(k)),
            ...[...b].filter((k) => !u.has(k) && !c.has(k)),
          ]);
          for (const target of ['udesk', 'crm'] as const) {
            expect(sorted(minus(keys(again[target].after), ignore))).toEqual(
              sorted(minus(keys(alone[target].after), ignore)),
            );
          }
        }),
        runs,
      );
    },
  );
});
