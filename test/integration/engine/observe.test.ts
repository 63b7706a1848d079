import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SideRecord } from '../../../src/core/record.ts';
import type { Page } from '../../../src/crm/adapter.ts';
import type { Cycle } from '../../../src/engine/context.ts';
import { type HeldLease, holdLease } from '../../../src/engine/lease-keeper.ts';
import { observePages } from '../../../src/engine/observe.ts';
import { startRun } from '../../../src/store/pairs.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let lease: HeldLease;
let cycle: Cycle;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(async () => {
  await world.close();
});

beforeEach(async () => {
  await lease?.release();
  await ourRows(world, 'truncate udesk_sync.record, udesk_sync.observation');
  const { name } = world.pair.spec;
  lease = await holdLease(world.engine, name, 5_000);
  const runId = await startRun(world.engine.db, name, 'sync', world.engine.clock());
  const { fence, signal } = lease;
  cycle = { ...world.engine, ...world.pair, fence, runId, signal, held: signal, progress: () => {} };
});

const BATCH = 1_000;

describe('reading pages into the mirror', () => {
  it('stores every record of every page, and what is shown twice as it was shown last', async () => {
    const observed = await observe([page(1, BATCH, 'a'), page(BATCH, 1, 'b'), page(BATCH + 1, 1_200, 'a')]);
    expect(observed).toMatchObject({ pages: 3, changed: BATCH + 1_201 });
    expect(observed.seen.size).toBe(BATCH + 1_200);
    expect(await namesByCount()).toEqual({ a: BATCH + 1_199, b: 1 });
  });

  it('what did not change is not stored again', async () => {
    await observe([page(1, 1_500, 'a')]);
    expect((await observe([page(1, 1_499, 'a'), page(1_500, 1, 'b')])).changed).toBe(1);
    expect(await ourRows(world, 'select remote_id, delta::text from udesk_sync.observation')).toEqual([
      { remote_id: '1500', delta: '{"name": ["a", "b"]}' },
    ]);
  });

  it('a record that a later page calls deleted ends as deleted', async () => {
    await observe([page(1, 3, 'a'), { ...page(0, 0, ''), deletedIds: ['2'] }]);
    expect(await ourRows(world, 'select remote_id, state from udesk_sync.record order by 1')).toEqual([
      { remote_id: '1', state: 'live' },
      { remote_id: '2', state: 'deleted' },
      { remote_id: '3', state: 'live' },
    ]);
  });

  it('an enumeration that breaks fails, with nothing of it under way any more', async () => {
    const broken = observePages(
      cycle,
      'crm',
      'sweep',
      thenThrow([page(1, BATCH, 'a')], new Error('cut off')),
    );
    await expect(broken).rejects.toThrow('cut off');
    expect(await namesByCount()).toEqual({ a: BATCH });
  });

  it('P9: a batch that cannot be stored, because another process owns the pair, fails the enumeration', async () => {
    cycle = { ...cycle, fence: { ...cycle.fence, owner: 'somebody else' } };
    await expect(observe([page(1, BATCH, 'a'), page(2_001, BATCH, 'a')])).rejects.toMatchObject({
      kind: 'lease-lost',
    });
    await expect(observe([page(1, 1, 'a')])).rejects.toMatchObject({ kind: 'lease-lost' });
    expect(await namesByCount()).toEqual({});
  });
});

function observe(pages: readonly Page[]) {
  return observePages(cycle, 'crm', 'sweep', thenThrow(pages, null));
}

async function* thenThrow(pages: readonly Page[], error: Error | null): AsyncGenerator<Page> {
  yield* pages;
  if (error !== null) throw error;
}

function page(from: number, count: number, name: string): Page {
  const records = Array.from(
    { length: count },
    (_, n): SideRecord => ({
      id: String(from + n),
      fields: { name },
      externalId: null,
      version: null,
      updatedAt: null,
    }),
  );
  return { records, deletedIds: [], dropped: [], total: null, end: null };
}

async function namesByCount(): Promise<Record<string, number>> {
  const rows = await ourRows(
    world,
    `select fields->>'name' as name, count(*)::int as n from udesk_sync.record where side = 'crm' group by 1`,
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.n]));
}
