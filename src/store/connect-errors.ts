/** Turns what goes wrong on the way to a Postgres server into one paragraph that says what to do. Pure. */
import { SyncError, UNREACHABLE } from '../errors.ts';
import { mayBeTls, tlsAdvice } from '../lib/postgres-driver.ts';
import { describePostgresTarget, type ParsedPostgresUrl } from '../lib/postgres-url.ts';

/** 150000 is version 15.0 in the numbering of `server_version_num`. */
const OLDEST_SERVER = 150_000;

type Where = Pick<ParsedPostgresUrl, 'host' | 'port' | 'database' | 'username' | 'ssl'>;

/** Null when the server is new enough. */
export function serverTooOld(serverVersionNum: number): SyncError | null {
  if (serverVersionNum >= OLDEST_SERVER) return null;
  return new SyncError(
    'config',
    `the Postgres server is version ${serverVersionText(serverVersionNum)}, and udesk-sync needs 15 or newer`,
    {
      code: 'server-too-old',
      advice:
        'upgrade it, point DATABASE_URL at a newer one, or leave DATABASE_URL out to use the embedded Postgres',
    },
  );
}

/**
 * Null when the database keeps every character: what customers are called is written as UTF-8, and the functions of schema
 * `report` name characters by it.
 * @param encoding as the setting `server_encoding` tells it
 */
export function wrongEncoding(encoding: string, database: string): SyncError | null {
  if (encoding === 'UTF8') return null;
  return new SyncError('config', `the database "${database}" keeps text as ${encoding}, and not as UTF8`, {
    code: 'wrong-encoding',
    advice: `make one that does (createdb --encoding=UTF8 --template=template0 NAME) and name it in DATABASE_URL; nothing was written to this one`,
  });
}

/** 180004 → "18.4"; 90624 → "9.6.24". */
export function serverVersionText(num: number): string {
  const major = Math.floor(num / 10_000);
  if (major >= 10) return `${major}.${num % 10_000}`;
  return `${major}.${Math.floor(num / 100) % 100}.${num % 100}`;
}

/** Names host, port, database and user; never a password. An error of another origin comes back as it is. */
export function connectError(error: unknown, where: Where): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || error instanceof SyncError) return error;
  const target = describePostgresTarget(where);
  const details = { code, cause: error };
  if (UNREACHABLE.has(code)) {
    return new SyncError('transient', `Postgres, ${target}, is not reachable (${code})`, {
      ...details,
      advice:
        'check that the server runs and that host and port in DATABASE_URL are right, ' +
        'or leave DATABASE_URL out to use the embedded Postgres' +
        mayBeTls(code, where),
    });
  }
  if (code === '28P01' || code === '28000') {
    return new SyncError('config', `Postgres, ${target}, refuses the user "${where.username ?? ''}"`, {
      ...details,
      advice: `check user and password in DATABASE_URL, and pg_hba.conf on the server${mayBeTls(code, where)}`,
    });
  }
  if (code === '3D000') {
    return new SyncError('config', `Postgres is reachable, but has no ${target}`, {
      ...details,
      advice: `create it first: createdb ${where.database}`,
    });
  }
  if (code === '42501') {
    return new SyncError('config', `Postgres, ${target}, does not let "${where.username ?? ''}" do this`, {
      ...details,
      advice: 'make this user the owner of the database, or grant it CREATE on the database',
    });
  }
  if (code === '57P03' || code === '53300') {
    return new SyncError('transient', `Postgres, ${target}, takes no connection now (${code})`, {
      ...details,
      advice:
        code === '53300'
          ? 'it has no connection left: raise max_connections there'
          : 'it is starting or stopping: try again',
    });
  }
  if (/CERT|SSL|TLS|SELF_SIGNED|SIGNATURE/.test(code)) {
    return new SyncError('config', `Postgres, ${target}, could not be trusted over TLS (${code})`, {
      ...details,
      advice: tlsAdvice(code, 'DATABASE_URL'),
    });
  }
  return error;
}
