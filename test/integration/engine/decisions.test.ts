import { afterEach, describe, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { createWorld, type World, writesSoFar } from '../../support/world.ts';
import { syncAt } from '../attack/moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

async function conflictOfNames(): Promise<{ customerId: string; conflictId: string }> {
  world = await createWorld({ customers: [{ nick_name: 'Base', email: 'a@example.com' }] });
  await world.sync();
  const customerId = world.simulator.tenant.list()[0]?.id ?? '';
  world.simulator.tenant.edit(customerId, { nick_name: 'U' });
  await world.crm`update contact set name = 'C'`;
  await world.sync();
  const [conflict] = await world.conflicts();
  return { customerId, conflictId: conflict?.id ?? '' };
}

function decide(conflictId: string, take: 'udesk' | 'crm' | 'base' | 'value', value: string | null = null) {
  return decideConflict(world.database.db, { conflictId, who: 'reviewer', take, value, at: new Date() });
}

describe('P3 durable conflicts: a conflict closes only by a decision or a recorded convergence', () => {
  test.each([
    ['udesk', 'U'],
    ['crm', 'C'],
    ['base', 'Base'],
  ] as const)(
    'taking %s brings "%s" to both sides and closes the row as resolved',
    async (take, expected) => {
      const { customerId, conflictId } = await conflictOfNames();

      expect(await decide(conflictId, take)).toBe(true);
      await world.sync();
      const before = await writesSoFar(world);
      await world.sync();

      expect(world.simulator.tenant.get(customerId)?.nick_name).toBe(expected);
      expect((await world.people())[0]?.name).toBe(expected);
      expect((await world.conflicts()).map(({ state }) => state)).toEqual(['resolved']);
      expect(await writesSoFar(world)).toEqual(before);
    },
  );

  test('a value of the reviewer’s own is written to both sides', async () => {
    const { customerId, conflictId } = await conflictOfNames();

    await decide(conflictId, 'value', 'Chosen');
    await world.sync();

    expect(world.simulator.tenant.get(customerId)?.nick_name).toBe('Chosen');
    expect((await world.people())[0]?.name).toBe('Chosen');
    expect((await world.conflicts())[0]).toMatchObject({ state: 'resolved', resolvedBy: 'reviewer' });
  });

  test('a side that moves after the decision voids it: the conflict is open again with the new value', async () => {
    const { customerId, conflictId } = await conflictOfNames();

    await decide(conflictId, 'crm');
    world.simulator.tenant.edit(customerId, { nick_name: 'U, edited again' });
    await world.sync();

    expect(world.simulator.tenant.get(customerId)?.nick_name).toBe('U, edited again');
    expect((await world.people())[0]?.name).toBe('C');
    expect(await world.conflicts()).toMatchObject([
      { state: 'resolved', udesk: 'U', crm: 'C', resolvedBy: 'reviewer' },
      { state: 'open', udesk: 'U, edited again', crm: 'C', resolvedBy: null },
    ]);
  });

  test('P2: what a decision had already replaced when it became void is still shown by its row', async () => {
    const { customerId, conflictId } = await conflictOfNames();
    await decide(conflictId, 'base');

    // Found by the model (test/model): the agent edits between the plan and the look before the write to Udesk, while
    // the CRM's own edit is being replaced by the base.
    await syncAt(world, [
      {
        side: 'udesk',
        call: 'read',
        when: 'before',
        times: 1,
        act: () => world.simulator.tenant.edit(customerId, { nick_name: 'U, edited again' }),
      },
    ]);
    await world.sync();

    expect(world.simulator.tenant.get(customerId)?.nick_name).toBe('U, edited again');
    expect((await world.people())[0]?.name).toBe('U, edited again');
    expect(await world.conflicts()).toMatchObject([{ state: 'resolved', udesk: 'U', crm: 'C' }]);
  });

  test('two reviewers who decide at once: one wins, the other is told', async () => {
    const { conflictId } = await conflictOfNames();

    const answers = await Promise.all([decide(conflictId, 'udesk'), decide(conflictId, 'crm')]);

    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  test('people who make both sides equal by hand close the conflict as converged', async () => {
    const { customerId } = await conflictOfNames();

    world.simulator.tenant.edit(customerId, { nick_name: 'Agreed' });
    await world.crm`update contact set name = 'Agreed'`;
    await world.sync();

    expect((await world.conflicts()).map(({ state }) => state)).toEqual(['converged']);
  });
});
