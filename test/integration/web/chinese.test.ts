import { afterAll, beforeAll, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb } from '../../support/web.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let id: string;

/** A person decided the name, and of that decision nothing is on record any more. */
beforeAll(async () => {
  world = await createWorld({
    customers: [{ nick_name: 'Ann', email: 'ann@example.com' }],
    people: [{ name: 'Anne', emails: ['ann@example.com'] }],
  });
  await world.sync();
  const conflictId = (await world.conflicts())[0]?.id ?? '';
  const decision = { conflictId, who: 'bob', take: 'udesk', value: null, at: new Date() } as const;
  await decideConflict(world.database.db, decision);
  await world.sync();
  await world.database.sql`delete from udesk_sync.decision`;
  await world.database
    .sql`update udesk_sync.conflict set reason = 'there was nothing left to undo', resolved_by = 'mapping changed'`;
  id = world.simulator.tenant.find('email', 'ann@example.com')?.id ?? '';
  web = await openWeb(world, { users: true, locale: 'zh-CN' });
}, 120_000);
afterAll(async () => {
  await web.close();
  await world.close();
});

test('a customer’s page tells in Chinese where a story breaks off, and why a conflict was opened and closed', async () => {
  const browser = visitor(web.url);
  await browser.get('/sign-in');
  await browser.post('/sign-in', { name: 'viewer', password: PASSWORD });
  const { text } = await browser.get(`/customers/${id}`);
  expect(text).toMatch(/来源链不完整：<\/span> 写入 \d+ 所依据的裁决没有记录。/);
  expect(text).toContain('已没有可撤销的内容。');
  expect(text).toContain('映射已更改');
  expect(text).not.toContain('<span lang="en">');
});
