/** P8: an hour of creates is an hour, whatever our clock says meanwhile. Udesk's clock tells. */
import { afterEach, expect, test } from 'vitest';
import type { PairRuntime } from '../../../src/engine/context.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { SyncError } from '../../../src/errors.ts';
import { createWorld, type World } from '../../support/world.ts';
import { type Moment, withMoments } from './moments.ts';

let world: World;
afterEach(() => world.close());

const HOUR_MS = 3_600_000;

interface Setting {
  /** How long the test has been going on by the true time. */
  readonly passedMs?: number;
  /** Whether Udesk has told its time, which is the true one. */
  readonly told?: boolean;
  readonly moments?: readonly Moment[];
}

/** Our clock is so much ahead of the true time. */
const sync = (aheadMs: number, { passedMs = 0, told = true, moments = [] }: Setting = {}) => {
  const { spec, sides } = withMoments(world.pair, moments);
  const udesk = new Proxy(sides.udesk, {
    get: (side, key) =>
      key === 'clockSkewMs' ? () => (told ? -aheadMs : null) : (Reflect.get(side, key) as unknown),
  });
  const pair: PairRuntime = { spec, sides: { ...sides, udesk } };
  return runCycle({ ...world.engine, clock: () => new Date(Date.now() + passedMs + aheadMs) }, pair, {
    trigger: 'sync',
    observe: { udesk: 'full', crm: 'full' },
  });
};
const join = (...names: string[]) => {
  for (const nick_name of names)
    world.simulator.tenant.create({ nick_name, email: `${nick_name}@example.com` });
};

test.each([
  ['was set ahead between', 0, 2 * HOUR_MS],
  ['was behind, and is set right between', -2 * HOUR_MS, 0],
  ['was ahead, and is set right between', 2 * HOUR_MS, 0],
])('the guard counts what was created a moment ago where our clock %s', async (_, firstMs, thenMs) => {
  world = await createWorld({ pair: { guards: '{ creates: { perHour: 2 } }' } });
  join('kim');
  await sync(firstMs);
  join('lee', 'pat');
  await sync(firstMs);
  expect(await world.people()).toHaveLength(3);
  join('ann');

  const { waiting } = await sync(thenMs);

  expect(waiting?.tripped.map(({ guard }) => guard)).toContain('creates');
  expect(await world.people()).toHaveLength(3);
});

test('what was let through while our clock was ahead, and could not be sent, is judged anew', async () => {
  world = await createWorld({ pair: { guards: '{ creates: { perHour: 2 } }' } });
  join('kim');
  await sync(0);
  join('lee', 'pat');
  await sync(0);
  join('ann');
  const away: Moment = {
    ...{ side: 'crm', call: 'create', when: 'before' },
    act: () => {
      throw new SyncError('transient', 'the side does not answer');
    },
  };
  // Nobody tells that it is ahead.
  expect((await sync(2 * HOUR_MS, { told: false, moments: [away] })).waiting).toBeNull();

  const { waiting } = await sync(0);

  expect(waiting?.tripped.map(({ guard }) => guard)).toEqual(['creates']);
  expect(await world.people()).toHaveLength(3);
});

test('and lets others be created once the hour is over, however our clock stands', async () => {
  world = await createWorld({ pair: { guards: '{ creates: { perHour: 2 } }' } });
  join('kim');
  await sync(-2 * HOUR_MS);
  join('lee', 'pat');
  await sync(-2 * HOUR_MS);
  join('ann');

  expect((await sync(0, { passedMs: HOUR_MS + 60_000 })).waiting).toBeNull();

  expect(await world.people()).toHaveLength(4);
});
