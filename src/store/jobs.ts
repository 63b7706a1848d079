/**
 * What is due, carried by pg-boss in this database: whoever works on a pair finds there what the schedule, a callback or a
 * person asked for, on whichever replica that was, and what a killed replica left undone. One queue per pair, one waiting
 * and one running job per lane. Why pg-boss carries the work and the lease decides who writes: docs/decisions/0033-*.
 */
import type { Db as BossDatabase, PgBoss } from 'pg-boss';
import type postgres from 'postgres';
import { toError } from '../errors.ts';
import type { Database } from './database.ts';

export const JOBS_SCHEMA = 'udesk_sync_jobs';
/** Where a lane's job goes that failed too often in a row. */
export const DEAD_QUEUE = 'dead';
/** pg-boss allows no shorter one. It is touched three times in that time. */
const HEARTBEAT_S = 10;
/** With the pauses of a pair whose cycles fail (2 s, doubling up to 5 min) that is about twenty minutes. */
const RETRIES = 8;
/** Where LISTEN does not get through (a pooler), what another replica sent is found this late. */
const POLL_S = 2;
const POLL_WITH_NOTIFY_S = 15;

/** Beside that of the migrations (migrate.ts). */
const LOCK_KEY = 87964;

/** Asked for by a callback or a person; every other lane is due again and again. */
const ONCE: ReadonlySet<string> = new Set(['hint', 'decided', 'batch']);

/** What a job asks for. `lane` is also what makes it a singleton, with `about` where there is one. */
export interface Due {
  readonly lane: string;
  /** Of a hint: the id of the record. */
  readonly about?: string;
  /** What only this kind of job has; JSON. */
  readonly more?: unknown;
}

export interface Jobs {
  /** Puts it into the pair's queue, once: a second one before the first was begun is the same. Rejects when it cannot. */
  send(pair: string, due: Due): Promise<void>;
  /**
   * Hands out the jobs of this pair, all that wait at a time, until `leave` is called. The jobs are done when the promise
   * resolves; when it rejects they come again, and after some times in a row are dead letters.
   * What an earlier worker of the pair had begun comes again first.
   */
  take(pair: string, work: (due: readonly Due[]) => Promise<void>): Promise<void>;
  /** Hands out nothing more of this pair; resolves when what was handed out has ended. */
  leave(pair: string): Promise<void>;
  close(): Promise<void>;
}

/** Makes or updates the tables of pg-boss (in a schema of their own), and starts to look after them. */
export async function openJobs(
  database: Pick<Database, 'connect'>,
  log: { warn(fields: object, message: string): void },
): Promise<Jobs> {
  // Loaded when it is needed: commands do without it, and a daemon's first cycle need not wait for it.
  const { PgBoss: Boss } = await import('pg-boss');
  // One connection, since pg-boss sends whole transactions as one text; the settings of its own that it expects.
  const sql = database.connect({ max: 1, applicationName: 'udesk-sync jobs' });
  const boss = new Boss({
    db: executor(sql),
    schema: JOBS_SCHEMA,
    schedule: false,
    useListenNotify: true,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    maintenanceIntervalSeconds: 300,
  });
  // Neither ends the daemon: what is due is remembered by its worker as well.
  boss.on('error', (error) => log.warn({ err: toError(error).message }, 'the job tables did not answer'));
  boss.on('warning', ({ message }) => log.warn({ code: 'jobs' }, message));
  try {
    // Two daemons that make the tables at once would both fail at what the other one made.
    await sql`select pg_advisory_lock(${LOCK_KEY})`;
    await boss.start();
    await sql`select pg_advisory_unlock(${LOCK_KEY})`;
    await boss.createQueue(DEAD_QUEUE, { retentionSeconds: 30 * 86_400, deleteAfterSeconds: 86_400 });
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {});
    await sql.end({ timeout: 1 });
    throw error;
  }
  return jobsOf(boss, sql);
}

function jobsOf(boss: PgBoss, sql: postgres.Sql): Jobs {
  const known = new Map<string, Promise<void>>();
  /** Pairs that have, or may have, dead letters. */
  const suspects = new Set<string>();

  async function queueOf(pair: string): Promise<string> {
    const queue = `pair/${pair}`;
    const made = known.get(queue) ?? boss.createQueue(queue, QUEUE);
    known.set(queue, made);
    await made.catch((error: unknown) => {
      known.delete(queue);
      throw error;
    });
    return queue;
  }

  /** What an earlier worker had begun: it is gone, or was replaced, and its claim would keep the same lane waiting. */
  async function releaseBegun(queue: string): Promise<void> {
    const begun = (await boss.findJobs(queue, { queued: false })).filter(({ state }) => state === 'active');
    if (begun.length > 0) await boss.fail(queue, ids(begun), { kind: 'lease-lost' });
  }

  /**
   * No job of ours is put off. One that waits for a time ahead was sent before the clock was set back, and would keep its
   * lane waiting until that has caught up.
   */
  async function pullBack(queue: string): Promise<void> {
    await sql`update ${sql(JOBS_SCHEMA)}.job set start_after = now()
      where name = ${queue} and state < 'active' and start_after > now() + interval '1 second'`;
  }

  /**
   * A lane that works again has no dead letters, nor has a pair that works again what was asked for once: nobody asks for
   * that again, and what it was about is found by the lanes. Nobody has to put them away by hand.
   */
  async function bury(pair: string, keys: readonly string[]): Promise<void> {
    if (!suspects.has(pair)) return;
    const dead = await boss.findJobs<Due>(DEAD_QUEUE, { data: { pair } });
    const over = dead.filter(({ data }) => ONCE.has(data.lane) || keys.includes(keyOf(data)));
    if (over.length > 0) await boss.deleteJob(DEAD_QUEUE, ids(over));
    if (over.length === dead.length) suspects.delete(pair);
  }

  return {
    async send(pair, due) {
      const queue = await queueOf(pair);
      const sent = await boss.send(queue, { ...due, pair }, { singletonKey: deadKey(pair, keyOf(due)) });
      if (sent === null) await pullBack(queue);
    },
    async take(pair, work) {
      const queue = await queueOf(pair);
      await releaseBegun(queue);
      suspects.add(pair);
      const worker = await boss.work<Due>(
        queue,
        {
          batchSize: 50,
          heartbeatRefreshSeconds: HEARTBEAT_S / 3,
          pollingIntervalSeconds: POLL_S,
          notifyPollingIntervalSeconds: POLL_WITH_NOTIFY_S,
        },
        async (jobs) => {
          const due = jobs.map(({ data }) => data);
          const keys = due.map(keyOf);
          await work(due).catch((error: unknown) => {
            suspects.add(pair);
            // It comes again as soon as it is put back, and not when the queue is next looked at.
            boss.notifyWorker(worker);
            throw error;
          });
          await bury(pair, keys);
        },
      );
    },
    async leave(pair) {
      await boss.offWork(`pair/${pair}`, { wait: true });
      suspects.delete(pair);
    },
    async close() {
      await boss.stop({ graceful: false }).catch(() => {});
      await sql.end({ timeout: 2 });
    },
  };
}

/** At most one waiting and one running job of each lane; a failed one comes again at once, for the worker sets the pace. */
const QUEUE = {
  policy: 'stately',
  heartbeatSeconds: HEARTBEAT_S,
  // The heartbeat says that a job is worked on: a cycle may take long.
  expireInSeconds: 23 * 3_600,
  retryLimit: RETRIES,
  retryDelay: 0,
  deadLetter: DEAD_QUEUE,
  deleteAfterSeconds: 300,
  notify: true,
} as const;

function keyOf({ lane, about }: Due): string {
  return about === undefined ? lane : `${lane} ${about}`;
}

/** Dead letters of all pairs lie in one queue. */
function deadKey(pair: string, key: string): string {
  return `${pair}/${key}`;
}

function ids(jobs: readonly { readonly id: string }[]): string[] {
  return jobs.map(({ id }) => id);
}

/** pg-boss on a connection of postgres.js; ours give JSON as text (client.ts), and pg-boss expects what it says. */
function executor(sql: postgres.Sql): BossDatabase {
  return {
    async executeSql(text, values) {
      const result = await sql
        .unsafe(text, (values ?? []).map(asText) as never[])
        .catch(async (error: unknown) => {
          // A text of several statements is a transaction of its own: what failed in it must not stay open.
          if (/^\s*begin/i.test(text)) await sql.unsafe('rollback').catch(() => {});
          throw error;
        });
      // Of several statements in one text there are several results.
      const parts = (Array.isArray(result[0]) ? result : [result]) as unknown as postgres.RowList<Row[]>[];
      return { rows: parts.flatMap((part) => [...part].map((row) => parsed(row, part.columns ?? []))) };
    },
    async listen(channel, onNotification, onReconnect) {
      const { unlisten } = await sql.listen(channel, onNotification, onReconnect);
      return { close: unlisten };
    },
  };
}

/** An object is JSON; lists and times are what they are. */
function asText(value: unknown): unknown {
  const isPlain =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
  return isPlain ? JSON.stringify(value) : value;
}

type Row = Record<string, unknown>;
const JSON_TYPES: ReadonlySet<number> = new Set([114, 3802]);

function parsed(row: Row, columns: postgres.ColumnList<string>): Row {
  const copy = { ...row };
  for (const { name, type } of columns) {
    const value = copy[name];
    if (JSON_TYPES.has(type) && typeof value === 'string') copy[name] = JSON.parse(value);
  }
  return copy;
}
