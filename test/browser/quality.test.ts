/** What every page is held to: accessible, still while it is read, 360 px wide; also those that few people see. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { syncReport } from '../../src/report/sync/document.ts';
import { syncReportHtml } from '../../src/report/sync/html.ts';
import { decideConflict } from '../../src/store/conflict-decisions.ts';
import { chromiumPath, expectAccessible, screenshot, useBrowser } from '../support/browser.ts';
import { JUMP_LIMIT } from '../support/layout-shift.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../support/web.ts';
import { createWorld, ourRows, type World, type WorldOptions } from '../support/world.ts';
import { reportInput } from '../unit/report/sync-fixture.ts';

const SIZES = [
  ['laptop', { width: 1280, height: 800 }],
  ['laptop-dark', { width: 1280, height: 800, dark: true }],
  ['phone', { width: 360, height: 740 }],
] as const;

let world: World | null = null;
let web: RunningWeb | null = null;
afterEach(async () => {
  await web?.close();
  await world?.close();
  [web, world] = [null, null];
});
// Behind that, since what is set up last is taken down first: pages close before their server does.
const browser = useBrowser();

/** Three conflicts over names. */
async function open(options: WorldOptions = {}): Promise<World> {
  world = await createWorld({
    customers: [0, 1, 2].map((n) => ({ nick_name: `王小明 ${n}`, email: `p${n}@example.com` })),
    people: [0, 1, 2].map((n) => ({ name: `王晓明 ${n}`, emails: [`p${n}@example.com`] })),
    ...options,
  });
  await world.sync();
  web = await openWeb(world, { users: true });
  return world;
}

async function signedIn(path: string, options: Parameters<typeof browser.page>[0], name = 'operator') {
  const page = await browser.page(options);
  await page.goto(`${web?.url}/sign-in?next=${encodeURIComponent(path)}`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

async function good(page: Page, heading: string | RegExp, shot: string): Promise<void> {
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await expectAccessible(page);
  await screenshot(page, shot);
}

describe.skipIf(chromiumPath === null).each(SIZES)('is accessible: %s', (size, options) => {
  test('deciding many: the look before, and the result', async () => {
    const { sync, conflicts } = await open();
    const page = await signedIn('/conflicts', options);
    await page.getByLabel(/All 3 that fit/).check();
    await page.getByRole('button', { name: 'Look at what it does' }).click();
    await good(page, /Decide many at once/, `bulk-preview-${size}`);
    await page.getByRole('button', { name: 'Decide these 3' }).click();
    await good(page, '3 decided', `bulk-result-${size}`);
    for (let n = 0; n < 2; n += 1) await sync();
    await page.getByText('0 still to do, 3 agree on both sides.').waitFor();
    await good(page, '3 decided', `bulk-done-${size}`);
    await page.goto(`${web?.url}/conflicts/${(await conflicts())[0]?.id}`);
    await page.getByText('Both sides agree.').waitFor();
    await good(page, /王/, `conflict-decided-${size}`);
  });

  test('a first plan', async () => {
    const { database } = await open({ pair: { firstRun: 'review' } });
    const [row] = await ourRows({ database } as World, 'select first_plan_hash as hash from udesk_sync.pair');
    const page = await signedIn(`/plans/${row?.hash}`, options);
    await page.getByRole('button', { name: 'Accept this first plan' }).waitFor();
    await good(page, /./, `plan-first-${size}`);
  });

  test('what is not there, what a form may not do, and what somebody else decided first', async () => {
    const { conflicts, database } = await open();
    const [first, second] = await conflicts();
    const page = await signedIn('/conflicts', options, 'reviewer');
    const answered = async (status: number, heading: string | RegExp, go: () => Promise<unknown>) => {
      const [response] = await Promise.all([
        page.waitForResponse((one) => one.request().isNavigationRequest()),
        go(),
      ]);
      expect(response.status()).toBe(status);
      await good(page, heading, `error-${status}-${size}`);
    };
    const decide = () => page.getByRole('button', { name: 'Take CRM' }).first().click();
    await answered(404, 'There is nothing here', () => page.goto(`${web?.url}/conflicts/999999`));
    await page.goto(`${web?.url}/conflicts/${first?.id}`);
    await page.evaluate(`for (const field of document.querySelectorAll('[name=csrf]')) field.value = 'x'`);
    await answered(403, 'This page was open for too long', decide);
    await page.goto(`${web?.url}/conflicts/${second?.id}`);
    const other = { conflictId: second?.id ?? '', who: 'operator', take: 'udesk', value: null } as const;
    await decideConflict(database.db, { ...other, at: new Date() });
    await answered(409, /王/, decide);
    await page.getByText('operator was faster').waitFor();
  });

  test('the report as a file: it asks for nothing, and fits', async () => {
    const page = await browser.page(options);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-report-'));
    try {
      const file = pathToFileURL(join(folder, 'report.html')).href;
      writeFileSync(new URL(file), syncReportHtml(syncReport(reportInput()), 'en'));
      await page.goto(file);
      await good(page, /./, `report-${size}`);
      expect(asked).toEqual([file]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test.skipIf(chromiumPath === null)('a page that jumps while it is read is found', async () => {
  const page = await browser.page();
  await page.goto('data:text/html,<p>above</p><main style="height: 600px; background: silver">read</main>');
  const shown = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`;
  await page.evaluate(shown);
  await page.evaluate(`document.querySelector('p').style.height = '400px'`);
  await page.evaluate(shown);
  const jumps = Object.values(await browser.takeJumps());
  expect(jumps).toHaveLength(1);
  expect(jumps[0]).toBeGreaterThan(JUMP_LIMIT);
});
