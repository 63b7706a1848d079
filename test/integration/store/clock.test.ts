/**
 * The clock of a database that was set back, as it is after it: whatever was written before lies ahead. (That of an embedded
 * Postgres is the clock of the machine.) Moving the times that are stored does the same, and needs no clock of its own.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { boundOf, emptyList, withPage } from '../../../src/core/freshness/pages.ts';
import { byTheClock } from '../../../src/core/freshness/set-clock.ts';
import { claimChannel } from '../../../src/store/alerts.ts';
import type { Database } from '../../../src/store/database.ts';
import { freshnessOf } from '../../../src/store/freshness.ts';
import { loadGauges } from '../../../src/store/gauges.ts';
import { acquireLease, renewLease } from '../../../src/store/lease.ts';
import { loadFreshness, loadList, saveList, saveMoved } from '../../../src/store/listing.ts';
import { dueForRevisit } from '../../../src/store/reach.ts';
import { beat, REPLICA_TTL_MS } from '../../../src/store/replicas.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';

let testDb: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDb = await createTestDatabase();
  database = await testDb.open();
});
afterAll(() => testDb.drop());

const HOUR = 3_600_000;

describe('after the clock was set back by a day', () => {
  test('the last good cycle is the last one, not the one with the latest time', async () => {
    const { sql, db } = database;
    await sql`insert into udesk_sync.pair (name, udesk_certified_at, crm_certified_at)
      values ('gauges', now() + interval '1 day', now() - interval '1 hour')`;
    const run = (outcome: string, ended: string) =>
      sql`insert into udesk_sync.run (pair, trigger, started_at, finished_at, outcome, stats)
        values ('gauges', 'run', now() + ${ended}::interval, now() + ${ended}::interval, ${outcome}, '{}')`;
    const gauges = async () => (await loadGauges(db, ['gauges']))[0];
    await run('done', '1 day');
    await run('failed', '-1 second');
    // What is not known is not taken for a cycle of this moment.
    expect((await gauges())?.lastGoodMs).toBeLessThan(-23 * HOUR);
    expect((await gauges())?.sides.udesk.certifiedAgeMs).toBeLessThan(-23 * HOUR);
    expect((await gauges())?.sides.crm.certifiedAgeMs).toBeGreaterThan(HOUR - 1_000);
    await run('done', '-5 minutes');
    await run('failed', '-1 second');
    expect((await gauges())?.lastGoodMs).toBeGreaterThan(4 * 60_000);
  });

  test('the lease of a process that is gone lasts no longer than any lease, and a living one keeps its own', async () => {
    const { sql, db } = database;
    const [TTL, LIVES] = [200, 60_000];
    await acquireLease(db, 'dead', 'dead', TTL);
    const held = await acquireLease(db, 'alive', 'alive', LIVES);
    await sql`update udesk_sync.lease set expires_at = expires_at + interval '1 day'`;

    const first = await acquireLease(db, 'dead', 'next', TTL);
    if (first.ok) throw new Error('a lease was taken that may be held');
    expect(first.remainingMs).toBeGreaterThan(0);
    expect(first.remainingMs).toBeLessThanOrEqual(TTL);
    await vi.waitFor(async () =>
      expect(await acquireLease(db, 'dead', 'next', TTL)).toMatchObject({ ok: true }),
    );

    if (!held.ok) throw new Error('the lease was not free');
    expect(await acquireLease(db, 'alive', 'next', LIVES)).toMatchObject({ ok: false, owner: 'alive' });
    const left = async () =>
      (
        await sql`select expires_at > now() + interval '55 seconds' as all from udesk_sync.lease
      where pair = 'alive'`
      )[0];
    expect(await left()).toEqual({ all: true });
    expect(await renewLease(db, held.fence, LIVES)).toBe('renewed');
    expect(await acquireLease(db, 'alive', 'next', LIVES)).toMatchObject({ ok: false, owner: 'alive' });
    expect(await left()).toEqual({ all: true });
  });

  test('a daemon that is gone is not counted among those that live, after the usual silence', async () => {
    const { sql, db } = database;
    const state = { pairs: [], breakers: [] };
    await beat(db, 'gone', state);
    await sql`update udesk_sync.replica set seen_at = seen_at + interval '1 day'`;
    // It may live, as far as is known: it is given the time to speak.
    expect((await beat(db, 'here', state)).toSorted()).toEqual(['gone', 'here']);
    await sql`update udesk_sync.replica set seen_at = seen_at - ${REPLICA_TTL_MS} * interval '1 millisecond'`;
    expect(await beat(db, 'here', state)).toEqual(['here']);
  });

  test('an alert channel that was claimed by a process that is gone is free after the usual time', async () => {
    const { sql, db } = database;
    await claimChannel(db, 'c', 'gone', 200);
    await sql`update udesk_sync.alert_channel set claimed_until = claimed_until + interval '1 day'`;
    expect(await claimChannel(db, 'c', 'here', 200)).toBeNull();
    await vi.waitFor(async () => expect(await claimChannel(db, 'c', 'here', 200)).not.toBeNull(), 20_000);
  });

  test('no age of a page is stated, and none of a customer, until they were looked at by the clock as it is now', async () => {
    const { sql, db } = database;
    const now = new Date();
    const at = (ago: string) => sql`now() - ${ago}::interval`;
    await sql`insert into udesk_sync.pair (name, udesk_swept_at) values ('ages', ${at('4 minutes')})`;
    await sql`insert into udesk_sync.record (pair, side, remote_id, fields, keys, hash, state, observed_at)
      values ('ages', 'udesk', '1', '{}', '{}', 'h', 'live', ${at('5 minutes')})`;
    const list = [1, 2].reduce(
      (known, page) =>
        withPage(known, {
          ...{ page, at: now.getTime() - 5_000, total: 150, records: 100, changed: 0, fresh: 0 },
          ...{ repeats: false, lowId: null, free: false },
        }),
      emptyList(now.getTime() - 60_000),
    );
    const bound = boundOf(list, now.getTime(), null);
    await saveList(db, 'ages', emptyList(0), { list, hintedBy: 0 }, { at: now.getTime(), bound });
    const view = async () =>
      (
        await sql`select bound is not null as bound, active_bound is not null as active,
          oldest_verified_at is not null as verified from report.freshness where pair = 'ages'`
      )[0];
    expect(await view()).toEqual({ bound: true, active: true, verified: true });
    expect(await loadFreshness(db, 'ages', now)).not.toBeNull();
    expect((await freshnessOf(db, 'ages', now))[1]).toMatchObject({ withinMs: 600_000, udesk: 1 });

    await sql`update udesk_sync.listing set stated_at = stated_at + interval '1 day', paid_at = paid_at + interval '1 day'`;
    await sql`update udesk_sync.listing_page set looked_at = looked_at + interval '1 day',
      right_at = right_at + interval '1 day'`;
    await sql`update udesk_sync.pair set udesk_swept_at = udesk_swept_at + interval '1 day' where name = 'ages'`;
    await sql`update udesk_sync.record set observed_at = observed_at + interval '1 day' where pair = 'ages'`;
    expect(await view()).toEqual({ bound: false, active: false, verified: false });
    expect(await loadFreshness(db, 'ages', now)).toBeNull();
    expect((await freshnessOf(db, 'ages', now)).map(({ udesk }) => udesk)).toEqual([0, 0, 0, 0, 1]);

    const stored = await loadList(db, 'ages', now);
    await saveMoved(db, 'ages', stored.list, { ...stored, ...byTheClock(stored, now.getTime()) }, now);
    expect(await view()).toEqual({ bound: false, active: false, verified: false });
    const right = await loadList(db, 'ages', now);
    expect(right).toMatchObject({ sweptAt: null, list: { pages: [{ rightAt: null }, { rightAt: null }] } });
    expect(byTheClock(right, now.getTime())).toBe(right);
  });

  test('who is beyond the list is asked for, though that was done at a time ahead', async () => {
    const { sql, db } = database;
    const now = new Date();
    await sql`insert into udesk_sync.pair (name, udesk_swept_at) values ('beyond', now() - interval '1 hour')`;
    const person = (id: string, checked: string) =>
      sql`insert into udesk_sync.record (pair, side, remote_id, fields, keys, hash, state, observed_at, unlisted, checked_at)
        values ('beyond', 'udesk', ${id}, '{}', '{}', 'h', 'live', now(), true, now() + ${checked}::interval)`;
    await person('old', '-2 hours');
    await person('done', '-1 minute');
    await person('ahead', '1 day');
    expect(await dueForRevisit(db, 'beyond', 9, now)).toEqual(['old', 'ahead']);
    // A sweep of a time ahead says nothing of who was asked for since.
    await sql`update udesk_sync.pair set udesk_swept_at = now() + interval '1 day' where name = 'beyond'`;
    expect(await dueForRevisit(db, 'beyond', 9, now)).toEqual(['ahead']);
  });
});
