/**
 * A short command beside a running daemon: it uses the daemon's server through its socket, without the lock, and
 * stops nothing. While it is attached the daemon does not stop the server either (up to a bound, see start.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';
import { attachToDirectory } from './directory-lock.ts';
import { layoutOf } from './layout.ts';
import { runningServer } from './run-server.ts';
import { type EmbeddedPostgres, makeFolder, socketUrl } from './start.ts';

/**
 * The server that another program of ours runs on `dataDir`, once it answers; null when no program holds the
 * directory, or that one leaves: then the caller may take it.
 * Throws `SyncError('transient')` when the holder lives and its server does not answer in time.
 */
export async function attachEmbeddedPostgres(options: {
  readonly dataDir: string;
  readonly timeoutMs: number;
}): Promise<EmbeddedPostgres | null> {
  const layout = layoutOf(makeFolder(options.dataDir));
  const attachment = attachToDirectory(layout.lockDir);
  if (attachment === null) return null;
  const deadline = Date.now() + options.timeoutMs;
  try {
    while (attachment.isHeld()) {
      const server = await runningServer(layout);
      if (server !== null) {
        return {
          ...server,
          socketDir: layout.socketDir,
          dataDir: layout.dataDir,
          adopted: false,
          holderPid: attachment.holderPid,
          url: (database) => socketUrl(layout, server.port, database),
          stop: async () => attachment.release(),
        };
      }
      if (Date.now() > deadline) throw silent(layout.dataDir, attachment.holderPid);
      await sleep(20);
    }
  } catch (error) {
    attachment.release();
    throw error;
  }
  attachment.release();
  return null;
}

function silent(dataDir: string, pid: number): SyncError {
  return new SyncError(
    'transient',
    `the database in ${dataDir} belongs to process ${pid} and does not answer`,
    {
      advice: 'it may still be starting: try again; else stop that process, and start it again',
    },
  );
}
