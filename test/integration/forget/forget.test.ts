import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { valueDigest } from '../../../src/core/decision-chain.ts';
import { forget } from '../../../src/engine/forget.ts';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { saveView, viewsOf } from '../../../src/store/inbox-views.ts';
import { openJobs } from '../../../src/store/jobs.ts';
import { addNote } from '../../../src/store/notes.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

/** Everything by which the person could be recognised, in each form in which it may be stored. */
const TRACES = [
  'Quendolin',
  'quendolin@forgotten.example',
  '13955550001',
  '13955550002',
  'likes the sea',
  'sails by night',
  'Q. von Anders',
];

let world: World;
let cli: CommandLine;
let udeskId: string;

beforeEach(async () => {
  world = await createWorld({
    customers: [
      {
        nick_name: 'Quendolin',
        email: 'quendolin@forgotten.example',
        cellphones: ['13955550001'],
        description: 'likes the sea',
      },
      { nick_name: 'Somebody Else', email: 'else@example.com', cellphones: ['13911112222'] },
    ],
  });
  cli = commandLine(world);
  const { tenant } = world.simulator;
  udeskId = tenant.find('email', 'quendolin@forgotten.example')?.id ?? '';
  await world.sync();
  // A history, a decision with a value of its own, an open conflict, a refused write, and Udesk's own history.
  tenant.edit(udeskId, { description: 'sails by night', cellphones: ['13955550001', '13955550002'] });
  await world.sync();
  tenant.edit(udeskId, { nick_name: 'Quendolin U' });
  await world.crm`update contact set name = 'Quendolin C' where 'quendolin@forgotten.example' = any(emails)`;
  await world.sync();
  const [conflict] = await world.conflicts();
  await decideConflict(world.database.db, {
    ...{
      conflictId: conflict?.id ?? '',
      who: 'tester',
      take: 'value',
      value: 'Q. von Anders',
      at: new Date(),
    },
  });
  await world.sync();
  tenant.edit(udeskId, { nick_name: 'Quendolin V' });
  await world.crm`update contact set name = 'Quendolin D' where 'quendolin@forgotten.example' = any(emails)`;
  tenant.happened(udeskId, 'Ticket', { subject: 'Quendolin asks' });
  await world.database.sql`update udesk_sync.record set feed_due = true where side = 'udesk'`;
  await world.sync({ readFeeds: true });
  // What people wrote beside it, and what the inbox is searched by.
  const open = (await world.conflicts()).find(({ state }) => state === 'open');
  await addNote(world.database.db, {
    ...{ conflictId: open?.id ?? '', who: 'tester', at: new Date() },
    text: 'Quendolin asked to be called at 13955550001',
  });
  for (const words of ['quendolin', '1395555', 'Else', 'sails'])
    await saveView(world.database.db, {
      ...{ who: 'tester', name: `view ${words}`, query: `q=${words}`, words, at: new Date() },
    });
  await world.database.sql`
    insert into udesk_sync.idempotency (key_hash, request_hash, status, body, at)
    select 'k', 'r', 200, json_build_object('id', id::text, 'udesk', udesk)::text, now() from udesk_sync.conflict where state = 'open'`;
});
afterEach(async () => {
  cli.close();
  await world.close();
});

/** Every row of every table of ours, as text. */
async function dump(): Promise<string> {
  const { sql } = world.database;
  const tables = await sql`select table_schema as s, table_name as t from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`;
  const texts: string[] = [];
  for (const { s, t } of tables) {
    for (const row of await sql.unsafe(`select t::text as row from "${s}"."${t}" t`))
      texts.push(`${t} ${row.row}`);
  }
  return texts.join('\n');
}

const wish = (over: object = {}) => ({
  ...{ pair: 'main', side: 'udesk' as const, id: udeskId, who: 'tester', keepOut: true },
  ...over,
});

describe('forgetting a person', () => {
  test('leaves nothing of them in the whole database, and everybody else as they were; the log stays verifiable', async () => {
    // A callback about them that nobody has looked at.
    const jobs = await openJobs(world.database, { warn() {} });
    await jobs.send('main', { lane: 'hint', about: udeskId });
    await jobs.close();
    const hints = () => ourRows(world, `select data->>'about' as about from udesk_sync_jobs.job`);
    expect(await hints()).toEqual([{ about: udeskId }]);
    const before = await dump();
    for (const trace of TRACES) expect(before, trace).toContain(trace);
    const others = await ourRows(
      world,
      `select fields from udesk_sync.record where fields::text like '%Somebody Else%'`,
    );
    expect(others).toHaveLength(2);
    const entries = (await verifyLog(world.database.db, null)).entries;

    const erased = await forget(world.engine, wish());

    expect(erased).toMatchObject({ records: 2, conflicts: 2, decisions: [expect.any(String)] });
    const after = await dump();
    for (const trace of TRACES) expect(after, trace).not.toContain(trace);
    expect(await hints()).toEqual([]);
    // A digest of what could be guessed is as good as the value.
    expect(after).not.toContain(valueDigest('Q. von Anders'));
    expect(
      await ourRows(world, `select fields from udesk_sync.record where fields::text like '%Somebody Else%'`),
    ).toEqual(others);
    const views = (await viewsOf(world.database.db, 'tester')).map(({ name }) => name);
    expect(views).toEqual(['view Else', 'view sails']);
    expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: entries + 1, faults: [] });
  });

  test('with --keep-out the sync does not bring them back from where they still are, until they are let in', async () => {
    await forget(world.engine, wish());
    const [udesk, people] = [world.simulator.tenant.count, (await world.people()).length];
    for (let n = 0; n < 2; n++) await world.sync();
    expect(await dump()).not.toContain('Quendolin');
    expect([world.simulator.tenant.count, (await world.people()).length]).toEqual([udesk, people]);

    expect((await cli.run('forget', 'udesk', udeskId, '--let-in', '--json')).json()).toEqual({ letIn: true });
    await world.sync();
    expect(await dump()).toContain('Quendolin');
  });

  test('is refused while they are still on a side, and done once they are deleted there', async () => {
    const still = await cli.run('forget', 'udesk', udeskId, '--yes');
    expect(still.code).toBe(1);
    expect(still.stderr).toMatch(/still in udesk and crm/);
    expect(still.stderr).toMatch(/--keep-out/);
    expect(await dump()).toContain('Quendolin');

    world.simulator.tenant.delete(udeskId);
    await world.crm`delete from contact where 'quendolin@forgotten.example' = any(emails)`;
    await world.sync();
    const done = await cli.run('forget', 'udesk', udeskId, '--yes', '--json');
    expect(done.code, done.stderr).toBe(0);
    expect(await dump()).not.toContain('Quendolin');
    expect(await ourRows(world, 'select * from udesk_sync.kept_out')).toEqual([]);
    await world.sync();
    expect(await dump()).not.toContain('Quendolin');
  });

  test('does the same by the id of the CRM: the person is one, whichever side names them', async () => {
    const [row] =
      await world.crm`select id::text from contact where 'quendolin@forgotten.example' = any(emails)`;
    const crmId = String(row?.id);
    const done = await cli.run('forget', 'crm', crmId, '--yes', '--keep-out', '--json');
    expect(done.code, done.stderr).toBe(0);
    expect(done.json()).toMatchObject({
      forgotten: { pair: 'main', side: 'crm', id: crmId, records: 2, conflicts: 2 },
    });
    const after = await dump();
    for (const trace of TRACES) expect(after, trace).not.toContain(trace);
    expect(await ourRows(world, 'select side, remote_id from udesk_sync.kept_out order by side')).toEqual([
      { side: 'crm', remote_id: crmId },
      { side: 'udesk', remote_id: udeskId },
    ]);
  });

  test('is refused while a write to them is on its way, without a confirmation, and of whom nothing is kept', async () => {
    const unasked = await cli.run('forget', 'udesk', udeskId, '--keep-out');
    expect(unasked).toMatchObject({ code: 2, stderr: expect.stringContaining('not confirmed') });
    const nobody = await cli.run('forget', 'crm', '99999', '--yes', '--keep-out');
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringMatching(/nothing is kept/i) });
    await world.database
      .sql`update udesk_sync.intent set state = 'unknown' where id = (select max(id) from udesk_sync.intent
      where link_id = (select link_id from udesk_sync.record where side = 'udesk' and remote_id = ${udeskId}))`;
    const flying = await cli.run('forget', 'udesk', udeskId, '--yes', '--keep-out');
    expect(flying).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/1 writes to this person are on their way/i),
    });
    expect(await dump()).toContain('Quendolin');
  });
});

test('a decision that somebody erased by hand, without a forgetting, is found by verify-log', async () => {
  await world.database.sql`update udesk_sync.decision set value = null, erased = true`;
  await world.database.sql`update udesk_sync.decision_log set salt = null`;
  const { faults } = await verifyLog(world.database.db, null);
  expect(faults).toEqual([expect.stringMatching(/^decision \d+ was erased, and no forgetting says so$/)]);
});
