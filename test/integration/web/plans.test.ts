import { afterEach, describe, expect, test } from 'vitest';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { type Visitor, visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../../support/web.ts';
import { createWorld, ourRows, type World, type WorldOptions, writesSoFar } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let browser: Visitor;
let woken: string[];

async function open(options: WorldOptions): Promise<void> {
  world = await createWorld(options);
  await world.sync();
  woken = [];
  web = await openWeb(world, { users: true, wake: (pair) => woken.push(pair) });
}
afterEach(async () => {
  await web.close();
  await world.close();
});

async function signIn(name: string): Promise<void> {
  browser = visitor(web.url);
  await browser.get('/sign-in');
  await browser.post('/sign-in', { name, password: PASSWORD });
}

/** What the daemon does when it is told of a decision: nothing is read from either side. */
const nextCycle = () => world.sync({ trigger: 'run', observe: { udesk: 'none', crm: 'none' } });
const live = () => world.simulator.tenant.list().length;

describe('the first plan', () => {
  const SCRIPT = '<script>alert(1)</script>';
  const start = () =>
    open({
      customers: [
        { nick_name: SCRIPT, email: 'new@example.com' },
        { nick_name: 'Same', email: 'same@example.com' },
      ],
      people: [{ name: 'Same!', emails: ['same@example.com'], note: 'only here' }],
      pair: { firstRun: 'review' },
    });
  const hash = async () => {
    const [row] = await ourRows(world, 'select first_plan_hash as hash from udesk_sync.pair');
    return String(row?.hash);
  };

  test('is shown with its counts and rows, and only an operator accepts it', async () => {
    await start();
    await signIn('reviewer');
    expect((await browser.get('/links')).text).toContain(`/plans/${await hash()}`);
    const { text } = await browser.get(`/plans/${await hash()}`);
    for (const shown of ['1 in the CRM', 'only here', '&lt;script&gt;', 'Same!'])
      expect(text).toContain(shown);
    expect(text).not.toContain(SCRIPT);
    expect((await browser.post(`/plans/${await hash()}/approve`)).status).toBe(403);
    await nextCycle();
    expect(await world.people()).toHaveLength(1);
  });

  test('that was accepted is carried out by the next cycle', async () => {
    await start();
    await signIn('operator');
    const shown = await hash();
    await browser.get(`/plans/${shown}`);
    expect((await browser.post(`/plans/${shown}/approve`)).status).toBe(303);
    expect(woken).toEqual(['main']);
    expect((await browser.get(`/plans/${shown}`)).text).toContain('operator said yes');
    expect(await nextCycle()).toMatchObject({ outcome: 'done', firstPlan: false });
    expect(await world.people()).toHaveLength(2);
    expect((await browser.get(`/plans/${shown}`)).text).toContain('it was released');
    expect((await browser.post(`/plans/${shown}/approve`)).status).toBe(409);
  });

  test('that was accepted and is another one by now writes nothing, and the page says so', async () => {
    await start();
    await signIn('operator');
    const shown = await hash();
    await browser.get(`/plans/${shown}`);
    await browser.post(`/plans/${shown}/approve`);
    const created = world.simulator.tenant.list().find(({ nick_name }) => nick_name === SCRIPT);
    world.simulator.tenant.edit(created?.id ?? '', { nick_name: 'Moved' });
    const before = await writesSoFar(world);
    expect(await world.sync()).toMatchObject({ outcome: 'waiting', firstPlan: true });
    expect(await writesSoFar(world)).toEqual(before);
    expect(await hash()).not.toBe(shown);
    const { text } = await browser.get(`/plans/${shown}`);
    expect(text).toContain('the data had moved');
    expect(text).toContain(`/plans/${await hash()}`);
    // The yes is used up: the old plan coming back does not release it.
    await nextCycle();
    expect(await world.people()).toHaveLength(1);
  });
});

test('a yes to a first plan that the command line overtook has nothing left to do', async () => {
  await open({ customers: [{ nick_name: 'A', email: 'a@example.com' }], pair: { firstRun: 'review' } });
  await signIn('operator');
  const [row] = await ourRows(world, 'select first_plan_hash as hash from udesk_sync.pair');
  await browser.get(`/plans/${row?.hash}`);
  await browser.post(`/plans/${row?.hash}/approve`);
  await world.sync({ acceptFirstPlan: { who: 'ann' } });
  expect(await ourRows(world, 'select who, state from udesk_sync.approval order by id')).toEqual([
    { who: 'operator', state: 'done' },
    { who: 'ann', state: 'done' },
  ]);
  expect((await browser.get(`/plans/${row?.hash}`)).text).not.toContain('The next cycle carries out');
});

describe('a plan that a guard holds', () => {
  const customers = Array.from({ length: 6 }, (_, n) => ({ nick_name: `C${n}`, email: `c${n}@example.com` }));
  const pair = { deletes: 'propagate', guards: '{ deletes: { max: 2, share: 0.5 } }' };
  const start = async () => {
    await open({ customers, pair });
    await world.crm`delete from contact where name in ('C0', 'C1', 'C2')`;
    await world.sync();
  };
  const hash = async (state = 'waiting') => {
    const [row] = await ourRows(world, `select hash from udesk_sync.guard where state = '${state}'`);
    return row === undefined ? null : String(row.hash);
  };

  test('shows whom it would delete and why, and is released as a whole by a yes', async () => {
    await start();
    await signIn('operator');
    const held = await hash();
    const { text } = await browser.get(`/plans/${held}`);
    // With the brackets: two letters alone stand by chance in the token of a form.
    for (const shown of ['>C0<', '>C1<', '>C2<', 'at most 2 may go', 'Because it was deleted in CRM'])
      expect(text).toContain(shown);
    expect(text).not.toContain('>C3<');
    expect((await browser.post(`/plans/${held}/approve`)).status).toBe(303);
    expect(live()).toBe(6);
    await nextCycle();
    expect(live()).toBe(3);
    expect((await browser.get(`/plans/${held}`)).text).toContain('it was released');
    expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 1, faults: [] });
  });

  test.each([
    ['en', 'One write of main waits for approval', 'main: one write stays held'],
    ['zh-CN', 'main 有 1 个写入等待批准', 'main：1 个写入保持拦下'],
  ] as const)('of one write is told of in the singular: %s', async (locale, title, refused) => {
    await open({ customers, pair: { ...pair, guards: '{ deletes: { max: 0, share: 0 } }' } });
    await web.close();
    web = await openWeb(world, { users: true, locale });
    await world.crm`delete from contact where name = 'C0'`;
    await world.sync();
    await signIn('operator');
    const held = await hash();
    expect((await browser.get(`/plans/${held}`)).text).toContain(title);
    expect((await browser.get('/links')).text).not.toContain('1 writes');
    await browser.post(`/plans/${held}/reject`);
    await nextCycle();
    expect((await browser.get('/plans')).text).toContain(refused);
  });

  test('approved, and another one by then: nothing is deleted, and the page says so', async () => {
    await start();
    await signIn('operator');
    const held = await hash();
    await browser.get(`/plans/${held}`);
    await browser.post(`/plans/${held}/approve`);
    await world.crm`delete from contact where name = 'C3'`;
    await world.sync();
    expect(live()).toBe(6);
    const { text } = await browser.get(`/plans/${held}`);
    expect(text).toContain('Nothing of it was released');
    expect(text).toContain(`/plans/${await hash()}`);
    expect((await browser.post(`/plans/${held}/approve`)).status).toBe(409);
    await nextCycle();
    expect(live()).toBe(6);
  });

  test('that was rejected stays held and is not asked about, until somebody thinks better of it', async () => {
    await start();
    await signIn('operator');
    const held = await hash();
    await browser.get(`/plans/${held}`);
    await browser.post(`/plans/${held}/reject`);
    await nextCycle();
    await world.sync();
    expect(live()).toBe(6);
    expect([await hash(), await hash('rejected')]).toEqual([null, held]);
    await browser.post(`/plans/${held}/approve`);
    await nextCycle();
    expect(live()).toBe(3);
  });

  test('nobody approves what never was, and a hash is nothing to inject through', async () => {
    await start();
    await signIn('operator');
    await browser.get('/links');
    expect((await browser.get(`/plans/${'0'.repeat(64)}`)).status).toBe(404);
    expect((await browser.post(`/plans/${'0'.repeat(64)}/approve`)).status).toBe(409);
    expect((await browser.get("/plans/'%20or%201=1")).status).toBe(404);
  });
});
