import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyLog } from '../../src/report/verify-log.ts';
import { chromiumPath, expectAccessible, screenshot, speak, useBrowser } from '../support/browser.ts';
import { createSimilarWorld, decideOldest, newcomer } from '../support/similar.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../support/web.ts';
import type { World } from '../support/world.ts';

const SCRIPT = '<script>alert(1)</script>';

let world: World;
let web: RunningWeb;

/** Twenty decided by people, nineteen of them alike; two open, the names of both hostile. */
beforeEach(async () => {
  world = await createSimilarWorld(20, { extra: [SCRIPT, `${SCRIPT} too`] });
  await decideOldest(world, 19, 'udesk', 'reviewer');
  await decideOldest(world, 1, 'crm', 'reviewer');
  await world.sync();
  web = await openWeb(world, { users: true });
});
afterEach(async () => {
  await web.close();
  await world.close();
});
// Behind that, since what is set up last is taken down first: pages close before their server does.
const browser = useBrowser();

async function signedIn(options: Parameters<typeof browser.page>[0] = {}, name = 'operator'): Promise<Page> {
  const page = await browser.page(options);
  await page.goto(`${web.url}/sign-in?next=/conflicts`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Similar conflicts' }).click();
  await page.getByRole('heading', { name: 'Similar conflicts', level: 1 }).waitFor();
  return page;
}

const open = async () => (await world.conflicts()).filter(({ state }) => state === 'open');
const idOf = async (name: string) =>
  (await world.conflicts()).find(({ udesk }) => udesk === name)?.id ?? expect.fail(`${name} has no conflict`);

describe.skipIf(chromiumPath === null)('similar conflicts', () => {
  test.each([
    ['on a laptop', { script: false }],
    ['on a phone', { script: false, width: 360, height: 740 }],
  ] as const)(
    'a rule is turned on, decides a new conflict through to both sides, is turned off, and is undone, without scripts: %s',
    async (_, options) => {
      const page = await signedIn(options);
      await page.getByText('“Take Udesk” agrees with 19 of 20 past decisions of people.').waitFor();
      await page.getByRole('link', { name: 'Look closer' }).click();
      const against = (await world.conflicts()).find(
        ({ crm, state }) => crm === 'LI WEI T' && state !== 'open',
      );
      await page.getByText('These were decided otherwise:').waitFor();
      expect(await page.getByRole('link', { name: `Conflict ${against?.id}`, exact: true }).count()).toBe(1);
      await page.getByLabel('Only conflicts that open from now on').check();
      await page.getByRole('button', { name: 'Turn the rule on' }).click();
      await page.getByText('Rule 1 is on').waitFor();

      await newcomer(world, 'zhao@example.com');
      await world.sync();
      await page.goto(`${web.url}/conflicts/${await idOf('Zhao Min')}`);
      await page.getByText('rule 1, turned on by operator took Udesk').first().waitFor();
      await world.sync();
      await page.reload();
      await page.getByText('Both sides agree.').waitFor();
      expect((await world.people()).map(({ name }) => name)).toContain('Zhao Min');
      expect(await open()).toHaveLength(2); // what was open before stays with people

      await newcomer(world, 'qian@example.com', 'Qian Er');
      await world.sync();
      await page.goto(`${web.url}/conflicts/rules/1`);
      await page.getByText('2 decided').waitFor();
      await page.getByRole('button', { name: 'Turn it off' }).click();
      await page.getByText('Rule 1 is off.').waitFor();
      await page.getByRole('link', { name: `Conflict ${await idOf('Qian Er')}` }).click();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('Your decision was taken back').waitFor();
      await world.sync();
      await world.sync();
      expect((await open()).map(({ udesk }) => udesk)).toContain('Qian Er');
      expect((await world.people()).map(({ name }) => name)).toContain('QIAN ER');
      await page.goto(`${web.url}/conflicts/rules/1`);
      await page.getByText('undone by operator').waitFor();
      expect((await verifyLog(world.database.db, null)).faults).toEqual([]);
    },
  );

  test('what is open can be meant, too: the number is shown before', async () => {
    const page = await signedIn();
    await page.getByRole('link', { name: 'Look closer' }).click();
    await page.getByLabel('Also the 2 that are open now: 0 writes to Udesk, 2 writes to the CRM').check();
    await page.getByRole('button', { name: 'Turn the rule on' }).click();
    await page.getByText('It decides what was open then, too.').waitFor();
  });

  test('a group leads to the inbox with exactly its conflicts', async () => {
    const page = await signedIn();
    await page.getByRole('link', { name: 'Show these 2 in the inbox' }).first().click();
    await page.getByText('2 shown here, 2 in all').waitFor();
    await page.getByText('Only one group of similar ones is shown.').waitFor();
    await page.getByLabel(/All 2 that fit/).check();
    await page.getByRole('button', { name: 'Look at what it does' }).click();
    await page.getByText('2 conflicts are decided: 0 writes to Udesk, 2 writes to the CRM.').waitFor();
  });

  test('a reviewer sees the proposal, and that an operator can turn it on', async () => {
    const page = await signedIn({}, 'reviewer');
    await page.getByRole('link', { name: 'Look closer' }).click();
    await page.getByText('An operator can turn a rule on.').waitFor();
    expect(await page.getByRole('button', { name: 'Turn the rule on' }).count()).toBe(0);
  });

  test.each([
    ['laptop', { width: 1280, height: 800 }],
    ['laptop-dark', { width: 1280, height: 800, dark: true }],
    ['phone', { width: 360, height: 740 }],
  ] as const)('is accessible, and a customer’s name is never markup: %s', async (name, options) => {
    const page = await signedIn(options);
    await page.getByText(SCRIPT).first().waitFor();
    await expectAccessible(page);
    await screenshot(page, `similar-${name}`);
    await page.getByRole('link', { name: 'Look closer' }).click();
    await page.getByText(SCRIPT).first().waitFor();
    await expectAccessible(page);
    await screenshot(page, `similar-group-${name}`);
    await page.getByRole('button', { name: 'Turn the rule on' }).click();
    await page.getByText('Rule 1 is on').waitFor();
    await expectAccessible(page);
    await screenshot(page, `rule-${name}`);
    await page.goto(`${web.url}/conflicts/similar`);
    await speak(page, '中文');
    await page.getByRole('heading', { name: '相似的冲突', level: 1 }).waitFor();
    await expectAccessible(page);
    await screenshot(page, `similar-zh-${name}`);
  });
});
