import { describe, expect, test } from 'vitest';
import type { FieldBase } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import { SIDES, type SideName } from '../../../src/core/record.ts';
import type { FieldSpec } from '../../../src/core/spec.ts';
import type { OwnWrite } from '../../../src/core/tug-of-war.ts';
import type { Value } from '../../../src/core/value.ts';
import { base, field, link, live, pair, set } from '../../support/core-fixtures.ts';

/** One field of one customer. Each cycle plans and writes; answers are seen soon, and writes are recent, unless told otherwise. */
function start(over: Partial<FieldSpec> = {}, seen: Partial<Pick<OwnWrite, 'soon' | 'recent'>> = {}) {
  const spec = pair([field(over)]);
  const first: Value = over.shape === 'set' ? set('a') : 'a';
  const now: Record<SideName, Value> = { udesk: first, crm: first };
  const bases: Record<string, FieldBase> = { nick_name: base(first) };
  const ownWrites: OwnWrite[] = [];
  return {
    now,
    get written() {
      return ownWrites.length;
    },
    /** @returns the kinds of the conflicts that it opens */
    cycle(): string[] {
      const state = link(live('u', { nick_name: now.udesk }), live('c', { name: now.crm }), bases);
      const { writes, conflicts } = reconcileLink(spec, { ...state, ownWrites: [...ownWrites] });
      for (const { side, patch } of writes)
        for (const { before, after } of Object.values(patch)) {
          now[side] = after;
          const entry = { side, field: 'nick_name', before, after, held: after };
          ownWrites.push({ ...entry, soon: true, recent: true, ...seen });
        }
      if (conflicts.length === 0) bases.nick_name = base(now.udesk, now.crm);
      return conflicts.flatMap((change) => (change.action === 'hold' ? [change.kind] : []));
    },
  };
}

type World = ReturnType<typeof start>;

/** Both sides answer whatever we write there. @returns after how many rounds the field was left alone; null: never in 50 */
function fight(world: World, value: (side: SideName, round: number) => Value): number | null {
  for (let round = 0; round < 50; round += 1)
    for (const side of SIDES) {
      world.now[side] = value(side, round);
      if (world.cycle().includes('tug-of-war')) return round;
    }
  return null;
}

describe('P4 a field that two automations fight over is left alone after three answered writes to a side', () => {
  test('that want the same value each time', () => {
    expect(fight(start(), (side) => `of ${side}`)).toBe(3);
  });
  test('that write another value each time, as a counter or a stamp', () => {
    expect(fight(start(), (side, round) => `${side} ${round}`)).toBe(3);
  });
  test('that write the same values once a night, and nobody looks for hours', () => {
    expect(fight(start({}, { soon: false }), (side) => `of ${side}`)).toBe(3);
  });
  test('that are seen long after the last write, because a reading takes days', () => {
    expect(fight(start({}, { recent: false }), (side, round) => `${side} ${round}`)).toBe(3);
  });
  test('of which one undoes what the direction makes us write there', () => {
    const world = start({ direction: 'to-udesk', onBlocked: 'revert' });
    let rounds = 0;
    for (; rounds < 20; rounds += 1) {
      world.now.udesk = `stamp ${rounds}`;
      if (world.cycle().includes('tug-of-war')) break;
    }
    expect(rounds).toBe(3);
  });
  test('by replacing the element of a set that we wrote', () => {
    const value = (side: SideName, round: number) => set('a', `${side} ${round}`);
    expect(fight(start({ shape: 'set' }), value)).toBe(3);
  });
});

describe('P4 people are never taken for a fight', () => {
  test('who edit the same field ten times on one side', () => {
    const world = start();
    for (let n = 0; n < 10; n += 1) {
      world.now.crm = `edit ${n}`;
      expect(world.cycle()).toEqual([]);
    }
    expect(world).toMatchObject({ written: 10, now: { udesk: 'edit 9' } });
  });
  test('who turn a field on and off ten times on one side', () => {
    const world = start();
    for (let n = 0; n < 20; n += 1) {
      world.now.crm = n % 2 === 0 ? 'on' : 'off';
      expect(world.cycle()).toEqual([]);
    }
    expect(world.written).toBe(20);
  });
  test('of whom one edits twice before the other answers', () => {
    const world = start();
    for (let n = 0; n < 12; n += 1) {
      world.now.crm = `Ann ${n}`;
      expect(world.cycle()).toEqual([]);
      world.now.crm = `Ann ${n}, again`;
      expect(world.cycle()).toEqual([]);
      world.now.udesk = `Bob ${n}`;
      expect(world.cycle()).toEqual([]);
    }
  });
  test('who answer each other with new values at their own pace', () => {
    expect(fight(start({}, { soon: false }), (side, round) => `${side} ${round}`)).toBeNull();
  });
  test('who use the same value again after days', () => {
    expect(fight(start({}, { soon: false, recent: false }), (side) => `of ${side}`)).toBeNull();
  });
  test('who add elements to one set on both sides', () => {
    const world = start({ shape: 'set' });
    for (let n = 0; n < 12; n += 1)
      for (const side of SIDES) {
        world.now[side] = set(...['a', ...keys(world.now[side]), `${side} ${n}`]);
        expect(world.cycle()).toEqual([]);
      }
  });
});

function keys(value: Value): string[] {
  return Array.isArray(value) ? value.map((element) => element.value).filter((text) => text !== 'a') : [];
}
