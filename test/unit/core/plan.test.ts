import { describe, expect, test } from 'vitest';
import { guardClass, planHash, planItems } from '../../../src/core/plan.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import { base, deleted, field, link, live, pair, set } from '../../support/core-fixtures.ts';

const spec = pair([field(), field({ udesk: 'tags', crm: 'tags', shape: 'set' })]);
const state = link(
  live('u1', { nick_name: 'B', tags: set('x') }),
  live('c1', { name: 'A', tags: set('y') }),
  {
    nick_name: base('A'),
    tags: base([]),
  },
);

describe('a plan as a list', () => {
  test('holds one item for each field and side', () => {
    const items = planItems(state, reconcileLink(spec, state));
    expect(
      items.map(({ side, op, field: name, before, after, reason }) => [
        side,
        op,
        name,
        before,
        after,
        reason,
      ]),
    ).toEqual([
      ['udesk', 'update', 'tags', set('x'), set('x', 'y'), 'set-merge'],
      ['crm', 'update', 'nick_name', 'A', 'B', 'propagate'],
      ['crm', 'update', 'tags', set('y'), set('y', 'x'), 'set-merge'],
    ]);
    expect(items[0]).toMatchObject({ linkId: 'L1', udeskId: 'u1', crmId: 'c1' });
  });
  test('a delete is one item with the field *', () => {
    const gone = link(live('u1', { nick_name: 'A' }), deleted, { nick_name: base('A') });
    const plan = reconcileLink(pair([field()], { deletes: 'propagate' }), gone);
    expect(planItems(gone, plan)).toMatchObject([
      { side: 'udesk', op: 'delete', field: '*', reason: 'delete' },
    ]);
  });
});

describe('P8 what a guard counts a write as', () => {
  const differing = (byRule: boolean) =>
    link(live('u1', { nick_name: 'B' }), live('c1', { name: 'A' }), { nick_name: base('C') }, [
      {
        ...{ id: '1', field: 'nick_name', kind: 'edit/edit', base: base('C'), udesk: 'B', crm: 'A' },
        decision: { id: '1', take: 'udesk', value: null, byRule },
      },
    ]);
  const classes = (byRule: boolean) =>
    reconcileLink(pair([field()]), differing(byRule)).writes.map(guardClass);
  test('the choice of a person about a conflict takes nothing away that they have not seen', () => {
    expect(classes(false)).toEqual(['fill']);
  });
  test('the choice of a rule is counted like what nobody looked at', () => {
    expect(classes(true)).toEqual(['overwrite']);
  });
});

describe('the hash of a plan', () => {
  const items = planItems(state, reconcileLink(spec, state));
  test('does not depend on the id that a new link happens to get', () => {
    expect(planHash(items.map((item) => ({ ...item, linkId: 'other' })))).toBe(planHash(items));
  });
  test('depends on every write, and on the salt', () => {
    const [first, ...rest] = items;
    if (!first) throw new Error('no item');
    const variants = [
      rest,
      [...items, first],
      [{ ...first, after: 'z' }, ...rest],
      [{ ...first, crmId: 'c2' }, ...rest],
    ];
    const hashes = [
      planHash(items),
      planHash(items, 'pair'),
      ...variants.map((variant) => planHash(variant)),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(planHash(items)).toMatch(/^[0-9a-f]{64}$/);
  });
});
