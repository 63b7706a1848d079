import { afterEach, describe, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

async function begin(): Promise<void> {
  world = await createWorld({
    customers: [{ nick_name: 'U', email: 'u@example.com' }],
    people: [{ name: 'C', emails: ['c@example.com'] }],
    pair: { firstRun: 'review' },
  });
  cli = commandLine(world);
}

describe('accepting the first plan', () => {
  test('says that what was carried out is exactly what was shown', async () => {
    await begin();
    expect((await cli.run('sync')).code).toBe(3);
    await cli.run('plan');

    const ran = await cli.run('sync', '--accept-first-plan');

    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/accepted: exactly the first plan that was shown at 20/);
    expect(world.simulator.tenant.count).toBe(2);
  });

  test('says that it has changed since, and what it was', async () => {
    await begin();
    await cli.run('sync');
    await world.insert({ name: 'Late', emails: ['late@example.com'] });

    const ran = await cli.run('sync', '--accept-first-plan');

    expect(ran.stdout).toContain('planned: create 2 in Udesk and 1 in the CRM');
    expect(ran.stdout).toMatch(
      /accepted: the first plan has changed since .* create 1 in Udesk and 1 in the CRM/,
    );
  });

  test('is judged by what a person saw last, not by what the daemon planned since', async () => {
    await begin();
    await cli.run('sync');
    await world.insert({ name: 'Late', emails: ['late@example.com'] });
    await world.sync({ trigger: 'run' });

    const ran = await cli.run('sync', '--accept-first-plan');

    expect(ran.stdout).toContain('accepted: the first plan has changed since');
  });

  test('says nothing of it when it was accepted before', async () => {
    await begin();
    await cli.run('sync');
    await cli.run('sync', '--accept-first-plan');

    const again = await cli.run('sync', '--accept-first-plan');

    expect(again.stdout).not.toContain('accepted:');
  });
});
