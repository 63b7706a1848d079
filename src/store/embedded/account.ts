/**
 * Who runs the server. Postgres and initdb refuse uid 0 and initdb wants a passwd entry, so as root we spawn as
 * `postgres`, else as `nobody`. Nothing is created on the host.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SyncError } from '../../errors.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The account to spawn Postgres under; undefined: as we are. As root, an existing cluster is run by its owner.
 * Throws `SyncError('config')` when root has nobody to become.
 */
export function serverAccount(clusterDir: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = parsePasswd(readFileSync('/etc/passwd', 'utf8'));
  const owner = existsSync(clusterDir) ? statSync(clusterDir).uid : 0;
  const found =
    accounts.find((account) => owner !== 0 && account.uid === owner) ??
    accounts.find((account) => account.name === 'postgres') ??
    accounts.find((account) => account.name === 'nobody');
  if (found === undefined) {
    throw new SyncError('config', 'running as root, and neither "postgres" nor "nobody" is in /etc/passwd', {
      advice: 'Postgres refuses to run as root: start udesk-sync as an ordinary user, or set DATABASE_URL',
    });
  }
  return found;
}

export function parsePasswd(text: string): Account[] {
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((row) => row.length >= 4)
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => Number.isInteger(uid) && Number.isInteger(gid) && uid > 0);
}

/** Options for `spawn` that make the child run as the account. */
export function spawnAs(account: Account | undefined): { uid: number; gid: number } | Record<string, never> {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}

/** Whether the account may enter this folder; for one that does not exist yet: its nearest parent that does. */
export function canEnter(account: Account | undefined, folder: string): boolean {
  if (account === undefined) return true;
  let existing = resolve(folder);
  while (!existsSync(existing)) existing = dirname(existing);
  const test = spawnSync('/bin/sh', ['-c', 'test -d "$1" && test -x "$1"', 'sh', existing], {
    ...spawnAs(account),
    cwd: '/',
  });
  return test.status === 0;
}
