import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { busiestMinuteOf } from '../../support/accounting.ts';
import { batchCalls, fill, fillCrm, later, names, namesOf } from '../../support/backfill.ts';
import { runProgram, startProgram, writeConfig } from '../../support/program.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const PEOPLE = 900;
const PER_MINUTE = 100;

let world: World;
let config: ReturnType<typeof writeConfig>;
afterEach(async () => {
  config.remove();
  await world.close();
});

/** Kills the real program `afterMs` after one more batch has reached Udesk. */
async function killAtBatch(afterMs: number): Promise<void> {
  const running = startProgram(['--config', config.file, 'sync'], { DATABASE_URL: world.databaseUrl });
  const target = batchCalls(world) + 1;
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  while (!over && batchCalls(world) < target) await wait(1);
  await wait(afterMs);
  running.process.kill('SIGKILL');
  await running.ended;
}

test('P9, P10: a backfill killed with kill -9 five times over creates everybody once, within the quota', async () => {
  // Rows come into being a while after the answer: the kills fall before, in between and after.
  world = await createWorld({
    switches: { 'batch.delay_ms': '120', 'rate.per_minute': String(PER_MINUTE) },
  });
  await fillCrm(world, PEOPLE);
  config = writeConfig(world.configText.replace('perMinute: 1000000', `perMinute: ${PER_MINUTE}`));

  for (const afterMs of [0, 60, 150, 400, 900]) await killAtBatch(afterMs);
  const last = await runProgram(['--config', config.file, 'sync'], { DATABASE_URL: world.databaseUrl });

  expect(last.code).toBe(0);
  expect(last.stdout).toMatch(/backfill: \d+ of 900 created in udesk/);
  expect(world.simulator.log.filter(({ status }) => status === 429)).toEqual([]);
  expect(busiestMinuteOf(world.simulator)).toBeLessThanOrEqual(PER_MINUTE);
  // A batch that was killed before it left waits for its lag: in this process, ten minutes later.
  world.simulator.set('rate.per_minute', '0');
  await fill(world, {}, later(world));
  expect(names(world)).toEqual(namesOf(PEOPLE));
  expect(await ourRows(world, `select * from udesk_sync.parked`)).toEqual([]);
  expect(
    await ourRows(
      world,
      `select count(*)::int as n from udesk_sync.link where state = 'confirmed' and udesk_id is not null`,
    ),
  ).toEqual([{ n: PEOPLE }]);
}, 300_000);

test('status tells how far a backfill is and how long it may take', async () => {
  world = await createWorld();
  await fillCrm(world, 800);
  config = writeConfig(world.configText);
  await world.sync();

  const shown = await runProgram(['--config', config.file, 'status'], { DATABASE_URL: world.databaseUrl });
  const json = await runProgram(['--config', config.file, '--json', 'status'], {
    DATABASE_URL: world.databaseUrl,
  });

  expect(shown.stdout).toMatch(
    /backfill +495 of 800 created in udesk, about \d+ (s|min) left \(\d+ a minute\)/,
  );
  const [pair] = (JSON.parse(json.stdout) as { pairs: { backfills: object[] }[] }).pairs;
  expect(pair?.backfills).toMatchObject([{ side: 'udesk', done: 495, left: 305, total: 800, batches: 5 }]);
});
