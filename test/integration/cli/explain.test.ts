import { afterEach, describe, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

/** Ann was edited in Udesk by Wang, then on both sides; Li decided. */
async function ann(): Promise<string> {
  world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
  cli = commandLine(world);
  await world.sync();
  const id = world.simulator.tenant.list()[0]?.id ?? '';
  world.simulator.tenant.edit(id, { nick_name: 'Anna' }, { id: 7, nick_name: 'Wang' });
  await world.sync({ readFeeds: true });
  world.simulator.tenant.edit(id, { nick_name: 'U' });
  await world.crm`update contact set name = 'C'`;
  await world.sync();
  const [conflict] = await world.conflicts();
  const choice = { who: 'li', take: 'crm', value: null, at: new Date() } as const;
  await decideConflict(world.database.db, { conflictId: conflict?.id ?? '', ...choice });
  await world.sync({ readFeeds: true });
  return id;
}

interface Explained {
  explain: {
    linkId: string;
    events: { kind: string; at: string }[];
    now: { field: string; complete: boolean; udesk: { value: string; origin: { kind: string } } }[];
  };
}

describe('explain', () => {
  test('P12: tells the whole chain of a value, oldest first, with who and why', async () => {
    const id = await ann();

    const { explain } = (
      await cli.run('explain', 'udesk', id, 'nick_name', '--json')
    ).json() as unknown as Explained;

    const kinds = explain.events.map(({ kind }) => kind);
    for (const kind of [
      'first-sight',
      'linked',
      'observed',
      'write',
      'conflict-opened',
      'decision',
      'conflict-closed',
      'change-record',
    ])
      expect(kinds).toContain(kind);
    const times = explain.events.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    expect(explain.now).toMatchObject([
      { field: 'nick_name', complete: true, udesk: { value: 'C', origin: { kind: 'decision', who: 'li' } } },
    ]);

    const text = await cli.run('explain', 'crm', '1', 'name');
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/Udesk nick_name: Ann → Anna \(seen by sweep, run \d+, changed by Wang at /);
    expect(text.stdout).toMatch(
      /our write \d+ \(run \d+, decision\) sets nick_name in Udesk: U → C; settled/,
    );
    expect(text.stdout).toContain('now: Udesk holds C, CRM holds C, base C in Udesk, C in the CRM');
    expect(text.stdout).toMatch(/goes back to decision \d+ of li/);
  });

  test('without a field tells of all that are mapped', async () => {
    const id = await ann();
    const { explain } = (await cli.run('explain', 'udesk', id, '--json')).json() as unknown as Explained;
    expect(explain.now.map(({ field }) => field)).toContain('emails');
    expect(explain.now.every(({ complete }) => complete)).toBe(true);
  });

  test('says where a chain is not complete', async () => {
    const id = await ann();
    await world.database.sql`delete from udesk_sync.decision`;
    const text = await cli.run('explain', 'udesk', id, 'nick_name');
    expect(text.stdout).toMatch(/the chain is NOT complete.*the decision behind write \d+ is not on record/);
  });

  test('refuses what nobody knows: a record, a field, a side, a pair', async () => {
    const id = await ann();
    expect(await cli.run('explain', 'udesk', '404')).toMatchObject({ code: 1, stdout: '' });
    const field = await cli.run('explain', 'udesk', id, 'nickname');
    expect(field).toMatchObject({ code: 2, stdout: '' });
    expect(field.stderr).toContain('Did you mean "nick_name"?');
    expect((await cli.run('explain', 'odoo', id)).code).toBe(2);
    expect((await cli.run('explain', 'udesk', id, '--pair', 'mian')).stderr).toContain(
      'Did you mean "main"?',
    );
  });
});
