import { afterEach, beforeEach, expect, test } from 'vitest';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { openAccountChanges } from '../../../src/store/account-changes.ts';
import { judgePlan, type PlanVerdict, type VerdictResult } from '../../../src/store/approvals.ts';
import { answerFromAnotherTable, answerFromFirstTable, askedHash } from '../../support/another-table.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';
import { NOTHING, reopen, syncAt, syncPair } from '../attack/moments.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld({
    customers: ['A', 'B', 'C'].map((name) => ({ nick_name: name, email: `${name}@example.com` })),
    pair: { deletes: 'propagate' },
  });
  await world.sync();
});
afterEach(async () => {
  await world.close();
});

const STRANGE = 'is not the account or table';
const refused = async () => await expect(world.sync()).rejects.toThrow(STRANGE);
const states = async () =>
  (await ourRows(world, 'select state from udesk_sync.account_change order by opened_at')).map(
    ({ state }) => state,
  );
const said = async () =>
  (await ourRows(world, 'select state from udesk_sync.approval order by id')).map(({ state }) => state);
const idOf = (name: string) =>
  world.simulator.tenant.list().find(({ nick_name }) => nick_name === name)?.id ?? '';
const names = async () => (await world.people()).map(({ name }) => name).sort();

async function say(
  verdict: 'approve' | 'reject',
  more: Partial<PlanVerdict> = {},
  side: 'udesk' | 'crm' = 'crm',
): Promise<VerdictResult> {
  const [change] = (await openAccountChanges(world.database.db, ['main'])).filter((one) => one.side === side);
  return await judgePlan(world.database.db, {
    ...{
      pair: 'main',
      kind: `account-${side}`,
      hash: change?.hash ?? '',
      verdict,
      who: 'ann',
      at: new Date(),
    },
    ...more,
  });
}

test('P7, P8: a yes to the table that answers now is carried out by the next cycle, whatever that reads; nothing is deleted or created twice', async () => {
  await answerFromAnotherTable(world, 'same');
  await refused();
  const [asked] = await openAccountChanges(world.database.db, ['main']);
  expect(asked).toMatchObject({ side: 'crm', state: 'waiting', before: { records: 3 }, now: { records: 3 } });
  expect(asked?.before.name).toMatch(/contact/);
  expect(asked?.now.name).not.toBe(asked?.before.name);

  expect(await say('approve')).toBe('stored');
  expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 1, faults: [] });
  // The process that the yes was said beside is killed; its successor reads nothing.
  const [restarted] = await reopen(world, (yaml) => yaml);
  if (restarted === undefined) throw new Error('no pair');
  await syncPair(world, restarted, { trigger: 'run', observe: NOTHING });
  await restarted.close();
  expect([await states(), await said()]).toEqual([['approved'], ['done']]);

  world.simulator.tenant.edit(idOf('A'), { nick_name: 'A2' });
  await world.crm`update contact set name = 'B2' where name = 'B'`;
  await world.sync();
  await world.sync();
  expect(await names()).toEqual(['A2', 'B2', 'C']);
  expect(
    world.simulator.tenant
      .list()
      .map(({ nick_name }) => nick_name)
      .sort(),
  ).toEqual(['A2', 'B2', 'C']);
});

test('P7, P8: a yes to an empty table deletes nobody', async () => {
  await answerFromAnotherTable(world, 'none');
  await refused();
  expect(await openAccountChanges(world.database.db, ['main'])).toMatchObject([{ now: { records: 0 } }]);
  await say('approve');
  await world.sync();
  await world.sync();
  expect([world.simulator.tenant.count, await names()]).toEqual([3, []]);
});

test('P8: yet another table by then: the yes releases nothing, and that one is asked about', async () => {
  await answerFromAnotherTable(world, 'none');
  await refused();
  const first = await askedHash(world);
  await say('approve');
  await answerFromAnotherTable(world, 'none');
  const before = await writesSoFar(world);
  await refused();
  expect(await writesSoFar(world)).toEqual(before);
  expect([await states(), await said()]).toEqual([['moved', 'waiting'], ['moved']]);
  expect(await askedHash(world)).not.toBe(first);
  expect(await say('approve', { hash: first ?? '' })).toBe('late');
  await refused();
});

test('the old table again needs no answer, and takes a yes to the other one with it', async () => {
  await answerFromAnotherTable(world, 'none');
  await refused();
  await say('approve');
  await answerFromFirstTable(world);
  expect(await world.sync()).toMatchObject({ outcome: 'done' });
  expect([await states(), await said()]).toEqual([['moved'], ['moved']]);
  expect(await names()).toEqual(['A', 'B', 'C']);
});

test('after a no it goes on waiting, unasked, and nothing is written there; a later yes goes on', async () => {
  await answerFromAnotherTable(world, 'same');
  await refused();
  await say('reject');
  world.simulator.tenant.edit(idOf('A'), { nick_name: 'A2' });
  const before = await writesSoFar(world);
  await refused();
  await refused();
  expect(await writesSoFar(world)).toEqual(before);
  expect(await states()).toEqual(['rejected']);
  await say('approve');
  await world.sync();
  expect(await names()).toEqual(['A2', 'B', 'C']);
});

test('a cycle that ends before it could look leaves the yes as it is', async () => {
  await answerFromAnotherTable(world, 'same');
  await refused();
  await say('approve');
  const away = () => {
    throw new Error('the side went away');
  };
  await expect(syncAt(world, [{ side: 'crm', call: 'check', when: 'before', act: away }])).rejects.toThrow(
    'away',
  );
  expect([await states(), await said()]).toEqual([['approving'], ['waiting']]);
  expect(await world.sync()).toMatchObject({ outcome: 'done' });
  expect([await states(), await said()]).toEqual([['approved'], ['done']]);
});

test('of two who answer at once one wins, and the other is told', async () => {
  await answerFromAnotherTable(world, 'same');
  await refused();
  const answers = await Promise.all([
    say('approve', { who: 'ann', shown: 'waiting' }),
    say('reject', { who: 'bob', shown: 'waiting' }),
  ]);
  expect(answers.toSorted()).toEqual(['answered', 'stored']);
  expect(await ourRows(world, 'select count(*)::int as n from udesk_sync.approval')).toEqual([{ n: 1 }]);
  expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 1, faults: [] });
});

test('both sides at once: a yes to the one leaves the yes to the other', async () => {
  const [moved] = await reopen(world, (yaml) => yaml.replace('//127.0.0.1:', '//localhost:'));
  if (moved === undefined) throw new Error('no pair');
  try {
    await answerFromAnotherTable(world, 'same');
    await expect(syncPair(world, moved, { observe: { udesk: 'none', crm: 'full' } })).rejects.toThrow(
      `crm ${STRANGE}`,
    );
    await expect(syncPair(world, moved)).rejects.toThrow(`udesk ${STRANGE}`);
    expect(await say('approve', {}, 'udesk')).toBe('stored');
    expect(await say('approve', {}, 'crm')).toBe('stored');
    expect(await said()).toEqual(['waiting', 'waiting']);
    expect(await syncPair(world, moved)).toMatchObject({ outcome: 'done' });
    expect([await states(), await said()]).toEqual([
      ['approved', 'approved'],
      ['done', 'done'],
    ]);
  } finally {
    await moved.close();
  }
});
