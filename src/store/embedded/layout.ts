/**
 * What lies where inside a data directory of ours, and where its socket goes.
 *
 *     <dataDir>/postgres/      the cluster (owned by the server's account, 0700)
 *     <dataDir>/socket/        the Unix socket (0700), unless the path would be too long
 *     <dataDir>/lock/          who uses this directory (directory-lock.ts)
 *     <dataDir>/password       of the superuser, for loopback TCP (0600)
 *     <dataDir>/postgres.log   the server's log
 *     <dataDir>/bin/           a copy of the binaries, only where the checkout cannot be entered
 */
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SyncError } from '../../errors.ts';
import { sha256 } from '../../lib/hash.ts';

/** sockaddr_un holds 108 bytes with the final zero on Linux (104 on macOS); Postgres appends `.lock` to a file beside it. */
const SOCKET_PATH_LIMIT = process.platform === 'darwin' ? 103 : 107;

export interface Layout {
  readonly dataDir: string;
  readonly clusterDir: string;
  readonly socketDir: string;
  readonly lockDir: string;
  readonly passwordFile: string;
  readonly logFile: string;
  readonly pidFile: string;
  readonly binariesDir: string;
}

/** Throws `SyncError('config')` when no socket path fits. */
export function layoutOf(dataDir: string, temporary: string = tmpdir()): Layout {
  const base = resolve(dataDir);
  const clusterDir = join(base, 'postgres');
  return {
    dataDir: base,
    clusterDir,
    socketDir: chooseSocketDir(base, temporary),
    lockDir: join(base, 'lock'),
    passwordFile: join(base, 'password'),
    logFile: join(base, 'postgres.log'),
    pidFile: join(clusterDir, 'postmaster.pid'),
    binariesDir: join(base, 'bin'),
  };
}

/** Inside the data directory; a private folder under the temporary one when that path is too long for a socket. */
export function chooseSocketDir(dataDir: string, temporary: string): string {
  const inside = join(dataDir, 'socket');
  const outside = join(temporary, `udesk-sync-${sha256(dataDir).slice(0, 16)}`);
  for (const folder of [inside, outside]) {
    if (Buffer.byteLength(socketFile(folder, 65_535)) <= SOCKET_PATH_LIMIT) return folder;
  }
  throw new SyncError(
    'config',
    `the path of the data directory (${Buffer.byteLength(dataDir)} bytes) and that of the temporary folder are ` +
      `too long for a Unix socket, which may have ${SOCKET_PATH_LIMIT} bytes`,
    { advice: 'choose a shorter database.dataDir, or set TMPDIR to a shorter path' },
  );
}

export function socketFile(socketDir: string, port: number): string {
  return join(socketDir, `.s.PGSQL.${port}`);
}
