/** Where a demo keeps its files, and that no two demos share them. */
import { existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSyncError, SyncError, toError } from '../errors.ts';
import { canEnter, serverAccount } from '../store/embedded/account.ts';
import { chooseDataDir } from '../store/embedded/data-dir.ts';
import { lockDirectory } from '../store/embedded/directory-lock.ts';
import { type EmbeddedPostgres, removeDataDir, startEmbeddedPostgres } from '../store/embedded/start.ts';

export interface Place {
  readonly dir: string;
  /** Of the demo's Postgres: below `dir`, unless the server's account cannot enter that (as root, below a 0700 home). */
  readonly dataDir: string;
  readonly configFile: string;
  /** The start of every command that looks into the demo. */
  readonly cli: string;
  release(): void;
}

export function defaultDir(): string {
  return join(realpathSync(fileURLToPath(new URL('../..', import.meta.url))), '.demo');
}

export function configFileIn(dir: string): string {
  return join(dir, 'udesk-sync.yaml');
}

/** Throws `SyncError('config')` when another demo is running there, or when it cannot be written. */
export async function takePlace(wanted: string | undefined): Promise<Place> {
  const dir = wanted === undefined ? defaultDir() : resolve(wanted);
  try {
    mkdirSync(dir, { recursive: true });
    const lock = await lockDirectory(join(dir, 'lock'), dir);
    const configFile = configFileIn(dir);
    const near = relative(process.cwd(), configFile);
    return {
      dir,
      dataDir: dataDirFor(dir),
      configFile,
      cli: `npx udesk-sync --config ${near.startsWith('..') ? configFile : near}`,
      release: () => lock.release(),
    };
  } catch (thrown) {
    const error = toError(thrown);
    if (isSyncError(error) && error.details.code === 'data-dir-in-use') {
      const pid = /process (\d+)/.exec(error.message)?.[1];
      throw new SyncError('config', `another demo is running in ${dir}${pid ? ` (process ${pid})` : ''}`, {
        code: 'demo-running',
        advice: 'Use that one, stop it, or give this one a folder of its own: npm run demo -- --dir FOLDER',
      });
    }
    if (isSyncError(error)) throw error;
    throw new SyncError('config', `the folder ${dir} cannot be used: ${error.message}`, {
      advice: 'Name another one: npm run demo -- --dir FOLDER',
      cause: error,
    });
  }
}

function dataDirFor(dir: string): string {
  const wanted = join(dir, 'data');
  const reachable = canEnter(serverAccount(join(wanted, 'postgres')), wanted);
  return chooseDataDir({ wanted, isDefault: true, reachable, checkout: dir }).dataDir;
}

/** A demo's data is thrown away: a slow disk must not make the first impression slow. */
const THROW_AWAY = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'].flatMap((setting) => [
  '-c',
  setting,
]);

/** An empty Postgres that also listens on the loopback address, so that other programs can look into it. */
export async function startFreshPostgres(place: Place): Promise<EmbeddedPostgres> {
  const options = { dataDir: place.dataDir, flags: THROW_AWAY, tcpPort: 'auto' } as const;
  if (existsSync(place.dataDir)) {
    // Left by a demo that was killed or told to keep it: its server may still be there, and is stopped first.
    try {
      const old = await startEmbeddedPostgres(options);
      await old.stop();
      removeDataDir(old);
    } catch (thrown) {
      if (isSyncError(thrown, 'config')) throw thrown;
      throw new SyncError(
        'config',
        `the data of an earlier demo cannot be used: ${toError(thrown).message}`,
        {
          advice: `Remove ${place.dataDir} and start again.`,
          cause: thrown,
        },
      );
    }
  }
  return await startEmbeddedPostgres(options);
}

/** Stops the server; removes what the demo wrote unless it shall be kept. */
export async function leavePlace(
  place: Place,
  postgres: EmbeddedPostgres | null,
  keep: boolean,
): Promise<void> {
  await postgres?.stop();
  if (!keep && postgres !== null) {
    removeDataDir(postgres);
    rmSync(place.configFile, { force: true });
  }
  place.release();
}
