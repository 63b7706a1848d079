import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { saveView, VIEW_NAME_LIMIT, VIEWS_MOST, viewsOf } from '../../../src/store/inbox-views.ts';
import { type Visitor, visitor } from '../../support/visitor.ts';
import { openWeb, type RunningWeb, signedIn } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let viewer: Visitor;
let operator: Visitor;

beforeAll(async () => {
  world = await createWorld({
    customers: [
      { nick_name: 'Ann', email: 'ann@example.com' },
      { nick_name: 'Bob', email: 'bob@example.com' },
    ],
    people: [
      { name: 'Anna', emails: ['ann@example.com'] },
      { name: 'Bobby', emails: ['bob@example.com'] },
    ],
  });
  await world.sync();
  await ourRows(world, `update udesk_sync.conflict set assignee = 'operator' where udesk = '"Bob"'`);
  web = await openWeb(world, { users: true });
  viewer = await signedIn(web, 'viewer');
  operator = await signedIn(web, 'operator');
}, 120_000);
afterAll(async () => {
  await web.close();
  await world.close();
});
beforeEach(async () => {
  await ourRows(world, 'delete from udesk_sync.inbox_view');
});

const own = (who: string) => viewsOf(world.database.db, who);
const shown = (text: string) => [...text.matchAll(/aria-labelledby="name-\d+"/g)].length;

describe('a view', () => {
  test('keeps filters, order and search under a name, for whoever made it, and not the place in the list', async () => {
    const answer = await viewer.post('/conflicts/views', {
      name: ' <b>Names & more</b> ',
      filter: 'field=nick_name&q=an&sort=newest&cursor=after~~1&state=all',
    });
    expect(answer.status).toBe(303);
    expect(await own('viewer')).toEqual([
      expect.objectContaining({
        name: '<b>Names & more</b>',
        query: 'field=nick_name&state=all&q=an&sort=newest',
      }),
    ]);
    const { text } = await viewer.get(answer.location ?? '');
    const [view] = await own('viewer');
    expect(text).toContain(
      `<a href="/conflicts/views/${view?.id}" aria-current="true">&lt;b&gt;Names &amp; more&lt;/b&gt;</a>`,
    );
    expect((await operator.get('/conflicts')).text).not.toContain('Names &amp; more');
  });

  test('opens by its link for everybody who may look, and `me` in it is whoever opens it', async () => {
    await viewer.post('/conflicts/views', { name: 'mine', filter: 'assigned=me' });
    const [view] = await own('viewer');
    const opened = await operator.get(`/conflicts/views/${view?.id}`);
    expect([opened.status, opened.location]).toEqual([303, '/conflicts?assigned=me']);
    expect(shown((await operator.get(opened.location ?? '')).text)).toBe(1);
    expect(shown((await viewer.get(opened.location ?? '')).text)).toBe(0);
    expect((await viewer.get('/conflicts/views/999999')).status).toBe(404);
    expect((await viewer.get('/conflicts/views/x')).status).toBe(404);
    expect((await visitor(web.url).get(`/conflicts/views/${view?.id}`)).status).not.toBe(200);
  });

  test('saved again under its name takes the place of the old one, and only its owner deletes it', async () => {
    await viewer.post('/conflicts/views', { name: 'v', filter: 'age=day' });
    await operator.post('/conflicts/views', { name: 'v', filter: 'age=week' });
    await viewer.post('/conflicts/views', { name: 'v', filter: 'age=older' });
    const [view] = await own('viewer');
    expect(view?.query).toBe('age=older');
    expect((await operator.post(`/conflicts/views/${view?.id}/delete`)).status).toBe(404);
    expect((await viewer.post(`/conflicts/views/${view?.id}/delete`, { csrf: 'x' })).status).toBe(403);
    expect((await viewer.post(`/conflicts/views/${view?.id}/delete`)).status).toBe(303);
    expect(await own('viewer')).toEqual([]);
    expect(await own('operator')).toHaveLength(1);
  });

  test('without a name, with too long a one, with filters that are none, or one too many, is refused', async () => {
    const save = async (name: string, filter = '') =>
      (await viewer.post('/conflicts/views', { name, filter })).status;
    expect(await save('  ')).toBe(400);
    expect(await save('长'.repeat(VIEW_NAME_LIMIT + 1))).toBe(400);
    expect(await save('x', 'state=nonsense')).toBe(400);
    expect(await save('x', 'q=%00')).toBe(400);
    expect((await viewer.post('/conflicts/views', { name: 'x', filter: '', csrf: 'x' })).status).toBe(403);
    for (let n = 0; n < VIEWS_MOST; n += 1)
      await saveView(world.database.db, {
        who: 'viewer',
        name: `${n}`,
        query: '',
        words: null,
        at: new Date(),
      });
    expect(await save('one more')).toBe(422);
    expect(await save('7', 'age=day')).toBe(303);
    expect(await own('viewer')).toHaveLength(VIEWS_MOST);
  });
});

test('everybody has the common views, in their own language', async () => {
  const { text } = await operator.get('/conflicts?assigned=me');
  expect(text).toContain('<a href="/conflicts?assigned=me" aria-current="true">Mine</a>');
  expect(text).toContain('<a href="/conflicts?age=older">Older than a week</a>');
  await operator.post('/language', { language: 'zh-CN', next: '/conflicts' });
  expect((await operator.get('/conflicts')).text).toContain('>超过一周的</a>');
});
