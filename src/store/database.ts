/** The database that everything is kept in: a server of the operator's, or one of our own when none was named. */
import { setTimeout as sleep } from 'node:timers/promises';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import { isSyncError } from '../errors.ts';
import { createSockets, endConnections, type Sockets } from '../lib/postgres-sockets.ts';
import { describePostgresTarget } from '../lib/postgres-url.ts';
import { type ClientOptions, connectionOptions, openClient, type Target, targetOf } from './client.ts';
import { connectError, serverTooOld, serverVersionText, wrongEncoding } from './connect-errors.ts';
import { attachEmbeddedPostgres } from './embedded/attach.ts';
import { resolveDataDir } from './embedded/data-dir.ts';
import { DATA_DIR_IN_USE } from './embedded/directory-lock.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/start.ts';
import { createLifeline, LIFELINE_STATEMENT_MS, type Lifeline } from './lifeline.ts';
import { createPool, type Pool } from './pool.ts';
import { withPrepared } from './prepared.ts';
import { type SilenceLog, watchForSilence } from './silence.ts';

/** How long the program that holds an embedded database may take to start, or to leave. */
const ATTACH_MS = 60_000;

export interface OpenDatabaseOptions {
  /** Left out or empty: the embedded Postgres in `dataDir`. */
  readonly url?: string | undefined;
  readonly dataDir: string;
  /** Use the embedded Postgres of another running program, where there is one, instead of refusing. */
  readonly attach?: boolean;
  /** Without `attach`: how long to wait for another program to leave. Default: not at all. */
  readonly patienceMs?: number;
  readonly applicationName?: string;
  /** Connections in the pool. */
  readonly max?: number;
  readonly log?: { info(message: string): void };
}

export interface Database {
  /** Raw queries; see `openClient` for how json, timestamps and bigints come. */
  readonly sql: postgres.Sql;
  readonly db: PostgresJsDatabase;
  readonly kind: 'server' | 'embedded';
  /** `server_version_num`: 180004 is 18.4. */
  readonly serverVersion: number;
  /** For people; without secrets. */
  readonly description: string;
  /** A pool of its own on the same database: for what must keep its session (locks, LISTEN). The caller ends it. */
  connect(options?: ClientOptions): postgres.Sql;
  /** One more connection, made when it is first needed, that no other work keeps waiting. The caller ends it. */
  lifeline(): Lifeline;
  /**
   * From now on a server that says nothing is noticed within five seconds: what is in flight ends with a code, and what comes next
   * gets new connections (silence.ts). Until `close`.
   */
  watch(log: SilenceLog): void;
  /** Ends the pool, and stops the embedded server if it is ours. May be called twice. */
  close(): Promise<void>;
}

/**
 * Opens the database and proves that it answers. Does not migrate: see `migrate`.
 * Throws `SyncError`: `transient` when the server is not reachable, `config` when it refuses us, is older than 15 or not
 * in UTF-8, or when the embedded one cannot be used (see startEmbeddedPostgres).
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  if (options.url) return openOn(targetOf(options.url), options, null);
  const { dataDir, note } = resolveDataDir(options.dataDir);
  if (note !== null) options.log?.info(note);
  const embedded = await startOrAttach(dataDir, options);
  if (embedded.adopted) options.log?.info('took over the Postgres that an earlier run left');
  try {
    return await openOn(connectionOptions(embedded), options, embedded);
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

/** The directory is ours when nobody has it, else its holder's server is used; a holder that is leaving is waited for. */
async function startOrAttach(dataDir: string, options: OpenDatabaseOptions): Promise<EmbeddedPostgres> {
  const deadline = Date.now() + (options.attach ? ATTACH_MS : (options.patienceMs ?? 0));
  for (;;) {
    try {
      return await startEmbeddedPostgres({ dataDir });
    } catch (error) {
      const inUse = isSyncError(error, 'config') && error.details.code === DATA_DIR_IN_USE;
      if (!inUse || Date.now() >= deadline) throw error;
    }
    const timeoutMs = deadline - Date.now();
    const attached = options.attach ? await attachEmbeddedPostgres({ dataDir, timeoutMs }) : null;
    if (attached !== null) return attached;
    await sleep(50);
  }
}

/** The same on an embedded server that the caller started and will stop. */
export async function openDatabaseOn(
  embedded: EmbeddedPostgres,
  options: ClientOptions & { readonly database?: string } = {},
): Promise<Database> {
  return openOn(connectionOptions(embedded, options.database), options, null);
}

async function openOn(
  target: Target,
  options: ClientOptions & { readonly log?: { info(message: string): void } },
  embedded: EmbeddedPostgres | null,
): Promise<Database> {
  const { log, ...clientOptions } = options;
  const pool = openPool(target, clientOptions);
  const { sql } = pool;
  let serverVersion: number;
  try {
    const [server] = await sql<{ num: number; encoding: string }[]>`
      select current_setting('server_version_num')::int as num, current_setting('server_encoding') as encoding`;
    serverVersion = server?.num ?? 0;
    const unfit = serverTooOld(serverVersion) ?? wrongEncoding(server?.encoding ?? '', target.database);
    if (unfit !== null) throw unfit;
  } catch (error) {
    await pool.end(1);
    throw connectError(error, target);
  }
  const where = embedded === null ? describePostgresTarget(target) : describeEmbedded(embedded);
  const description = `Postgres ${serverVersionText(serverVersion)}, ${where}`;
  log?.info(`database: ${description}`);
  /** Sockets of the pools of their own that were not ended. */
  const others = new Set<Sockets>();
  const watching = new AbortController();
  let watched: Promise<void> | null = null;
  let closing: Promise<void> | undefined;
  const close = async () => {
    watching.abort();
    await pool.end(5);
    if (watched !== null) {
      await watched;
      // Whoever had them has ended them, and a silent server does not say so.
      for (const sockets of others) sockets.close();
    }
    await embedded?.stop();
  };
  return {
    sql,
    db: drizzle(withPrepared(sql)),
    kind: embedded === null ? 'server' : 'embedded',
    serverVersion,
    description,
    connect(further) {
      const sockets = createSockets();
      others.add(sockets);
      const client = openClient(target, { ...clientOptions, ...further, sockets });
      const { end } = client;
      return Object.assign(client, {
        async end(how?: { readonly timeout?: number }) {
          await endConnections({ sql: { end }, sockets }, how);
          others.delete(sockets);
        },
      });
    },
    lifeline() {
      const line = openPool(target, {
        ...clientOptions,
        ...{ max: 1, fetchTypes: false, statementTimeoutMs: LIFELINE_STATEMENT_MS },
        applicationName: 'udesk-sync lease',
      });
      return createLifeline({ db: drizzle(withPrepared(line.sql)), pool: line });
    },
    watch(told) {
      const asking = openPool(target, { ...clientOptions, max: 1, fetchTypes: false });
      const watch = {
        ask: () => asking.sql`select 1`,
        async giveUp(again: boolean) {
          // Those that try to connect meanwhile give up by themselves: cut, the driver would begin anew, and never say so.
          if (!again) for (const sockets of others) sockets.cut();
          await Promise.all([pool.replace(), asking.replace()]);
        },
        log: told,
      };
      watched ??= watchForSilence(watch, watching.signal).then(() => asking.end(1));
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Replaced as a whole once it has lost a connection. */
function openPool(target: Target, options: ClientOptions): Pool {
  return createPool((closed) => {
    const sockets = createSockets();
    const made = openClient(target, { ...options, sockets, closed });
    // It tells every client how it wants its types, and knows the first one only.
    drizzle(made);
    return { sql: made, sockets };
  });
}

function describeEmbedded({ dataDir, holderPid }: EmbeddedPostgres): string {
  return `embedded in ${dataDir}${holderPid === null ? '' : `, run by process ${holderPid}`}`;
}
