import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COUNTED, inboxFacets } from '../../../src/store/inbox-facets.ts';
import { visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb, tokenOf } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;

/** Four customers of two owners whose names differ, one of whom 王芳 edited, and one note that a policy decides. */
beforeAll(async () => {
  const names = ['王小明', '欧阳建国', 'Zoë O’Brien', '100%_sure'];
  world = await createWorld({
    customers: names.map((nick_name, n) => ({
      nick_name,
      email: `p${n}@example.com`,
      cellphones: [`1391111000${n}`],
      owner_id: n < 2 ? 8 : 9,
    })),
    people: names.map((_, n) => ({ name: `CRM ${n}`, emails: [`p${n}@example.com`] })),
  });
  await world.sync();
  const id = world.simulator.tenant.find('email', 'p0@example.com')?.id ?? '';
  world.simulator.tenant.edit(id, { nick_name: '王小朋' }, { id: 12, nick_name: '王芳' });
  await world.sync();
  await world.sync({ observe: { udesk: 'none', crm: 'none' }, readFeeds: true });
  web = await openWeb(world, { users: true });
}, 120_000);
afterAll(async () => {
  await web.close();
  await world.close();
});

async function names(query: Record<string, string>, role = 'viewer'): Promise<string[]> {
  const response = await fetch(`${web.url}/api/v1/conflicts?${new URLSearchParams(query)}`, {
    headers: { authorization: `Bearer ${tokenOf(role)}` },
  });
  const body = (await response.json()) as { total: number; conflicts: { name: string }[] };
  if (response.status === 200) expect(body.total).toBe(body.conflicts.length);
  return response.status === 200 ? body.conflicts.map(({ name }) => name) : [String(response.status)];
}

async function page(query: string): Promise<string> {
  const browser = visitor(web.url);
  await browser.get('/sign-in');
  await browser.post('/sign-in', { name: 'viewer', password: PASSWORD });
  return (await browser.get(`/conflicts?${query}`)).text;
}

describe('the inbox is filtered', () => {
  test('by the owner of the customer in Udesk', async () => {
    expect(await names({ owner: '8' })).toEqual(['王小朋', '欧阳建国']);
    expect(await names({ owner: '9', q: 'sure' })).toEqual(['100%_sure']);
    expect(await names({ owner: '7' })).toEqual([]);
  });

  test('by who made one of the edits, as Udesk’s history tells', async () => {
    expect(await names({ author: '王芳' })).toEqual(['王小朋']);
    expect(await names({ author: '王' })).toEqual([]);
  });

  test('by the policy that the configuration has for the field', async () => {
    expect(await names({ policy: 'hold' })).toHaveLength(4);
    expect(await names({ policy: 'crm' })).toEqual([]);
    expect(await names({ policy: 'mine' })).toEqual(['400']);
  });

  test('and each choice says how many it would leave, the other filters unchanged', async () => {
    const text = await page('owner=8&author=%E7%8E%8B%E8%8A%B3');
    expect(text).toContain('<option value="8" selected>8 (1)</option>');
    expect(text).not.toContain('<option value="9">');
    expect(text).toContain('<option value="hold">a person decides (1)</option>');
    expect(text).toContain('<option value="nobody">nobody (1)</option>');
    expect(await page('owner=9')).toContain('<option value="9" selected>9 (2)</option>');
    expect(await page('owner=9')).toContain('<option value="8">8 (2)</option>');
  });
});

describe('the inbox is searched', () => {
  test('by parts of names of two characters or one, in whatever case of letters', async () => {
    expect(await names({ q: '建国' })).toEqual(['欧阳建国']);
    expect(await names({ q: '阳' })).toEqual(['欧阳建国']);
    expect(await names({ q: 'zO' })).toEqual(['Zoë O’Brien']);
    expect(await names({ q: '国建' })).toEqual([]);
    expect(await names({ q: 'z' })).toEqual(['Zoë O’Brien']);
  });

  test('by parts of e-mails, phones and values, and by ids of both sides', async () => {
    expect(await names({ q: 'p1@ex' })).toEqual(['欧阳建国']);
    expect(await names({ q: '13911110002' })).toEqual(['Zoë O’Brien']);
    expect(await names({ q: 'crm 3' })).toEqual(['100%_sure']);
    const [first] = await world.conflicts();
    expect(await names({ q: first?.udeskId ?? '' })).toEqual([expect.any(String)]);
    expect(await names({ q: `#${first?.id}` })).toHaveLength(1);
  });

  test('what looks like a pattern is text', async () => {
    expect(await names({ q: '100%_' })).toEqual(['100%_sure']);
    expect(await names({ q: '%' })).toEqual(['100%_sure']);
    expect(await names({ q: "o'; drop" })).toEqual([]);
  });

  test('by the name that somebody has now', async () => {
    expect(await names({ q: '小朋' })).toEqual(['王小朋']);
    expect(await names({ q: '小明' })).toEqual([]);
  });
});

test('who made the edit stands on the card, and on the page of the conflict what was tried and what both hold now', async () => {
  expect(await page('q=%E5%B0%8F%E6%9C%8B')).toMatch(/changed <time[^>]*>[^<]*<\/time> by 王芳/);
  const [first] = await world.conflicts();
  const browser = visitor(web.url);
  await browser.get('/sign-in');
  await browser.post('/sign-in', { name: 'viewer', password: PASSWORD });
  expect((await browser.get(`/conflicts/${first?.id}`)).text).toContain(
    'The policy that was tried: a person decides.',
  );
});

test('counts go through so many and no more, and say so', async () => {
  const template = (await world.conflicts())[3];
  await ourRows(
    world,
    `insert into udesk_sync.conflict (pair, link_id, field, kind, state, reason, opened_at, changed_at)
     select pair, link_id, 'description', kind, 'resolved', reason, opened_at, changed_at
     from udesk_sync.conflict, generate_series(1, ${COUNTED + 50}) where id = ${template?.id}`,
  );
  const facets = await inboxFacets(world.database.db, { state: 'closed', now: new Date() });
  expect(facets).toMatchObject({ total: COUNTED, more: true, newest: COUNTED });
  // One more than that is looked at, to know that there are more.
  const counted = [...facets.counts.kind.values()].reduce((sum, n) => sum + n, 0);
  expect(counted).toBeLessThanOrEqual(COUNTED + 1);
  expect(await page('state=closed')).toContain('25 shown here, 10,000+ in all');
  const few = await inboxFacets(world.database.db, { state: 'closed', owner: '8', now: new Date() });
  expect(few).toMatchObject({ total: 0, more: false, newest: COUNTED });
});
