import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

/** Two people whose names differ, and one whose note does: three conflicts of the first link. */
beforeEach(async () => {
  world = await createWorld({
    customers: [
      { nick_name: 'U1', email: 'a@example.com' },
      {
        nick_name: '=HYPERLINK("http://evil")',
        email: 'b@example.com',
        description: '<script>alert(1)</script>',
      },
    ],
    people: [
      { name: 'C1', emails: ['a@example.com'] },
      { name: 'C2', emails: ['b@example.com'], note: 'plain' },
    ],
  });
  cli = commandLine(world);
  await world.sync();
});

async function ids(field: string): Promise<string[]> {
  return (await world.conflicts()).filter((row) => row.field === field).map(({ id }) => id);
}

const decisions = async () =>
  (await ourRows(world, 'select count(*)::int as n from udesk_sync.decision'))[0]?.n;

describe('conflicts list and show', () => {
  test('give scripts every row with raw values, and people a table', async () => {
    const json = (await cli.run('conflicts', 'list', '--json')).json() as unknown as { conflicts: unknown[] };
    expect(json.conflicts).toHaveLength(3);
    expect(json.conflicts).toContainEqual(
      expect.objectContaining({
        id: expect.stringMatching(/^\d+$/),
        pair: 'main',
        udeskId: expect.stringMatching(/^\d+$/),
        crmId: '1',
        field: 'nick_name',
        kind: 'first-link',
        state: 'open',
        base: null,
        udesk: 'U1',
        crm: 'C1',
        openedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        authors: { udesk: null, crm: null },
      }),
    );
    const table = await cli.run('conflicts', 'list', '--field', 'description');
    expect(table.code).toBe(0);
    expect(table.stdout.trim().split('\n')).toHaveLength(2);
  });

  test('refuse a field that is not mapped: an empty list would look like good news', async () => {
    const ran = await cli.run('conflicts', 'list', '--field', 'nickname');
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toContain('Did you mean "nick_name"?');
    expect((await cli.run('conflicts', 'list', '--pair', 'mian')).stderr).toContain('Did you mean "main"?');
  });

  test('tell of one conflict what each choice would do', async () => {
    const [id = ''] = await ids('nick_name');
    const ran = await cli.run('conflicts', 'show', id);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/--take udesk +Udesk keeps U1; the CRM gets U1 instead of C1/);
    expect(ran.stdout).toMatch(/--take base +not possible: the two sides never agreed/);
    expect(await cli.run('conflicts', 'show', '99999')).toMatchObject({ code: 1 });
    expect(await cli.run('conflicts', 'show', 'x')).toMatchObject({ code: 2 });
  });
});

describe('conflicts resolve', () => {
  test('reaches both sides with the next cycle, under the name of who decided', async () => {
    const [id = ''] = await ids('nick_name');
    const ran = await cli.run('conflicts', 'resolve', id, '--value', 'Chosen', '--who', 'li');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('udesk-sync sync');
    await world.sync();
    expect((await world.people())[0]?.name).toBe('Chosen');
    const row = (await world.conflicts()).find((one) => one.id === id);
    expect(row).toMatchObject({ state: 'resolved', resolvedBy: 'li' });
  });

  test('of a conflict that is not open any more says so, ends with 1, and decides nothing twice', async () => {
    const [id = '', other = ''] = await ids('nick_name');
    await cli.run('conflicts', 'resolve', id, '--take', 'udesk');
    const again = await cli.run('conflicts', 'resolve', id, '--take', 'crm');
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain(`Conflict ${id} is not open any more (resolving by`);
    expect(await decisions()).toBe(1);
    const both = await cli.run('conflicts', 'resolve', id, other, '--take', 'crm', '--json');
    expect(both.code).toBe(1);
    expect(both.json()).toMatchObject({ conflicts: [{ id: other }], notOpen: [{ id }] });
    expect(await decisions()).toBe(2);
  });

  test('in bulk first says how many, and decides only with --yes', async () => {
    const asked = await cli.run('conflicts', 'resolve', '--field', 'nick_name', '--take', 'crm');
    expect(asked).toMatchObject({ code: 2, stdout: '' });
    expect(asked.stderr).toMatch(/^2 open conflicts fit \(2 × nick_name first-link\).*--yes/);
    expect(await decisions()).toBe(0);
    const done = await cli.run('conflicts', 'resolve', '--field', 'nick_name', '--take', 'crm', '--yes');
    expect(done).toMatchObject({ code: 0 });
    expect(done.stdout).toContain('2 conflicts');
    expect((await world.conflicts()).filter(({ state }) => state === 'open')).toHaveLength(1);
  });

  test.each([
    [['--take', 'base'], 'never agreed'],
    [['--value', '["a"]'], 'holds one value'],
    [[], 'what both sides shall hold'],
    [['--take', 'crm', '--value', 'x'], 'what both sides shall hold'],
    [['--take', 'crm', '--field', 'nick_name'], 'ids and filters'],
  ])('refuses %j as bad usage and writes nothing', async (options, words) => {
    const [id = ''] = await ids('nick_name');
    const ran = await cli.run('conflicts', 'resolve', id, ...options);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr.toLowerCase()).toContain(words);
    expect(await decisions()).toBe(0);
  });

  test('of several named conflicts decides all or none', async () => {
    const [first = '', second = ''] = await ids('nick_name');
    expect(await cli.run('conflicts', 'resolve', first, second, '--take', 'base')).toMatchObject({ code: 2 });
    expect(await cli.run('conflicts', 'resolve', first, '88888', '--take', 'crm')).toMatchObject({ code: 1 });
    expect(await decisions()).toBe(0);
  });
});

describe('conflicts export', () => {
  test('writes a CSV in which no name is a formula, and which says that it is UTF-8', async () => {
    const ran = await cli.run('conflicts', 'export', '--format', 'csv');
    expect(ran.code).toBe(0);
    expect(ran.stdout.startsWith('\ufeffid,pair,kind,field,')).toBe(true);
    expect(ran.stdout).toContain(`"'=HYPERLINK(""http://evil"")"`);
    expect(ran.stdout.trimEnd().split('\r\n')).toHaveLength(4);
  });

  test('writes a page in which no name is markup', async () => {
    const ran = await cli.run('conflicts', 'export', '--format', 'html', '--out', 'page.html');
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(cli.read('page.html')).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(cli.read('page.html')).not.toContain('<script');
  });

  test('writes the same JSON as list does', async () => {
    const [exported, listed] = [
      await cli.run('conflicts', 'export', '--format', 'json'),
      await cli.run('conflicts', 'list', '--json'),
    ];
    expect(exported.stderr).toBe('');
    expect(exported.json()).toEqual(listed.json());
    expect(await cli.run('conflicts', 'export')).toMatchObject({ code: 2, stdout: '' });
  });
});
