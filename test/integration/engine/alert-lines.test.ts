/** What somebody has to look at is told once, however many cycles find it again. */
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
afterEach(() => world.close());

const lines: { level: number; kind?: string; msg: string }[] = [];
const log = pino({ level: 'info' }, { write: (text: string) => lines.push(JSON.parse(text)) });
const told = (words: string) => lines.filter(({ level, msg }) => level >= 40 && msg.includes(words));

test('a guard that holds a plan is an error once, and again after it was over', async () => {
  lines.length = 0;
  const customers = Array.from({ length: 40 }, (_, n) => ({
    nick_name: `C ${n}`,
    email: `c${n}@example.com`,
  }));
  world = await createWorld({ customers, log, pair: { guards: '{ updates: { share: 0.3 } }' } });
  await world.sync();
  await world.crm`update contact set name = name || ' moved'`;
  for (let n = 0; n < 3; n += 1) {
    // The plan changes, and with it its hash.
    await world.crm`update contact set name = name || ${n} where emails[1] = 'c1@example.com'`;
    expect((await world.sync()).outcome).toBe('waiting');
  }
  expect(told('a guard holds').map(({ kind }) => kind)).toEqual(['guard']);
  await world.crm`update contact set name = 'C ' || substr(emails[1], 2, strpos(emails[1], '@') - 2)`;
  expect((await world.sync()).outcome).toBe('done');
  await world.crm`update contact set name = name || ' moved'`;
  await world.sync();
  expect(told('a guard holds')).toHaveLength(2);
});

test('a list that cannot be certified is a warning once', async () => {
  lines.length = 0;
  world = await createWorld({ log });
  world.simulator.tenant.faults.push({
    kind: 'status',
    status: 200,
    match: { path: '/customers' },
    times: 1e6,
    body: JSON.stringify({
      code: 1000,
      meta: { current_page: 1, page_size: 100, total_pages: 1, total_count: 1 },
      customers: [{ nick_name: 'without an id' }],
    }),
  });
  for (let n = 0; n < 3; n += 1) expect((await world.sync()).observed.udesk.certified).toBe(false);
  expect(told('not certified')).toHaveLength(1);
});
