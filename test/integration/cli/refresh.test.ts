import { afterEach, describe, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
let id: string;
afterEach(async () => {
  cli.close();
  await world.close();
});

async function start(pair: Record<string, string> = {}): Promise<void> {
  world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }], pair });
  cli = commandLine(world);
  await world.sync();
  id = world.simulator.tenant.list()[0]?.id ?? '';
}

interface Refreshed {
  refresh: {
    seen: string;
    changes: { field: string; old: unknown; new: unknown }[];
    link: { id: string } | null;
  };
}

describe('refresh', () => {
  test('stores what it reads as an observation of a point read, says what changed and what follows, and writes nothing', async () => {
    await start();
    world.simulator.tenant.edit(id, { nick_name: 'Anna' });
    const before = await writesSoFar(world);

    const ran = await cli.run('refresh', 'udesk', id);

    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/nick_name +Ann +Anna/);
    expect(ran.stdout).toContain('It belongs to link 1 (confirmed)');
    expect(ran.stdout).toContain('update nick_name in CRM: Ann → Anna (propagate)');
    expect(await writesSoFar(world)).toEqual(before);
    expect(
      await ourRows(
        world,
        `select lane, run_id, delta->'nick_name'->>1 as name from udesk_sync.observation order by id desc limit 1`,
      ),
    ).toEqual([{ lane: 'point', run_id: null, name: 'Anna' }]);
    await world.sync({ observe: { udesk: 'none', crm: 'none' } });
    expect((await world.people())[0]?.name).toBe('Anna');
    const again = (await cli.run('refresh', 'crm', '1', '--json')).json() as unknown as Refreshed;
    expect(again.refresh).toMatchObject({
      seen: 'unchanged',
      changes: [],
      link: { id: '1' },
      next: { kind: 'nothing' },
    });
  });

  test('of a record that was never seen: one that is there is stored and will be matched, one that is not is an error', async () => {
    await start();
    const added = await world.insert({ name: 'Bob', emails: ['bob@example.com'] });
    const ran = (await cli.run('refresh', 'crm', added, '--json')).json() as unknown as Refreshed;
    expect(ran.refresh).toMatchObject({ seen: 'new', link: null, next: { kind: 'match' } });
    const unknown = await cli.run('refresh', 'crm', '999');
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('there is no such record');
  });

  test('P7: a record that is not there is a suspicion, and nothing follows from it', async () => {
    await start({ deletes: 'propagate' });
    world.simulator.tenant.delete(id);

    const ran = await cli.run('refresh', 'udesk', id);

    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('a suspicion');
    expect(await ourRows(world, `select distinct state from udesk_sync.record`)).toEqual([{ state: 'live' }]);
    await world.sync({ observe: { udesk: 'none', crm: 'none' } });
    expect(await world.people()).toHaveLength(1);
  });

  test('says that nothing is written while the first plan waits', async () => {
    await start({ firstRun: 'review' });
    expect((await cli.run('refresh', 'udesk', id)).stdout).toContain(
      'first plan of the pair was not accepted',
    );
  });

  test('refuses an account that is not the one that the pair was set up with', async () => {
    await start();
    await world.database.sql`update udesk_sync.pair set udesk_fingerprint = 'another'`;
    expect(await cli.run('refresh', 'udesk', id)).toMatchObject({ code: 3, stdout: '' });
  });
});
