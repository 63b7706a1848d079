import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emailSteps, same } from '../../../src/crm/hubspot/emails.ts';
import type { Held } from '../../../src/crm/set-edit.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@example.com`);

/** What a contact holds after the steps, whatever HubSpot does with a primary address that is replaced. */
function after(held: readonly Held[], steps: ReturnType<typeof emailSteps>, kept: boolean): string[] {
  const others = new Set(held.slice(1).flatMap(({ value }) => value ?? []));
  let primary = held[0]?.value ?? '';
  for (const email of steps.add) others.add(email);
  if (steps.primary !== null) {
    others.delete(steps.primary);
    if (kept && primary !== '') others.add(primary);
    primary = steps.primary;
  }
  for (const email of steps.remove) others.delete(email);
  return [primary, ...others].filter((email) => email !== '');
}

const world = fc
  .record({
    primary: fc.boolean(),
    held: fc.uniqueArray(fc.constantFrom(...NAMES)),
    removed: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    added: fc.uniqueArray(fc.constantFrom(...NAMES)),
  })
  .map(({ primary, held, removed, added }) => {
    const [first = null, ...rest] = primary ? held : [null, ...held];
    const places = [first, ...rest].map((value): Held => ({ id: null, value }));
    const changed = new Map(
      places.flatMap(({ value }, at) => (removed[at] && value !== null ? [[at, null] as const] : [])),
    );
    const stays = places.flatMap(({ value }, at) => (changed.has(at) || value === null ? [] : [value]));
    const fresh = added.filter((value) => !held.includes(value));
    return { places, edit: { ok: true as const, changed, added: fresh }, wanted: [...stays, ...fresh] };
  });

describe('the steps that change the e-mails of a contact', () => {
  test.each([false, true])(
    'end in exactly the planned set, with a replaced primary address kept: %s',
    (kept) => {
      fc.assert(
        fc.property(world, ({ places, edit, wanted }) => {
          expect(after(places, emailSteps(places, edit), kept).sort()).toEqual([...wanted].sort());
        }),
      );
    },
  );

  test('never take away an address that stays, and leave the primary one alone while it stays', () => {
    fc.assert(
      fc.property(world, ({ places, edit, wanted }) => {
        const { primary, add, remove } = emailSteps(places, edit);
        expect(remove.filter((email) => wanted.includes(email))).toEqual([]);
        expect(add.filter((email) => !wanted.includes(email))).toEqual([]);
        const first = places[0]?.value ?? null;
        if (first !== null && wanted.includes(first)) expect(primary).toBeNull();
      }),
    );
  });

  test('an address in other letters is the same address', () => {
    expect(same('A@Example.com ', 'a@example.com')).toBe(true);
    const held = [{ id: null, value: 'a@example.com' }];
    const edit = { ok: true as const, changed: new Map([[0, 'A@example.com']]), added: [] };
    expect(emailSteps(held, edit)).toEqual({ primary: null, add: [], remove: [] });
  });
});
