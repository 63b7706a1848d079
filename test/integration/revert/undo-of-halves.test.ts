/** An undo of which one half is carried out and the other not, or which replaced an edit itself. */
import { afterEach, describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/errors.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, customerId, ourRows, type World, writesSoFar } from '../../support/world.ts';
import { rightBefore, syncAt } from '../attack/moments.ts';

let world: World;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

const first = () => world.simulator.tenant.list()[0]?.id ?? '';
const open = async () =>
  (await world.conflicts()).filter(({ state }) => state === 'open').map(({ kind }) => kind);
const others = () =>
  world.simulator.tenant
    .get(first())
    ?.other_emails.map(({ content }) => content)
    .toSorted();

describe('an undo of a merge that wrote both sides', () => {
  test('P2: takes nothing away that a person had added, also where the customer is edited right before its half', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
    cli = commandLine(world);
    await world.sync();
    world.simulator.tenant.edit(first(), { other_emails: ['u@example.com'] });
    await world.crm`update contact set emails = emails || 'c@example.com'::text`;
    const { runId } = await world.sync();
    expect(others()).toEqual(['c@example.com', 'u@example.com']);

    await cli.run('revert', '--run', runId, '--field', 'emails', '--yes', '--json');
    await syncAt(world, [
      rightBefore('udesk', 'read', () =>
        world.simulator.tenant.edit(first(), {
          other_emails: ['u@example.com', 'c@example.com', 'd@example.com'],
        }),
      ),
    ]);
    await world.sync();
    await world.sync();

    expect(others()).toEqual(['d@example.com', 'u@example.com']);
    expect((await world.people())[0]?.emails.toSorted()).toEqual([
      'ann@example.com',
      'c@example.com',
      'd@example.com',
    ]);
    expect(await open()).toEqual(['reverted']);
    const quiet = await writesSoFar(world);
    await world.sync();
    expect(await writesSoFar(world)).toEqual(quiet);
  });
});

describe('an undo of both sides', () => {
  // Seed f0-42: the edit counted as what the undo had left there, and the next one in Udesk went over it.
  test('P2: is no reason to overlook an edit of the half that came first, made before the other half', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'Ann', email: 'ann@example.com', description: 'before' }],
      pair: { fields: '[{ udesk: description, crm: note }]' },
    });
    cli = commandLine(world);
    await world.sync();
    world.simulator.tenant.edit(first(), { description: 'wrong' });
    const { runId } = await world.sync();
    await cli.run('revert', '--run', runId, '--both-sides', '--yes', '--json');
    await syncAt(world, [
      rightBefore('crm', 'update', () => {
        expect(world.simulator.tenant.get(first())?.description).toBe('before');
        world.simulator.tenant.edit(first(), { description: 'by Tom' });
        throw new SyncError('transient', 'the CRM does not answer');
      }),
    ]);
    expect((await world.people())[0]?.note).toBe('wrong');
    await ourRows(world, `update udesk_sync.intent set not_before = null`);
    await world.sync();
    await world.sync();

    expect(world.simulator.tenant.get(first())?.description).toBe('by Tom');
    expect((await world.people())[0]?.note).toBe('by Tom');
    expect(await open()).toEqual([]);
    const quiet = await writesSoFar(world);
    await world.sync();
    expect(await writesSoFar(world)).toEqual(quiet);
  });
});

describe('an undo that waits while a customer is merged into another', () => {
  // Seed i1-251.
  test('P2: takes from the survivor nothing that a person had given to them', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
    cli = commandLine(world);
    await world.sync();
    const { tenant } = world.simulator;
    const ann = first();
    tenant.edit(ann, { cellphones: ['13800000001'] });
    const { runId } = await world.sync();
    expect((await world.people())[0]?.phones).toEqual(['13800000001']);
    await cli.run('revert', '--run', runId, '--both-sides', '--yes', '--json');
    tenant.edit(ann, { cellphones: [] });
    const { id: bob } = tenant.create({
      nick_name: 'Bob',
      email: 'bob@example.com',
      cellphones: ['13800000001'],
    });
    tenant.merge(ann, bob);
    await world.sync();
    await world.sync();

    expect(tenant.get(bob)?.cellphones.map(({ content }) => content)).toEqual(['13800000001']);
    expect((await world.people()).map(({ phones }) => phones)).toEqual([['13800000001']]);
    const wishes = await ourRows(world, 'select state, reason from udesk_sync.revert_field');
    expect(wishes).toEqual([
      { state: 'refused', reason: `udesk ${ann} was merged into ${bob} meanwhile: ask for it again` },
    ]);
  });

  test('P2: half carried out, its other half does not write over what the survivor holds', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'Ann', email: 'ann@example.com', description: 'before' }],
      pair: { fields: '[{ udesk: description, crm: note }]' },
    });
    cli = commandLine(world);
    await world.sync();
    const { tenant } = world.simulator;
    const ann = first();
    await world.crm`update contact set note = 'wrong'`;
    const { runId } = await world.sync();
    await cli.run('revert', '--run', runId, '--both-sides', '--yes', '--json');
    await syncAt(world, [
      rightBefore('crm', 'update', () => {
        throw new SyncError('transient', 'the CRM does not answer');
      }),
    ]);
    expect([tenant.get(ann)?.description, (await world.people())[0]?.note]).toEqual(['before', 'wrong']);
    const { id: bob } = tenant.create({ nick_name: 'Bob', email: 'bob@example.com', description: 'of Bob' });
    tenant.merge(ann, bob);
    await ourRows(world, `update udesk_sync.intent set not_before = null`);
    await world.sync();
    await world.sync();

    // What was on its way to the CRM arrives; what the survivor holds is an edit, and comes after it.
    expect([tenant.get(bob)?.description, (await world.people())[0]?.note]).toEqual(['of Bob', 'of Bob']);
    expect(await open()).toEqual([]);
    const wishes = await ourRows(world, 'select state, reason from udesk_sync.revert_field');
    expect(wishes.map(({ state, reason }) => [state, reason])).toEqual([
      ['done', 'restored in udesk and crm'],
    ]);
  });
});

// Seed j1-188: an e-mail that somebody else had by then was given back to the one before.
test('P5: an undo that waits while its customer is deleted ends where a person has them created anew', async () => {
  world = await createWorld({
    customers: [
      { nick_name: 'Ann', email: 'ann@example.com', description: 'before' },
      { nick_name: 'Stays', email: 'stays@example.com' },
    ],
    pair: { fields: '[{ udesk: nick_name, crm: name }, { udesk: description, crm: note }]' },
  });
  cli = commandLine(world);
  await world.sync();
  const { tenant } = world.simulator;
  const ann = customerId(world, 'Ann');
  tenant.edit(ann, { description: 'wrong' });
  const { runId } = await world.sync();
  await world.crm`update contact set name = 'Anna'`;
  tenant.delete(ann);
  await cli.run('revert', '--run', runId, '--yes', '--json');
  await world.sync();
  const [gone] = (await world.conflicts()).filter(({ state, field }) => state === 'open' && field === '*');
  const said = { conflictId: gone?.id ?? '', who: 'li', take: 'crm', value: null } as const;
  expect(await decideConflict(world.database.db, { ...said, at: new Date() })).toBe(true);
  await world.sync();
  await world.sync();

  const anna = customerId(world, 'Anna');
  expect(tenant.get(anna)?.description).toBe('wrong');
  expect((await world.people()).find(({ name }) => name === 'Anna')?.note).toBe('wrong');
  const wishes = await ourRows(world, 'select state, reason from udesk_sync.revert_field');
  expect(wishes).toEqual([
    { state: 'refused', reason: `udesk ${ann} was created anew as ${anna} meanwhile: ask for it again` },
  ]);
});

describe('an undo whose write replaced an edit unseen', () => {
  test('P6: a person is still asked about the difference where that is found late, and the policy leaves it so', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'Ann', email: 'ann@example.com', description: 'before' }],
      pair: { fields: '[{ udesk: description, crm: note, policy: crm }]' },
    });
    cli = commandLine(world);
    await world.sync();
    await world.crm`update contact set note = 'wrong'`;
    const { runId } = await world.sync();
    await cli.run('revert', '--run', runId, '--yes', '--json');
    await syncAt(world, [
      rightBefore('udesk', 'update', () => world.simulator.tenant.edit(first(), { description: 'by Tom' })),
      {
        side: 'udesk',
        call: 'history',
        when: 'before',
        act: () => {
          throw new SyncError('transient', 'the history does not answer');
        },
      },
    ]);
    expect(await open()).toEqual(['reverted']);
    await world.sync();
    await world.sync();

    expect(world.simulator.tenant.get(first())?.description).toBe('before');
    expect((await world.people())[0]?.note).toBe('wrong');
    expect(
      await ourRows(
        world,
        `select kind, state, jsonb_array_length(overwritten) as lost from udesk_sync.conflict`,
      ),
    ).toEqual([{ kind: 'reverted', state: 'open', lost: 1 }]);
  });
});
