/** What a person says of a link is about the link as its page showed it. */
import { afterEach, expect, test } from 'vitest';
import { type Visitor, visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../../support/web.ts';
import { createWorld, customerId, ourRows, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let browser: Visitor;

async function begin() {
  world = await createWorld({
    customers: ['Stays', 'Sure'].map((name) => ({
      nick_name: name,
      email: `${name.toLowerCase()}@example.com`,
    })),
  });
  await world.sync();
  web = await openWeb(world, { users: true, wake: () => {} });
  browser = visitor(web.url);
  await browser.get('/sign-in');
  await browser.post('/sign-in', { name: 'reviewer', password: PASSWORD });
}
afterEach(async () => {
  await web.close();
  await world.close();
});

const linkOf = async (id: string) =>
  (await ourRows(world, `select id::text as id, state, decided_by from udesk_sync.link where id = ${id}`))[0];

/** What the browser sends with the form that ends the link, as that page has it. */
function formOf(page: string): Record<string, string> {
  const [form = ''] = /<form[^>]*\/unlink"[\s\S]*?<\/form>/.exec(page) ?? [];
  expect(form).not.toBe('');
  const hidden = [...form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  return { ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])), sure: '1' };
}

test('P2: a deletion that a person says is settled, and that was taken back since its page was shown, parts nobody', async () => {
  await begin();
  const id = String(
    (
      await ourRows(world, `select id from udesk_sync.link where udesk_id = '${customerId(world, 'Sure')}'`)
    )[0]?.id,
  );
  await world.crm`create table bin as select * from contact where name = 'Sure'`;
  await world.crm`delete from contact where name = 'Sure'`;
  await world.sync();
  await world.sync();
  expect(await linkOf(id)).toMatchObject({ state: 'broken', decided_by: 'flag' });
  const { text } = await browser.get(`/links/${id}`);
  const form = formOf(text);

  await world.crm`insert into contact overriding system value select * from bin`;
  await world.sync();
  expect(await linkOf(id)).toMatchObject({ state: 'confirmed', decided_by: 'restored' });
  await browser.post(`/links/${id}/unlink`, form);

  world.simulator.tenant.edit(customerId(world, 'Sure'), { description: 'by Tom' });
  for (let n = 0; n < 3; n += 1) await world.sync();
  const notes = (await world.people()).map(({ name, note }) => [name, note]);
  expect(notes).toContainEqual(['Sure', 'by Tom']);
});

test('P2: two who are said to be two people are those whom the page showed, and not who took the place of one since', async () => {
  await begin();
  const { tenant } = world.simulator;
  const sure = customerId(world, 'Sure');
  const id = String(
    (await ourRows(world, `select id from udesk_sync.link where udesk_id = '${sure}'`))[0]?.id,
  );
  const form = formOf((await browser.get(`/links/${id}`)).text);

  const { id: survivor } = tenant.create({ nick_name: 'Survivor', email: 'survivor@example.com' });
  tenant.merge(sure, survivor);
  await world.sync();
  await browser.post(`/links/${id}/unlink`, form);

  const [link] = await ourRows(world, `select udesk_id, state from udesk_sync.link where id = ${id}`);
  expect(link).toEqual({ udesk_id: survivor, state: 'confirmed' });
});
