import { userInfo } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { answerFromAnotherTable, askedHash } from '../../support/another-table.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type World, type WorldOptions } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

async function open(options: WorldOptions): Promise<void> {
  world = await createWorld(options);
  await world.sync();
  cli = commandLine(world);
}

/** Two of four people were deleted in the CRM, where one may be: a guard holds both deletions. */
async function openGuarded(): Promise<void> {
  await open({
    customers: ['C0', 'C1', 'C2', 'C3'].map((name) => ({ nick_name: name, email: `${name}@example.com` })),
    pair: { deletes: 'propagate', guards: '{ deletes: { max: 1, share: 0.9 } }' },
  });
  await world.crm`delete from contact where name in ('C0', 'C1')`;
  await world.sync();
}

/** What the daemon does when it is told of a decision: nothing is read from either side. */
const nextCycle = () => world.sync({ trigger: 'run', observe: { udesk: 'none', crm: 'none' } });

test('plan --approve says yes to exactly the first plan that waits, and the next cycle carries it out', async () => {
  await open({ customers: [{ nick_name: 'A', email: 'a@example.com' }], pair: { firstRun: 'review' } });
  const [row] = await ourRows(world, 'select first_plan_hash as hash from udesk_sync.pair');
  const hash = String(row?.hash);
  const no = await cli.run('plan', '--reject', hash);
  expect(no.code).toBe(2);
  expect(no.stderr.toLowerCase()).toContain('a first plan is not rejected');
  const yes = await cli.run('plan', '--approve', hash, '--who', 'ann');
  expect([yes.code, yes.stdout.includes('Approved')]).toEqual([0, true]);
  expect(await world.people()).toEqual([]);
  await nextCycle();
  expect(await world.people()).toHaveLength(1);
  expect(await ourRows(world, 'select who, verdict, state from udesk_sync.approval')).toEqual([
    { who: 'ann', verdict: 'approve', state: 'done' },
  ]);
  expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 1, faults: [] });
});

test('plan --reject holds what a guard holds; another hash, or none, is told and changes nothing', async () => {
  await openGuarded();
  const guard = () => ourRows(world, 'select hash, state from udesk_sync.guard');
  const [held] = await guard();
  const gone = await cli.run('plan', '--approve', 'a'.repeat(64));
  expect([gone.code, gone.stderr.includes('`udesk-sync status`')]).toEqual([1, true]);
  expect((await cli.run('plan', '--approve', 'abc')).code).toBe(2);
  expect((await cli.run('plan', '--approve', 'a'.repeat(64), '--reject', 'b'.repeat(64))).code).toBe(2);
  const { json, code } = await cli.run('plan', '--reject', String(held?.hash), '--json');
  expect(code).toBe(0);
  expect(json()).toEqual({ plan: { hash: held?.hash, pair: 'main', kind: 'guard', verdict: 'reject' } });
  await nextCycle();
  expect(await guard()).toEqual([{ hash: held?.hash, state: 'rejected' }]);
  expect(world.simulator.tenant.count).toBe(4);
});

test("sync --approve releases a guard's plan, and the log says who let it through", async () => {
  await openGuarded();
  const [held] = await ourRows(world, 'select hash from udesk_sync.guard');
  expect((await cli.run('sync', '--approve', 'a'.repeat(64))).code).toBe(3);
  expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 0 });
  expect((await cli.run('sync', '--approve', String(held?.hash))).code).toBe(0);
  expect(world.simulator.tenant.count).toBe(2);
  expect(await ourRows(world, 'select kind, verdict, state from udesk_sync.approval')).toEqual([
    { kind: 'guard', verdict: 'approve', state: 'done' },
  ]);
  const [said] = await ourRows(world, 'select entry from udesk_sync.decision_log');
  const plan = { who: userInfo().username, action: 'approve', subject: `plan ${held?.hash}` };
  expect(JSON.parse(String(said?.entry))).toMatchObject(plan);
  expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 1, faults: [] });
});

test('P8: sync --approve with the hash of a plan that is another one by now releases nothing, and says so', async () => {
  await openGuarded();
  const hashes = async () =>
    (await ourRows(world, `select hash from udesk_sync.guard where state = 'waiting'`)).map(
      ({ hash }) => hash,
    );
  const [shown] = await hashes();
  await world.crm`delete from contact where name = 'C2'`;

  const late = await cli.run('sync', '--approve', String(shown));

  expect(late.code).toBe(3);
  const [now] = await hashes();
  expect(now).not.toBe(shown);
  expect(late.stdout + late.stderr).toContain(String(now));
  expect(world.simulator.tenant.count).toBe(4);
  expect((await cli.run('sync', '--approve', String(now))).code).toBe(0);
  expect(world.simulator.tenant.count).toBe(1);
});

describe('a changed account', () => {
  const start = async () => {
    await open({ customers: [{ nick_name: 'A', email: 'a@example.com' }] });
    await answerFromAnotherTable(world, 'same');
    await expect(world.sync()).rejects.toThrow('is not the account or table');
    return (await askedHash(world)) ?? '';
  };
  const said = () => ourRows(world, 'select who, kind, verdict, state from udesk_sync.approval order by id');

  test('is told of by status, with both accounts and the command that answers', async () => {
    const hash = await start();
    const status = await cli.run('status', '--strict');
    expect(status.stdout).toMatch(
      /another account or table answers in the CRM.*1 record\).*; now: .*contact/,
    );
    expect(status.stdout).toContain(`udesk-sync plan --approve ${hash}`);
    const { json } = await cli.run('status', '--json');
    expect(json()).toMatchObject({ pairs: [{ accounts: [{ hash, side: 'crm', state: 'waiting' }] }] });
  });

  test('is approved with plan --approve, and the next cycle goes on', async () => {
    const hash = await start();
    const no = await cli.run('plan', '--reject', hash, '--who', 'bob', '--json');
    expect(no.json()).toEqual({ plan: { hash, pair: 'main', kind: 'account', verdict: 'reject' } });
    expect((await cli.run('status')).stdout).toContain('somebody said no to it');
    const again = await cli.run('plan', '--reject', hash);
    expect([again.code, again.stderr.includes('answered about this account already')]).toEqual([1, true]);
    const yes = await cli.run('plan', '--approve', hash, '--who', 'ann');
    expect([yes.code, yes.stdout.includes('goes on with what answers in the CRM now')]).toEqual([0, true]);
    await nextCycle();
    expect(await said()).toEqual([
      { who: 'bob', kind: 'account-crm', verdict: 'reject', state: 'done' },
      { who: 'ann', kind: 'account-crm', verdict: 'approve', state: 'done' },
    ]);
    expect(await world.people()).toHaveLength(1);
    expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 2, faults: [] });
  });

  test('is approved with sync --approve in one go, and the log says so as of any other yes', async () => {
    const hash = await start();
    expect((await cli.run('sync', '--approve', 'a'.repeat(64))).code).toBe(3);
    expect((await cli.run('sync', '--approve', hash)).code).toBe(0);
    expect(await said()).toMatchObject([{ kind: 'account-crm', verdict: 'approve', state: 'done' }]);
    expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 1, faults: [] });
  });
});
