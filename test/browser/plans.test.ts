import type { Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { createPairWorker } from '../../src/daemon/pair-worker.ts';
import { answerFromAnotherTable, askedHash } from '../support/another-table.ts';
import { chromiumPath, expectAccessible, screenshot, speak, useBrowser } from '../support/browser.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../support/web.ts';
import { createWorld, ourRows, type World, type WorldOptions } from '../support/world.ts';

const SCRIPT = '<script>alert(1)</script>';

let world: World;
let web: RunningWeb;
let stop: AbortController;
let daemon: Promise<void>;

/** A world after its first cycle, and a daemon that works when something was decided. */
async function open(options: WorldOptions, prepare: () => Promise<void> = async () => {}): Promise<void> {
  world = await createWorld(options);
  await world.sync();
  await prepare();
  const worker = createPairWorker(world.engine, world.pair);
  stop = new AbortController();
  daemon = worker.run(stop.signal);
  web = await openWeb(world, { users: true, wake: () => worker.decided() });
}
afterEach(async () => {
  stop.abort();
  await daemon;
  await web.close();
  await world.close();
});
// Behind that, since what is set up last is taken down first: pages close before their server does.
const browser = useBrowser();

async function signedIn(
  name: string,
  path: string,
  options: Parameters<typeof browser.page>[0] = {},
): Promise<Page> {
  const page = await browser.page(options);
  await page.goto(`${web.url}/sign-in?next=${encodeURIComponent(path)}`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

const SOON = { timeout: 60_000 };
const SIZES = [
  ['laptop', { width: 1280, height: 800 }],
  ['phone', { width: 360, height: 740 }],
] as const;

async function inBothLanguages(page: Page, path: string, shot: string): Promise<void> {
  await page.goto(web.url + path);
  await expectAccessible(page);
  await screenshot(page, shot);
  await speak(page, '中文');
  await expectAccessible(page);
  await screenshot(page, `${shot}-zh`);
  await speak(page, 'English');
}

describe.skipIf(chromiumPath === null)('questions of identity', () => {
  const twins: WorldOptions = {
    customers: [
      { nick_name: SCRIPT, email: 'twin@example.com', cellphones: ['13800000001'] },
      { nick_name: '王小明', email: 'wang@example.com' },
      { nick_name: '王晓明', email: 'w2@example.com', cellphones: ['13900000002'] },
    ],
    people: [
      {
        name: 'Lily A',
        emails: ['twin@example.com'],
        phones: ['13800000001'],
        note: 'Prefers calls after 6 pm',
      },
      { name: 'Lily B', emails: ['twin@example.com'] },
      { name: '王先生', emails: ['wang@example.com'], phones: ['13900000002'] },
    ],
  };

  test('the right one is chosen and confirmed, and the two are kept in step', async () => {
    await open(twins);
    const page = await signedIn('reviewer', '/links');
    const card = page.getByRole('article').filter({ hasText: 'Lily A' });
    await card.getByRole('radio').first().check();
    await card.getByRole('button', { name: 'The chosen ones are the same person' }).click();
    await page.getByText('From the next cycle on').first().waitFor();
    const confirmed = () =>
      ourRows(world, `select crm_id from udesk_sync.link where decided_by = 'person:reviewer'`);
    expect(await confirmed()).toEqual([{ crm_id: '1' }]);
    await expect.poll(async () => (await world.conflicts()).map(({ crm }) => crm), SOON).toEqual(['Lily A']);
  });

  test('without scripts, and on a phone, "not the same person" is one click', async () => {
    await open(twins);
    const page = await signedIn('reviewer', '/links', { script: false, width: 360, height: 740 });
    const card = page.getByRole('article').filter({ hasText: 'Lily A' });
    await card.getByRole('button', { name: 'None of them' }).click();
    await page.getByText('Decided by: reviewer').waitFor();
  });

  test.each(SIZES)('are accessible in both languages: %s', async (name, size) => {
    await open(twins);
    const page = await signedIn('reviewer', '/links', size);
    await inBothLanguages(page, '/links', `links-${name}`);
    const [row] = await ourRows(world, `select id from udesk_sync.link order by id limit 1`);
    await inBothLanguages(page, `/links/${row?.id}`, `link-${name}`);
  });
});

describe.skipIf(chromiumPath === null)('plans that wait', () => {
  const customers = Array.from({ length: 6 }, (_, n) => ({
    nick_name: n === 0 ? SCRIPT : `客户 ${n}`,
    email: `c${n}@example.com`,
  }));
  const held = async () => {
    await world.crm`delete from contact where id in (1, 2, 3)`;
    await world.sync();
  };
  const guarded = {
    customers,
    pair: { deletes: 'propagate', guards: '{ deletes: { max: 2, share: 0.5 } }' },
  };
  const hash = async () => {
    const [row] = await ourRows(world, `select hash from udesk_sync.guard where state = 'waiting'`);
    return String(row?.hash);
  };

  test('a guard is approved, and the page shows when exactly that was released', async () => {
    await open(guarded, held);
    const path = `/plans/${await hash()}`;
    const page = await signedIn('operator', path);
    await page.getByRole('button', { name: 'Approve exactly this' }).click();
    await page.getByText('it was released').waitFor(SOON);
    await expect.poll(() => world.simulator.tenant.list().length, SOON).toBe(3);
    await screenshot(page, 'plan-approved');
  });

  test('a first plan is accepted without scripts, and carried out', async () => {
    await open({
      customers,
      people: [{ name: 'Only here', emails: ['only@example.com'] }],
      pair: { firstRun: 'review' },
    });
    const page = await signedIn('operator', '/links', { script: false });
    await page.getByRole('link', { name: 'Look at it' }).click();
    await screenshot(page, 'plan-first');
    await page.getByRole('button', { name: 'Accept this first plan' }).click();
    await page.getByText('operator said yes').first().waitFor();
    await expect.poll(async () => (await world.people()).length, SOON).toBe(7);
    await page.reload();
    await page.getByText('it was released').waitFor();
  });

  test.each(SIZES)('are accessible in both languages: %s', async (name, size) => {
    await open(guarded, held);
    const page = await signedIn('operator', '/links', size);
    await inBothLanguages(page, `/plans/${await hash()}`, `plan-${name}`);
  });
});

describe.skipIf(chromiumPath === null)('a changed account', () => {
  const customers = ['A', 'B'].map((name) => ({ nick_name: name, email: `${name}@example.com` }));
  const moved = async () => {
    await answerFromAnotherTable(world, 'same');
    await expect(world.sync()).rejects.toThrow('is not the account or table');
  };

  test('is found on the overview, looked at, approved, and the pair goes on', async () => {
    await open({ customers, pair: { deletes: 'propagate' } }, moved);
    const page = await signedIn('operator', '/');
    await page.getByRole('link', { name: 'Another account answers in CRM: is it meant?' }).click();
    await page.getByText('Until now').waitFor();
    await screenshot(page, 'account-waits');
    await page.getByRole('button', { name: 'Yes, work with this one' }).click();
    await page.getByText('the pair works with this account').waitFor(SOON);
    await world.crm`update contact set name = 'A2' where name = 'A'`;
    await world.sync();
    const names = world.simulator.tenant.list().map(({ nick_name }) => nick_name);
    expect(names.sort()).toEqual(['A2', 'B']);
    await screenshot(page, 'account-approved');
  });

  test('without scripts, of two people the second one is told that the first one said no', async () => {
    await open({ customers }, moved);
    const path = `/plans/${await askedHash(world)}`;
    const [one, two] = [
      await signedIn('operator', path, { script: false }),
      await signedIn('operator', path),
    ];
    await one.getByRole('button', { name: 'No, keep waiting' }).click();
    await one.getByText('operator said no').first().waitFor();
    await two.getByRole('button', { name: 'Yes, work with this one' }).click();
    await two.getByText('operator answered first, with no').waitFor();
  });

  test.each(SIZES)('is accessible in both languages, and fits: %s', async (name, size) => {
    await open({ customers }, moved);
    const page = await signedIn('operator', '/plans', size);
    for (const [path, shot] of [
      ['/plans', 'plans'],
      [`/plans/${await askedHash(world)}`, 'account'],
    ] as const) {
      await inBothLanguages(page, path, `${shot}-${name}`);
      const beyond = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
      expect(beyond).toBeLessThanOrEqual(0);
    }
  });
});
