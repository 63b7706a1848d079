/**
 * A whole day of the daemon in virtual time, with edits on both sides all day and four troubles: an hour of 429, an hour of
 * 5xx, a clock that is off by more than five minutes, and a page cut in half. P10: the quota holds in every sliding
 * minute. P2: every edit arrives, or is in a conflict. Each trouble is told once, and ends without a person.
 */
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { ScheduledLane } from '../../../src/daemon/lanes.ts';
import { createPairWorker } from '../../../src/daemon/pair-worker.ts';
import { memoryLedger } from '../../../src/http/quota.ts';
import { seededRandom } from '../../../src/simulator/random.ts';
import { busiestMinuteOf, type Edit, evidenceOf, fatesOf, WRITE_DOWN } from '../../support/accounting.ts';
import { createDay } from '../../support/day.ts';
import { createWorld, type World, writesSoFar } from '../../support/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2025, 2, 3);
/** Few, so that it is what the program waits for after each trouble. */
const PER_MINUTE = 20;
const CUSTOMERS = 120;

/** When each lane is due; that cron expressions become such calls is the scheduler's business. */
const EVERY: Readonly<Record<ScheduledLane, number>> = {
  head: 10 * MINUTE,
  crm: 10 * MINUTE,
  sweep: 20 * MINUTE,
  pages: 10 * MINUTE,
  feeds: 40 * MINUTE,
  audit: 4 * HOUR,
};

/** The field on both sides; each edit has a value of its own. */
const FIELDS = [
  { udesk: 'nick_name', crm: 'name' },
  { udesk: 'description', crm: 'note' },
] as const;

interface Line {
  readonly at: number;
  readonly level: number;
  readonly kind?: string;
  readonly msg: string;
  readonly err?: string;
}
const [INFO, WARN, ERROR] = [30, 40, 50];

let world: World;
afterEach(() => world.close());

test('a day of edits and four troubles: no breach of the quota, nothing lost, each told once, recovery by itself', async () => {
  const random = seededRandom('a day');
  const day = createDay(START);
  const lines: Line[] = [];
  const log = pino(
    { level: 'info' },
    { write: (text: string) => lines.push({ ...(JSON.parse(text) as Line), at: day.time.now() }) },
  );
  const emails = Array.from({ length: CUSTOMERS }, (_, n) => `p${n}@example.com`);
  world = await createWorld({
    customers: emails.map((email, n) => ({ nick_name: `Start ${n}`, email })),
    switches: { 'rate.per_minute': String(PER_MINUTE) },
    perMinute: PER_MINUTE,
    time: day.time,
    log,
    udesk: {
      ledger: memoryLedger(day.time.monotonic),
      // The pauses of p-retry are real time.
      retry: { retries: 2, minDelayMs: 0, maxDelayMs: 0, maxRetryAfterMs: MINUTE },
    },
  });
  await world.crm.unsafe(WRITE_DOWN);
  const { simulator } = world;
  const worker = createPairWorker(
    { ...world.engine, clock: day.clock, random: random.next },
    world.pair,
    day.ended,
  );
  const stop = new AbortController();
  const running = worker.run(stop.signal);

  const edits: Edit[] = [];
  const edit = async (side: Edit['side'], email: string, field = random.pick(FIELDS)) => {
    const value = `edit ${edits.length} of ${side}`;
    edits.push({ at: day.time.now(), side, email, field, value });
    const id = simulator.tenant.find('email', email)?.id ?? '';
    if (side === 'udesk') simulator.tenant.edit(id, { [field.udesk]: value });
    else await world.crm`update contact set ${world.crm({ [field.crm]: value })} where emails[1] = ${email}`;
  };
  let born = 0;
  const bear = async () => {
    const email = `new${born++}@example.com`;
    if (born % 2 === 0) simulator.tenant.create({ nick_name: email, email });
    else await world.insert({ name: email, emails: [email] });
    emails.push(email);
  };

  const troubles = [
    {
      name: 'an hour of 429',
      kind: 'throttled',
      from: START + 3 * HOUR,
      until: START + 4 * HOUR,
      begin: () => simulator.tenant.faults.push({ kind: 'status', status: 429, times: 1e9 }),
      end: () => simulator.tenant.faults.clear(),
    },
    {
      name: 'an hour of 5xx',
      kind: 'transient',
      from: START + 8 * HOUR,
      until: START + 9 * HOUR,
      begin: () => simulator.tenant.faults.push({ kind: 'status', status: 503, times: 1e9, skip: 3 }),
      end: () => simulator.tenant.faults.clear(),
    },
    {
      name: 'a clock that is off',
      kind: 'auth',
      from: START + 13 * HOUR,
      until: START + 14 * HOUR,
      begin: () => simulator.set('clock.offset', '330'),
      end: () => simulator.set('clock.offset', '0'),
    },
    {
      name: 'a page cut in half',
      kind: 'transient',
      from: START + 18 * HOUR,
      until: START + 18 * HOUR + 30 * MINUTE,
      begin: () =>
        simulator.tenant.faults.push({ kind: 'truncate', match: { path: '/customers' }, times: 1e9 }),
      end: () => simulator.tenant.faults.clear(),
    },
  ];

  worker.due('audit');
  for (let minute = 0; minute <= 24 * 60; minute += 1) {
    const at = START + minute * MINUTE;
    await day.passUntil(at);
    for (const trouble of troubles) {
      if (trouble.from === at) trouble.begin();
      if (trouble.until === at) trouble.end();
    }
    // People rest for the last hour, so that the day ends settled.
    if (minute >= 10 && minute < 23 * 60) {
      if (minute % 6 === 0)
        await edit(random.chance(0.5) ? 'udesk' : 'crm', random.pick(emails.slice(0, CUSTOMERS)));
      if (minute % 97 === 0) await bear();
      // Both sides within one look: the two people cannot know of each other.
      if (minute % 120 === 50) {
        const [email, field] = [random.pick(emails.slice(0, CUSTOMERS)), random.pick(FIELDS)];
        await edit('udesk', email, field);
        await edit('crm', email, field);
      }
    }
    for (const [lane, every] of Object.entries(EVERY))
      if ((minute * MINUTE) % every === 0) worker.due(lane as ScheduledLane);
  }
  // Once the world stands still, nothing is written any more (P4).
  await day.passUntil(START + 24 * HOUR + 30 * MINUTE);
  const quiet = await writesSoFar(world);
  worker.due('audit');
  await day.passUntil(START + 25 * HOUR);
  expect(await writesSoFar(world)).toEqual(quiet);
  stop.abort();
  await running;

  const busiest = busiestMinuteOf(simulator);
  expect(simulator.counts().requests).toBe(simulator.log.length);
  expect(busiest).toBeLessThanOrEqual(PER_MINUTE);
  expect(busiest).toBeGreaterThan(PER_MINUTE / 2);

  // P2: on the other side, or superseded on its own before it could travel, or in a conflict.
  const fates = fatesOf(edits, await evidenceOf(simulator.tenant, world.crm, world.database.sql));
  expect(fates.lost).toEqual([]);
  expect(fates.arrived).toBeGreaterThan(edits.length * 0.8);
  expect(fates.held).toBeGreaterThan(5);
  await expectBothSidesEqual(emails);

  for (const trouble of troubles) {
    const mine = lines.filter(({ at }) => at >= trouble.from && at < trouble.until + 10 * MINUTE);
    const told = mine.filter(({ level }) => level >= WARN);
    const errors = told.filter(({ level }) => level >= ERROR);
    expect(
      errors.map(({ kind }) => kind),
      `${trouble.name}: ${JSON.stringify(told)}`,
    ).toEqual([trouble.kind]);
    expect(told.length, `${trouble.name}: ${JSON.stringify(told)}`).toBeLessThanOrEqual(3);
    const over = mine.filter(({ level, msg }) => level === INFO && msg === 'the pair is well again');
    expect(
      over.map(({ kind }) => kind),
      trouble.name,
    ).toEqual([trouble.kind]);
    expect(over[0]?.at, trouble.name).toBeGreaterThanOrEqual(trouble.until);
  }
  const calm = lines.filter(
    ({ at, level }) =>
      level >= WARN && !troubles.some(({ from, until }) => at >= from && at < until + 10 * MINUTE),
  );
  expect(calm.filter(({ level }) => level >= ERROR)).toEqual([]);
  expect(worker.health).toMatchObject({ failures: 0, lastError: null });
}, 600_000);

/** P6: every field is equal on both sides, or held in an open conflict. */
async function expectBothSidesEqual(emails: readonly string[]): Promise<void> {
  const people = new Map((await world.people()).map((person) => [person.emails[0], person]));
  const open = new Set(
    (await world.conflicts())
      .filter(({ state }) => state === 'open')
      .map(({ udeskId, field }) => `${udeskId} ${field}`),
  );
  const differ: string[] = [];
  for (const email of emails) {
    const [customer, person] = [world.simulator.tenant.find('email', email), people.get(email)];
    for (const field of FIELDS) {
      const [here, there] = [customer?.[field.udesk] ?? '', person?.[field.crm] ?? ''];
      if (here !== there && !open.has(`${customer?.id} ${field.udesk}`))
        differ.push(`${email} ${field.udesk}`);
    }
  }
  expect(differ).toEqual([]);
  expect(people.size).toBe(emails.length);
}
