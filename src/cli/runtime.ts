/** Puts the pieces together for the commands that work on pairs: config → database → sides → engine. */
import { randomUUID } from 'node:crypto';
import { toFieldSpec, toPairSpec } from '../config/pair-spec.ts';
import { type Config, isUdeskSet, type PairConfig } from '../config/schema.ts';
import type { Side } from '../crm/adapter.ts';
import type { MappedField } from '../crm/definition.ts';
import { crmAdapters } from '../crm/registry.ts';
import type { EngineContext, PairRuntime } from '../engine/context.ts';
import { SyncError } from '../errors.ts';
import { createSideDispatcher } from '../http/dispatcher.ts';
import { createQuota } from '../http/quota.ts';
import type { RetryPolicy } from '../http/retry.ts';
import type { Logger } from '../lib/log.ts';
import { ownerIsDead, processOwner } from '../lib/process-owner.ts';
import { sleep } from '../lib/sleep.ts';
import type { QuotaLedger } from '../lib/sliding-window.ts';
import { didYouMean } from '../lib/suggest.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { postgresLedger } from '../store/quota-ledger.ts';
import { createUdeskClient } from '../udesk/client.ts';
import { createUdeskSide } from '../udesk/side.ts';
import type { CliContext } from './context.ts';

export interface Runtime {
  readonly config: Config;
  readonly database: Database;
  readonly engine: EngineContext;
  close(): Promise<void>;
}

/** Opens and migrates the database. The sides are opened by `openPair`, so that a command touches only what it needs. */
export async function openRuntime(context: CliContext, command: string): Promise<Runtime> {
  const config = context.loadConfig();
  const log = context.logger(command === 'run' ? 'info' : 'error');
  const database = await openDatabase({
    ...config.database,
    applicationName: `udesk-sync ${command}`,
    // Beside a daemon with an embedded database a command uses the daemon's; two daemons are one too many.
    ...(command === 'run' ? { patienceMs: 5_000 } : { attach: true }),
    log,
  });
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return {
    config,
    database,
    engine: {
      db: database.db,
      log,
      clock: () => new Date(),
      sleep,
      random: Math.random,
      owner: processOwner(randomUUID().slice(0, 8)),
      ownerIsDead,
    },
    close: () => database.close(),
  };
}

/** The pairs that a command is about: all, or the one that was named. */
export function choosePairs(config: Config, name: string | undefined): readonly PairConfig[] {
  if (name === undefined) return config.pairs;
  const chosen = config.pairs.filter((pair) => pair.name === name);
  if (chosen.length > 0) return chosen;
  const names = config.pairs.map((pair) => pair.name);
  throw new SyncError('config', `there is no pair "${name}"${didYouMean(name, names)}`, {
    advice: `Configured pairs: ${names.join(', ')}.`,
  });
}

export interface OpenPair extends PairRuntime {
  close(): Promise<void>;
}

/** Connects both sides of a pair. */
export async function openPair(runtime: Runtime, pair: PairConfig): Promise<OpenPair> {
  const crm = await openCrm(pair);
  const udesk = openUdesk(pair, { ledger: postgresLedger(runtime.database.sql), log: runtime.engine.log });
  return {
    spec: toPairSpec(pair, { udesk: udesk.manifest, crm: crm.manifest }),
    sides: { udesk, crm },
    async close() {
      await Promise.allSettled([udesk.close(), crm.close()]);
    },
  };
}

/** Makes no call yet. */
export function openUdesk(
  pair: PairConfig,
  world: { readonly ledger: QuotaLedger; readonly log: Logger; readonly retry?: RetryPolicy },
): Side {
  const dispatcher = createSideDispatcher();
  const { baseUrl, email, token, password, sign, quota } = pair.udesk;
  const client = createUdeskClient({
    baseUrl,
    email,
    ...(token === undefined ? {} : { token }),
    ...(password === undefined ? {} : { password }),
    sign,
    dispatcher,
    quota: createQuota({
      ...quota,
      key: baseUrl,
      ledger: world.ledger,
      clock: () => performance.now(),
      sleep,
    }),
    clock: Date.now,
    monotonic: () => performance.now(),
    sleep,
    randomNonce: randomUUID,
    log: world.log,
    ...(world.retry === undefined ? {} : { retry: world.retry }),
  });
  const customFields = pair.fields.map((field) => field.udesk).filter((name) => name.startsWith('custom.'));
  return createUdeskSide({
    client,
    customFields,
    customSets: customFields.filter(isUdeskSet),
    shards: pair.udesk.shards,
    defaultRegion: pair.match.defaultRegion,
  });
}

/** Connects, and throws `config` with everything that does not fit the CRM. */
export async function openCrm(pair: PairConfig): Promise<Side> {
  const definition = crmAdapters[pair.crm.adapter];
  if (definition === undefined)
    throw new SyncError('config', `there is no CRM adapter "${pair.crm.adapter}"`);
  const fields = pair.fields
    .map(toFieldSpec)
    .map((field): MappedField => ({ name: field.crm, shape: field.shape, equivalence: field.equivalence }));
  return await definition.create(pair.crm, {
    pair: pair.name,
    clock: Date.now,
    fields,
    region: pair.match.defaultRegion,
  });
}
