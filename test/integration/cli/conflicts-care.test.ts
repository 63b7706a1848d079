import { userInfo } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hashPassword } from '../../../src/lib/password.ts';
import { NOTE_LIMIT } from '../../../src/store/notes.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
let ids: string[];

const ME = userInfo().username;
/** Three conflicts over names, of customers of two owners. */
beforeAll(async () => {
  world = await createWorld({
    customers: [8, 8, 9].map((owner_id, n) => ({ nick_name: `U${n}`, email: `p${n}@example.com`, owner_id })),
    people: [0, 1, 2].map((n) => ({ name: `C${n}`, emails: [`p${n}@example.com`] })),
  });
  await world.sync();
  cli = commandLine(world);
  ids = (await world.conflicts()).map(({ id }) => id);
}, 120_000);
afterAll(async () => {
  cli.close();
  await world.close();
});
beforeEach(async () => {
  await ourRows(world, 'update udesk_sync.conflict set assignee = null');
  await ourRows(world, 'delete from udesk_sync.conflict_note');
});

async function listed(...options: string[]): Promise<string[]> {
  const { conflicts } = (await cli.run('conflicts', 'list', ...options, '--json')).json() as unknown as {
    conflicts: { id: string }[];
  };
  return conflicts.map(({ id }) => id);
}

describe('conflicts assign', () => {
  test('gives conflicts to a person, who lists them by it; the log says who gave them', async () => {
    const [first = '', second = '', third = ''] = ids;
    const ran = await cli.run('conflicts', 'assign', first, second, '--to', 'me', '--json');
    expect(ran.json()).toEqual({ assigned: [first, second], to: ME, unchanged: [] });
    expect((await cli.run('conflicts', 'assign', second, '--to', ME, '--json')).json()).toEqual({
      ...{ assigned: [], to: ME, unchanged: [second] },
    });
    await cli.run('conflicts', 'assign', third, '--to', 'bob', '--who', 'ann');
    expect(await listed('--assigned', 'me')).toEqual([first, second]);
    expect(await listed('--assigned', 'bob')).toEqual([third]);
    expect(await listed('--assigned', 'nobody')).toEqual([]);
    expect((await cli.run('conflicts', 'list')).stdout).toMatch(/ for\n.* bob\n/s);
    expect((await cli.run('conflicts', 'show', third)).stdout).toContain('assigned to  bob');
    const [last] = await ourRows(
      world,
      'select entry from udesk_sync.decision_log order by seq desc limit 1',
    );
    expect(JSON.parse(String(last?.entry))).toMatchObject({
      ...{ action: 'assign', who: 'ann', subject: `to bob: conflict ${third}` },
    });
  });

  test('takes filters with --yes, and neither both nor nothing', async () => {
    const asked = await cli.run('conflicts', 'assign', '--owner', '8', '--to', 'bob');
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('2 conflicts fit, and nothing was assigned');
    expect(await listed('--assigned', 'nobody')).toEqual(ids);
    expect((await cli.run('conflicts', 'assign', '--owner', '8', '--to', 'bob', '--yes')).code).toBe(0);
    expect(await listed('--assigned', 'bob')).toEqual(ids.slice(0, 2));
    expect((await cli.run('conflicts', 'assign', '--to', 'bob', '--yes')).code).toBe(2);
    expect((await cli.run('conflicts', 'assign', ids[0] ?? '', '--owner', '8', '--to', 'bob')).code).toBe(2);
    expect((await cli.run('conflicts', 'assign', '999999', '--to', 'bob')).stderr).toContain(
      'There is no conflict 999999',
    );
    await cli.run('conflicts', 'assign', '--assigned', 'bob', '--to', 'nobody', '--yes');
    expect(await listed('--assigned', 'nobody')).toEqual(ids);
  });

  test('knows the users of the configuration where there are any', async () => {
    const passwordHash = await hashPassword('correct horse battery', { log2N: 10, r: 8, p: 1 });
    const users = [
      { name: 'ann', role: 'reviewer', passwordHash },
      { name: 'vic', role: 'viewer', passwordHash },
    ];
    const http = `http: ${JSON.stringify({ auth: { users } })}`;
    const strict = commandLine({ ...world, configText: `${http}\n${world.configText}` });
    try {
      const typo = await strict.run('conflicts', 'assign', ids[0] ?? '', '--to', 'anm');
      expect(typo.code).toBe(2);
      expect(typo.stderr).toContain('Did you mean "ann"?');
      expect((await strict.run('conflicts', 'assign', ids[0] ?? '', '--to', 'vic')).code).toBe(2);
      expect((await strict.run('conflicts', 'assign', ids[0] ?? '', '--to', 'ann')).code).toBe(0);
    } finally {
      strict.close();
    }
  });
});

test('conflicts are listed by owner, author and policy, too', async () => {
  await ourRows(world, `update udesk_sync.conflict set authors = '{王芳}' where id = ${ids[1]}`);
  expect(await listed('--owner', '9')).toEqual([ids[2]]);
  expect(await listed('--author', '王芳')).toEqual([ids[1]]);
  expect(await listed('--policy', 'hold', '--owner', '8')).toEqual(ids.slice(0, 2));
  expect(await listed('--policy', 'crm')).toEqual([]);
  expect((await cli.run('conflicts', 'list', '--policy', 'hodl')).code).toBe(2);
});

describe('conflicts note', () => {
  test('stands beside the conflict with who and when, for people and for scripts', async () => {
    const [id = ''] = ids;
    const ran = await cli.run('conflicts', 'note', id, 'called her\nsix is right', '--who', 'ann', '--json');
    const note = { conflictId: id, who: 'ann', text: 'called her\nsix is right' };
    expect(ran.json()).toEqual({ conflict: id, notes: [expect.objectContaining(note)] });
    expect((await cli.run('conflicts', 'show', id)).stdout).toMatch(
      /note {9}called her\n {15}six is right {2}\(ann, 20/,
    );
    const shown = (await cli.run('conflicts', 'show', id, '--json')).json() as unknown as {
      conflicts: { notes: unknown[] }[];
    };
    expect(shown.conflicts[0]?.notes).toEqual([expect.objectContaining(note)]);
  });

  test('that is empty or too long is refused, as is one beside nothing', async () => {
    const [id = ''] = ids;
    expect((await cli.run('conflicts', 'note', id, '  ')).code).toBe(2);
    expect((await cli.run('conflicts', 'note', id, 'x'.repeat(NOTE_LIMIT + 1))).code).toBe(2);
    expect((await cli.run('conflicts', 'note', '999999', 'x')).stderr).toContain('There is no conflict');
    expect(await ourRows(world, 'select 1 from udesk_sync.conflict_note')).toEqual([]);
  });
});
