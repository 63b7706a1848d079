import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { CycleReport } from '../../../src/engine/cycle.ts';
import { confirmLink, unlink } from '../../../src/store/link-decisions.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { runProgram, startProgram, writeConfig } from '../../support/program.ts';
import { provenanceOf } from '../../support/provenance.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';
import { syncPair } from '../attack/moments.ts';

let world: World;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

interface Reverted {
  reverts: {
    recorded: number;
    items: { outcome: string; side: string; before: unknown; after: unknown; why: string | null }[];
    guards: { guard: string }[];
  }[];
}

/** So many customers, synchronised; then every name in Udesk is overwritten by a bad import, and we carry it over. */
async function wrongNames(count: number): Promise<CycleReport> {
  world = await createWorld({
    customers: Array.from({ length: count }, (_, n) => ({
      nick_name: `Good ${n}`,
      email: `p${n}@example.com`,
    })),
  });
  cli = commandLine(world);
  await world.sync();
  for (const { id, nick_name } of world.simulator.tenant.list({ limit: count })) {
    world.simulator.tenant.edit(id, { nick_name: nick_name.replace('Good', 'Wrong') });
  }
  return await approved();
}

/** A cycle whose guarded part, if any, a person lets through. */
async function approved(): Promise<CycleReport> {
  const first = await world.sync();
  return first.waiting === null ? first : await world.sync({ approve: first.waiting.hash });
}

const revert = async (...args: string[]) =>
  (await cli.run('revert', ...args, '--json')).json() as unknown as Reverted;
const crmNames = async () => (await world.people()).map(({ name }) => name);
const udeskNames = () => world.simulator.tenant.list({ limit: 1000 }).map(({ nick_name }) => nick_name);
const starting = (names: readonly (string | null)[], word: string) =>
  names.filter((name) => name?.startsWith(word)).length;

async function openConflicts(): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {};
  for (const { kind, state } of await world.conflicts())
    if (state === 'open') kinds[kind] = (kinds[kind] ?? 0) + 1;
  return kinds;
}

describe('undoing a run', () => {
  test('200 wrong names, 3 of them edited since: 197 are restored after a person let the plan through, 3 are conflicts (T21)', async () => {
    const wrong = await wrongNames(200);
    expect(starting(await crmNames(), 'Wrong')).toBe(200);
    await world.crm`update contact set name = 'By hand ' || id where id <= 3`;
    await world.sync();

    const asked = await revert('--run', wrong.runId, '--field', 'nick_name', '--both-sides', '--yes');
    const outcomes = asked.reverts[0]?.items.map(({ outcome, side }) => `${outcome} ${side}`) ?? [];
    expect(outcomes.filter((one) => one === 'restore crm')).toHaveLength(197);
    expect(outcomes.filter((one) => one === 'edited crm')).toHaveLength(3);
    expect(asked.reverts[0]?.guards.map(({ guard }) => guard)).toEqual(['updates']);

    // P8: many restored values are many overwritten ones.
    const before = await writesSoFar(world);
    const held = await world.sync();
    expect(held.outcome).toBe('waiting');
    expect(await writesSoFar(world)).toEqual(before);
    const done = await world.sync({ approve: held.waiting?.hash ?? '' });

    expect(done.outcome).toBe('done');
    for (const names of [await crmNames(), udeskNames()]) {
      expect(starting(names, 'Good')).toBe(197);
      expect(starting(names, 'By hand')).toBe(3);
    }
    expect(await openConflicts()).toEqual({ 'edited-since': 3 });
    const quiet = await writesSoFar(world);
    await world.sync();
    expect(await writesSoFar(world)).toEqual(quiet);
    expect((await provenanceOf(world.database.db, world.pair.spec)).gaps).toEqual([]);
  }, 300_000);

  test('without --both-sides restores only what we wrote: it stays so, and the difference waits for a person', async () => {
    const wrong = await wrongNames(3);

    await revert('--run', wrong.runId, '--yes');
    await approved();
    await world.sync();

    expect(starting(await crmNames(), 'Good')).toBe(3);
    expect(starting(udeskNames(), 'Wrong')).toBe(3);
    expect(await openConflicts()).toEqual({ reverted: 3 });
    const quiet = await writesSoFar(world);
    await world.sync();
    expect(await writesSoFar(world)).toEqual(quiet);

    // One is corrected in Udesk by hand, which settles it; of the others a person says that the undo was right.
    const [customer] = world.simulator.tenant.list();
    world.simulator.tenant.edit(customer?.id ?? '', { nick_name: 'Corrected' });
    await world.sync();
    expect(await crmNames()).toContain('Corrected');
    expect(await openConflicts()).toEqual({ reverted: 2 });
    await cli.run('conflicts', 'resolve', '--kind', 'reverted', '--take', 'crm', '--yes');
    await world.sync();
    expect(starting(udeskNames(), 'Good')).toBe(2);
    expect(await openConflicts()).toEqual({});
  });

  test('can itself be undone (T21)', async () => {
    const wrong = await wrongNames(3);
    await revert('--run', wrong.runId, '--both-sides', '--yes');
    const undone = await approved();
    expect(starting(udeskNames(), 'Good')).toBe(3);

    await revert('--run', undone.runId, '--yes');
    await approved();

    for (const names of [await crmNames(), udeskNames()]) expect(starting(names, 'Wrong')).toBe(3);
    expect(await openConflicts()).toEqual({});
  });

  test('an edit that nobody had seen when the undo was asked for is not lost (P2)', async () => {
    const wrong = await wrongNames(2);
    await revert('--run', wrong.runId, '--both-sides', '--yes');
    const [customer] = world.simulator.tenant.list();
    world.simulator.tenant.edit(customer?.id ?? '', { nick_name: 'Edited' });
    await world.crm`update contact set name = 'Edited in the CRM' where name = 'Wrong 0'`;

    await approved();
    await world.sync();

    const all = [...udeskNames(), ...(await crmNames())];
    expect(all).toEqual(expect.arrayContaining(['Edited', 'Edited in the CRM']));
    expect(Object.keys(await openConflicts()).length).toBeGreaterThan(0);
  });

  test('P9: killed in the middle, four times over, it ends where an uninterrupted one ends', async () => {
    const wrong = await wrongNames(12);
    // A write that was witnessed: from here on the lack of a record of ours is an answer, too.
    await world.crm`update contact set note = 'seen' where id = 1`;
    await world.sync();
    const config = writeConfig(world.configText);
    try {
      await revert('--run', wrong.runId, '--both-sides', '--yes');
      for (const nth of [1, 2, 3, 4]) {
        const running = startProgram(['--config', config.file, 'sync'], { DATABASE_URL: world.databaseUrl });
        const target = world.simulator.counts().writes + nth;
        let over = false;
        void running.ended.then(() => {
          over = true;
        });
        while (!over && world.simulator.counts().writes < target) await wait(1);
        running.process.kill('SIGKILL');
        await running.ended;
      }
      const last = await runProgram(['--config', config.file, 'sync'], { DATABASE_URL: world.databaseUrl });
      expect(last.code).toBe(0);
    } finally {
      config.remove();
    }

    for (const names of [await crmNames(), udeskNames()]) expect(starting(names, 'Good')).toBe(12);
    expect(await openConflicts()).toEqual({});
    expect(await ourRows(world, `select distinct state from udesk_sync.revert_field`)).toEqual([
      { state: 'done' },
    ]);
    const quiet = await writesSoFar(world);
    await world.sync();
    expect(await writesSoFar(world)).toEqual(quiet);
  });
});

describe('undoing sets and creates', () => {
  test('takes back the elements that we wrote and keeps those of people; a record that we created stays', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
    cli = commandLine(world);
    await world.sync();
    const id = world.simulator.tenant.list()[0]?.id ?? '';
    world.simulator.tenant.edit(id, { other_emails: ['wrong@example.com'] });
    await world.sync();
    await world.crm`update contact set emails = emails || '{mine@example.com}'`;

    const asked = await revert('--link', '1', '--yes');
    expect(asked.reverts[0]?.items).toContainEqual(
      expect.objectContaining({ field: '*', outcome: 'skipped', why: expect.stringContaining('created') }),
    );
    await world.sync();
    await world.sync();

    expect((await world.people())[0]?.emails.toSorted()).toEqual(['ann@example.com', 'mine@example.com']);
    const inUdesk = world.simulator.tenant.get(id)?.other_emails.map(({ content }) => content);
    expect(inUdesk?.toSorted()).toEqual(['mine@example.com', 'wrong@example.com']);
    expect(await openConflicts()).toEqual({ reverted: 1 });
  });

  test.each(['there is room', 'nothing needs it'] as const)(
    'P6: a person is still told that the two differ, after the CRM had no room for an edit, once %s',
    async (over) => {
      world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
      cli = commandLine(world);
      await world.sync();
      const id = world.simulator.tenant.list()[0]?.id ?? '';
      const inUdesk = (...names: string[]) =>
        world.simulator.tenant.edit(id, { other_emails: names.map((name) => `${name}@example.com`) });
      inUdesk('wrong');
      await world.sync();
      await revert('--link', '1', '--yes');
      await world.sync();
      await world.sync();
      expect(await openConflicts()).toEqual({ reverted: 1 });

      inUdesk('wrong', 'new');
      const { spec, sides } = world.pair;
      const narrow = { ...spec, capacity: { udesk: {}, crm: { emails: 1 } } };
      await syncPair(world, { spec: narrow, sides });
      expect(await openConflicts()).toEqual({ capacity: 1 });
      if (over === 'nothing needs it') inUdesk('wrong');
      await world.sync();
      await world.sync();

      const crm = over === 'there is room' ? ['ann@example.com', 'new@example.com'] : ['ann@example.com'];
      expect((await world.people())[0]?.emails.toSorted()).toEqual(crm);
      expect(await openConflicts()).toEqual({ reverted: 1 });
      expect(await world.conflicts()).toMatchObject([
        { state: 'open', crm: crm.map((value) => ({ value })) },
      ]);
      const quiet = await writesSoFar(world);
      await world.sync();
      expect(await writesSoFar(world)).toEqual(quiet);
      expect(await openConflicts()).toEqual({ reverted: 1 });
    },
  );

  // Seed m30-22: the sides stayed apart, and nobody was asked any more.
  test.each([
    [
      'a person ends the link, and confirms it again',
      async () => {
        const { db } = world.database;
        const [{ id = '' } = {}] = await ourRows(
          world,
          `select link_id::text as id from udesk_sync.conflict`,
        );
        const decision = { linkId: String(id), who: 'li', at: new Date() };
        expect(await unlink(db, decision)).toMatchObject({ outcome: 'unlinked', closedConflicts: 2 });
        await world.sync();
        expect(await confirmLink(db, decision)).toMatchObject({ outcome: 'confirmed' });
      },
    ],
    [
      'the record is gone for a while',
      async () => {
        const ann = `'ann@example.com' = any(emails)`;
        await world.crm.unsafe(`create table gone as select * from contact where ${ann}`);
        await world.crm.unsafe(`delete from contact where ${ann}`);
        await world.sync();
        expect(await openConflicts()).toEqual({});
        await world.crm`insert into contact overriding system value select * from gone`;
      },
    ],
  ])('P6: what it left apart is asked about again when %s', async (_, endAndTakeUp) => {
    world = await createWorld({
      customers: [
        { nick_name: 'Ann', email: 'ann@example.com' },
        // A table that shows nobody at all proves no deletion.
        { nick_name: 'Bob', email: 'bob@example.com' },
      ],
      pair: { deletes: 'flag' },
    });
    cli = commandLine(world);
    await world.sync();
    const id = world.simulator.tenant.find('email', 'ann@example.com')?.id ?? '';
    world.simulator.tenant.edit(id, { nick_name: 'Wrong', other_emails: ['wrong@example.com'] });
    await world.sync();
    const [{ link } = {}] = await ourRows(
      world,
      `select link_id as link from udesk_sync.intent where op = 'update'`,
    );
    await revert('--link', String(link), '--yes');
    await world.sync();
    await world.sync();
    expect(await openConflicts()).toEqual({ reverted: 2 });

    await endAndTakeUp();
    await world.sync();
    expect(await openConflicts()).toEqual({ reverted: 2 });
    const quiet = await writesSoFar(world);
    await world.sync();
    expect(await writesSoFar(world)).toEqual(quiet);
    expect(await world.conflicts()).toHaveLength(4);
    await cli.run('conflicts', 'resolve', '--kind', 'reverted', '--take', 'crm', '--yes');
    await world.sync();
    expect(world.simulator.tenant.get(id)).toMatchObject({ nick_name: 'Ann', other_emails: [] });
    expect(await openConflicts()).toEqual({});
  });

  test('P3: nor is a field asked about again that is mapped no more when the link is taken up', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
    cli = commandLine(world);
    await world.sync();
    const { db } = world.database;
    const id = world.simulator.tenant.list()[0]?.id ?? '';
    world.simulator.tenant.edit(id, { nick_name: 'Wrong', other_emails: ['wrong@example.com'] });
    await world.sync();
    await revert('--link', '1', '--yes');
    await world.sync();
    await world.sync();
    expect(await openConflicts()).toEqual({ reverted: 2 });
    const decision = { linkId: '1', who: 'li', at: new Date() };
    expect(await unlink(db, decision)).toMatchObject({ outcome: 'unlinked' });
    const { spec, sides } = world.pair;
    const less = { ...spec, fields: spec.fields.filter(({ udesk }) => udesk !== 'nick_name') };
    await syncPair(world, { spec: less, sides });
    expect(await confirmLink(db, decision)).toMatchObject({ outcome: 'confirmed' });
    await syncPair(world, { spec: less, sides });

    const open = (await world.conflicts()).filter(({ state }) => state === 'open');
    expect(open.map(({ field }) => field)).toEqual(['emails']);
  });
});

test('undoing what was written since a time takes back those writes, and not the ones before it', async () => {
  await wrongNames(2);
  await ourRows(
    world,
    `update udesk_sync.intent set sent_at = sent_at - interval '2 hours',
    settled_at = settled_at - interval '2 hours'`,
  );
  for (const { id } of world.simulator.tenant.list())
    world.simulator.tenant.edit(id, { description: 'a bad note' });
  await approved();

  const asked = await revert('--since', '1h', '--both-sides', '--yes');
  expect(asked.reverts.map(({ recorded }) => recorded)).toEqual([2]);
  await approved();

  expect(starting(await crmNames(), 'Wrong')).toBe(2);
  expect(starting(udeskNames(), 'Wrong')).toBe(2);
  expect((await world.people()).map(({ note }) => note)).not.toContain('a bad note');
  expect(world.simulator.tenant.list().map(({ description }) => description)).not.toContain('a bad note');
  expect(await openConflicts()).toEqual({});
  const quiet = await writesSoFar(world);
  await world.sync();
  expect(await writesSoFar(world)).toEqual(quiet);
});

test('undoing one field of a run leaves what the run wrote of others', async () => {
  world = await createWorld({
    customers: [{ nick_name: 'Good', email: 'p@example.com', description: 'old' }],
  });
  cli = commandLine(world);
  await world.sync();
  const [customer] = world.simulator.tenant.list();
  world.simulator.tenant.edit(customer?.id ?? '', { nick_name: 'Wrong', description: 'a good note' });
  const run = await approved();

  const asked = await revert('--run', run.runId, '--field', 'nick_name', '--both-sides', '--yes');
  expect(asked.reverts[0]?.recorded).toBe(1);
  await approved();

  expect(await world.people()).toMatchObject([{ name: 'Good', note: 'a good note' }]);
  expect(world.simulator.tenant.list()).toMatchObject([{ nick_name: 'Good', description: 'a good note' }]);
});

describe('asking for an undo', () => {
  test('only looks with --dry-run, and without --yes does nothing where nobody can be asked', async () => {
    const wrong = await wrongNames(2);
    const look = await cli.run('revert', '--run', wrong.runId, '--dry-run');
    expect(look.code).toBe(0);
    expect(look.stdout).toContain('2 values to restore, 0 edited since');
    expect(look.stdout).toMatch(/Wrong 0 +Good 0/);
    const asked = await cli.run('revert', '--run', wrong.runId);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('nothing was done');
    expect(await ourRows(world, 'select 1 from udesk_sync.revert')).toEqual([]);
  });

  test('a second time says that it waits already, and a run, link or scope that is none is refused', async () => {
    const wrong = await wrongNames(2);
    await revert('--since', '1h', '--field', 'nick_name', '--yes', '--who', 'li');
    const again = await revert('--run', wrong.runId, '--yes');
    expect(again.reverts[0]).toMatchObject({ recorded: 0 });
    expect(again.reverts[0]?.items.map(({ why }) => why)).toEqual(
      Array(2).fill('an undo of this field waits already'),
    );
    expect(await cli.run('revert', '--run', '999')).toMatchObject({ code: 1 });
    expect(await cli.run('revert', '--link', '999')).toMatchObject({ code: 1 });
    expect(await cli.run('revert')).toMatchObject({ code: 2 });
    expect(await cli.run('revert', '--since', 'yesterday')).toMatchObject({ code: 2 });
    expect(await cli.run('revert', '--run', '1', '--link', '1')).toMatchObject({ code: 2 });
    expect(await ourRows(world, 'select who from udesk_sync.revert')).toEqual([{ who: 'li' }]);
  });
});
