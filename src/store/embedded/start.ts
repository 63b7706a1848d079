/**
 * A real Postgres of our own, when nobody gave us one: started by this program, private to it, gone with it
 * (promise P9: no acknowledged row is lost when the program or the machine dies). Unix socket only unless asked.
 * What was measured and why: docs/decisions, "Embedded Postgres".
 */
import { chownSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { SyncError } from '../../errors.ts';
import { type Account, canEnter, serverAccount, spawnAs } from './account.ts';
import { prepareBinaries } from './binaries.ts';
import { ensureCluster, SUPERUSER } from './cluster.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { type KeptServer, keepRunning } from './keep-running.ts';
import { type Layout, layoutOf } from './layout.ts';
import { runServer } from './run-server.ts';
import { stopServer } from './server-process.ts';

/** How long a server that shall stop waits for the short commands that use it. */
const DRAIN_MS = 10_000;
/** Recovery from the log after a crash may take a while. */
const RESTART_TIMEOUT_MS = 60_000;

export interface EmbeddedPostgresOptions {
  /** A folder of ours; as root, one that the server's account can enter (data-dir.ts). Created when missing. */
  readonly dataDir: string;
  /** Further arguments of `postgres`, after ours: `['-c', 'fsync=off']`. */
  readonly flags?: readonly string[];
  /** Bound for the whole start, initdb included. Default 60 s. */
  readonly timeoutMs?: number;
  /** Also listen on 127.0.0.1, with a password: at this port, or at a free one. Default: socket only. */
  readonly tcpPort?: number | 'auto';
}

export interface EmbeddedPostgres {
  readonly socketDir: string;
  /** Of the socket's name, and of loopback TCP where that was asked for. */
  readonly port: number;
  /** Another one after the server was started again. */
  readonly pid: number;
  readonly dataDir: string;
  /** The server was left over by a program that died, and was taken over. */
  readonly adopted: boolean;
  /** The live program whose server this is: `stop` only lets go of it (attach.ts). Null: it is ours. */
  readonly holderPid: number | null;
  /**
   * A URL for programs and code that take nothing else: over loopback with the password where `tcpPort` was given,
   * else through the socket (`?host=`, see parsePostgresUrl). Holds a secret: do not log it.
   */
  url(database: string): string;
  /** Waits for attached commands, stops the server in order and frees the directory. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts the server on `dataDir`, or takes over one that a dead program left there.
 * Throws `SyncError('config')`: no binaries, directory in use (with the pid), unreachable, or not a database;
 * `SyncError('transient')`: not ready in time.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const layout = layoutOf(makeFolder(options.dataDir));
  const account = serverAccount(layout.clusterDir);
  const deadline = Date.now() + (options.timeoutMs ?? 60_000);
  prepareFolders(layout, account);
  const lock = await lockDirectory(layout.lockDir, layout.dataDir);
  try {
    const binaries = prepareBinaries(account, layout.binariesDir);
    const flags = options.flags ?? [];
    const durable = !flags.includes('fsync=off');
    await ensureCluster(layout, binaries, account, { durable, timeoutMs: deadline - Date.now() });
    const run = { layout, binaries, account, flags, tcpPort: options.tcpPort };
    const first = await runServer({ ...run, deadline });
    const tcp = options.tcpPort !== undefined;
    const kept = keepRunning(layout.clusterDir, first, () =>
      runServer({
        ...run,
        tcpPort: tcp ? first.port : undefined,
        deadline: Date.now() + RESTART_TIMEOUT_MS,
      }),
    );
    return handle(layout, kept, lock, tcp);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function handle(layout: Layout, kept: KeptServer, lock: DirectoryLock, tcp: boolean): EmbeddedPostgres {
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await lock.drain(DRAIN_MS);
    await kept.release();
    await stopServer(kept.current.pid, 30_000);
    lock.release();
  };
  const { port, adopted } = kept.current;
  return {
    get pid() {
      return kept.current.pid;
    },
    port,
    adopted,
    socketDir: layout.socketDir,
    dataDir: layout.dataDir,
    holderPid: null,
    url(database) {
      if (!tcp) return socketUrl(layout, port, database);
      const password = readFileSync(layout.passwordFile, 'utf8').trim();
      return `postgres://${SUPERUSER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

export function socketUrl(layout: Layout, port: number, database: string): string {
  const host = encodeURIComponent(layout.socketDir);
  return `postgres://${SUPERUSER}@/${encodeURIComponent(database)}?host=${host}&port=${port}`;
}

/** The data folder is ours, the socket's belongs to the server's account and to nobody else. */
function prepareFolders(layout: Layout, account: Account | undefined): void {
  makeFolder(layout.socketDir, 0o700);
  if (!canEnter(account, layout.dataDir)) {
    throw new SyncError(
      'config',
      `running as root, Postgres runs as "${account?.name}", and that account cannot enter ${layout.dataDir}`,
      {
        advice:
          "choose a database.dataDir whose parent folders others may enter (not below root's home), or run as an ordinary user",
      },
    );
  }
  refuseForeignFolders(layout, account);
  if (account !== undefined) chownSync(layout.socketDir, account.uid, account.gid);
}

/** Its real path: what the system later says about a running server has no symbolic links in it. */
export function makeFolder(folder: string, mode = 0o755): string {
  try {
    mkdirSync(folder, { recursive: true, mode });
    return realpathSync(folder);
  } catch (cause) {
    throw new SyncError('config', `the folder ${folder} cannot be made: ${(cause as Error).message}`, {
      advice: 'choose another database.dataDir, or let this user write there',
      cause,
    });
  }
}

/** Started once as root and now as somebody else, or a socket folder that another user put into the temporary folder. */
function refuseForeignFolders(layout: Layout, account: Account | undefined): void {
  const self = process.getuid?.() ?? 0;
  const ours = new Set([self, spawnAs(account).uid ?? self]);
  for (const folder of [layout.dataDir, layout.socketDir, layout.clusterDir]) {
    if (!existsSync(folder)) continue;
    const owner = statSync(folder).uid;
    if (ours.has(owner) || (self === 0 && folder === layout.dataDir)) continue;
    throw new SyncError(
      'config',
      `${folder} belongs to user ${owner}, and this program runs as user ${self}`,
      {
        advice: 'start it as the user who started it first, or choose another database.dataDir',
      },
    );
  }
}

/** Removes everything below a data directory whose server is stopped. For tests and the demo. */
export function removeDataDir(embedded: Pick<EmbeddedPostgres, 'dataDir' | 'socketDir'>): void {
  rmSync(embedded.socketDir, { recursive: true, force: true });
  rmSync(embedded.dataDir, { recursive: true, force: true, maxRetries: 5 });
}
