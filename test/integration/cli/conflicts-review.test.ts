import { afterEach, describe, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { writeConfig } from '../../support/program.ts';
import { noPty, type Pty, startInPty } from '../../support/pty.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
let config: ReturnType<typeof writeConfig>;
afterEach(async () => {
  config.remove();
  cli.close();
  await world.close();
});

/** Conflicts of the first link, one per person whose names differ, in this order. */
async function open(names: readonly (readonly [udesk: string, crm: string])[]): Promise<void> {
  world = await createWorld({
    customers: names.map(([nick_name], n) => ({ nick_name, email: `p${n}@example.com` })),
    people: names.map(([, name], n) => ({ name, emails: [`p${n}@example.com`] })),
  });
  await world.sync();
  cli = commandLine(world);
  config = writeConfig(`locale: en\ndatabase: { url: '${world.databaseUrl}' }\n${world.configText}`);
}

const review = (env: Record<string, string> = {}, then = ''): Pty =>
  startInPty(['conflicts', 'review', '--who', 'ann', '--config', config.file], env, then);

const decided = () =>
  ourRows(
    world,
    `select d.conflict_id::int as id, d.who, d.take, d.value #>> '{}' as value from udesk_sync.decision d order by d.id`,
  );
const states = async () => (await world.conflicts()).map(({ state }) => state);
const inUdesk = () =>
  world.simulator.tenant
    .list()
    .map(({ nick_name }) => nick_name)
    .sort();
const idAt = async (n: number) => Number((await world.conflicts())[n]?.id);

if (noPty !== null) process.stderr.write(`the tests at a terminal are skipped: ${noPty}\n`);

describe.skipIf(noPty !== null)('conflicts review at a terminal', () => {
  test('decides one after the other with the keys of the pages, and takes back', async () => {
    await open([
      ['U0', 'C0'],
      ['U1', 'C1'],
      ['U2', 'C2'],
      ['U3', 'C3'],
    ]);
    const terminal = review({}, 'stty -a');
    await terminal.press('2', '1 of 4');
    await terminal.press('u', '2 of 4');
    await terminal.shows('is open again');
    await terminal.press('1', '1 of 4');
    await terminal.press('s', '2 of 4');
    await terminal.press('3', '3 of 4');
    // The two never agreed: the same conflict waits for another key.
    await terminal.press('e', 'never agreed');
    await terminal.press('\u0015', 'value, as Udesk writes it: ');
    await terminal.press('Typed here\r', '');
    await terminal.press('?', '4 of 4');
    await terminal.press('q', '1 Udesk, 2 CRM');
    await terminal.shows('2 decided, 1 skipped');
    expect(await terminal.ended).toBe(0);
    // The terminal is left as it was: it shows what is typed, and hands over lines.
    expect(terminal.screen()).toMatch(/[^-]icanon/);
    expect(terminal.screen()).toMatch(/[^-]echo\b/);
    expect(terminal.screen()).toContain('the CRM gets U0 instead of C0');
    expect(await states()).toEqual(['resolving', 'open', 'resolving', 'open']);
    expect(await decided()).toEqual([
      { id: await idAt(0), who: 'ann', take: 'crm', value: null },
      { id: await idAt(0), who: 'ann', take: 'udesk', value: null },
      { id: await idAt(2), who: 'ann', take: 'value', value: 'Typed here' },
    ]);
    await world.sync();
    expect((await world.people()).map(({ name }) => name)).toEqual(['U0', 'C1', 'Typed here', 'C3']);
  });

  test('u takes back what a cycle has carried out meanwhile, and the review goes on', async () => {
    await open([
      ['U0', 'C0'],
      ['U1', 'C1'],
    ]);
    const terminal = review();
    await terminal.press('2', '1 of 2');
    await terminal.shows('2 of 2');
    for (let n = 0; n < 2; n += 1) await world.sync();
    expect(inUdesk()).toEqual(['C0', 'U1']);
    await terminal.press('u', '2 of 2');
    await terminal.shows('is being undone');
    await terminal.press('q', 'asked about again');
    await terminal.shows('0 decided');
    expect(await terminal.ended).toBe(0);
    for (let n = 0; n < 2; n += 1) await world.sync();
    expect(inUdesk()).toEqual(['U0', 'U1']);
    expect(await states()).toEqual(['resolved', 'open', 'open']);
  });

  test('a choice is about what was shown: who was slower decides nothing, and goes on', async () => {
    await open([
      ['U0', 'C0'],
      ['U1', 'C1'],
    ]);
    const terminal = review();
    await terminal.shows('1 of 2');
    const conflictId = String(await idAt(0));
    await decideConflict(world.database.db, {
      conflictId,
      who: 'bob',
      take: 'crm',
      value: null,
      at: new Date(),
    });
    await terminal.press('1', '1 of 2');
    await terminal.shows('Nothing was decided');
    await terminal.press('\u0003', '2 of 2');
    await terminal.shows('0 decided');
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain('was decided by bob');
    expect((await decided()).map(({ who }) => who)).toEqual(['bob']);
  });

  test('a choice is about what was shown: values that moved meanwhile are shown anew, and nothing is decided', async () => {
    await open([['U0', 'C0']]);
    const terminal = review();
    await terminal.shows('1 of 1');
    await world.crm`update contact set name = 'C9'`;
    await world.sync();
    await terminal.press('1', '1 of 1');
    await terminal.shows('Nothing was decided');
    await terminal.press('q', '1 of 1');
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain('C9');
    expect([await decided(), await states()]).toEqual([[], ['open']]);
  });

  test('marks in the agreed value what a side took away', async () => {
    await open([['12 Main Street', '12 Main Street']]);
    const id = world.simulator.tenant.find('email', 'p0@example.com')?.id ?? '';
    world.simulator.tenant.edit(id, { nick_name: '12 Main St' });
    await world.crm`update contact set name = '12 Main Street, Springfield'`;
    await world.sync();
    const terminal = review({ NO_COLOR: '1' });
    await terminal.press('q', '1 of 1');
    await terminal.ended;
    expect(terminal.screen()).toContain('last agreed  12 Main St⟦reet⟧');
    expect(terminal.screen()).toContain('in Udesk     12 Main St ');
    expect(terminal.screen()).toContain('in the CRM   12 Main Street⟦, Springfield⟧');
  });

  test('marks the characters that differ, and obeys nothing that a customer is called', async () => {
    await open([
      ['王小明', '王小鸣'],
      ['\u001b[31mred\u001b[2J', 'plain red'],
    ]);
    const terminal = review({ NO_COLOR: '1' });
    await terminal.press('s', '1 of 2');
    await terminal.press('q', '2 of 2');
    await terminal.ended;
    expect(terminal.screen()).toContain('王小⟦明⟧');
    expect(terminal.screen()).toContain('王小⟦鸣⟧');
    expect(terminal.screen()).toContain('[31mred');
    expect(terminal.screen()).not.toContain('\u001b[31m');
    expect(terminal.screen()).not.toContain('\u001b[2J');
  });
});

test('conflicts review without a terminal says what to use instead, and decides nothing', async () => {
  await open([['U0', 'C0']]);
  const { code, stderr } = await cli.run('conflicts', 'review');
  expect(code).toBe(2);
  expect(stderr).toContain('nobody sits at this terminal');
  expect(stderr).toContain('conflicts resolve');
  expect(await states()).toEqual(['open']);
});

test('conflicts undo opens again what nothing was sent for, and says what it leaves', async () => {
  await open([
    ['U0', 'C0'],
    ['U1', 'C1'],
  ]);
  const [first, second] = [String(await idAt(0)), String(await idAt(1))];
  await cli.run('conflicts', 'resolve', first, '--take', 'crm');
  const { code, stdout, stderr } = await cli.run('conflicts', 'undo', first, second);
  expect(code).toBe(1);
  expect(stdout).toContain(`Open again: ${first}.`);
  expect(stderr).toContain(`onflict ${second}: nobody has decided it`);
  expect(await states()).toEqual(['open', 'open']);
  expect((await cli.run('conflicts', 'undo', '999999')).stderr).toContain('here is no conflict 999999');
});

test('conflicts undo takes back what was carried out, for as long as it stands, under the name of who did it', async () => {
  await open([
    ['U0', 'C0'],
    ['U1', 'C1'],
  ]);
  const [first, second] = [String(await idAt(0)), String(await idAt(1))];
  await cli.run('conflicts', 'resolve', first, second, '--take', 'crm');
  for (let n = 0; n < 2; n += 1) await world.sync();
  const edited = world.simulator.tenant.list().find(({ nick_name }) => nick_name === 'C1');
  world.simulator.tenant.edit(edited?.id ?? '', { nick_name: 'Anna' });
  await world.sync();
  const { code, stdout, stderr } = await cli.run('conflicts', 'undo', first, second, '--who', 'ann');
  expect(code).toBe(1);
  expect(stdout).toContain(`Being undone: ${first};`);
  expect(stderr).toContain(`onflict ${second}: what was written for it does not stand there any more`);
  const again = await cli.run('conflicts', 'undo', first);
  expect([again.code, again.stderr.includes('is being undone already')]).toEqual([1, true]);
  expect(await ourRows(world, 'select who from udesk_sync.revert')).toEqual([{ who: 'ann' }]);
  for (let n = 0; n < 2; n += 1) await world.sync();
  expect(inUdesk()).toEqual(['Anna', 'U0']);
  expect(await states()).toEqual(['resolved', 'resolved', 'open']);
});
