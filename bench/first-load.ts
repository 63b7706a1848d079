/**
 * Figure 1: how fast records that were read go into the mirror, against a plain multi-row insert of the very same
 * rows into a table of the same definition.
 */
import { matchKeysOf } from '../src/core/match.ts';
import { contentHash } from '../src/core/observation.ts';
import type { SideRecord } from '../src/core/record.ts';
import type { Page } from '../src/crm/adapter.ts';
import type { Cycle } from '../src/engine/context.ts';
import { holdLease } from '../src/engine/lease-keeper.ts';
import { observePages } from '../src/engine/observe.ts';
import { startRun } from '../src/store/pairs.ts';
import { decodeCustomer } from '../src/udesk/decode-customer.ts';
import { inTurn } from './measure.ts';
import { listRowOf, person } from './people.ts';
import { type Cluster, openStage, type Stage } from './stage.ts';
import { type Cost, timed } from './timed.ts';

/** As Udesk serves them. */
const PAGE_ROWS = 100;
/** As many as the engine puts into one statement. */
const BATCH_ROWS = 1_000;
const COLUMNS = [
  'pair',
  'side',
  'remote_id',
  'fields',
  'external_id',
  'version',
  'updated_at',
  'hash',
  'keys',
  'observed_at',
] as const;

export interface FirstLoad {
  readonly rows: number;
  readonly engine: readonly Cost[];
  readonly insert: readonly Cost[];
}

export async function firstLoad(cluster: Cluster, rows: number, repetitions: number): Promise<FirstLoad> {
  const stage = await openStage(await cluster.place('load'));
  try {
    const { sql } = stage.database;
    await sql.unsafe('create table udesk_sync.plain_record (like udesk_sync.record including all)');
    const records = Array.from({ length: rows }, (_, n) => recordOf(n));
    const { cycle, release } = await startCycle(stage);
    const empty = async () => {
      await sql`truncate udesk_sync.record, udesk_sync.plain_record, udesk_sync.observation`;
      await sql`checkpoint`;
    };
    const expect = async (table: string) => {
      const [found] = await sql`select count(*)::int as n from ${sql(`udesk_sync.${table}`)}`;
      if (found?.n !== rows) throw new Error(`${table} holds ${found?.n} rows instead of ${rows}`);
    };
    const found = await inTurn(
      repetitions,
      async () => {
        await empty();
        const cost = await timed(() => observePages(cycle, 'udesk', 'sweep', pagesOf(records)));
        await expect('record');
        return cost;
      },
      async () => {
        const prepared = plainRows(stage, records);
        await empty();
        const cost = await timed(() => insertPlain(stage, prepared));
        await expect('plain_record');
        return cost;
      },
    );
    await release();
    return { rows, engine: found.first, insert: found.second };
  } finally {
    await stage.close();
  }
}

function recordOf(n: number): SideRecord {
  const decoded = decodeCustomer(JSON.parse(JSON.stringify(listRowOf(person(n)))), ['custom.TextField_2']);
  if (!decoded.ok) throw new Error(decoded.dropped.reason);
  return decoded.record;
}

async function* pagesOf(records: readonly SideRecord[]): AsyncGenerator<Page> {
  for (let from = 0; from < records.length; from += PAGE_ROWS) {
    const page = records.slice(from, from + PAGE_ROWS);
    yield { records: page, deletedIds: [], dropped: [], total: records.length, end: null };
  }
}

/** Hash and keys are made beforehand: the limit is the insert alone. Its JSON is part of it, as it is for every insert. */
function plainRows(stage: Stage, records: readonly SideRecord[]) {
  const { spec } = stage.pair;
  return records.map((record) => ({
    pair: spec.name,
    side: 'udesk',
    remote_id: record.id,
    fields: record.fields,
    external_id: record.externalId,
    version: record.version,
    updated_at: record.updatedAt,
    hash: contentHash(record),
    keys: matchKeysOf(spec, 'udesk', record).map((key) => `${key.kind}:${key.value}`),
    observed_at: new Date().toISOString(),
  }));
}

async function insertPlain(stage: Stage, all: ReturnType<typeof plainRows>): Promise<void> {
  const { sql } = stage.database;
  for (let from = 0; from < all.length; from += BATCH_ROWS) {
    const rows = all
      .slice(from, from + BATCH_ROWS)
      .map((row) => ({ ...row, fields: JSON.stringify(row.fields) }));
    await sql`insert into udesk_sync.plain_record ${sql(rows, ...COLUMNS)}`;
  }
}

async function startCycle(stage: Stage): Promise<{ cycle: Cycle; release: () => Promise<void> }> {
  const { engine, pair } = stage;
  const lease = await holdLease(engine, pair.spec.name, 0);
  const runId = await startRun(engine.db, pair.spec.name, 'sync', engine.clock());
  const cycle: Cycle = {
    ...engine,
    ...pair,
    fence: lease.fence,
    runId,
    signal: lease.signal,
    held: lease.signal,
    progress: () => {},
  };
  return { cycle, release: () => lease.release() };
}
