import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chromiumPath, expectAccessible, screenshot, speak, useBrowser } from '../support/browser.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../support/web.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let web: RunningWeb;
beforeEach(async () => {
  world = await createWorld();
  web = await openWeb(world, { users: true, locale: 'zh-CN' });
});
afterEach(async () => {
  await web.close();
  await world.close();
});
// Behind that, since what is set up last is taken down first: pages close before their server does.
const browser = useBrowser();

describe.skipIf(chromiumPath === null)('signing in', () => {
  test('works in both languages, on a phone and without JavaScript, and signing out ends it', async () => {
    const page = await browser.page({ width: 360, height: 740, script: false });

    await page.goto(`${web.url}/conflicts`);
    await page.getByRole('heading', { name: '登录' }).waitFor();
    await speak(page, 'English');
    await page.getByLabel('Name').fill('reviewer');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('do not go together').waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();

    await page.getByText('You are signed out.').waitFor();
    await page.goto(`${web.url}/conflicts`);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
  });

  test.each([
    ['laptop', { width: 1280, height: 800 }],
    ['phone-dark', { width: 360, height: 740, dark: true }],
  ] as const)('is accessible: %s', async (name, options) => {
    const page = await browser.page(options);
    await page.goto(`${web.url}/sign-in`);
    await expectAccessible(page);
    await screenshot(page, `sign-in-${name}`);
  });
});
