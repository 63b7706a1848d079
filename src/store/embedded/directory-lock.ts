/**
 * One program per data directory. A claim is an empty file whose name says it all, `<pid>.<start time>.wanted` (or `.held`), so
 * that nothing can be half written and a pid that was given out again does not count. Whoever wants the directory
 * first creates its claim, then looks at the others: of two that race, at least one sees the other.
 * (Two containers that share a folder but not their pids cannot see each other: give each its own directory.)
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';
import { startTime } from '../../lib/process-info.ts';

export interface DirectoryLock {
  release(): void;
}

interface Claim {
  readonly file: string;
  readonly pid: number;
  readonly started: string;
  readonly held: boolean;
}

/**
 * Takes the lock, or throws `SyncError('config')` naming the pid that holds it. Claims of dead processes (kill -9)
 * are removed on the way.
 */
export async function lockDirectory(lockDir: string, dataDir: string): Promise<DirectoryLock> {
  mkdirSync(lockDir, { recursive: true, mode: 0o755 });
  const identity = `${process.pid}.${startTime(process.pid) ?? 'unknown'}`;
  const wanted = join(lockDir, `${identity}.wanted`);
  const held = join(lockDir, `${identity}.held`);
  const rivals = () => liveClaims(lockDir).filter((claim) => claim.pid !== process.pid);
  if (liveClaims(lockDir).some((claim) => claim.pid === process.pid)) throw inUse(dataDir, process.pid);

  for (;;) {
    writeFileSync(wanted, '', { flag: 'wx', mode: 0o644 });
    let others = rivals();
    // All only want it: the lowest pid stays, the others withdraw for a moment.
    while (others.length > 0 && others.every((other) => !other.held && other.pid > process.pid)) {
      await sleep(10);
      others = rivals();
    }
    if (others.length === 0) {
      writeFileSync(held, '', { mode: 0o644 }); // beside the claim, which stays: no moment without either
      return {
        release() {
          for (const file of [held, wanted]) rmSync(file, { force: true });
        },
      };
    }
    rmSync(wanted, { force: true });
    const holder = others.find((other) => other.held);
    if (holder !== undefined) throw inUse(dataDir, holder.pid);
    await sleep(20);
  }
}

/** Claims of processes that still run; those of dead ones are removed on the way. */
function liveClaims(lockDir: string): Claim[] {
  const claims = readdirSync(lockDir)
    .map(parseClaim)
    .filter((claim) => claim !== null);
  return claims.filter((claim) => {
    const alive = startTime(claim.pid) === claim.started;
    if (!alive) rmSync(join(lockDir, claim.file), { force: true });
    return alive;
  });
}

function parseClaim(file: string): Claim | null {
  const match = /^(\d+)\.(.+)\.(wanted|held)$/.exec(file);
  if (match === null) return null;
  return { file, pid: Number(match[1]), started: match[2] ?? '', held: match[3] === 'held' };
}

function inUse(dataDir: string, pid: number): SyncError {
  const who = pid === process.pid ? 'by this very program' : `by another udesk-sync, process ${pid}`;
  return new SyncError('config', `the data directory ${dataDir} is in use ${who}`, {
    code: 'data-dir-in-use',
    advice:
      'stop that one first, give this one its own database.dataDir, or share a server through DATABASE_URL',
  });
}
