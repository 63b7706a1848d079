import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPairWorker } from '../../src/daemon/pair-worker.ts';
import { chromiumPath, expectAccessible, screenshot, speak, useBrowser } from '../support/browser.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../support/web.ts';
import { createWorld, ourRows, type World } from '../support/world.ts';

const PEOPLE = 44;
const SCRIPT = '<script>alert(1)</script>';

let world: World;
let web: RunningWeb;
let stop: AbortController;
let daemon: Promise<void>;

/** As many customers whose names differ, the first of them hostile; and a daemon that starts when something was decided. */
beforeEach(async () => {
  const number = (n: number) => String(n).padStart(2, '0');
  world = await createWorld({
    customers: Array.from({ length: PEOPLE }, (_, n) => ({
      nick_name: n === 0 ? SCRIPT : `王小明 ${number(n)}`,
      email: `p${n}@example.com`,
      ...(n === 1 ? { description: 'Ordered twice; call after 6 pm\n<img src=x onerror=alert(2)>' } : {}),
    })),
    people: Array.from({ length: PEOPLE }, (_, n) => ({
      name: n === 0 ? `${SCRIPT} CRM` : `王晓明 ${number(n)}`,
      emails: [`p${n}@example.com`],
      ...(n === 1 ? { note: 'Ordered once; call after 5 pm' } : {}),
    })),
  });
  await world.sync();
  const worker = createPairWorker(world.engine, world.pair);
  stop = new AbortController();
  daemon = worker.run(stop.signal);
  web = await openWeb(world, { users: true, wake: () => worker.decided() });
});
afterEach(async () => {
  stop.abort();
  await daemon;
  await web.close();
  await world.close();
});
// Behind that, since what is set up last is taken down first: pages close before their server does.
const browser = useBrowser();

async function signedIn(options: Parameters<typeof browser.page>[0] = {}, name = 'reviewer'): Promise<Page> {
  const page = await browser.page(options);
  await page.goto(`${web.url}/sign-in?next=/conflicts`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Conflicts', level: 1 }).waitFor();
  return page;
}

const open = async () => (await world.conflicts()).filter(({ state }) => state === 'open').length;
const resolved = async () => (await world.conflicts()).filter(({ state }) => state === 'resolved').length;
const SOON = { timeout: 60_000 };
const card = (page: Page, name: string) => page.getByRole('article').filter({ hasText: name });

describe.skipIf(chromiumPath === null)('the inbox', () => {
  test('resolves a conflict, and shows how both sides come to agree', async () => {
    const page = await signedIn();
    const one = card(page, '王小明 05');
    await one.getByRole('button', { name: 'Take CRM' }).click();
    await one.getByText('Both sides agree.').waitFor();
    expect(world.simulator.tenant.list().map(({ nick_name }) => nick_name)).toContain('王晓明 05');
    expect(await open()).toBe(PEOPLE);
    await screenshot(page, 'conflicts-after-one');
  });

  test('works with the keyboard alone: move, decide, go on with the next, undo', async () => {
    stop.abort(); // Nothing is carried out, so that there is something to take back.
    await daemon;
    const page = await signedIn();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('2');
    await page.getByText('It waits for the next cycle').waitFor();
    const focused = () => page.evaluate('document.activeElement.id');
    const ids = (await world.conflicts()).map(({ id }) => `conflict-${id}`);
    await expect.poll(focused).toBe(ids[2]);
    expect(await open()).toBe(PEOPLE);
    await page.keyboard.press('u');
    await page.getByText('Your decision was taken back').waitFor();
    expect(await open()).toBe(PEOPLE + 1);
    await page.keyboard.press('k');
    await page.keyboard.press('x');
    await page.getByText('1 selected').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('王小明 07');
    await page.keyboard.press('Enter');
    await page.getByText('1 shown here, 1 in all').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('e');
    await page.waitForURL(/#value$/);
    await expect.poll(focused).toBe('value');
  });

  test('decides forty at once, exactly as the preview said, and nothing else', async () => {
    const page = await signedIn({ script: false });
    await page.goto(`${web.url}/conflicts?q=${encodeURIComponent('王小明')}&field=nick_name`);
    await page.getByLabel(/All 43 that fit/).check();
    await page.getByRole('button', { name: 'Look at what it does' }).click();
    await page.getByText('43 conflicts are decided: 0 writes to Udesk, 43 writes to the CRM.').waitFor();
    expect(await page.getByRole('row').count()).toBe(44);
    await screenshot(page, 'bulk-preview');
    await page.getByRole('button', { name: 'Decide these 43' }).click();
    await page.getByRole('heading', { name: '43 decided' }).waitFor();
    await expect.poll(resolved, SOON).toBe(43);
    await page.reload();
    await page.getByText('0 still to do, 43 agree on both sides.').waitFor();
    await page.getByRole('button', { name: 'Undo all of them' }).waitFor();
    const names = (await world.people()).map(({ name }) => name);
    expect(names.filter((name) => name?.startsWith('王小明'))).toHaveLength(43);
    expect(names).toContain(`${SCRIPT} CRM`);
  });

  test('what was decided together shows by itself how it goes on, and where scripts are off after a click', async () => {
    stop.abort();
    await daemon;
    const decideAll = async (page: Page, query: string, n: number) => {
      await page.goto(`${web.url}/conflicts?q=${encodeURIComponent(query)}&field=nick_name`);
      await page.getByLabel(`All ${n} that fit`).check();
      await page.getByRole('button', { name: 'Look at what it does' }).click();
      await page.getByRole('button', { name: `Decide these ${n}` }).click();
      await page.getByText(`${n} still to do, 0 agree on both sides.`).waitFor();
    };
    const plain = await signedIn({ script: false });
    await decideAll(plain, '王小明 1', 10);
    const page = await signedIn();
    await decideAll(page, '王小明 2', 10);
    const again = page.getByRole('link', { name: 'Look again' });
    expect(await again.count()).toBe(0);
    await page.waitForResponse((response) => response.url().includes('/conflicts/bulk/progress'));
    await page.getByText('10 still to do').waitFor();
    expect(await again.count()).toBe(0);
    for (let n = 0; n < 2; n += 1) await world.sync();
    await page.getByText('0 still to do, 10 agree on both sides.').waitFor();
    await plain.getByRole('link', { name: 'Look again' }).click();
    await plain.getByText('0 still to do, 10 agree on both sides.').waitFor();
  });

  test('a value of one’s own reaches both sides, from the page of the conflict and without scripts', async () => {
    const page = await signedIn({ script: false, width: 360, height: 740 });
    await page.getByRole('link', { name: '王小明 03' }).click();
    await page.getByLabel('Value for both sides').fill('王小朋 03');
    await page.getByRole('button', { name: 'Use this value' }).click();
    await page.getByText('reviewer gave another value').first().waitFor();
    await expect.poll(resolved, SOON).toBe(1);
    expect((await world.people()).map(({ name }) => name)).toContain('王小朋 03');
    await page.reload();
    await page.getByText('Both sides agree.').waitFor();
  });

  test('of two reviewers who decide at once one wins, the other is told, and nothing is written twice', async () => {
    const first = await signedIn();
    const second = await signedIn({}, 'operator');
    await card(first, '王小明 02').getByRole('button', { name: 'Take CRM' }).click();
    await card(first, '王小明 02').getByText('Both sides agree.').waitFor();
    await card(second, '王小明 02').getByRole('button', { name: 'Take Udesk' }).click();
    await second.getByText('reviewer was faster').waitFor();
    expect(await ourRows(world, 'select who, take from udesk_sync.decision')).toEqual([
      { who: 'reviewer', take: 'crm' },
    ]);
  });

  test('filters, keeps the view, assigns and notes with the keyboard alone', async () => {
    stop.abort();
    await daemon;
    const page = await signedIn();
    await page.keyboard.press('f');
    await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('field');
    await page.keyboard.type('Descr');
    await page.keyboard.press('Enter'); // Browsers differ in whether typing alone has chosen.
    await page.getByText('1 shown here, 1 in all').waitFor();
    await page.keyboard.press('s');
    await page.keyboard.type('Descriptions');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Descriptions' }).waitFor();
    expect(await page.getByRole('link', { name: 'Descriptions' }).getAttribute('aria-current')).toBe('true');
    await page.keyboard.press('j');
    await page.keyboard.press('a');
    await page.waitForURL(/#assign$/);
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('assign');
    await page.keyboard.type('oper');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(/conflicts\/\d+$/);
    await page.keyboard.press('n');
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('note');
    await page.keyboard.type('Called her: six is right.');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(/#notes$/);
    await page.getByText('Called her: six is right.').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'conflict-noted');
    expect(
      await ourRows(
        world,
        `select assignee, (select text from udesk_sync.conflict_note n where n.conflict_id = c.id) as note
         from udesk_sync.conflict c where field = 'description'`,
      ),
    ).toEqual([{ assignee: 'operator', note: 'Called her: six is right.' }]);
    const other = await signedIn({ width: 360, height: 740 }, 'operator');
    await other.getByRole('article').first().getByText('for operator').waitFor();
    await expectAccessible(other);
    await screenshot(other, 'conflicts-assigned-phone');
  });

  test('many are assigned without scripts, and what was decided together is taken back together', async () => {
    stop.abort(); // Nothing is carried out, so that all can be taken back.
    await daemon;
    const page = await signedIn({ script: false });
    await page.goto(`${web.url}/conflicts?field=nick_name&q=${encodeURIComponent('王小明 1')}`);
    await page.getByLabel(/All 10 that fit/).check();
    await page.getByLabel('Assigned to').last().selectOption('reviewer');
    await page.getByRole('button', { name: 'Assign', exact: true }).click();
    await page.getByRole('heading', { name: '10 assigned to reviewer' }).waitFor();
    await page.goto(`${web.url}/conflicts?assigned=me`);
    await page.getByText('10 shown here, 10 in all').waitFor();
    await page.getByLabel(/All 10 that fit/).check();
    await page.getByRole('button', { name: 'Look at what it does' }).click();
    await page.getByRole('button', { name: 'Decide these 10' }).click();
    await page.getByRole('heading', { name: '10 decided' }).waitFor();
    expect(await open()).toBe(PEOPLE + 1 - 10);
    await page.getByRole('button', { name: 'Undo all of them' }).click();
    await page.getByText('10 were taken back; 0 had been carried out already.').waitFor();
    expect(await open()).toBe(PEOPLE + 1);
    expect(await ourRows(world, 'select 1 from udesk_sync.intent where state <> $$settled$$')).toEqual([]);
  });

  test('a viewer sees everything and can decide nothing', async () => {
    const page = await signedIn({}, 'viewer');
    expect(await page.getByRole('button', { name: /Take/ }).count()).toBe(0);
    await page.getByRole('link', { name: '王小明 03' }).click();
    await page.getByText('Your role may look at conflicts').waitFor();
  });

  test.each([
    ['laptop', { width: 1280, height: 800 }],
    ['laptop-dark', { width: 1280, height: 800, dark: true }],
    ['phone', { width: 360, height: 740 }],
  ] as const)('is accessible, and a customer’s name is never markup: %s', async (name, options) => {
    const page = await signedIn(options);
    await card(page, SCRIPT).first().waitFor();
    await expectAccessible(page);
    await screenshot(page, `conflicts-${name}`);
    await page.goto(`${web.url}/conflicts?q=${encodeURIComponent('Ordered')}`);
    await page.getByRole('link', { name: '王小明 01' }).first().click();
    await page.getByRole('heading', { name: 'Decide' }).waitFor();
    await expectAccessible(page);
    await screenshot(page, `conflict-${name}`);
    await page.goto(`${web.url}/conflicts?state=all&q=${encodeURIComponent('"><script>')}`);
    await page.getByText('No conflict fits').waitFor();
    await expectAccessible(page);
    await speak(page, '中文');
    await page.goto(`${web.url}/conflicts`);
    await page.getByRole('heading', { name: '冲突', level: 1 }).waitFor();
    await expectAccessible(page);
    await screenshot(page, `conflicts-zh-${name}`);
    await card(page, SCRIPT).getByRole('link').first().click();
    await page.getByRole('heading', { name: '裁决', exact: true }).waitFor();
    await expectAccessible(page);
    await screenshot(page, `conflict-zh-${name}`);
  });
});
