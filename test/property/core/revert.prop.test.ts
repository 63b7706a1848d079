import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asElements, equalValues } from '../../../src/core/equivalence.ts';
import type { FieldSpec } from '../../../src/core/spec.ts';
import { undoWrites } from '../../../src/core/undo.ts';
import type { Value } from '../../../src/core/value.ts';
import type { Remote } from '../../support/apply-plan.ts';
import { base, field, link, live, pair } from '../../support/core-fixtures.ts';
import { edited, held, settle, step, undo } from '../../support/undo-link.ts';

const sides = fc.constantFrom('udesk', 'crm');
const word = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const scalar = fc.oneof(word, fc.constant<Value>(null));
const elements = (ids: boolean) =>
  fc
    .uniqueArray(word, { maxLength: 4 })
    .map((words): Value => words.map((value) => ({ id: ids ? String(value.charCodeAt(0)) : null, value })));

interface Case {
  readonly spec: FieldSpec;
  /** What both held; what a person made of it in Udesk, and we carried over. */
  readonly first: Value;
  readonly wrong: Value;
  /** What a person makes of the CRM's value afterwards. */
  readonly later: Value;
  readonly bothSides: boolean;
}

const cases: fc.Arbitrary<Case> = fc
  .record({ set: fc.boolean(), ids: fc.boolean(), bothSides: fc.boolean() })
  .chain(({ set, ids, bothSides }) => {
    const value = set ? elements(ids) : scalar;
    const spec = field({ shape: set ? 'set' : 'scalar', policy: set ? 'union' : 'hold' });
    return fc
      .tuple(value, value, value)
      .map(([first, wrong, later]) => ({ spec, first, wrong, later, bothSides }));
  });

/** Udesk was edited from `first` to `wrong`, and we wrote it to the CRM. */
function carried({ spec, first, wrong }: Case) {
  const pairSpec = pair([spec]);
  const before = link(live('u1', { nick_name: first }), live('c1', { name: first }), {
    nick_name: base(first),
  });
  return { pairSpec, wrote: settle(pairSpec, edited(before, spec, 'udesk', wrong)) };
}

const same = (spec: FieldSpec, a: Value, b: Value) => equalValues(spec, a, b, 'CN');
const words = (value: Value) => new Set(asElements(value).map((element) => element.value));

describe('undoing what we wrote', () => {
  test('restores what the side held, and an undo of the undo is the identity when nobody edited', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { spec, first, wrong, bothSides } = one;
        fc.pre(!same(spec, first, wrong));
        const { pairSpec, wrote } = carried(one);
        expect(same(spec, held(wrote.link, spec, 'crm'), wrong)).toBe(true);

        const undone = settle(pairSpec, undo(wrote.link, spec, wrote.written, bothSides));
        expect(same(spec, held(undone.link, spec, 'crm'), first)).toBe(true);
        expect(same(spec, held(undone.link, spec, 'udesk'), bothSides ? first : wrong)).toBe(true);
        expect(undone.outcomes).toEqual(['done']);
        // P6: what differs is held for a person.
        expect(undone.link.conflicts.map(({ kind }) => kind)).toEqual(bothSides ? [] : ['reverted']);

        const redone = settle(pairSpec, undo(undone.link, spec, undone.written, false));
        for (const side of ['udesk', 'crm'] as const) {
          expect(same(spec, held(redone.link, spec, side), held(wrote.link, spec, side))).toBe(true);
        }
        expect(redone.link.conflicts).toEqual([]);
        expect(redone.link.bases.nick_name?.accepted).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test('never touches a value that is not ours: a later edit stays, on both sides', () => {
    fc.assert(
      fc.property(cases, fc.boolean(), (one, seen) => {
        const { spec, first, wrong, later, bothSides } = one;
        fc.pre(spec.shape === 'scalar' && !same(spec, first, wrong));
        fc.pre(!same(spec, later, wrong) && !same(spec, later, first));
        const { pairSpec, wrote } = carried(one);
        const moved = edited(wrote.link, spec, 'crm', later);
        // Whether the edit was carried over before the undo was asked for, or is met on the way.
        const start = seen ? settle(pairSpec, moved).link : moved;

        const undone = settle(pairSpec, undo(start, spec, wrote.written, bothSides));

        expect(undone.writes.flatMap(({ reasons }) => Object.values(reasons))).not.toContain('revert');
        expect(same(spec, held(undone.link, spec, 'crm'), later)).toBe(true);
        expect(same(spec, held(undone.link, spec, 'udesk'), later)).toBe(true);
        expect(undone.outcomes).toEqual(['edited']);
        expect(undone.link.conflicts).toMatchObject([{ kind: 'edited-since' }]);
        expect(same(spec, undone.link.conflicts[0]?.base?.crm ?? null, first)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  // Seed f0-42.
  test('of both sides, one half at a time, leaves an edit between them for nobody to overlook', () => {
    const between = fc.record({ edit: sides, heldBack: sides, settled: fc.boolean(), upper: fc.boolean() });
    fc.assert(
      fc.property(cases, between, (one, { edit, heldBack, settled, upper }) => {
        const { spec, first, wrong } = one;
        fc.pre(!same(spec, first, wrong));
        const { pairSpec, wrote } = carried(one);
        const store: Remote['store'] = (side, _, value) =>
          upper && side === 'crm' && typeof value === 'string' ? value.toUpperCase() : value;
        const asked = undo(wrote.link, spec, wrote.written, true);
        const halfway = step(pairSpec, asked, { store, drops: ({ side }) => side === heldBack });
        const whole = settled ? step(pairSpec, halfway, { store }) : halfway;
        const typed: Value =
          spec.shape === 'set'
            ? [...asElements(held(whole, spec, edit)), { id: null, value: 'by Tom' }]
            : 'by Tom';

        const rest = settle(pairSpec, edited(whole, spec, edit, typed));

        const isShown = (value: Value) => value === 'by Tom' || words(value).has('by Tom');
        const isOnBoth = (['udesk', 'crm'] as const).every((side) => isShown(held(rest.link, spec, side)));
        const isAsked = rest.link.conflicts.some(
          ({ kind, udesk, crm }) => kind !== 'reverted' && [udesk, crm].some(isShown),
        );
        expect(isOnBoth || isAsked).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('of a set takes away only what we added and brings back only what we removed', () => {
    fc.assert(
      fc.property(
        fc.boolean().chain((ids) => fc.tuple(elements(ids), elements(ids), elements(ids))),
        ([before, result, now]) => {
          const spec = field({ shape: 'set' });
          const undone = undoWrites(spec, 'CN', now, [{ before, result }]);
          const after = undone.kind === 'restore' ? undone.value : now;
          const [was, ours, is, then] = [before, result, now, after].map(words) as [
            Set<string>,
            Set<string>,
            Set<string>,
            Set<string>,
          ];
          for (const one of is) if (!then.has(one)) expect(ours.has(one) && !was.has(one)).toBe(true);
          for (const one of then) if (!is.has(one)) expect(was.has(one) && !ours.has(one)).toBe(true);
          // Where nobody edited since, everything is as before.
          if (same(spec, now, result)) expect(same(spec, after, before)).toBe(true);
          // Asked for twice, it is done once.
          expect(undoWrites(spec, 'CN', after, [{ before, result }]).kind).toBe('same');
        },
      ),
      { numRuns: 2000 },
    );
  });

  // Seed m22-48: a number that a person had moved to the customer was one that an older write of ours had added there.
  test('of several writes of a set, what people did since the last of them stays, whatever the older ones did', () => {
    const states = fc.boolean().chain((ids) => fc.array(elements(ids), { minLength: 3, maxLength: 9 }));
    fc.assert(
      fc.property(states, (told) => {
        const spec = field({ shape: 'set' });
        const now = told.at(-1) ?? null;
        const writes = told.slice(0, -1).flatMap((before, n, all) => {
          const result = all[n + 1];
          return n % 2 === 0 && result !== undefined ? [{ before, result }] : [];
        });
        const undone = undoWrites(spec, 'CN', now, writes.toReversed());
        const then = words(undone.kind === 'restore' ? undone.value : now);
        const ours = words(writes.at(-1)?.result ?? null);
        for (const one of words(now)) if (!ours.has(one)) expect([...then]).toContain(one);
        for (const one of ours) if (!words(now).has(one)) expect([...then]).not.toContain(one);
      }),
      { numRuns: 2000 },
    );
  });

  test('of a set, people’s later edits stay on both sides while ours is undone', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { spec, first, wrong, bothSides } = one;
        fc.pre(spec.shape === 'set' && !same(spec, first, wrong));
        const { pairSpec, wrote } = carried(one);
        const extra = [...asElements(held(wrote.link, spec, 'crm')), { id: 'x', value: 'by-a-person' }];
        const undone = settle(
          pairSpec,
          undo(edited(wrote.link, spec, 'crm', extra), spec, wrote.written, bothSides),
        );
        for (const side of ['udesk', 'crm'] as const) {
          expect(words(held(undone.link, spec, side)).has('by-a-person')).toBe(true);
        }
        expect([...words(held(undone.link, spec, 'crm'))].sort()).toEqual(
          [...words(first), 'by-a-person'].sort(),
        );
      }),
      { numRuns: 500 },
    );
  });
});
