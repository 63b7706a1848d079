import { afterEach, expect, test } from 'vitest';
import { type SweepHolder, startSweep } from '../../../src/engine/sweep.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

test('P7: customers deleted while a sweep pages through 5,000 of them: no live one is ever marked deleted, and every deleted one is (T5)', async () => {
  world = await createWorld({ customers: 5000, pair: { create: '{ inCrm: false, inUdesk: false }' } });
  await world.sync();
  const live = () => new Set(world.simulator.tenant.list().map(({ id }) => id));
  const deleted = new Set<string>();
  const marked = async () =>
    (
      await ourRows(
        world,
        `select remote_id from udesk_sync.record where side = 'udesk' and state = 'deleted'`,
      )
    ).map((row) => String(row.remote_id));
  const callsBefore = world.simulator.counts().requests;

  const holder: SweepHolder = { current: startSweep(world.pair, 'udesk', new Date()) };
  for (let slices = 0; holder.current !== null; slices += 1) {
    // Before, behind and at the cursor: each deletion moves every later page.
    if (slices < 25) {
      const ids = [...live()];
      for (const at of [3 + slices, slices * 100 + 50, ids.length - 2]) {
        const id = ids[Math.min(at, ids.length - 1)] ?? '';
        if (deleted.has(id)) continue;
        world.simulator.tenant.delete(id);
        deleted.add(id);
      }
    }
    await world.sync({ observe: { udesk: 'none', crm: 'none', sweep: { holder, budgetMs: 0 } } });
    const wrong = (await marked()).filter((id) => live().has(id));
    expect(wrong).toEqual([]);
  }
  const callsOfSweep = world.simulator.counts().requests - callsBefore;
  const report = await world.sync();

  expect(report.observed.udesk.certified).toBe(true);
  expect(new Set(await marked())).toEqual(deleted);
  process.stdout.write(
    `${deleted.size} deletions during a sweep of 5,000: ${callsOfSweep} calls while they happened, ${world.simulator.counts().requests - callsBefore - callsOfSweep} for the sweep that proved them\n`,
  );
});
