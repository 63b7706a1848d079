/** A rule waits until Udesk's history was read after the conflict came up, whatever our clock said when it was read before. */
import { afterEach, expect, test } from 'vitest';
import { runCycle } from '../../../src/engine/cycle.ts';
import { turnOn } from '../../../src/store/review-rules.ts';
import { createWorld, customerId, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(() => world.close());

test.each([
  ['never', 0],
  ['when the history was read', 200_000],
])('and decides nothing that the history puts into another group (clock ahead: %s)', async (_, readMs) => {
  world = await createWorld({ customers: [{ nick_name: 'Kim', email: 'kim@example.com' }] });
  let aheadMs = 0;
  const sync = (readFeeds: boolean) =>
    runCycle({ ...world.engine, clock: () => new Date(Date.now() + aheadMs) }, world.pair, {
      trigger: 'sync',
      observe: { udesk: 'full', crm: 'full' },
      readFeeds,
    });
  const pattern = async () =>
    String((await ourRows(world, 'select pattern from udesk_sync.conflict'))[0]?.pattern);
  await sync(false);
  aheadMs = readMs;
  await sync(true);
  expect(await ourRows(world, `select 1 from udesk_sync.record where feed_read_at is not null`)).toHaveLength(
    1,
  );
  aheadMs = 0;
  world.simulator.tenant.edit(
    customerId(world, 'Kim'),
    { nick_name: 'Kim Lee' },
    { id: 8, nick_name: 'Tom' },
  );
  await world.crm`update contact set name = 'KIM LEE'`;
  await sync(false);
  const shown = await pattern();
  expect(shown).toMatch(/^v1\.unknown\./);
  const [row] = await world.conflicts();
  await turnOn(world.database.db, {
    ...{ pair: 'main', field: 'nick_name', kind: row?.kind ?? 'edit/edit', pattern: shown },
    ...{ take: 'udesk', agrees: 10, total: 10, includeOpen: true, who: 'ann', at: new Date() },
  });
  // Other customers' histories are read first.
  await sync(false);
  await sync(true);
  await sync(true);

  expect(await ourRows(world, 'select take from udesk_sync.decision')).toEqual([]);
  expect(await pattern()).toMatch(/^v1\.person\./);
});
