import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { runProgram, startProgram, writeConfig } from '../../support/program.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

let world: World;
let config: ReturnType<typeof writeConfig>;
afterEach(async () => {
  config.remove();
  await world.close();
});

const customers = Array.from({ length: 12 }, (_, n) => ({ nick_name: `U${n}`, email: `u${n}@example.com` }));
const people = Array.from({ length: 12 }, (_, n) => ({ name: `C${n}`, emails: [`c${n}@example.com`] }));

async function killAtWrite(nth: number): Promise<void> {
  const running = startProgram(['--config', config.file, 'sync'], { DATABASE_URL: world.databaseUrl });
  const target = world.simulator.counts().writes + nth;
  let over = false;
  void running.ended.then(() => {
    over = true;
  });
  while (!over && world.simulator.counts().writes < target) await wait(1);
  running.process.kill('SIGKILL');
  await running.ended;
}

describe('P9 crash refinement', () => {
  test('a sync killed with kill -9 while it writes, four times over, ends where an uninterrupted one ends (T22)', async () => {
    world = await createWorld({ customers, people });
    config = writeConfig(world.configText);

    for (const nth of [1, 2, 3, 4]) await killAtWrite(nth);
    const last = await runProgram(['--config', config.file, 'sync'], { DATABASE_URL: world.databaseUrl });

    expect(last.code).toBe(0);
    const names = [...customers.map((c) => c.nick_name), ...people.map((p) => p.name)].sort();
    expect(
      world.simulator.tenant
        .list()
        .map(({ nick_name }) => nick_name)
        .sort(),
    ).toEqual(names);
    expect((await world.people()).map(({ name }) => name).sort()).toEqual(names);
    expect(
      await ourRows(world, `select state, count(*)::int as n from udesk_sync.link group by state`),
    ).toEqual([{ state: 'confirmed', n: 24 }]);
    expect(await ourRows(world, `select * from udesk_sync.parked`)).toEqual([]);
    expect(await world.conflicts()).toEqual([]);
    const quiet = await writesSoFar(world);
    await runProgram(['--config', config.file, 'sync'], { DATABASE_URL: world.databaseUrl });
    expect(await writesSoFar(world)).toEqual(quiet);
  });

  test('SIGTERM to the daemon finishes the write that is under way and leaves nothing of unknown outcome', async () => {
    world = await createWorld({ customers, people });
    config = writeConfig(`${world.configText}\nhttp: { port: 0 }\n`);
    const running = startProgram(['--config', config.file, 'run'], { DATABASE_URL: world.databaseUrl });
    while (world.simulator.counts().writes < 3) await wait(1);

    running.process.kill('SIGTERM');
    const { code } = await running.ended;

    expect(code).toBe(0);
    expect(
      await ourRows(world, `select id from udesk_sync.intent where state in ('sending', 'unknown')`),
    ).toEqual([]);
    expect(await ourRows(world, `select 1 from udesk_sync.lease where expires_at > now()`)).toEqual([]);
  });

  test('two syncs of one pair at once do each piece of work once (T12)', async () => {
    world = await createWorld({ customers, people });
    config = writeConfig(world.configText);

    const both = await Promise.all(
      [1, 2].map(() => runProgram(['--config', config.file, 'sync'], { DATABASE_URL: world.databaseUrl })),
    );

    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(world.simulator.tenant.count).toBe(24);
    expect(await world.people()).toHaveLength(24);
    expect(world.simulator.counts().committed).toBe(12);
  });
});
