/** The one way in which this program opens connections to its own database: settings, types and time limits. */
import postgres from 'postgres';
import { SyncError } from '../errors.ts';
import { driverOptions, type PostgresTarget, postgresTarget } from '../lib/postgres-driver.ts';
import type { Sockets } from '../lib/postgres-sockets.ts';
import { PostgresUrlError } from '../lib/postgres-url.ts';
import type { EmbeddedPostgres } from './embedded/start.ts';

/** Where the server is; may hold a password, so never log it. */
export type Target = PostgresTarget;

export interface ClientOptions {
  /** Connections in the pool. Default 10. */
  readonly max?: number;
  readonly applicationName?: string;
  /** Bound for one statement; 0 for none (migrations). Default 120 s. */
  readonly statementTimeoutMs?: number;
  /** Whether each connection first learns the array types of the server. Default true; who reads no arrays can do without. */
  readonly fetchTypes?: boolean;
  /** Where its sockets are kept, for who may have to close them. */
  readonly sockets?: Sockets;
  /** Called when one of its connections was closed, by whomever. */
  readonly closed?: () => void;
}

/** Connection options of an embedded server: through its socket, as the superuser that it was made with. */
export function connectionOptions(embedded: EmbeddedPostgres, database = 'postgres'): Target {
  return { host: embedded.socketDir, port: embedded.port, username: 'postgres', database };
}

/** Throws `SyncError('config')` when DATABASE_URL is not a Postgres URL, or its file of certificates cannot be used. */
export function targetOf(url: string): Target {
  try {
    return postgresTarget(url);
  } catch (error) {
    if (!(error instanceof PostgresUrlError)) throw error;
    throw new SyncError('config', `database.url (DATABASE_URL): ${error.message}`, { advice: error.advice });
  }
}

/**
 * A postgres.js pool. Beware in raw queries, since drizzle shares these settings: `json` and `jsonb` pass as text both
 * ways (so numbers beyond 2^53 survive; see jsonb.ts), `timestamptz` comes as text, `bigint` and `numeric` as strings.
 */
export function openClient(target: Target, options: ClientOptions = {}): postgres.Sql {
  const statementTimeoutMs = options.statementTimeoutMs ?? 120_000;
  return postgres({
    ...driverOptions(target),
    max: options.max ?? 10,
    connect_timeout: 10,
    prepare: true,
    fetch_types: options.fetchTypes ?? true,
    onnotice: () => {},
    ...(options.closed === undefined ? {} : { onclose: options.closed }),
    ...(options.sockets === undefined ? {} : { socket: options.sockets.open }),
    types: { json: { to: 114, from: [114, 3802], serialize: asIs, parse: asIs } },
    connection: {
      ...target.connection,
      application_name: options.applicationName ?? target.connection?.application_name ?? 'udesk-sync',
      TimeZone: 'UTC',
      statement_timeout: statementTimeoutMs,
      // Also how long a server holds on to a transaction of whom it cannot hear any more.
      idle_in_transaction_session_timeout: 30_000,
    },
  }) as unknown as postgres.Sql;
}

function asIs(value: string): string {
  return value;
}
