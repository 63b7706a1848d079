import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { createPairWorker } from '../../src/daemon/pair-worker.ts';
import { decideConflict } from '../../src/store/conflict-decisions.ts';
import { chromiumPath, expectAccessible, screenshot, speak, useBrowser } from '../support/browser.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../support/web.ts';
import { createWorld, type World } from '../support/world.ts';

const SCRIPT = '<script>alert(1)</script>';

let world: World;
let web: RunningWeb;
let stop: AbortController;
let daemon: Promise<void>;

/** A hostile customer with a conflict, a write that the CRM refused, and a daemon that works when something was decided. */
async function open(): Promise<void> {
  world = await createWorld({
    customers: [
      { nick_name: SCRIPT, email: 'a@example.com', description: 'Calls after 6 pm' },
      { nick_name: '王小明', email: 'b@example.com' },
    ],
    people: [{ name: `${SCRIPT} CRM`, emails: ['a@example.com'] }],
  });
  await world.sync();
  await world.crm.unsafe(`alter table contact add constraint no_bad check (name not like 'Bad%')`);
  world.simulator.tenant.edit(idOf('王小明'), { nick_name: 'Bad <b>name</b>' });
  await world.sync();
  const worker = createPairWorker(world.engine, world.pair);
  stop = new AbortController();
  daemon = worker.run(stop.signal);
  web = await openWeb(world, {
    users: true,
    wake: () => worker.decided(),
    events: { intervalMs: 50 },
  });
}
afterEach(async () => {
  stop.abort();
  await daemon;
  await web.close();
  await world.close();
});
// Behind that, since what is set up last is taken down first: pages close before their server does.
const browser = useBrowser();

function idOf(name: string): string {
  return world.simulator.tenant.list().find(({ nick_name }) => nick_name === name)?.id ?? '';
}

async function signedIn(path: string, options: Parameters<typeof browser.page>[0] = {}): Promise<Page> {
  return await signIn(await browser.page(options), path);
}

async function signIn(page: Page, path: string): Promise<Page> {
  await page.goto(`${web.url}/sign-in?next=${encodeURIComponent(path)}`);
  await page.getByLabel('Name').fill('reviewer');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

describe.skipIf(chromiumPath === null)('the pages about what happened', () => {
  test('a refused write is tried again, and arrives', async () => {
    await open();
    await world.crm.unsafe('alter table contact drop constraint no_bad');
    const page = await signedIn('/parked');
    await page.getByText('no_bad').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('1');
    await page.getByText('It is tried again').waitFor();
    await expect
      .poll(async () => (await world.people()).map(({ name }) => name), { timeout: 60_000 })
      .toContain('Bad <b>name</b>');
  });

  test.each([
    ['is told by the server', false],
    ['asks by itself where the server will not tell', true],
  ])('the overview shows what others decided, without being loaded again: it %s', async (_, refused) => {
    await open();
    const page = await browser.page();
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/overview/now')) asked += 1;
    });
    if (refused) await page.route('**/api/v1/events', (route) => route.fulfill({ status: 503 }));
    await signIn(page, '/');
    const waits = page.locator('a[href="/conflicts?pair=main"]');
    await waits.waitFor();
    expect(asked).toBe(0);
    // The table of the days is unfolded, and whoever did it has gone on.
    const table = page.locator('#lately details');
    await table.locator('summary').click();
    await page.locator('h1').click();
    const closedToday = table.locator('tbody tr').last().locator('td').nth(1);
    expect(await closedToday.innerText()).toBe('0');
    const [conflict] = await world.conflicts();
    const conflictId = conflict?.id ?? '';
    await decideConflict(world.database.db, {
      conflictId,
      who: 'bob',
      take: 'crm',
      value: null,
      at: new Date(),
    });
    await waits.waitFor({ state: 'detached', timeout: 60_000 });
    expect(asked).toBeGreaterThan(0);
    web.services.wake('main');
    await expect.poll(() => closedToday.innerText(), { timeout: 60_000 }).toBe('1');
    expect(await table.getAttribute('open')).not.toBeNull();
    // It goes on asking, and the server ends first.
    await page.close();
  });

  test('without scripts, a customer is read anew', async () => {
    await open();
    const id = idOf(SCRIPT);
    const page = await signedIn(`/customers/${id}`, { script: false });
    await page.getByRole('button', { name: 'Read it now' }).click();
    await page.getByText('It is as known').first().waitFor();
  });

  test.each([
    ['laptop', { width: 1280, height: 800 }],
    ['laptop-dark', { width: 1280, height: 800, dark: true }],
    ['phone', { width: 360, height: 740 }],
  ] as const)('are accessible in both languages: %s', async (name, size) => {
    await open();
    const page = await signedIn('/', size);
    const pages = { overview: '/', parked: '/parked', customer: `/customers/${idOf(SCRIPT)}`, runs: '/runs' };
    for (const language of ['English', '中文'] as const) {
      for (const [title, path] of Object.entries(pages)) {
        await page.goto(web.url + path);
        if (language === '中文' && title === 'overview') await speak(page, language);
        await expectAccessible(page);
        await screenshot(page, `${title}-${name}${language === '中文' ? '-zh' : ''}`);
      }
    }
  });
});
