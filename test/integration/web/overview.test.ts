/** What the overview says about how it went lately, and the API with it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWeb, type RunningWeb, signedIn, tokenOf } from '../../support/web.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
const NAMES = ['A', 'B', 'C', 'D', 'E'];

/** Five linked customers, of whom three are edited in Udesk and two in the CRM. */
beforeEach(async () => {
  world = await createWorld({
    customers: NAMES.map((name) => ({ nick_name: name, email: `${name}@example.com` })),
  });
  await world.sync();
  for (const { id, nick_name } of world.simulator.tenant.list()) {
    if (['A', 'B', 'C'].includes(nick_name ?? ''))
      world.simulator.tenant.edit(id, { nick_name: `${nick_name}2` });
  }
  await world.crm`update contact set name = name || '2' where name in ('D', 'E')`;
  await world.sync();
});
afterEach(async () => {
  await web.close();
  await world.close();
});

/** Times of the edits that went to this side: seen, and arrived. */
async function happened(target: 'udesk' | 'crm', seenAt: string, arrivedAt: string): Promise<void> {
  const source = target === 'crm' ? 'udesk' : 'crm';
  await world.database.sql`update udesk_sync.intent set created_at = ${arrivedAt}, settled_at = ${arrivedAt}
    where op = 'update' and side = ${target}`;
  await world.database.sql`update udesk_sync.observation set at = ${seenAt}
    where side = ${source} and lane <> 'write' and delta ? ${source === 'crm' ? 'name' : 'nick_name'}`;
}

test('the lag of the last 24 hours is that of all their edits, on both sides of midnight, and of each direction', async () => {
  // In Shanghai: three in the evening that took a second each, and two in the morning that took 100.
  await happened('crm', '2026-11-25T13:59:59Z', '2026-11-25T14:00:00Z');
  await happened('udesk', '2026-11-25T23:58:20Z', '2026-11-26T00:00:00Z');
  web = await openWeb(world, { users: true, clock: () => new Date('2026-11-26T01:00:00Z') });

  const headers = { authorization: `Bearer ${tokenOf('viewer')}` };
  const answer = await fetch(`${web.url}/api/v1/pairs/main/lately`, { headers });
  const { lag } = (await answer.json()) as { lag: unknown };
  expect(lag).toEqual({
    ...{ writes: 5, p50Ms: 1_000, p95Ms: 100_000, maxMs: 100_000 },
    to: {
      udesk: { writes: 2, p50Ms: 100_000, p95Ms: 100_000, maxMs: 100_000 },
      crm: { writes: 3, p50Ms: 1_000, p95Ms: 1_000, maxMs: 1_000 },
    },
  });
  const { text } = await (await signedIn(web, 'viewer')).get('/');
  expect(text).toContain('half arrive within it, 95 % within 1.7 min');
  expect(text).toContain('to Udesk 1.7 min, to the CRM 1 s');
});

test('without an edit in the last 24 hours there is no lag', async () => {
  web = await openWeb(world, { users: true, clock: () => new Date('2020-01-01T00:00:00Z') });
  const headers = { authorization: `Bearer ${tokenOf('viewer')}` };
  const answer = await fetch(`${web.url}/api/v1/pairs/main/lately`, { headers });
  expect(await answer.json()).toMatchObject({ lag: null });
  expect((await (await signedIn(web, 'viewer')).get('/')).text).toContain('no edit in the last day');
});

test.each([
  ['en', 'Nov 26'],
  ['zh-CN', '11月26日'],
] as const)('the days of the chart and of its table are those of the language: %s', async (locale, day) => {
  web = await openWeb(world, { users: true, locale, clock: () => new Date('2026-11-26T01:00:00Z') });
  const { text } = await (await signedIn(web, 'viewer')).get('/');
  expect(text).toContain(`>${day}</text>`);
  expect(text).toContain(`<time datetime="2026-11-26">${day}</time>`);
});

test('how it went lately is refreshed with the rest of the page', async () => {
  web = await openWeb(world, { users: true });
  const browser = await signedIn(web, 'viewer');
  const part = '<div id="lately" data-live hx-get="/overview/lately" hx-trigger="changed"';
  expect((await browser.get('/')).text).toContain(part);
  const answer = await browser.get('/overview/lately');
  expect(answer.status).toBe(200);
  expect(answer.text.startsWith(part)).toBe(true);
  expect(answer.text).toContain('In two weeks 0 were opened');
});
