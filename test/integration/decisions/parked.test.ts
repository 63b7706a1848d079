import { afterEach, describe, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { dropParked, retryParked } from '../../../src/store/parked-decisions.ts';
import { parkedWrites } from '../../../src/store/parked-pages.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const at = new Date();
const rule = `alter table contact add constraint no_bad check (name <> 'Bad')`;
const lift = 'alter table contact drop constraint no_bad';

async function parkedId(): Promise<string> {
  const [parked] = await parkedWrites(world.database.db, { pair: 'main', afterId: '0', limit: 10 });
  if (parked === undefined) throw new Error('nothing is parked');
  return parked.id;
}

/** The name of a customer is one that the CRM refuses; the record is linked already, or has to be created. */
async function refused(as: 'update' | 'create'): Promise<string> {
  const nick_name = as === 'create' ? 'Bad' : 'Good';
  world = await createWorld({ customers: [{ nick_name, email: 'a@example.com' }] });
  if (as === 'create') await world.crm.unsafe(rule);
  await world.sync();
  if (as === 'update') {
    await world.crm.unsafe(rule);
    world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { nick_name: 'Bad' });
    await world.sync();
  }
  return await parkedId();
}

const names = async () => (await world.people()).map(({ name }) => name);

describe.each(['update', 'create'] as const)('a parked %s', (op) => {
  const before = op === 'update' ? ['Good'] : [];

  test('that is retried is planned again by the next cycle, and written once nothing is in the way', async () => {
    const id = await refused(op);
    expect(await names()).toEqual(before);
    await world.crm.unsafe(lift);
    await world.sync();
    expect(await names()).toEqual(before);
    expect(await retryParked(world.database.db, { parkedId: id, who: 'ann', at })).toMatchObject({
      outcome: 'done',
    });
    await world.sync();
    expect(await names()).toEqual(['Bad']);
    expect(await parkedWrites(world.database.db, { pair: 'main', afterId: '0', limit: 10 })).toEqual([]);
    await world.sync();
    expect(await names()).toEqual(['Bad']);
  });

  test('that is retried in vain is parked again, with the words of the side', async () => {
    const id = await refused(op);
    await retryParked(world.database.db, { parkedId: id, who: 'ann', at });
    await world.sync();
    const rows = await parkedWrites(world.database.db, { pair: 'main', afterId: '0', limit: 10 });
    expect(rows).toMatchObject([{ side: 'crm', message: expect.stringContaining('no_bad') }]);
    expect(rows[0]?.id).not.toBe(id);
  });

  test('that is dropped stays as it is until the record changes', async () => {
    const id = await refused(op);
    await dropParked(world.database.db, { parkedId: id, who: 'ann', at });
    await world.crm.unsafe(lift);
    await world.sync();
    await world.sync();
    expect(await names()).toEqual(before);
    expect(await parkedWrites(world.database.db, { pair: 'main', afterId: '0', limit: 10 })).toEqual([]);
    world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { nick_name: 'Better' });
    await world.sync();
    expect(await names()).toEqual(['Better']);
  });
});

test('of two people who decide about one parked record one wins, the other is told what became of it', async () => {
  const id = await refused('update');
  const { db } = world.database;
  const [retry, drop] = await Promise.all([
    retryParked(db, { parkedId: id, who: 'ann', at }),
    dropParked(db, { parkedId: id, who: 'ann', at }),
  ]);
  const outcomes = [retry.outcome, drop.outcome];
  expect(outcomes.sort()).toEqual(['closed', 'done']);
  expect(await retryParked(db, { parkedId: id, who: 'ann', at })).toEqual({
    outcome: 'closed',
    state: retry.outcome === 'done' ? 'retried' : 'dropped',
  });
  expect(await retryParked(db, { parkedId: '999999', who: 'ann', at })).toEqual({ outcome: 'not-found' });
});

test('a choice that could not be written is open again when its parked write is dropped', async () => {
  world = await createWorld({ customers: [{ nick_name: 'Base', email: 'a@example.com' }] });
  await world.sync();
  world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { nick_name: 'Bad' });
  await world.crm`update contact set name = 'C'`;
  await world.sync();
  await world.crm.unsafe(rule);
  const [conflict] = await world.conflicts();
  const { db } = world.database;
  await decideConflict(db, { conflictId: conflict?.id ?? '', who: 'li', take: 'udesk', value: null, at });
  await world.sync();
  expect(await world.conflicts()).toMatchObject([{ state: 'resolving' }]);
  await dropParked(db, { parkedId: await parkedId(), who: 'ann', at });
  expect(await world.conflicts()).toMatchObject([{ state: 'open', resolvedBy: null }]);
});
