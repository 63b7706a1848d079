/**
 * Connection URLs for postgres.js, with the one form it does not know: a Unix socket, as
 * `postgres://user@/database?host=/socket/dir`. No error repeats the URL: it may hold a password.
 */

/** Not a URL that we can read. Carries advice for the person, and no part of the URL. */
export class PostgresUrlError extends Error {
  readonly advice: string;

  constructor(message: string, advice: string) {
    super(message);
    this.name = 'PostgresUrlError';
    this.advice = advice;
  }
}

export type PostgresTls = false | 'prefer' | 'require' | 'verify-full';

/** What a URL says; postgres-driver.ts makes options for postgres.js of it. */
export interface ParsedPostgresUrl {
  /** Host name, address, or the directory of a Unix socket (begins with `/`). */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username?: string;
  readonly password?: string;
  readonly ssl?: PostgresTls;
  /** File of the certificate authority that is trusted instead of the system's. */
  readonly caFile?: string;
  /** Settings for the session, from further query parameters (`application_name`, `options`, `search_path` …). */
  readonly connection?: Readonly<Record<string, string>>;
}

const shape = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;

/** Reads `postgres://` and `postgresql://` URLs. Throws `PostgresUrlError` when it is none. */
export function parsePostgresUrl(url: string): ParsedPostgresUrl {
  const match = shape.exec(url.trim());
  if (match === null) throw notAUrl();
  const [, userinfo = '', authority = '', path = '', search = ''] = match;
  const query = new URLSearchParams(search);
  const take = (name: string): string | null => {
    const value = query.get(name);
    query.delete(name);
    return value;
  };

  const { host, port } = splitAuthority(authority);
  const [username, ...password] = userinfo.split(':').map(decode);
  const queryHost = take('host')?.replace(/^\[(.*)\]$/, '$1');
  const portText = take('port') ?? port ?? '5432';
  const database = take('dbname') ?? decode(path);
  const user = take('user') ?? username;
  const ssl = sslOption(take('sslmode') ?? take('ssl'));
  const caFile = take('sslrootcert');
  const rest = Object.fromEntries(query);
  if (!/^\d{1,5}$/.test(portText) || Number(portText) > 65_535) throw notAUrl();
  if (queryHost?.includes(',')) throw notAUrl();
  if (caFile !== null && ssl !== 'verify-full') {
    throw new PostgresUrlError(
      'a Postgres URL has sslrootcert, and an sslmode that verifies nothing',
      'write sslmode=verify-full beside it',
    );
  }
  return {
    host: queryHost ?? (host === '' ? 'localhost' : host),
    port: Number(portText),
    database: database === '' ? (user ?? 'postgres') : database,
    ...(user ? { username: user } : {}),
    ...(password.length > 0 ? { password: password.join(':') } : {}),
    ...(ssl === undefined ? {} : { ssl }),
    ...(caFile === null || caFile === 'system' ? {} : { caFile }),
    ...(Object.keys(rest).length > 0 ? { connection: rest } : {}),
  };
}

/** Where a URL points, without user and password: for messages and logs. */
export function describePostgresTarget(
  target: Pick<ParsedPostgresUrl, 'host' | 'port' | 'database'>,
): string {
  const { host, port, database } = target;
  return host.startsWith('/')
    ? `database "${database}" at the socket in ${host}`
    : `database "${database}" on ${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * What anybody on the way could do who pretends to be this server, or listens: `plain` reads and changes everything,
 * `unverified` does once they answer in its place. Null where it is this machine, a name without a dot (a network of containers
 * or a host file), the server's certificate is verified, or it is no such URL. Throws as `parsePostgresUrl` does.
 */
export function exposureOfUrl(url: string): 'plain' | 'unverified' | null {
  if (!shape.test(url.trim())) return null;
  const { host, ssl } = parsePostgresUrl(url);
  const isNear = host.startsWith('/') || host === '::1' || host.startsWith('127.') || !/[.:]/.test(host);
  if (isNear || ssl === 'verify-full') return null;
  return ssl === undefined || ssl === false || ssl === 'prefer' ? 'plain' : 'unverified';
}

function splitAuthority(authority: string): { host: string; port: string | undefined } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:]*)(?::(\d+))?$/.exec(authority);
  if (match === null || authority.includes(',')) throw notAUrl();
  return { host: decode((match[1] ?? '').replace(/^\[|\]$/g, '')), port: match[2] };
}

function sslOption(mode: string | null): PostgresTls | undefined {
  switch (mode) {
    case null:
      return undefined;
    case 'disable':
    case 'false':
      return false;
    case 'allow':
    case 'prefer':
      return 'prefer';
    case 'require':
    case 'true':
      return 'require';
    // Stricter than libpq: the host name is verified as well.
    case 'verify-ca':
    case 'verify-full':
      return 'verify-full';
    default:
      throw new PostgresUrlError(
        'a Postgres URL has an unknown sslmode',
        'use disable, prefer, require or verify-full',
      );
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw notAUrl();
  }
}

function notAUrl(): PostgresUrlError {
  return new PostgresUrlError(
    'this is not a Postgres URL that udesk-sync can read',
    'write postgres://user:password@host:5432/database, or postgres://user@/database?host=/socket/dir; ' +
      'percent-encode : / ? # @ % inside user and password',
  );
}
