import { afterEach, describe, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

/** A customer and two people who share the e-mail: a question. */
async function question(): Promise<string> {
  world = await createWorld({
    customers: [{ nick_name: 'Wang', email: 'w@example.com' }],
    people: [
      { name: 'Wang', emails: ['w@example.com'] },
      { name: 'Wang Wei', emails: ['w@example.com'] },
    ],
    pair: { create: '{ inCrm: false, inUdesk: false }' },
  });
  cli = commandLine(world);
  await world.sync();
  const listed = await cli.run('links', 'list', '--state', 'candidate', '--json');
  const { links } = listed.json() as unknown as { links: { id: string }[] };
  return links[0]?.id ?? '';
}

describe('links', () => {
  test('list gives scripts the candidates of both sides and the evidence', async () => {
    const id = await question();
    expect((await cli.run('links', 'list', '--json')).json()).toEqual({
      links: [
        expect.objectContaining({
          id,
          pair: 'main',
          state: 'candidate',
          crmId: null,
          candidates: { udesk: [expect.any(String)], crm: ['1', '2'] },
          evidence: expect.arrayContaining([expect.objectContaining({ kind: 'email' })]),
        }),
      ],
    });
    const shown = await cli.run('links', 'show', id);
    expect(shown.stdout).toContain('Wang Wei');
    expect(shown.stdout).toContain(`udesk-sync links confirm ${id} --crm ID`);
  });

  test('confirm asks who is meant, and takes only one of the candidates', async () => {
    const id = await question();
    for (const options of [[], ['--crm', '77']]) {
      const ran = await cli.run('links', 'confirm', id, ...options);
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain('--crm 1 | 2');
    }
    const ran = await cli.run('links', 'confirm', id, '--crm', '2', '--who', 'li');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('are one person');
    const again = await cli.run('links', 'confirm', id, '--crm', '1');
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('confirmed (by person:li)');
  });

  test('reject answers with no, once', async () => {
    const id = await question();
    const ran = await cli.run('links', 'reject', id, '--json');
    expect(ran.json()).toMatchObject({ links: [{ id, state: 'rejected' }] });
    expect(await cli.run('links', 'reject', id)).toMatchObject({ code: 1 });
    expect(await cli.run('links', 'reject', '4444')).toMatchObject({ code: 1 });
  });

  test('unlink says what it would do, and does it with --yes', async () => {
    const id = await question();
    await cli.run('links', 'confirm', id, '--crm', '1');
    const asked = await cli.run('links', 'unlink', id);
    expect(asked).toMatchObject({ code: 2, stdout: '' });
    expect(asked.stderr).toContain('--yes');
    const ran = await cli.run('links', 'unlink', id, '--yes');
    expect(ran.code).toBe(0);
    expect((await cli.run('links', 'list', '--state', 'broken', '--json')).json()).toMatchObject({
      links: [{ id, decidedBy: 'unlink' }],
    });
  });
});

test('parked lists the words of the side; retry and drop are told apart from what was done before', async () => {
  world = await createWorld({ customers: [{ nick_name: 'Good', email: 'a@example.com' }] });
  cli = commandLine(world);
  await world.sync();
  await world.crm.unsafe(`alter table contact add constraint no_bad check (name <> 'Bad')`);
  world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { nick_name: 'Bad' });
  await world.sync();
  const listed = await cli.run('parked', 'list', '--json');
  expect(listed.json()).toMatchObject({
    parked: [
      { id: '1', pair: 'main', side: 'crm', state: 'parked', message: expect.stringContaining('no_bad') },
    ],
  });
  expect((await cli.run('parked', 'list')).stdout).toContain('no_bad');
  expect(await cli.run('parked', 'drop', '1')).toMatchObject({ code: 0 });
  const again = await cli.run('parked', 'retry', '1');
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toContain('was dropped already');
  expect((await cli.run('parked', 'list')).stdout).toBe('Nothing is parked.\n');
});
