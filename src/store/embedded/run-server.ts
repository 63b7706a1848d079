/**
 * From a cluster on disk to a server that answers. Called under the directory lock, so any server found here was
 * left by a program that died: it is on its way out, or (its tie killed too) it stays and is taken over.
 */
import { rmSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';
import { isAlive, processesIn, workingDirectory } from '../../lib/process-info.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { type Layout, socketFile } from './layout.ts';
import { readPostmasterFile, startedBy } from './postmaster-file.ts';
import { logTail, spawnServer, stopServer, tieToThisProcess } from './server-process.ts';

const DEFAULT_PORT = 5432;
/** A server whose tie has fired leaves `ready` within milliseconds; one that stays ready this long is an orphan. */
const ORPHAN_AFTER_MS = 300;

/** Half the memory of the defaults at the same speed, measured for a few connections of one daemon. */
const SMALL = [
  'shared_buffers=32MB',
  'max_connections=40',
  'autovacuum_max_workers=1',
  'io_method=sync',
  'max_worker_processes=0',
  'max_parallel_workers=0',
  'max_logical_replication_workers=0',
];

/** Errors of statements can hold customers' data, and reach us anyway: its log keeps starts, stops and crashes. */
const QUIET = [
  'log_min_messages=log',
  'log_min_error_statement=panic',
  'log_error_verbosity=terse',
  'log_checkpoints=off',
];

const SETTINGS = [...SMALL, ...QUIET].flatMap((setting) => ['-c', setting]);

export interface RunOptions {
  readonly layout: Layout;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly flags: readonly string[];
  readonly tcpPort: number | 'auto' | undefined;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  readonly adopted: boolean;
}

export async function runServer(options: RunOptions): Promise<RunningServer> {
  const leftover = await settleLeftover(options);
  if (leftover !== null) return leftover;
  for (let attempt = 1; ; attempt++) {
    const port = options.tcpPort === 'auto' ? await freePort() : (options.tcpPort ?? DEFAULT_PORT);
    const outcome = await start(options, port);
    if (typeof outcome === 'object') return outcome;
    const portTaken = outcome.includes('could not create any TCP/IP sockets');
    if (portTaken && options.tcpPort === 'auto' && attempt < 5) continue; // someone was faster
    throw portTaken ? portInUse(port) : notStarted(options.layout, outcome);
  }
}

/** The server that runs on this cluster and takes connections now; null when there is none, or not yet. */
export async function runningServer(layout: Layout): Promise<{ pid: number; port: number } | null> {
  const file = readPostmasterFile(layout.pidFile);
  if (file === null || !file.ready || !isServerOf(layout.clusterDir, file.pid)) return null;
  return (await answers(layout, file.port)) ? { pid: file.pid, port: file.port } : null;
}

/**
 * Waits until a server that was left behind is gone, or takes it over when it stays and runs with our very
 * settings (else it is stopped). Removes the files of a dead one. Null: the directory is free.
 */
async function settleLeftover(options: RunOptions): Promise<RunningServer | null> {
  const { layout, deadline } = options;
  let readySince: number | null = null;
  for (;;) {
    const file = readPostmasterFile(layout.pidFile);
    if (file === null) return null;
    if (!isServerOf(layout.clusterDir, file.pid)) {
      // A dead or reused pid. Backends of a killed server may still be ending; Postgres must not start beside them.
      if (processesIn(layout.clusterDir).length === 0) {
        removeStaleFiles(layout, file.port);
        return null;
      }
    } else if (file.ready && (await answers(layout, file.port))) {
      readySince ??= Date.now();
      if (Date.now() - readySince >= ORPHAN_AFTER_MS) {
        if (startedBy(layout.clusterDir, options.binaries.postgres, serverArgs(options, file.port))) {
          tieToThisProcess(file.pid, options.account);
          return { pid: file.pid, port: file.port, adopted: true };
        }
        await stopServer(file.pid, Math.max(0, deadline - Date.now()));
      }
    } else {
      readySince = null;
    }
    if (Date.now() > deadline) throw heldBy(layout, file.pid);
    await sleep(20);
  }
}

/** A running server, or why there is none. */
async function start(options: RunOptions, port: number): Promise<RunningServer | string> {
  const { layout, deadline } = options;
  const server = spawnServer(
    options.binaries.postgres,
    serverArgs(options, port),
    options.account,
    layout.logFile,
  );
  for (;;) {
    const reason = server.ended();
    if (reason !== null) return `${reason}: ${logTail(layout.logFile)}`;
    const file = readPostmasterFile(layout.pidFile);
    if (file?.ready && isAlive(file.pid) && (await answers(layout, port))) {
      server.release();
      return { pid: file.pid, port, adopted: false };
    }
    if (Date.now() > deadline) {
      server.abandon();
      return `it was not ready in time: ${logTail(layout.logFile)}`;
    }
    await sleep(5);
  }
}

function serverArgs({ layout, flags, tcpPort }: RunOptions, port: number): string[] {
  const listen = `listen_addresses=${tcpPort === undefined ? '' : '127.0.0.1'}`;
  return [
    '-D',
    layout.clusterDir,
    '-k',
    layout.socketDir,
    '-p',
    String(port),
    '-c',
    listen,
    ...SETTINGS,
    ...flags,
  ];
}

/** Whether this process is a server of this cluster. A server stands in its data directory; where that cannot be read, a live process is believed. */
export function isServerOf(clusterDir: string, pid: number): boolean {
  if (!isAlive(pid)) return false;
  const directory = workingDirectory(pid);
  return directory === undefined ? process.platform !== 'linux' : directory === clusterDir;
}

/** With the socket's lock file, since Postgres takes a dead owner that nobody reaped for a live one. */
function removeStaleFiles(layout: Layout, port: number): void {
  const socket = socketFile(layout.socketDir, port || DEFAULT_PORT);
  for (const file of [layout.pidFile, `${socket}.lock`, socket]) rmSync(file, { force: true });
}

function answers(layout: Layout, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(socketFile(layout.socketDir, port));
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function portInUse(port: number): SyncError {
  return new SyncError('config', `port ${port} of 127.0.0.1 is taken by another program`, {
    advice: 'choose another port for the embedded Postgres, or leave it to choose a free one',
  });
}

function heldBy(layout: Layout, pid: number): SyncError {
  return new SyncError(
    'transient',
    `${layout.clusterDir} is held by process ${pid}, which neither answers nor ends`,
    {
      advice: `it is a Postgres that an earlier run left; look at it, then: kill -QUIT ${pid}`,
    },
  );
}

function notStarted(layout: Layout, reason: string): SyncError {
  return new SyncError('transient', `the embedded Postgres did not start: ${reason}`, {
    advice: `the whole log is ${layout.logFile}`,
  });
}
