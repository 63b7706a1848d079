/** Puts the pieces together for the commands that work on pairs: config → database → sides → engine. */
import { randomUUID } from 'node:crypto';
import { toFieldSpec, toPairSpec } from '../config/pair-spec.ts';
import { type Config, isUdeskSet, type PairConfig } from '../config/schema.ts';
import type { SideName } from '../core/record.ts';
import type { PairSpec } from '../core/spec.ts';
import { type CombinationCode, unsafeCombinations } from '../core/unsafe-combinations.ts';
import type { Side } from '../crm/adapter.ts';
import type { AdapterContext, CrmAdapterDefinition, TriggerTool } from '../crm/definition.ts';
import { adapterFields } from '../crm/mapped/places.ts';
import { mapped } from '../crm/mapped/side.ts';
import { crmAdapters } from '../crm/registry.ts';
import type { EngineContext, PairRuntime } from '../engine/context.ts';
import { isSyncError, SyncError } from '../errors.ts';
import type { Breakers } from '../http/breakers.ts';
import { createSideDispatcher } from '../http/dispatcher.ts';
import { createQuota } from '../http/quota.ts';
import type { AttemptMade, RetryPolicy } from '../http/retry.ts';
import { steadyLedger } from '../http/steady-ledger.ts';
import type { Logger } from '../lib/log.ts';
import { ownerIsDead, processOwner } from '../lib/process-owner.ts';
import { sleep } from '../lib/sleep.ts';
import type { QuotaLedger } from '../lib/sliding-window.ts';
import { didYouMean } from '../lib/suggest.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { postgresLedger } from '../store/quota-ledger.ts';
import type { Db } from '../store/tx.ts';
import { createUdeskClient, type UdeskClient } from '../udesk/client.ts';
import { labelled } from '../udesk/labelled-side.ts';
import { named } from '../udesk/named-side.ts';
import { createUdeskSide } from '../udesk/side.ts';
import type { CliContext } from './context.ts';
import { createDirectoryBook, namedFields } from './directory-book.ts';
import { createFieldBook, mappedCustomFields } from './field-book.ts';
import { refuseLawless } from './lawless-fields.ts';

/** A person, or a daemon's start, waits. */
const LEARN_TIMEOUT_MS = 10_000;

export interface Runtime {
  readonly config: Config;
  readonly database: Database;
  readonly engine: EngineContext;
  /** Where the calls of both sides are counted; one for all pairs, some of which may share an account. */
  readonly ledger: QuotaLedger;
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
  database.watch(log);
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  const lifeline = database.lifeline();
  return {
    config,
    database,
    engine: {
      db: database.db,
      lifeline,
      log,
      clock: () => new Date(),
      monotonic: REAL_TIME.monotonic,
      sleep,
      random: Math.random,
      owner: processOwner(randomUUID().slice(0, 8)),
      ownerIsDead,
    },
    ledger: steadyLedger(postgresLedger(database.sql), REAL_TIME.monotonic),
    async close() {
      await lifeline.end();
      await database.close();
    },
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

/** What a process that goes on for long has beside each side's calls. */
export interface WatchedCalls {
  readonly breakers: Breakers;
  /** Told of every attempt that was made, for counting. Must not throw. */
  readonly onAttempt: (made: AttemptMade) => void;
}

/**
 * Connects both sides of a pair. `over`: another ledger, retries or time for Udesk than this process has.
 * `watched`: by a process that goes on for long.
 */
export async function openPair(
  runtime: Runtime,
  pair: PairConfig,
  over: Partial<UdeskWorld> = {},
  watched: Partial<Readonly<Record<SideName, Partial<WatchedCalls>>>> = {},
): Promise<OpenPair> {
  const { db, log } = runtime.engine;
  const crm = await openCrm(pair, { ledger: runtime.ledger, ...watched.crm });
  const udesk = openUdesk(pair, {
    ledger: runtime.ledger,
    log,
    db,
    ...watched.udesk,
    ...over,
  });
  try {
    await udesk.learnFields();
  } catch (error) {
    await Promise.allSettled([udesk.close(), crm.close()]);
    throw error;
  }
  const spec = toPairSpec(pair, { udesk: udesk.manifest, crm: crm.manifest });
  try {
    refuseUnsafe(spec, { udesk, crm });
    await refuseLawless(db, spec);
  } catch (error) {
    await Promise.allSettled([udesk.close(), crm.close()]);
    throw error;
  }
  return {
    spec,
    sides: { udesk, crm },
    async close() {
      await Promise.allSettled([udesk.close(), crm.close()]);
    },
  };
}

/** They follow from what a login may see and delete, which others give and take. */
const BY_RIGHTS: ReadonlySet<CombinationCode> = new Set([
  'deletes-of-hidden-records',
  'deletes-not-possible',
]);

/** @throws SyncError `config` that names each combination that the engine cannot keep safe, one per line */
function refuseUnsafe(spec: PairSpec, sides: Readonly<Record<SideName, Side>>): void {
  const unsafe = unsafeCombinations(spec, sides).filter(({ verdict }) => verdict === 'refused');
  const [first] = unsafe;
  if (first === undefined) return;
  throw new SyncError('config', unsafe.map(({ code, message }) => `${code}: ${message}`).join('\n'), {
    pair: spec.name,
    code: first.code,
    ...(unsafe.every(({ code }) => BY_RIGHTS.has(code)) ? {} : { inFile: true }),
    advice: unsafe.map(({ advice }) => advice).join(' '),
  });
}

/** Time as the outside gets it; a test of a whole day brings its own. */
export interface Time {
  /** Wall clock, milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

const REAL_TIME: Time = { now: Date.now, monotonic: () => performance.now(), sleep };

export interface UdeskWorld {
  readonly ledger: QuotaLedger;
  readonly log: Logger;
  readonly retry?: RetryPolicy;
  readonly time?: Time;
  /** Where the meanings of custom fields are kept; without it they are as they stand on the wire. */
  readonly db?: Db;
  readonly onAttempt?: (call: AttemptMade) => void;
  readonly breakers?: Breakers | undefined;
}

export interface OpenUdesk extends Side {
  /**
   * Reads the definitions of mapped custom fields before anything else. An Udesk that does not answer is met again
   * by the first look at it, which asks for them too; so a daemon starts while Udesk is down.
   * @throws SyncError `config` for mapped fields that Udesk does not have
   */
  learnFields(): Promise<void>;
}

/** Makes no call yet. */
export function openUdesk(pair: PairConfig, world: UdeskWorld): OpenUdesk {
  const client = openUdeskClient(pair, world);
  const custom = mappedCustomFields(pair);
  const customFields = custom.map((field) => field.udesk);
  const plain = createUdeskSide({
    client,
    customFields,
    customSets: customFields.filter(isUdeskSet),
    shards: pair.udesk.shards,
    defaultRegion: pair.match.defaultRegion,
  });
  const { db, log } = world;
  const clock = (world.time ?? REAL_TIME).now;
  const side = db === undefined ? plain : withNames(pair, plain, { client, db, log, clock });
  const specs = pair.fields.map(toFieldSpec);
  if (db === undefined || custom.length === 0)
    return { ...mapped(side, 'udesk', specs), learnFields: async () => {} };
  const book = createFieldBook({ pair, client, db, log, clock });
  const written = custom.filter(({ direction }) => direction !== 'to-crm').map((field) => field.udesk);
  return {
    ...mapped(labelled(side, book, { mapped: customFields, written }), 'udesk', specs),
    async learnFields() {
      try {
        await book.current(AbortSignal.timeout(LEARN_TIMEOUT_MS));
      } catch (error) {
        if (isSyncError(error, 'config') && error.details.code === 'unknown-custom-field') throw error;
        const kind = isSyncError(error) ? error.kind : 'timeout';
        log.warn({ pair: pair.name, side: 'udesk', kind }, 'the custom fields of Udesk are not known yet');
      }
    },
  };
}

/** Owners, groups and organizations by name, where the mapping has them. */
function withNames(
  pair: PairConfig,
  side: Side,
  {
    client,
    db,
    log,
    clock,
  }: {
    readonly client: UdeskClient;
    readonly db: Db;
    readonly log: Logger;
    readonly clock: () => number;
  },
): Side {
  const fields = namedFields(pair);
  if (fields.length === 0) return side;
  const directory = createDirectoryBook({
    pair,
    lists: client.at('background'),
    points: client,
    db,
    log,
    clock,
  });
  return {
    ...named(side, directory, fields),
    async close() {
      directory.close();
      await side.close();
    },
  };
}

/** Makes no call yet. */
export function openUdeskClient(pair: PairConfig, world: UdeskWorld): UdeskClient {
  const dispatcher = createSideDispatcher({}, undefined, world.breakers);
  const { now, monotonic, sleep } = world.time ?? REAL_TIME;
  const { baseUrl, email, token, password, sign, quota } = pair.udesk;
  return createUdeskClient({
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
      clock: monotonic,
      sleep,
    }),
    clock: now,
    monotonic,
    sleep,
    randomNonce: randomUUID,
    log: world.log,
    ...(world.retry === undefined ? {} : { retry: world.retry }),
    ...(world.onAttempt === undefined ? {} : { onAttempt: world.onAttempt }),
  });
}

/** Connects, and throws `config` with everything that does not fit the CRM. Without a ledger its calls are counted here alone. */
export async function openCrm(
  pair: PairConfig,
  around: Partial<WatchedCalls & Pick<UdeskWorld, 'ledger'>> = {},
): Promise<Side> {
  const side = await definitionOf(pair).create(adapterBlock(pair), { ...crmContext(pair), ...around });
  return mapped(side, 'crm', pair.fields.map(toFieldSpec));
}

/** @throws SyncError `config` where the CRM has no triggers */
export async function openCrmTriggers(pair: PairConfig): Promise<TriggerTool> {
  const definition = definitionOf(pair);
  if (definition.triggers === undefined) {
    throw new SyncError('config', `the adapter ${definition.name} has no triggers`, {
      pair: pair.name,
      advice: 'Only a CRM in a Postgres database has; others are asked by their schedule.',
    });
  }
  return await definition.triggers(adapterBlock(pair), crmContext(pair));
}

function definitionOf(pair: PairConfig): CrmAdapterDefinition {
  const definition = crmAdapters[pair.crm.adapter];
  if (definition === undefined)
    throw new SyncError('config', `there is no CRM adapter "${pair.crm.adapter}"`);
  return definition;
}

/** Without the keys that are ours and not the adapter's. */
function adapterBlock({ crm: { sandbox: _, ...block } }: PairConfig): PairConfig['crm'] {
  return block;
}

function crmContext(pair: PairConfig): AdapterContext {
  return {
    pair: pair.name,
    clock: Date.now,
    fields: adapterFields(pair.fields.map(toFieldSpec)),
    region: pair.match.defaultRegion,
    intends: { create: pair.create.inCrm, delete: pair.deletes === 'propagate' },
  };
}
