import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toError } from '../../../src/errors.ts';
import { createSockets } from '../../../src/lib/postgres-sockets.ts';
import { openClient, targetOf } from '../../../src/store/client.ts';
import { createLifeline, type Lifeline } from '../../../src/store/lifeline.ts';
import { createPool, type Pool } from '../../../src/store/pool.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/db.ts';

let server: TestDatabase;
let pool: Pool;
let opened: number;
beforeEach(async () => {
  server = await createEmptyDatabase();
  opened = 0;
  pool = createPool((closed) => {
    opened += 1;
    const sockets = createSockets();
    return { sql: openClient(targetOf(server.url), { max: 1, fetchTypes: false, sockets, closed }), sockets };
  });
});
afterEach(async () => {
  await pool.end(1);
  // The server itself notices nothing of a client that is gone while it sleeps.
  const onlooker = await server.open({ max: 1, applicationName: 'onlooker' });
  await onlooker.sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${server.name} and wait_event = 'PgSleep'`;
  await onlooker.close();
  await server.drop();
});

const lifelineOf = (patienceMs: number) => createLifeline({ db: drizzle(pool.sql), pool }, patienceMs);
const sleepFor = (lifeline: Lifeline, seconds: number) =>
  lifeline.run((db) => db.execute(sql`select pg_sleep(${seconds})`)).then(() => 'ok', toError);

test('a connection that is slow to be made is given the time; one that had answered is left sooner for a new one', async () => {
  const lifeline = lifelineOf(2_500);
  expect(await sleepFor(lifeline, 3)).toBe('ok');
  expect(opened).toBe(1);
  expect(await sleepFor(lifeline, 3)).toMatchObject({ passing: true });
  expect(opened).toBe(2);
  // A new one again.
  expect(await sleepFor(lifeline, 3)).toBe('ok');
  expect(opened).toBe(2);
}, 60_000);

test('what was asked beside the one that had no answer gives up no second connection', async () => {
  const lifeline = lifelineOf(2_000);
  expect(await sleepFor(lifeline, 0)).toBe('ok');
  const ended = await Promise.all([1, 2, 3].map(() => sleepFor(lifeline, 60)));
  for (const each of ended) expect(each).toMatchObject({ passing: true });
  expect(opened).toBe(2);
  expect(await sleepFor(lifeline, 0)).toBe('ok');
}, 60_000);
