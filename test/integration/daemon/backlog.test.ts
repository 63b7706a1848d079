/**
 * A backlog that takes the quota many minutes, in virtual time: everybody in the CRM was edited at once. The head of the
 * list is read on time all the while, a decision of a person goes before the backlog, and the backlog drains.
 */
import { afterEach, expect, test } from 'vitest';
import { createPairWorker } from '../../../src/daemon/pair-worker.ts';
import type { CycleReport } from '../../../src/engine/cycle.ts';
import { memoryLedger } from '../../../src/http/quota.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { busiestMinuteOf } from '../../support/accounting.ts';
import { createDay } from '../../support/day.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const START = Date.UTC(2025, 2, 3);
const PER_MINUTE = 60;
/** BACKLOG=3000 takes some minutes. */
const BACKLOG = Number(process.env.BACKLOG ?? 150);
const HEAD_EVERY = 15 * SECOND;
/** Three calls each: a look, the write, and a look at what it replaced. */
const MINUTES = Math.ceil((BACKLOG * 3) / PER_MINUTE);

let world: World;
afterEach(() => world.close());

test(`a backlog of ${BACKLOG} writes at ${PER_MINUTE} calls a minute keeps neither the head of the list nor a person waiting`, {
  timeout: 240_000 + BACKLOG * 1_000,
}, async () => {
  const day = createDay(START);
  world = await createWorld({
    customers: Array.from({ length: BACKLOG }, (_, n) => ({
      nick_name: `Name ${n}`,
      email: `p${n}@example.com`,
      description: 'agreed',
    })),
    pair: { guards: '{ updates: { share: 1 } }' },
    switches: { 'rate.per_minute': String(PER_MINUTE) },
    perMinute: PER_MINUTE,
    time: day.time,
    udesk: { ledger: memoryLedger(day.time.monotonic) },
  });
  const { simulator } = world;
  const cycles: CycleReport[] = [];
  const worker = createPairWorker(
    { ...world.engine, clock: day.clock },
    world.pair,
    (report) => cycles.push(report),
    day.ended,
  );
  const stop = new AbortController();
  const running = worker.run(stop.signal);
  worker.due('sweep');
  await day.passUntil(START + 10 * MINUTE);
  const waiting = async () =>
    Number(
      (
        await ourRows(
          world,
          `select count(*) as n from udesk_sync.intent where state in ('pending', 'unknown')`,
        )
      )[0]?.n,
    );
  expect(await waiting()).toBe(0);
  expect(await world.people()).toHaveLength(BACKLOG);

  // One of whom a person will have to decide.
  const [disputed] = await world.people();
  const id = disputed?.udesk_id ?? '';
  simulator.tenant.edit(id, { description: 'by Udesk' });
  await world.crm`update contact set note = 'by the CRM' where id = ${disputed?.id ?? ''}`;
  worker.hint(id);
  worker.due('crm');
  for (let at = START + 10 * MINUTE; at < START + 12 * MINUTE; at += HEAD_EVERY) {
    await day.passUntil(at);
    worker.due('head');
  }
  await day.passUntil(START + 12 * MINUTE);
  const [conflict] = await world.conflicts();
  expect(conflict?.field).toBe('description');

  simulator.clearLog();
  const began = START + 12 * MINUTE;
  await world.crm`update contact set name = name || ' Jr'`;
  worker.due('crm');
  const seen: { at: number; what: string; waiting: number }[] = [];
  let decidedAt: number | null = null;
  let bornAt: number | null = null;
  let drainedAt: number | null = null;
  for (let at = began; drainedAt === null && at < began + 2 * MINUTES * MINUTE; at += HEAD_EVERY) {
    await day.passUntil(at);
    worker.due('head');
    if ((at - began) % MINUTE === 0) {
      worker.due('crm');
      const left = await waiting();
      if (left === 0 && at > began + 3 * MINUTE) drainedAt = at;
      if (bornAt !== null && !seen.some(({ what }) => what === 'born')) {
        const people = await world.people();
        if (people.some(({ name }) => name === 'New')) seen.push({ at, what: 'born', waiting: left });
      }
      const held = simulator.tenant.get(id)?.description;
      if (decidedAt !== null && held === 'by the CRM' && !seen.some(({ what }) => what === 'decided')) {
        seen.push({ at, what: 'decided', waiting: left });
      }
    }
    if (at === began + 2 * MINUTE) {
      bornAt = at;
      simulator.tenant.create({ nick_name: 'New', email: 'new@example.com' });
    }
    if (at === began + 4 * MINUTE) {
      decidedAt = at;
      const choice = { who: 'reviewer', take: 'crm', value: null, at: new Date(at) } as const;
      expect(await decideConflict(world.database.db, { conflictId: conflict?.id ?? '', ...choice })).toBe(
        true,
      );
      worker.decided();
    }
  }
  stop.abort();
  await running;

  const backlog = simulator.log.filter(({ at }) => at < (drainedAt ?? Number.POSITIVE_INFINITY));
  const heads = backlog.filter(({ path }) => path.endsWith('/customers')).map(({ at }) => at);
  const gaps = heads.map((at, n) => at - (heads[n - 1] ?? began));
  const busiest = busiestMinuteOf({ log: backlog });
  process.stdout.write(
    `${BACKLOG} writes drained in ${((drainedAt ?? Number.NaN) - began) / MINUTE} minutes of ${MINUTES} at best, ${cycles.length} cycles; longest wait for the head ${Math.max(...gaps) / SECOND} s; busiest minute ${busiest}\n`,
  );
  // On time: with the next tick at the latest, and a look under way when it fell due.
  const late = gaps.flatMap((gap, n) =>
    gap > 2 * HEAD_EVERY ? [[((heads[n] ?? 0) - began) / SECOND, gap]] : [],
  );
  expect(late).toEqual([]);
  const [born, decided] = ['born', 'decided'].map((what) => seen.find((one) => one.what === what));
  expect(born?.at).toBeLessThanOrEqual((bornAt ?? 0) + 2 * MINUTE);
  expect(decided?.at).toBeLessThanOrEqual((decidedAt ?? 0) + 2 * MINUTE);
  // They went before the backlog, not after it.
  expect(born?.waiting).toBeGreaterThan(BACKLOG / 4);
  expect(decided?.waiting).toBeGreaterThan(BACKLOG / 4);
  expect(drainedAt).not.toBeNull();
  const names = simulator.tenant.list().map(({ nick_name }) => nick_name);
  expect(names.filter((name) => name?.endsWith(' Jr'))).toHaveLength(BACKLOG);
  expect(busiest).toBeLessThanOrEqual(PER_MINUTE);
  expect(simulator.log.filter(({ status }) => status === 429)).toHaveLength(0);
});
