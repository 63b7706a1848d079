import { afterAll, beforeAll, expect, test } from 'vitest';
import { visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../../support/web.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;

/** Both agreed on one name; then Udesk only shortened it, and the CRM only went on. */
beforeAll(async () => {
  world = await createWorld({
    customers: [{ nick_name: '12 Main Street', email: 'ann@example.com' }],
    people: [{ name: '12 Main Street', emails: ['ann@example.com'] }],
  });
  await world.sync();
  const id = world.simulator.tenant.find('email', 'ann@example.com')?.id ?? '';
  world.simulator.tenant.edit(id, { nick_name: '12 Main St' });
  await world.crm`update contact set name = '12 Main Street, Springfield'`;
  await world.sync();
  web = await openWeb(world, { users: true });
}, 120_000);
afterAll(async () => {
  await web.close();
  await world.close();
});

async function page(path: string): Promise<string> {
  const browser = visitor(web.url);
  await browser.get('/sign-in');
  await browser.post('/sign-in', { name: 'viewer', password: PASSWORD });
  return (await browser.get(path)).text;
}

const STRUCK =
  '<span class="text">12 Main St<del><span class="hidden-text"> gone on a side: </span>reet</del></span>';

test('what a side only took away is struck out in the agreed value, and said to whom does not see it', async () => {
  const [conflict] = await world.conflicts();
  for (const text of [await page('/conflicts'), await page(`/conflicts/${conflict?.id}`)]) {
    expect(text).toContain(STRUCK);
    expect(text).toContain('<span class="text">12 Main St</span>');
    expect(text).toContain('<span class="text">12 Main Street<mark>, Springfield</mark></span>');
  }
});
