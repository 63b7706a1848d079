import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { html } from '../../../src/report/html.ts';
import { ROLES } from '../../../src/web/auth/roles.ts';
import type { Page } from '../../../src/web/page.ts';
import { PAGES } from '../../../src/web/pages.ts';
import { respondPage } from '../../../src/web/respond.ts';
import { type Visitor, visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const say = (title: string) => (visit: Parameters<typeof respondPage>[0]) =>
  respondPage(visit, { title, body: html`<p>${title}</p>` });

/** One page per role. */
const probes: Page = {
  routes: [
    ...ROLES.flatMap(
      (role) =>
        [
          { method: 'GET', path: `/probe/${role}`, access: role, handle: say(role) },
          { method: 'POST', path: `/probe/${role}`, access: role, handle: say(role) },
        ] as const,
    ),
    {
      method: 'GET',
      path: '/probe/broken',
      access: 'viewer',
      handle: () => {
        throw new Error('duplicate key (Wang Fang)');
      },
    },
  ],
};

let world: World;
let web: RunningWeb;
let browser: Visitor;
let now: Date;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  now = new Date();
});
afterEach(() => web.close());

async function open(users: boolean): Promise<void> {
  web = await openWeb(world, { users, pages: [...PAGES, probes], clock: () => now });
  browser = visitor(web.url);
}

async function signIn(name: string, password = PASSWORD) {
  if ((await browser.get('/sign-in')).location !== null) {
    await browser.get('/probe/viewer');
    await browser.post('/sign-out');
    await browser.get('/sign-in');
  }
  return browser.post('/sign-in', { name, password });
}

describe('with users in the configuration', () => {
  beforeEach(() => open(true));

  test.each(['/', '/conflicts', '/probe/viewer', '/no/such/page', '/api/v1/conflicts'])(
    'nothing of %s is shown to a stranger',
    async (path) => {
      const answer = await browser.get(path);
      if (path.startsWith('/api/')) {
        expect(answer.status).toBe(401);
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
        expect(JSON.parse(answer.text)).toMatchObject({ status: 401, code: 'sign-in' });
      } else {
        expect(answer.status).toBe(303);
        expect(answer.location).toMatch(/^\/sign-in/);
      }
    },
  );

  test.each(ROLES)('a %s may do what the role allows, and nothing above it', async (name) => {
    await signIn(name);
    const statuses = [];
    for (const role of ROLES) statuses.push((await browser.get(`/probe/${role}`)).status);
    const posts = [];
    for (const role of ROLES) posts.push((await browser.post(`/probe/${role}`)).status);
    const expected = ROLES.map((role) => (ROLES.indexOf(role) <= ROLES.indexOf(name) ? 200 : 403));
    expect(statuses).toEqual(expected);
    expect(posts).toEqual(expected);
  });

  test('a wrong password and an unknown name get the same answer', async () => {
    const wrong = await signIn('reviewer', 'not the password');
    const unknown = await signIn('nobody', 'not the password');
    const strip = (text: string) => text.replaceAll(/value="[^"]*"/g, '').replaceAll(/ autofocus/g, '');
    expect(wrong.status).toBe(401);
    expect(unknown.status).toBe(401);
    expect(strip(unknown.text)).toBe(strip(wrong.text));
    expect((await browser.get('/probe/viewer')).status).toBe(303);
  });

  test('the sixth try for one name waits, also with the right password; others may still sign in', async () => {
    for (let n = 0; n < 5; n++) expect((await signIn('reviewer', `wrong ${n}`)).status).toBe(401);
    const sixth = await signIn('reviewer');
    expect(sixth.status).toBe(429);
    expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await signIn('operator')).status).toBe(303);
    now = new Date(now.getTime() + 16 * 60_000);
    expect((await signIn('reviewer')).status).toBe(303);
  });

  test('a sign-in gets a cookie that was not there before, and it is out of reach of scripts and other sites', async () => {
    await browser.get('/sign-in');
    const before = browser.cookie('udesk_sync');
    const answer = await browser.post(
      '/sign-in',
      { name: 'reviewer', password: PASSWORD },
      { 'x-forwarded-proto': 'https' },
    );
    const [line = ''] = answer.headers.getSetCookie();
    expect(line).toMatch(/HttpOnly/);
    expect(line).toMatch(/SameSite=Strict/);
    expect(line).toMatch(/Secure/);
    expect(browser.cookie('udesk_sync')).not.toBe(before);
    const stored = JSON.stringify(await ourRows(world, 'select * from udesk_sync.session'));
    expect(stored).not.toContain(browser.cookie('udesk_sync'));
  });

  test('signing out ends the session for whoever copied the cookie, too', async () => {
    await signIn('reviewer');
    await browser.get('/probe/viewer');
    const copied = { cookie: `udesk_sync=${browser.cookie('udesk_sync')}` };
    expect((await visitor(web.url).get('/probe/viewer', copied)).status).toBe(200);
    await browser.post('/sign-out');
    expect((await visitor(web.url).get('/probe/viewer', copied)).status).toBe(303);
  });

  test('a session ends when nobody uses it, and when it is a week old', async () => {
    await signIn('reviewer');
    for (let hour = 0; hour < 3; hour++) {
      now = new Date(now.getTime() + 11 * 3_600_000);
      expect((await browser.get('/probe/viewer')).status).toBe(200);
    }
    now = new Date(now.getTime() + 13 * 3_600_000);
    expect((await browser.get('/probe/viewer')).status).toBe(303);
    await signIn('reviewer');
    for (let n = 0; n < 16; n++) {
      now = new Date(now.getTime() + 11 * 3_600_000);
      await browser.get('/probe/viewer');
    }
    expect((await browser.get('/probe/viewer')).status).toBe(303);
  });

  test('after the sign-in one is where one wanted to be, and never on another site', async () => {
    const asked = await browser.get('/probe/viewer?page=2');
    expect(asked.location).toBe(`/sign-in?next=${encodeURIComponent('/probe/viewer?page=2')}`);
    await browser.get('/sign-in');
    const fields = { name: 'reviewer', password: PASSWORD };
    expect((await browser.post('/sign-in', { ...fields, next: '/probe/viewer?page=2' })).location).toBe(
      '/probe/viewer?page=2',
    );
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      await browser.get('/probe/viewer');
      await browser.post('/sign-out');
      await browser.get('/sign-in');
      expect((await browser.post('/sign-in', { ...fields, next })).location).toBe('/');
    }
  });
});

describe('a form', () => {
  beforeEach(() => open(true));

  test('without the token of this very session does nothing', async () => {
    await signIn('operator');
    expect((await browser.post('/probe/viewer', { csrf: '' })).status).toBe(403);
    const other = visitor(web.url);
    const foreign = /name="csrf" value="([^"]+)"/.exec((await other.get('/sign-in')).text)?.[1] ?? '';
    expect((await browser.post('/probe/viewer', { csrf: foreign })).status).toBe(403);
    await browser.get('/probe/viewer');
    expect((await browser.post('/probe/viewer')).status).toBe(200);
  });

  test('that another site sends does nothing, though its token be right', async () => {
    await signIn('operator');
    await browser.get('/probe/viewer');
    expect((await browser.post('/probe/viewer', {}, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await browser.post('/probe/viewer', {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await browser.post('/probe/viewer', {}, { origin: web.url })).status).toBe(200);
  });

  test('of more than 256 KiB is refused', async () => {
    await signIn('operator');
    expect((await browser.post('/probe/viewer', { much: 'x'.repeat(300_000) })).status).toBe(413);
  });
});

describe('without users', () => {
  beforeEach(() => open(false));

  test('the person at this machine may do everything, under the names of this machine only', async () => {
    expect((await browser.get('/probe/operator')).text).toContain('machine');
    const port = new URL(web.url).port;
    const raw = await import('node:http').then(
      ({ request }) =>
        new Promise<number>((resolve, reject) => {
          const asked = request(
            { host: '127.0.0.1', port, path: '/probe/viewer', headers: { host: 'rebound.example' } },
            (response) => {
              response.resume();
              resolve(response.statusCode ?? 0);
            },
          );
          asked.on('error', reject).end();
        }),
    );
    expect(raw).toBe(403);
    expect((await browser.post('/probe/viewer', { csrf: 'x' })).status).toBe(403);
    expect((await browser.post('/probe/viewer')).status).toBe(200);
  });

  test('every answer forbids scripts, styles and frames from elsewhere, and pages are kept by nobody', async () => {
    for (const path of ['/probe/viewer', '/no/such/page', '/probe/broken']) {
      const { headers } = await browser.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toContain('unsafe');
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("style-src 'self'");
      // A form that was smuggled in sends nothing elsewhere, and no base moves the links of a page.
      expect(policy).toContain("form-action 'self'");
      expect(policy).toContain("base-uri 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  test('assets are named by their contents, so browsers keep them', async () => {
    const page = await browser.get('/probe/viewer');
    const paths = [...page.text.matchAll(/"(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? '');
    expect(new Set(paths).size).toBe(4);
    for (const path of paths) {
      const asset = await browser.get(path);
      expect(asset.status).toBe(200);
      expect(asset.headers.get('cache-control')).toContain('immutable');
    }
  });

  test('a failure tells a reference and nothing of what was inside', async () => {
    const answer = await browser.get('/probe/broken');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('Wang');
    expect(answer.text).toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
  });

  test('a page that is not there is a page in the chosen language', async () => {
    await browser.get('/probe/viewer');
    await browser.post('/language', { language: 'zh-CN', next: '/probe/viewer' });
    const answer = await browser.get('/no/such/page');
    expect(answer.status).toBe(404);
    expect(answer.text).toContain('<html lang="zh-CN">');
    expect(answer.text).toContain('这里没有内容');
  });
});
