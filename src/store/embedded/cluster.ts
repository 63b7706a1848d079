/**
 * Makes a cluster (promise P9 from the first second): initdb works beside its place and the result is renamed into
 * it, so that a kill half-way leaves nothing that looks like a database.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';
import { processesIn } from '../../lib/process-info.ts';
import { type Account, spawnAs } from './account.ts';
import { type Binaries, serverEnv } from './binaries.ts';
import type { Layout } from './layout.ts';

export const SUPERUSER = 'postgres';

/** Runs initdb unless there is a cluster already. `durable: false` skips its fsyncs (tests). Call it under the lock. */
export async function ensureCluster(
  layout: Layout,
  binaries: Binaries,
  account: Account | undefined,
  options: { durable: boolean; timeoutMs: number },
): Promise<void> {
  await removeHalfMade(layout, Date.now() + options.timeoutMs);
  if (existsSync(join(layout.clusterDir, 'PG_VERSION'))) return;
  if (existsSync(layout.clusterDir)) {
    throw new SyncError('config', `${layout.clusterDir} exists, but is not a Postgres data directory`, {
      advice: 'move it away, or choose another database.dataDir',
    });
  }
  const password = ensurePassword(layout.passwordFile);
  const half = mkdtempSync(`${layout.clusterDir}.init-`);
  const passwordCopy = `${half}.pw`;
  writeFileSync(passwordCopy, password, { mode: 0o600 });
  if (account !== undefined) {
    chownSync(half, account.uid, account.gid);
    chownSync(passwordCopy, account.uid, account.gid);
  }
  try {
    await initdb(binaries.initdb, half, passwordCopy, account, options);
    renameSync(half, layout.clusterDir);
    // Postgres syncs what is inside; the new name itself must survive a power cut too.
    syncFolder(layout.dataDir);
  } finally {
    rmSync(passwordCopy, { force: true });
    rmSync(half, { recursive: true, force: true });
  }
}

/** The superuser's password, for connections over TCP; made once, before the cluster. */
function ensurePassword(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const password = randomBytes(24).toString('base64url');
  writeFileSync(file, `${password}\n`, { mode: 0o600, flush: true });
  chmodSync(file, 0o600);
  return password;
}

/** An initdb whose program was killed works on, and would make its folder anew: it goes first. */
async function removeHalfMade(layout: Layout, deadline: number): Promise<void> {
  const prefix = `${basename(layout.clusterDir)}.init-`;
  for (const name of readdirSync(layout.dataDir).filter((one) => one.startsWith(prefix))) {
    const half = join(layout.dataDir, name);
    await killThoseIn(half, deadline);
    rmSync(half, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** initdb and what it runs stand in the folder that it makes. */
async function killThoseIn(folder: string, deadline: number): Promise<void> {
  for (;;) {
    const left = processesIn(folder);
    if (left.length === 0) return;
    if (Date.now() > deadline)
      throw failed(folder, `process ${left.join(', ')} of an earlier start does not end`);
    for (const pid of left) endNow(pid);
    await sleep(10);
  }
}

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function initdb(
  program: string,
  directory: string,
  passwordFile: string,
  account: Account | undefined,
  { durable, timeoutMs }: { durable: boolean; timeoutMs: number },
): Promise<void> {
  const args = ['-D', directory, '-U', SUPERUSER, '-E', 'UTF8', '--locale=C', `--pwfile=${passwordFile}`];
  args.push('--auth-local=trust', '--auth-host=scram-sha-256', ...(durable ? [] : ['--no-sync']));
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...spawnAs(account),
      env: serverEnv,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', (cause) => reject(failed(directory, cause.message)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(failed(directory, stderr.trim() || `it ended by ${signal ?? `exit code ${code}`}`));
    });
  });
}

function failed(directory: string, reason: string): SyncError {
  return new SyncError('config', `a new database could not be made in ${dirname(directory)}: ${reason}`, {
    advice: 'check free space and permissions there, or set DATABASE_URL to use a server of yours',
  });
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
