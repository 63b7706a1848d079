import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { type Visitor, visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let browser: Visitor;
let woken: string[];

const SCRIPT = '<script>alert(1)</script>';

/** One customer who may be either of two people, and a pair that nobody doubts. */
beforeEach(async () => {
  world = await createWorld({
    customers: [
      { nick_name: SCRIPT, email: 'twin@example.com' },
      { nick_name: 'Sure', email: 'sure@example.com' },
    ],
    people: [
      { name: 'Lily A', emails: ['twin@example.com'] },
      { name: 'Lily B', emails: ['twin@example.com'] },
      { name: 'Sure', emails: ['sure@example.com'] },
    ],
  });
  await world.sync();
  woken = [];
  web = await openWeb(world, { users: true, wake: (pair) => woken.push(pair) });
});
afterEach(async () => {
  await web.close();
  await world.close();
});

async function signIn(name: string): Promise<void> {
  browser = visitor(web.url);
  await browser.get('/sign-in');
  await browser.post('/sign-in', { name, password: PASSWORD });
}

const links = () => ourRows(world, `select id, state, crm_id, decided_by from udesk_sync.link order by id`);
const question = async () => {
  const [row] = await ourRows(world, `select id from udesk_sync.link where state = 'candidate'`);
  return String(row?.id);
};

describe('a question of identity', () => {
  test('shows who might be meant and what they share, and no name is markup', async () => {
    await signIn('viewer');
    const { text, status } = await browser.get('/links');
    expect(status).toBe(200);
    for (const shown of ['Lily A', 'Lily B', 'twin@example.com', '&lt;script&gt;alert(1)&lt;/script&gt;'])
      expect(text).toContain(shown);
    expect(text).not.toContain(SCRIPT);
    expect(text).not.toContain('/confirm');
    const id = await question();
    expect((await browser.post(`/links/${id}/confirm`, {})).status).toBe(403);
    expect((await browser.post(`/links/${id}/reject`, {})).status).toBe(403);
    expect((await links()).filter(({ state }) => state === 'candidate')).toHaveLength(1);
  });

  test('is confirmed for the one that was chosen, once, and the daemon is told', async () => {
    await signIn('reviewer');
    const id = await question();
    await browser.get('/links');
    expect((await browser.post(`/links/${id}/confirm`)).status).toBe(422);
    expect((await browser.post(`/links/${id}/confirm`, { crm: '999' })).status).toBe(422);
    const done = await browser.post(`/links/${id}/confirm`, { crm: '2' });
    expect([done.status, done.location]).toEqual([303, `/links/${id}`]);
    expect(woken).toEqual(['main']);
    expect(await links()).toContainEqual({
      id,
      state: 'confirmed',
      crm_id: '2',
      decided_by: 'person:reviewer',
    });
    const late = await browser.post(`/links/${id}/confirm`, { crm: '1' });
    expect(late.status).toBe(409);
    expect(late.text).toContain('Somebody was faster');
    await world.sync();
    expect(await world.conflicts()).toMatchObject([{ kind: 'first-link', udesk: SCRIPT, crm: 'Lily B' }]);
  });

  test('that is answered with no is not asked again', async () => {
    await signIn('reviewer');
    const id = await question();
    await browser.get('/links');
    expect((await browser.post(`/links/${id}/reject`)).status).toBe(303);
    await world.sync();
    expect((await links()).filter(({ state }) => state === 'candidate')).toEqual([]);
    expect((await browser.get('/links?state=rejected')).text).toContain('Lily A');
  });

  test('every answer stands in the log of decisions', async () => {
    await signIn('reviewer');
    const [sure] = (await links()).filter(({ state }) => state === 'confirmed');
    await browser.get('/links');
    await browser.post(`/links/${await question()}/reject`);
    expect((await browser.post(`/links/${sure?.id}/unlink`)).status).toBe(400);
    expect((await browser.post(`/links/${sure?.id}/unlink`, { sure: '1' })).status).toBe(303);
    expect(await verifyLog(world.database.db, null)).toMatchObject({ entries: 2, faults: [] });
    expect(await links()).toContainEqual({ ...sure, state: 'broken', decided_by: 'unlink' });
  });
});

test('the list is searched by name, id and number, and what is not understood is refused', async () => {
  await signIn('viewer');
  const shown = async (search: string) =>
    (await browser.get(`/links?${search}`)).text.match(/<article/g)?.length ?? 0;
  expect(await shown('state=confirmed')).toBe(1);
  expect(await shown('q=lily b')).toBe(1);
  expect(await shown(`q=%23${await question()}`)).toBe(1);
  expect(await shown('q=nobody%25')).toBe(0);
  expect((await browser.get('/links?state=odd')).status).toBe(400);
  expect((await browser.get('/links/1%27')).status).toBe(404);
});

test('a link that ended says why in the list, on its page and on that of the customer, in both languages', async () => {
  await world.crm`delete from contact where name = 'Sure'`;
  await world.sync();
  await signIn('viewer');
  const [ended] = (await links()).filter(({ state }) => state === 'broken');
  const customer = world.simulator.tenant.list().find(({ nick_name }) => nick_name === 'Sure');
  const pages = ['/links?state=broken', `/links/${ended?.id}`, `/customers/${customer?.id}?pair=main`];
  for (const path of pages) expect((await browser.get(path)).text, path).toContain('Deleted on the CRM.');
  const api = JSON.parse((await browser.get(`/api/v1/customers/${customer?.id}?pair=main`)).text);
  expect(api.link).toMatchObject({ state: 'broken', reason: 'deleted on crm' });
  await browser.post('/language', { language: 'zh-CN', next: '/' });
  for (const path of pages) expect((await browser.get(path)).text, path).toContain('在 CRM 中已删除。');
});

test('a link that a person ended shows who, and no reason of the engine', async () => {
  await signIn('reviewer');
  const [sure] = (await links()).filter(({ state }) => state === 'confirmed');
  await browser.get(`/links/${sure?.id}`);
  await browser.post(`/links/${sure?.id}/unlink`, { sure: '1' });
  const { text } = await browser.get(`/links/${sure?.id}`);
  expect(text).toContain('reviewer');
  expect(text).not.toContain('class="why"');
});
