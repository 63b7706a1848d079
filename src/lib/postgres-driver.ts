/**
 * From a connection URL to what postgres.js is given. Of the certificate of a server that is named by its address it would ask for
 * the name `localhost` (Node does so over a socket that is there already), so whom to expect is said outright here.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type postgres from 'postgres';
import {
  type ParsedPostgresUrl,
  type PostgresTls,
  PostgresUrlError,
  parsePostgresUrl,
} from './postgres-url.ts';

/** Where a server is and whom it has to be; may hold a password, so never log it. */
export interface PostgresTarget extends ParsedPostgresUrl {
  /** Certificates that are trusted instead of the system's: what `caFile` holds. */
  readonly ca?: string;
}

/**
 * As `parsePostgresUrl`, with the file of `sslrootcert` read. Throws `PostgresUrlError` for a file that cannot be used, too.
 * A Unix socket has no TLS: what the URL says of it is left out there, as libpq does.
 */
export function postgresTarget(url: string): PostgresTarget {
  const parsed = parsePostgresUrl(url);
  if (parsed.host.startsWith('/')) {
    const { ssl, caFile, ...socket } = parsed;
    return socket;
  }
  return parsed.caFile === undefined ? parsed : { ...parsed, ca: certificatesIn(parsed.caFile) };
}

/** The part of postgres.js's options that a target says: spread it into `postgres({ ...driverOptions(target), max: 4 })`. */
export function driverOptions(target: PostgresTarget): postgres.Options<Record<string, never>> {
  const { host, port, database, username, password, ssl, ca, connection } = target;
  return {
    // A list is taken as it is; of `::1` as a text, the part before the first colon would be left, which is this machine
    // (its types know no list).
    ...(host.startsWith('/')
      ? { host, port }
      : { host: [host] as unknown as string, port: [port] as unknown as number }),
    database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ssl === undefined ? {} : { ssl: ssl === 'verify-full' ? { host, ...(ca && { ca }) } : ssl }),
    ...(connection === undefined ? {} : { connection }),
  };
}

/** What to do about a code with which TLS ended. @param place what holds the URL, as the reader knows it */
export function tlsAdvice(code: string, place: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `write the host name into ${place} for which the certificate was made, or have one made for this name`;
  }
  if (/EXPIRED|NOT_YET_VALID/.test(code)) return 'have the certificate of the server renewed';
  return (
    `add sslrootcert=FILE (its certificate authority, as PEM) beside sslmode=verify-full in ${place}, ` +
    'or set NODE_EXTRA_CA_CERTS to that file'
  );
}

/**
 * More advice, or none, about a code with which a connection ended: so it ends where TLS is asked for and the server has none (the
 * driver tells no more of it), and where pg_hba.conf has no entry for one without TLS, and none was asked for.
 */
export function mayBeTls(
  code: string,
  { host = '', ssl }: { readonly host?: string | undefined; readonly ssl?: PostgresTls | undefined },
): string {
  const isAsked = ssl === 'require' || ssl === 'verify-full';
  if (code === 'ECONNRESET' && isAsked) return '; sslmode asks for TLS: see that the server has it (ssl=on)';
  if (code === '28000' && !isAsked && !host.startsWith('/'))
    return '; the server may let nobody in without TLS: add sslmode=verify-full';
  return '';
}

function certificatesIn(file: string): string {
  const advice = 'sslrootcert names the certificate of the authority that signed the server’s, as PEM';
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new PostgresUrlError(`the file of sslrootcert, ${file}, cannot be read (${code})`, advice);
  }
  // Whatever is no certificate would be passed over in silence, with all that follow it, and they would not be trusted.
  const blocks = text.match(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(?:(?!-----BEGIN).)*/gs);
  if (blocks === null) {
    throw new PostgresUrlError(`the file of sslrootcert, ${file}, holds no certificate`, advice);
  }
  const certificates = blocks.map((block, at) => {
    try {
      return new X509Certificate(block).toString();
    } catch {
      throw new PostgresUrlError(
        `the file of sslrootcert, ${file}, is broken: certificate ${at + 1} of ${blocks.length} cannot be read`,
        advice,
      );
    }
  });
  return certificates.join('');
}
