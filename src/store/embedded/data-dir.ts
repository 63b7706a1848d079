/**
 * Where the embedded database lives when the wanted place cannot be used: as root, Postgres runs as another account,
 * which cannot enter a checkout below a 0700 home.
 */
import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../../lib/hash.ts';
import { canEnter, serverAccount } from './account.ts';

const FALLBACK_ROOT = '/var/lib/udesk-sync';

export interface DataDirFacts {
  /** Absolute. */
  readonly wanted: string;
  /** The place was not chosen by anybody: it is the default. */
  readonly isDefault: boolean;
  /** Whether the server's account can enter it. */
  readonly reachable: boolean;
  /** Absolute path of the checkout: each gets a place of its own. */
  readonly checkout: string;
}

export interface DataDirChoice {
  readonly dataDir: string;
  /** What to tell the operator when it is not the wanted place; else null. */
  readonly note: string | null;
}

/** Only the default moves; a place that somebody chose is kept, and refused later when it cannot be used. Pure. */
export function chooseDataDir(facts: DataDirFacts): DataDirChoice {
  if (facts.reachable || !facts.isDefault) return { dataDir: facts.wanted, note: null };
  const dataDir = join(FALLBACK_ROOT, sha256(facts.checkout).slice(0, 12));
  const note =
    `running as root, and the account that Postgres runs under cannot enter ${facts.wanted}: ` +
    `the database is in ${dataDir} (set database.dataDir to choose)`;
  return { dataDir, note };
}

/** The same with the facts of this machine. `wanted` may be relative to the working directory. */
export function resolveDataDir(wanted: string): DataDirChoice {
  const checkout = realpathSync(fileURLToPath(new URL('../../..', import.meta.url)));
  const absolute = resolve(wanted);
  return chooseDataDir({
    wanted: absolute,
    isDefault: [resolve('data'), join(checkout, 'data')].includes(absolute),
    reachable: canEnter(serverAccount(join(absolute, 'postgres')), absolute),
    checkout,
  });
}
