/**
 * P2: people and we write to one customer, callbacks come in any order, late, doubled, or several at once, and only what
 * is not the echo of a write of ours is looked at. Few values, so that A → B → A and the very same edit are common.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type OwnEntry, ownEcho, type ToldChange } from '../../../src/core/own-echo.ts';
import { isSet, type Value } from '../../../src/core/value.ts';
import { field, pair, record } from '../../support/core-fixtures.ts';

const SPEC = pair([
  field(),
  field({ udesk: 'description', crm: 'note' }),
  field({ udesk: 'cellphones', crm: 'phones', shape: 'set', equivalence: 'phone' }),
]);
type Fields = Record<string, Value>;

const values = { scalar: fc.constantFrom('', 'A', 'B'), set: fc.subarray(['13800000001', '13800000002']) };
const edit = fc.oneof(
  fc.record({
    name: fc.constantFrom('nick_name', 'description'),
    value: values.scalar as fc.Arbitrary<Value>,
  }),
  fc.record({
    name: fc.constant('cellphones'),
    value: values.set.map((all): Value => all.map((value) => ({ id: null, value }))),
  }),
);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('ours' as const),
      edits: fc.array(edit, { minLength: 1, maxLength: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('theirs' as const),
      edits: fc.array(edit, { minLength: 1, maxLength: 2 }),
    }),
  },
  // Of a person's own callbacks none is lost here; ours may be, and any may come twice.
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('callbacks' as const),
      which: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
      twice: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ours is lost' as const) }) },
);

interface Callback {
  readonly ours: boolean;
  readonly told: readonly ToldChange[];
}

test('once every callback of a person has come, the mirror holds what the customer holds', () => {
  let skipped = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let truth: Fields = { nick_name: 'A', description: '', cellphones: [] };
      let mirror = truth;
      let entries: OwnEntry[] = [];
      let pending: Callback[] = [];
      let intents = 0;

      const write = (edits: readonly { name: string; value: Value }[], ours: boolean): void => {
        const before = truth;
        truth = { ...truth, ...Object.fromEntries(edits.map(({ name, value }) => [name, value])) };
        const told = Object.keys(truth).flatMap((name) =>
          changesOf(name, before[name] ?? null, truth[name] ?? null),
        );
        if (told.length > 0) pending = [...pending, { ours, told }];
        if (!ours) return;
        // The look before the write, and its answer, tell the whole customer.
        mirror = truth;
        intents += 1;
        const names = [...new Set(edits.map(({ name }) => name))];
        const own = names.map((name) => ({
          intentId: String(intents),
          field: name,
          before: before[name] ?? null,
          held: truth[name] ?? null,
        }));
        entries = [...entries, ...own];
      };
      const come = (callbacks: readonly Callback[]): void => {
        let look = false;
        for (const { told } of callbacks) {
          const echo = ownEcho({ spec: SPEC, side: 'udesk', told, entries, mirror: record('7', mirror) });
          if (echo === null) look = true;
          else entries = entries.filter((entry) => !echo.includes(entry));
        }
        if (look) mirror = truth;
        else if (callbacks.length > 0) skipped += 1;
      };

      for (const one of steps) {
        if (one.kind === 'ours') write(one.edits, true);
        else if (one.kind === 'theirs') write(one.edits, false);
        else if (one.kind === 'ours is lost') pending = pending.filter(({ ours }) => !ours);
        else {
          const chosen = [...new Set(one.which.map((n) => pending[n % pending.length]))].filter(
            (c) => c !== undefined,
          );
          if (!one.twice) pending = pending.filter((callback) => !chosen.includes(callback));
          come(chosen);
        }
      }
      for (const callback of pending) if (!callback.ours || steps.length % 2 === 0) come([callback]);
      expect(mirror).toEqual(truth);
    }),
    { numRuns: 5_000 },
  );
  // Otherwise it would prove nothing.
  expect(skipped).toBeGreaterThan(500);
});

function changesOf(name: string, before: Value, after: Value): ToldChange[] {
  if (!isSet(before) || !isSet(after)) {
    const text = (value: Value) => (typeof value === 'string' && value !== '' ? value : null);
    return text(before) === text(after) ? [] : [{ fields: [name], from: text(before), to: text(after) }];
  }
  const [old, now] = [before, after].map((all) => all.map(({ value }) => value)) as [string[], string[]];
  return [
    ...old.filter((value) => !now.includes(value)).map((from) => ({ fields: [name], from, to: null })),
    ...now.filter((value) => !old.includes(value)).map((to) => ({ fields: [name], from: null, to })),
  ];
}
