import { afterEach, beforeEach, expect, test } from 'vitest';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { answerFromAnotherTable, answerFromFirstTable, askedHash } from '../../support/another-table.ts';
import type { Visitor } from '../../support/visitor.ts';
import { openWeb, type RunningWeb, signedIn, tokenOf } from '../../support/web.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let operator: Visitor;
let woken: string[];

beforeEach(async () => {
  world = await createWorld({
    customers: ['A', 'B', 'C'].map((name) => ({ nick_name: name, email: `${name}@example.com` })),
    pair: { deletes: 'propagate' },
  });
  await world.sync();
  woken = [];
  web = await openWeb(world, { users: true, wake: (pair) => woken.push(pair) });
  operator = await signedIn(web, 'operator');
});
afterEach(async () => {
  await web.close();
  await world.close();
});

const refused = async () => await expect(world.sync()).rejects.toThrow('is not the account or table');
const names = async () => (await world.people()).map(({ name }) => name).sort();
const hash = async () => (await askedHash(world)) ?? '';
/** What the daemon does when it is told of a decision. */
const nextCycle = () => world.sync({ trigger: 'run', observe: { udesk: 'none', crm: 'none' } });

/** What a program of this role is told, as the API answers. */
async function ask(path: string, json?: unknown, role = 'operator') {
  const response = await fetch(`${web.url}/api/v1${path}`, {
    method: json === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${tokenOf(role)}`, 'content-type': 'application/json' },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

test('a changed account is told of on the overview, and its page says what answered, what answers, and what yes and no do', async () => {
  expect((await operator.get('/')).text).not.toContain('Another account');
  expect((await operator.get('/plans')).text).toContain('no account has changed');
  await answerFromAnotherTable(world, 'none');
  await refused();
  const asked = await hash();
  for (const path of ['/', '/plans']) {
    const { text } = await operator.get(path);
    expect(text).toMatch(/nother account answers in CRM/);
    expect(text).toContain(`/plans/${asked}`);
  }
  const { text } = await operator.get(`/plans/${asked}`);
  for (const shown of [
    ...['Until now', '3 records known', 'holds 0 records', 'is empty', 'contact'],
    ...['Yes, work with this one', 'No, keep waiting', 'Should yet another account answer'],
  ])
    expect(text).toContain(shown);
  expect(text).not.toMatch(/postgres(ql)?:\/\/|password/);

  const reviewer = await signedIn(web, 'reviewer');
  expect((await reviewer.get(`/plans/${asked}`)).text).toContain('an operator approves them');
  expect((await reviewer.post(`/plans/${asked}/approve`)).status).toBe(403);
  await refused();
});

test('approved on the page, the next cycle goes on: what was edited meanwhile arrives, nobody is deleted or doubled', async () => {
  await answerFromAnotherTable(world, 'same');
  await refused();
  const asked = await hash();
  await world.crm`update contact set name = 'B2' where name = 'B'`;
  await operator.get(`/plans/${asked}`);
  expect((await operator.post(`/plans/${asked}/approve`, { state: 'waiting' })).status).toBe(303);
  expect(woken).toEqual(['main']);
  expect((await operator.get(`/plans/${asked}`)).text).toContain('operator said yes');
  expect((await operator.get('/')).text).toContain('the next cycle goes on');
  await nextCycle();
  expect((await operator.get(`/plans/${asked}`)).text).toContain('the pair works with this account');
  expect((await operator.get('/')).text).not.toContain('account that answers');
  await world.sync();
  await world.sync();
  expect(await names()).toEqual(['A', 'B2', 'C']);
  expect(
    world.simulator.tenant
      .list()
      .map(({ nick_name }) => nick_name)
      .sort(),
  ).toEqual(['A', 'B2', 'C']);
  expect((await operator.post(`/plans/${asked}/approve`)).status).toBe(409);
  expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 1, faults: [] });
  expect(await ourRows(world, 'select entry from udesk_sync.decision_log')).toMatchObject([
    { entry: expect.stringContaining(`account ${asked}`) },
  ]);
});

test('rejected, it keeps waiting and nothing is written there; it can be thought better of', async () => {
  await answerFromAnotherTable(world, 'same');
  await refused();
  const asked = await hash();
  await operator.get(`/plans/${asked}`);
  await operator.post(`/plans/${asked}/reject`, { state: 'waiting' });
  const before = await writesSoFar(world);
  await refused();
  await refused();
  expect(await writesSoFar(world)).toEqual(before);
  expect((await operator.get('/')).text).toContain('somebody said no to it');
  const { text } = await operator.get('/plans');
  expect([text.includes('Answered with no'), text.includes(`/plans/${asked}`)]).toEqual([true, true]);
  expect((await operator.get(`/plans/${asked}`)).text).not.toContain('No, keep waiting');
  expect((await operator.post(`/plans/${asked}/approve`, { state: 'rejected' })).status).toBe(303);
  await world.sync();
  expect(await names()).toEqual(['A', 'B', 'C']);
});

test('yet another account by then: nothing is released, and the page says so and leads to the new question', async () => {
  await answerFromAnotherTable(world, 'none');
  await refused();
  const asked = await hash();
  await operator.get(`/plans/${asked}`);
  await operator.post(`/plans/${asked}/approve`);
  await answerFromAnotherTable(world, 'none');
  const before = await writesSoFar(world);
  await expect(nextCycle()).rejects.toThrow('is not the account or table');
  expect(await writesSoFar(world)).toEqual(before);
  const { text } = await operator.get(`/plans/${asked}`);
  expect(text).toContain('Nothing was let through');
  expect(text).toContain(`/plans/${await hash()}`);
  expect((await operator.post(`/plans/${asked}/approve`)).status).toBe(409);
  await answerFromFirstTable(world);
  await world.sync();
  expect((await operator.get('/plans')).text).toContain('no account has changed');
});

test('of two who look at the same page the first answer counts, and the other is told who gave it', async () => {
  await answerFromAnotherTable(world, 'same');
  await refused();
  const asked = await hash();
  const other = await signedIn(web, 'operator');
  await operator.get(`/plans/${asked}`);
  await other.get(`/plans/${asked}`);
  await operator.post(`/plans/${asked}/reject`, { state: 'waiting' });
  const late = await other.post(`/plans/${asked}/approve`, { state: 'waiting' });
  expect(late.status).toBe(409);
  expect(late.text).toContain('operator answered first, with no');
  await refused();
  expect(await ourRows(world, 'select verdict from udesk_sync.approval')).toEqual([{ verdict: 'reject' }]);
});

test('the API lists it, shows both accounts, and takes the same answers', async () => {
  await answerFromAnotherTable(world, 'same');
  await refused();
  const asked = await hash();
  expect((await ask('/plans')).body.plans).toEqual([
    { hash: asked, pair: 'main', kind: 'account', state: 'waiting', writes: 0, side: 'crm' },
  ]);
  expect((await ask('/pairs')).body).toMatchObject({
    pairs: [{ accounts: [{ hash: asked, side: 'crm', state: 'waiting' }] }],
  });
  expect((await ask(`/plans/${asked}`)).body).toMatchObject({
    kind: 'account',
    state: 'waiting',
    account: { side: 'crm', before: { records: 3 }, now: { records: 3 } },
  });
  const answer = (json: unknown, role?: string) => ask(`/plans/${asked}/decision`, json, role);
  expect((await answer({ decision: 'approve' }, 'reviewer')).status).toBe(403);
  expect((await answer({ decision: 'reject', state: 'waiting' })).body).toMatchObject({ state: 'rejected' });
  const late = await answer({ decision: 'approve', state: 'waiting' });
  expect([late.status, late.body.code]).toEqual([409, 'plan-answered']);
  expect((await answer({ decision: 'approve' })).body).toMatchObject({
    state: 'approving',
    said: [
      { who: 'operator program', verdict: 'approve', state: 'waiting' },
      { who: 'operator program', verdict: 'reject', state: 'done' },
    ],
  });
  expect((await answer({ decision: 'approve' })).status).toBe(409);
  await nextCycle();
  expect((await ask('/plans')).body.plans).toEqual([]);
  expect((await ask(`/plans/${asked}`)).body).toMatchObject({ state: 'approved' });
});
