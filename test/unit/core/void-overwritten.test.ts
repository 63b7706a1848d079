/** A choice about an edit that our write had replaced, which came too late. */
import { describe, expect, test } from 'vitest';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import type { Value } from '../../../src/core/value.ts';
import type { Overwritten } from '../../../src/core/witness-records.ts';
import { base, conflict, field, link, live, pair } from '../../support/core-fixtures.ts';

const lost: Overwritten = {
  ...{ side: 'udesk', before: 'before', value: 'Tom', at: null, author: null, text: null },
};

/** Both sides held A when a person chose to have the edit of Tom back, which our write of A had replaced in Udesk. */
const planned = (udesk: Value, crm: Value, bases = base('A')) => {
  const row = conflict({
    ...{ kind: 'overwritten-in-window', base: base('before'), udesk: 'A', crm: 'A', overwritten: [lost] },
    decision: { id: 'D', take: 'value', value: 'Tom' },
  });
  return reconcileLink(
    pair([field()]),
    link(live('u1', { nick_name: udesk }), live('c1', { name: crm }), { nick_name: bases }, [row]),
  );
};
const again = [{ action: 'hold', kind: 'overwritten-in-window', reopened: true, overwritten: [lost] }];

describe('P3: a choice about an overwritten edit that becomes void', () => {
  test('is asked for again where the other side moved meanwhile', () => {
    const { writes, conflicts } = planned('A', 'Z');
    expect(writes).toMatchObject([{ side: 'udesk', patch: { nick_name: { after: 'Z' } } }]);
    expect(conflicts).toMatchObject(again);
  });
  test('is asked for again where that was carried over before the choice was looked at', () => {
    expect(planned('Z', 'Z', base('Z')).conflicts).toMatchObject(again);
  });
  test('is over where somebody has edited on the side of the lost edit: that superseded it', () => {
    expect(planned('Z', 'A').conflicts).toMatchObject([{ action: 'close' }]);
  });
  test('keeps the lost edit also where it cannot be carried out at all', () => {
    const row = conflict({
      ...{ kind: 'overwritten-in-window', base: null, udesk: 'A', crm: 'A', overwritten: [lost] },
      decision: { id: 'D', take: 'base', value: null },
    });
    const both = link(live('u1', { nick_name: 'A' }), live('c1', { name: 'A' }), { nick_name: base('A') }, [
      row,
    ]);
    expect(reconcileLink(pair([field()]), both).conflicts).toMatchObject([
      { action: 'hold', reopened: true, overwritten: [lost] },
    ]);
  });
});
