/**
 * One program per data directory. A claim is an empty file whose name says it all, `<pid>.<start time>.wanted` (or `.held`), so
 * that nothing can be half written and a pid that was given out again does not count. Whoever wants the directory
 * first creates its claim, then looks at the others: of two that race, at least one sees the other.
 * (Two containers that share a folder but not their pids cannot see each other: give each its own directory.)
 *
 * A short command may use the server of the program that holds the directory: it says so with `<…>.attached`, and the
 * holder says `.leaving` before it stops the server, then waits for those. Each writes first and looks second, too.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';
import { startTime } from '../../lib/process-info.ts';

/** Code of the refusal: another program holds the directory. */
export const DATA_DIR_IN_USE = 'data-dir-in-use';

export interface DirectoryLock {
  /** Lets nobody attach any more, and waits up to `timeoutMs` for those who are. */
  drain(timeoutMs: number): Promise<void>;
  release(): void;
}

/** A claim to use what another program holds. */
export interface Attachment {
  readonly holderPid: number;
  /** False once the holder has left, or died. */
  isHeld(): boolean;
  release(): void;
}

interface Claim {
  readonly file: string;
  readonly pid: number;
  readonly started: string;
  readonly state: 'wanted' | 'held' | 'leaving' | 'attached';
}

/**
 * Takes the lock, or throws `SyncError('config')` naming the pid that holds it. Claims of dead processes (kill -9)
 * are removed on the way.
 */
export async function lockDirectory(lockDir: string, dataDir: string): Promise<DirectoryLock> {
  mkdirSync(lockDir, { recursive: true, mode: 0o755 });
  const [wanted, held, leaving] = ['wanted', 'held', 'leaving'].map((state) =>
    join(lockDir, `${ownIdentity()}.${state}`),
  ) as [string, string, string];
  const owners = () => liveClaims(lockDir).filter((claim) => claim.state !== 'attached');
  const rivals = () => owners().filter((claim) => claim.pid !== process.pid);
  if (owners().some((claim) => claim.pid === process.pid)) throw inUse(dataDir, process.pid);

  for (;;) {
    writeFileSync(wanted, '', { flag: 'wx', mode: 0o644 });
    let others = rivals();
    // All only want it: the lowest pid stays, the others withdraw for a moment.
    while (
      others.length > 0 &&
      others.every((other) => other.state === 'wanted' && other.pid > process.pid)
    ) {
      await sleep(10);
      others = rivals();
    }
    if (others.length === 0) {
      writeFileSync(held, '', { mode: 0o644 }); // beside the claim, which stays: no moment without either
      return {
        async drain(timeoutMs) {
          writeFileSync(leaving, '', { mode: 0o644 });
          const deadline = Date.now() + timeoutMs;
          const attached = () => liveClaims(lockDir).some((claim) => claim.state === 'attached');
          while (attached() && Date.now() < deadline) await sleep(20);
        },
        release() {
          for (const file of [held, leaving, wanted]) rmSync(file, { force: true });
        },
      };
    }
    rmSync(wanted, { force: true });
    const holder = others.find((other) => other.state !== 'wanted');
    if (holder !== undefined) throw inUse(dataDir, holder.pid);
    await sleep(20);
  }
}

/** Joins the other program that holds the directory; null when there is none, or it is about to leave. */
export function attachToDirectory(lockDir: string): Attachment | null {
  const holder = holderOf(lockDir);
  if (holder === null) return null;
  const file = join(lockDir, `${ownIdentity()}.${randomUUID().slice(0, 8)}.attached`);
  writeFileSync(file, '', { flag: 'wx', mode: 0o644 });
  const release = () => rmSync(file, { force: true });
  if (holderOf(lockDir)?.file !== holder.file) {
    release();
    return null;
  }
  return { holderPid: holder.pid, isHeld: () => isLive(holder, lockDir), release };
}

function holderOf(lockDir: string): Claim | null {
  const others = liveClaims(lockDir).filter((claim) => claim.pid !== process.pid);
  if (others.some((claim) => claim.state === 'leaving')) return null;
  return others.find((claim) => claim.state === 'held') ?? null;
}

function ownIdentity(): string {
  return `${process.pid}.${startTime(process.pid) ?? 'unknown'}`;
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

function isLive(claim: Claim, lockDir: string): boolean {
  return liveClaims(lockDir).some((other) => other.file === claim.file);
}

function parseClaim(file: string): Claim | null {
  const match = /^(\d+)\.([^.]+)(?:\.\w+)?\.(wanted|held|leaving|attached)$/.exec(file);
  if (match === null) return null;
  return { file, pid: Number(match[1]), started: match[2] ?? '', state: match[3] as Claim['state'] };
}

function inUse(dataDir: string, pid: number): SyncError {
  const who = pid === process.pid ? 'by this very program' : `by another udesk-sync, process ${pid}`;
  return new SyncError('config', `the data directory ${dataDir} is in use ${who}`, {
    code: pid === process.pid ? 'data-dir-open' : DATA_DIR_IN_USE,
    advice:
      'stop that one first, give this one its own database.dataDir, or share a server through DATABASE_URL',
  });
}
