import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { decideConflict, withdrawDecision } from '../../../src/store/conflict-decisions.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
beforeEach(async () => {
  world = await createWorld({
    customers: ['U1', 'U2', 'U3'].map((nick_name, n) => ({ nick_name, email: `p${n}@example.com` })),
    people: ['C1', 'C2', 'C3'].map((name, n) => ({ name, emails: [`p${n}@example.com`] })),
  });
  cli = commandLine(world);
  await world.sync();
});
afterEach(async () => {
  cli.close();
  await world.close();
});

const db = () => world.database.db;
const first = async () => {
  const [row] = await world.conflicts();
  if (row === undefined) throw new Error('there is no conflict');
  return row;
};
const decide = (conflictId: string, who: string, seen?: string) =>
  decideConflict(db(), { conflictId, who, take: 'udesk', value: null, at: new Date(), seen });
const withdraw = (conflictId: string) => withdrawDecision(db(), { conflictId, who: 'ann', at: new Date() });
const run = (statement: string) => db().execute(sql.raw(statement));

describe('P3: of people who decide one conflict at once', () => {
  test('exactly one wins, and one decision is kept', async () => {
    const { id } = await first();
    const won = await Promise.all(['ann', 'bob', 'cy', 'dan', 'eve'].map((who) => decide(id, who)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await ourRows(world, 'select count(*)::int as n from udesk_sync.decision')).toEqual([{ n: 1 }]);
  });

  test('nobody decides about values that he did not see', async () => {
    const { id, changedAt } = await first();
    await world.crm`update contact set name = 'C1 anew' where name = 'C1'`;
    await world.sync();
    expect((await first()).state).toBe('open');
    expect(await decide(id, 'ann', changedAt)).toBe(false);
    expect(await decide(id, 'ann', (await first()).changedAt)).toBe(true);
  });
});

describe('taking a decision back', () => {
  test('before anything was sent opens the conflict again, and nothing is written', async () => {
    const { id } = await first();
    const before = await writesSoFar(world);
    await decide(id, 'ann');
    expect(await withdraw(id)).toBe('withdrawn');
    await world.sync();
    expect(await first()).toMatchObject({ state: 'open', resolvedBy: null });
    expect(await writesSoFar(world)).toEqual(before);
    expect(await decide(id, 'bob')).toBe(true);
    await world.sync();
    expect(await first()).toMatchObject({ state: 'resolved', resolvedBy: 'bob' });
  });

  test('takes a write along that waits to be sent, and the cycle that would have sent it goes on', async () => {
    const { id, linkId } = await first();
    await decide(id, 'ann');
    await run(
      `insert into udesk_sync.intent (pair, link_id, run_id, side, op, guard_class, remote_id, patch, reasons, source, decisions, state, priority, created_at)
       select 'main', ${linkId}, 1, 'crm', 'update', 'overwrite', '1', '{}', '{"nick_name":"decision"}', '{}',
         jsonb_build_object('nick_name', decision_id::text), 'pending', 0, now() from udesk_sync.conflict where id = ${id}`,
    );
    expect(await withdraw(id)).toBe('withdrawn');
    expect(
      await ourRows(world, `select 1 from udesk_sync.intent where link_id = ${linkId} and state = 'pending'`),
    ).toEqual([]);
    await world.sync();
    expect((await first()).state).toBe('open');
  });

  test.each(['sending', 'unknown', 'settled', 'parked'])(
    'is too late once its write is %s',
    async (state) => {
      const { id, linkId } = await first();
      await decide(id, 'ann');
      await run(
        `insert into udesk_sync.intent (pair, link_id, run_id, side, op, guard_class, remote_id, patch, reasons, source, decisions, state, priority, created_at)
       select 'main', ${linkId}, 1, 'crm', 'update', 'overwrite', '1', '{}', '{}', '{}',
         jsonb_build_object('nick_name', decision_id::text), '${state}', 0, now() from udesk_sync.conflict where id = ${id}`,
      );
      expect(await withdraw(id)).toBe('under-way');
      expect((await first()).state).toBe('resolving');
    },
  );

  test('of what nobody decided, or what is done, says so', async () => {
    const { id } = await first();
    expect(await withdraw(id)).toBe('not-decided');
    await decide(id, 'ann');
    await world.sync();
    expect(await withdraw(id)).toBe('not-decided');
  });
});

describe('P12: the log of decisions', () => {
  beforeEach(async () => {
    for (const { id } of await world.conflicts()) await decide(id, 'ann');
    await withdraw((await first()).id);
    await decide((await first()).id, 'bob');
  });

  const faults = async () => (await verifyLog(db(), null)).faults;

  test('is whole after decisions, a withdrawal and cycles', async () => {
    await world.sync();
    expect(await verifyLog(db(), null)).toMatchObject({ entries: 5, faults: [], older: 0 });
  });

  test('stays whole when many decide at once', async () => {
    for (const { id } of await world.conflicts()) await withdraw(id);
    await Promise.all((await world.conflicts()).map(({ id }) => decide(id, 'cy')));
    expect(await verifyLog(db(), null)).toMatchObject({ entries: 11, faults: [] });
  });

  test.each([
    [
      'an entry that was changed',
      `update udesk_sync.decision_log set entry = replace(entry, 'ann', 'eve') where seq = 2`,
      /entry 2 was changed/,
    ],
    [
      'an entry that was taken out',
      `delete from udesk_sync.decision_log where seq = 2`,
      /entry 2 is missing/,
    ],
    [
      'a decision that was changed',
      `update udesk_sync.decision set who = 'eve' where id = 2`,
      /decision 2 is not what was logged/,
    ],
    [
      'a decision that was given another value',
      `update udesk_sync.decision set value = '"x"' where id = 2`,
      /decision 2 is not/,
    ],
    [
      'a decision that was taken out',
      `delete from udesk_sync.decision where id = 2`,
      /decision 2 was logged, and is not there/,
    ],
    [
      'a decision that was slipped in',
      `insert into udesk_sync.decision (pair, conflict_id, who, take, value, at) values ('main', 1, 'eve', 'crm', null, now())`,
      /was never logged/,
    ],
  ])('finds %s', async (_what, statement, said) => {
    expect(await faults()).toEqual([]);
    await run(statement);
    expect((await faults()).join('\n')).toMatch(said);
  });

  test('verify-log says so, with an exit code, and knows a digest that was kept', async () => {
    const good = await cli.run('verify-log', '--json');
    const head = (good.json() as unknown as { log: { head: string } }).log.head;
    expect(good.code).toBe(0);
    expect((await cli.run('verify-log', '--expect', head)).code).toBe(0);
    // The last entry and its decision are cut off: a shorter chain is whole in itself.
    await run('delete from udesk_sync.decision_log where seq = 5');
    await run('delete from udesk_sync.decision where id = 4');
    expect((await cli.run('verify-log')).code).toBe(0);
    const cut = await cli.run('verify-log', '--expect', head);
    expect(cut.code).toBe(1);
    expect(cut.stdout).toContain('not in the chain');
  });
});
