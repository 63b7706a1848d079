import { userInfo } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { openWeb, signedIn } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

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

  test('P12: the log says who accepted exactly which plan, and its page says so, too', async () => {
    await begin();
    await cli.run('sync');
    const [row] = await ourRows(world, 'select first_plan_hash as hash from udesk_sync.pair');
    await cli.run('sync', '--accept-first-plan');
    await cli.run('sync', '--accept-first-plan');

    const { entries, faults } = await verifyLog(world.database.db, null);
    expect({ entries, faults }).toEqual({ entries: 1, faults: [] });
    const [said] = await ourRows(world, 'select entry from udesk_sync.decision_log');
    expect(JSON.parse(String(said?.entry))).toMatchObject({
      who: userInfo().username,
      action: 'approve',
      pair: 'main',
      subject: `first-plan ${row?.hash}`,
    });
    const web = await openWeb(world, { users: true });
    const viewer = await signedIn(web, 'viewer');
    expect((await viewer.get(`/plans/${row?.hash}`)).text).toContain(
      `${userInfo().username} approved it, and it was released`,
    );
    await web.close();
  });

  test('of one plan by its hash, as sync itself says: sync --approve says yes to exactly this first plan', async () => {
    await begin();
    const shown = await cli.run('sync');
    const [row] = await ourRows(world, 'select first_plan_hash as hash from udesk_sync.pair');
    expect(shown).toMatchObject({ code: 3 });
    expect(shown.stdout).toContain(`udesk-sync sync --pair main --approve ${row?.hash}`);
    expect((await cli.run('sync', '--approve', 'a'.repeat(64))).code).toBe(3);
    expect(world.simulator.tenant.count).toBe(1);
    expect((await cli.run('sync', '--approve', String(row?.hash))).code).toBe(0);
    expect(world.simulator.tenant.count).toBe(2);
    expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 1, faults: [] });
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
