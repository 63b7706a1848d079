/**
 * A real Chromium for tests of the pages. Where none can be had, the tests are skipped, and `browser-setup.ts` says why.
 *
 *     afterEach(() => web.close());
 *     const browser = useBrowser(); // behind what closes the server, which then outlives the pages
 *     describe.skipIf(chromiumPath === null)('…', () => { test('…', async () => { const page = await browser.page(); … }) });
 */
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { createJumps, JUMP_LIMIT, OBSERVE, type Shift } from './layout-shift.ts';

const PLACES = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export const chromiumPath = PLACES.find((path) => path !== undefined && existsSync(path)) ?? null;

/**
 * Who leaves a page cuts off what it still asks. That is nobody's fault, htmx complains twice about it, and the browser does not
 * always name the request to us by then; every other request of htmx that gets no answer is told by the browser.
 */
const CUT_OFF = 'net::ERR_ABORTED';
const CUT_OFF_TOLD = /^htmx:(afterRequest|sendError),/;

const SHOTS = join(import.meta.dirname, '../../.artefacts/screens');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly script?: boolean;
  readonly locale?: string;
}

export interface TestBrowser {
  /**
   * In a context of its own: no cookies of others. Fails the test when a script throws, the CSP stops something, or what
   * a person reads jumps.
   */
  page(options?: PageOptions): Promise<Page>;
  /** What jumped until now, per document; it is not told of again. */
  takeJumps(): Promise<Record<string, number>>;
}

export function useBrowser(): TestBrowser {
  let browser: Browser | null = null;
  let contexts: BrowserContext[] = [];
  let faults: string[] = [];
  let jumps = createJumps();
  const takeJumps = async () => {
    await Promise.all(contexts.flatMap((context) => context.pages()).map(jumps.settled));
    const found = jumps.perDocument();
    jumps = createJumps();
    return found;
  };
  beforeAll(async () => {
    if (chromiumPath === null) return;
    browser = await chromium.launch({
      executablePath: chromiumPath,
      chromiumSandbox: false,
      args: [
        ...['--disable-gpu', '--no-first-run', '--disable-background-networking'],
        ...['--disable-component-update', '--disable-sync'],
      ],
    });
  });
  afterEach(async () => {
    const jumped = await takeJumps();
    await Promise.all(contexts.map((context) => context.close()));
    contexts = [];
    const found = faults;
    faults = [];
    expect(found, 'the browser complained').toEqual([]);
    const tooMuch = Object.entries(jumped).filter(([, sum]) => sum >= JUMP_LIMIT);
    expect(tooMuch, 'the layout shifted').toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
  });
  return {
    takeJumps,
    async page({ width = 1280, height = 800, dark = false, script = true, locale = 'en' } = {}) {
      if (browser === null) throw new Error('there is no Chromium');
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: dark ? 'dark' : 'light',
        javaScriptEnabled: script,
        locale,
        reducedMotion: 'reduce',
      });
      contexts.push(context);
      context.setDefaultTimeout(15_000);
      await context.exposeBinding('told', (_, shift: Shift) => jumps.add(shift));
      await context.addInitScript(OBSERVE);
      const page = await context.newPage();
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('requestfailed', (request) => {
        const why = request.failure()?.errorText ?? '';
        if (request.resourceType() === 'xhr' && why !== CUT_OFF) faults.push(`${request.url()}: ${why}`);
      });
      page.on('dialog', (dialog) => {
        faults.push(`a dialog opened: ${dialog.message()}`);
        dialog.dismiss().catch(() => {});
      });
      page.on('console', (message) => {
        // A refusal that the test asked for is told on the console, too.
        const asked = /^(Failed to load resource|Response Status Error Code)/.test(message.text());
        if (message.type() === 'error' && !asked && !CUT_OFF_TOLD.test(message.text()))
          faults.push(message.text());
      });
      return page;
    },
  };
}

/** Until the page is there in this language: the click alone does not wait for it, and what asks a page that is leaving fails. */
export async function speak(page: Page, language: 'English' | '中文'): Promise<void> {
  await page.getByRole('button', { name: language }).click();
  await page.locator(`html[lang="${language === '中文' ? 'zh-CN' : 'en'}"]`).waitFor({ state: 'attached' });
  await page.waitForLoadState();
}

/** Nothing that axe-core finds wrong, and nothing wider than the window. */
export async function expectAccessible(page: Page): Promise<void> {
  // As an init script of the browser, since the CSP of the page allows no script of others.
  const source = await import('node:fs').then(({ readFileSync }) => readFileSync(AXE, 'utf8'));
  await page.evaluate(source);
  const violations = (await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then((result) => result.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html + ' ' + n.failureSummary).join(' | ')))`,
  )) as string[];
  expect(violations, `axe on ${page.url()}`).toEqual([]);
  const [scroll, inner] = (await page.evaluate(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  )) as [number, number];
  expect(scroll, `${page.url()} scrolls sideways`).toBeLessThanOrEqual(inner);
}

/** For people to look at; the folder is not tracked. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}
