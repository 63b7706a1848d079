/** Who may ask for which page and send which form, over the whole route table: what is new there is refused until it is named here. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PAGES } from '../../../src/web/pages.ts';
import { type Answer, type Visitor, visitor } from '../../support/visitor.ts';
import { openWeb, type RunningWeb, signedIn } from '../../support/web.ts';
import { createWorld, type World } from '../../support/world.ts';

const OPEN = ['GET /sign-in', 'POST /sign-in', 'POST /sign-out', 'POST /language'];
/** A view is one's own, whoever one is. */
const OF_VIEWERS = ['POST /conflicts/views', 'POST /conflicts/views/:id/delete'];
const OF_OPERATORS = ['POST /conflicts/rules', 'POST /plans/:hash/approve', 'POST /plans/:hash/reject'];

const routes = PAGES.flatMap((page) => page.routes)
  .map(({ method, path }) => `${method} ${path}`)
  .filter((route) => !route.includes(' /api/') && !OPEN.includes(route));

let world: World;
let web: RunningWeb;
beforeAll(async () => {
  world = await createWorld();
  web = await openWeb(world, { users: true });
});
afterAll(async () => {
  await web.close();
  await world.close();
});

async function ask(browser: Visitor, route: string): Promise<Answer> {
  const [method, path = ''] = route.split(' ');
  const address = path.replace(':hash', 'f'.repeat(64)).replace(':id', '7');
  return method === 'GET' ? await browser.get(address) : await browser.post(address);
}

/** Those of all routes that this browser is not let to. */
async function refusedTo(browser: Visitor, status: (answer: Answer) => boolean): Promise<string[]> {
  const refused: string[] = [];
  for (const route of routes) if (status(await ask(browser, route))) refused.push(route);
  return refused;
}

const forms = routes.filter((route) => route.startsWith('POST '));
const isForbidden = ({ status }: Answer) => status === 403;

test('a stranger gets to no page and no form: each sends them to sign in', async () => {
  const stranger = visitor(web.url);
  await stranger.get('/sign-in');
  const toSignIn = ({ status, location }: Answer) =>
    status === 401 || (status === 303 && location?.startsWith('/sign-in') === true);
  expect(routes.length).toBeGreaterThan(40);
  expect(await refusedTo(stranger, toSignIn)).toEqual(routes);
});

test('a viewer sees every page, and may send no form but those of their own views', async () => {
  const viewer = await signedIn(web, 'viewer');
  expect(await refusedTo(viewer, isForbidden)).toEqual(forms.filter((form) => !OF_VIEWERS.includes(form)));
});

test('a reviewer may send every form but those of an operator, and an operator all', async () => {
  expect(await refusedTo(await signedIn(web, 'reviewer'), isForbidden)).toEqual(
    forms.filter((form) => OF_OPERATORS.includes(form)),
  );
  expect(await refusedTo(await signedIn(web, 'operator'), isForbidden)).toEqual([]);
  expect(OF_OPERATORS.every((form) => forms.includes(form))).toBe(true);
});
