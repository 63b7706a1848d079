/**
 * A CRM that is a table in a Postgres database, any table (interface.md, "The postgres CRM adapter's block").
 * What it can do follows from the config and from what the database says about the table; both end in the manifest.
 */

import type { Manifest } from '../../core/record.ts';
import { type ErrorDetails, isSyncError, SyncError } from '../../errors.ts';
import { didYouMean } from '../../lib/suggest.ts';
import type { CallOptions, Side } from '../adapter.ts';
import { type AdapterContext, defineCrmAdapter, type TriggerTool } from '../definition.ts';
import { isUnique, readTable, type Table, tableNames } from './catalog.ts';
import { checkTable, fingerprint } from './check.ts';
import { type PostgresConfig, postgresConfigSchema } from './config.ts';
import { RefusedError } from './failures.ts';
import { lookup, readByMarker, readRow, unheld } from './find.ts';
import { missingGrants, type Needs } from './grants.ts';
import { columnsOf, fieldOfColumns, type Layout, planLayout } from './layout.ts';
import { listen } from './listen.ts';
import { changes, enumerate } from './observe.ts';
import { createPool, type Pool, type PoolOptions, readUrl, type Session } from './pool.ts';
import { raw, sql } from './sql.ts';
import {
  channelOf,
  installedTriggers,
  installStatements,
  removeStatements,
  triggerCount,
} from './triggers.ts';
import { createRow, deleteRow, updateRow } from './write.ts';

export const postgresAdapter = defineCrmAdapter({
  name: 'postgres',
  schema: postgresConfigSchema,
  create: (config, context) => createPostgresSide(config, context),
  triggers: (config, context) => openTriggers(config, context),
});

/** Time limits, for tests that do not want to wait. */
export type PostgresLimits = Pick<PoolOptions, 'connectTimeoutMs' | 'statementTimeoutMs' | 'answerTimeoutMs'>;

export async function createPostgresSide(
  config: PostgresConfig,
  context: AdapterContext,
  limits: PostgresLimits = {},
): Promise<Side> {
  const pool = createPool({ url: config.url, pair: context.pair, onAttempt: context.onAttempt, ...limits });
  try {
    const layout = await pool.read((session) => learn(session, config, context));
    const told = (await pool.read((session) => installedTriggers(session, layout))) > 0;
    return {
      ...makeSide(pool, layout, config, context),
      ...(told ? { watch: watching(config, layout, context) } : {}),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

async function openTriggers(config: PostgresConfig, context: AdapterContext): Promise<TriggerTool> {
  const pool = createPool({ url: config.url, pair: context.pair, size: 1 });
  try {
    const layout = await pool.read((session) => learn(session, config, context));
    const statements = { install: installStatements(layout), remove: removeStatements(layout) };
    return {
      ...statements,
      count: triggerCount(layout),
      installed: () => pool.read((session) => installedTriggers(session, layout)),
      run: (what) =>
        asOwner(context, () =>
          pool.transaction(async (session) => {
            for (const statement of statements[what]) await session.query(raw(statement));
          }),
        ),
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** Only who owns a table makes triggers on it, and that is more than a pair needs otherwise. */
async function asOwner(context: AdapterContext, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isSyncError(error, 'config') || error.details.code !== '42501') throw error;
    throw new SyncError('config', error.message, {
      ...error.details,
      advice: `nothing was changed; let the owner of the tables run what \`udesk-sync crm triggers ${context.pair}\` prints`,
    });
  }
}

/** Reads the catalog and fits the config to it. Throws every problem at once. */
async function learn(session: Session, config: PostgresConfig, context: AdapterContext): Promise<Layout> {
  const table = await readTable(session, config.table);
  const names = await tableNames(session);
  if (table === null) {
    throw configError(context, [
      `crm.table: there is no table ${config.table}.${didYouMean(config.table, names)}`,
    ]);
  }
  const children = new Map<string, Table | null>();
  for (const block of [config.emails, config.phones]) {
    if (block?.table !== undefined) children.set(block.table, await readTable(session, block.table));
  }
  const { fields } = context;
  const { layout, problems } = planLayout({ config, fields, table, children, tableNames: names });
  if (problems.length > 0) throw configError(context, problems, await grantsFor(session, layout, context));
  return layout;
}

/** Where the triggers are there. */
function watching(
  config: PostgresConfig,
  layout: Layout,
  { pair }: AdapterContext,
): NonNullable<Side['watch']> {
  return (told, signal) => listen(readUrl({ url: config.url, pair }), channelOf(layout.table), told, signal);
}

/** What this pair asks of the table. */
function needsOf({ fields, intends }: AdapterContext): Needs {
  return {
    written: new Set(fields.filter(({ readOnly }) => readOnly !== true).map(({ name }) => name)),
    create: intends?.create ?? true,
    delete: intends?.delete ?? true,
  };
}

async function grantsFor(session: Session, layout: Layout, context: AdapterContext): Promise<string[]> {
  const [row] = await session.query(sql`select current_user::text as login`);
  return missingGrants(layout, needsOf(context), row?.login ?? 'the_login');
}

function configError(
  context: AdapterContext,
  problems: readonly string[],
  grants: readonly string[] = [],
): SyncError {
  return new SyncError('config', problems.join('\n'), {
    pair: context.pair,
    side: 'crm',
    advice:
      grants.length === 0
        ? 'correct the `crm` block of the config'
        : `correct the \`crm\` block of the config, or let the owner of the table run: ${grants.join(' ')}`,
  });
}

function makeSide(pool: Pool, layout: Layout, config: PostgresConfig, context: AdapterContext): Side {
  const { fields, region } = context;
  const write = { layout, fields, region };

  /** Says which record and field a failed write was about. */
  async function about<T>(record: string | null, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isSyncError(error)) throw error;
      const field = error instanceof RefusedError ? refusedField(error) : null;
      const details: ErrorDetails = {
        ...error.details,
        pair: context.pair,
        side: 'crm',
        ...(record === null ? {} : { record }),
        ...(field === null ? {} : { field }),
      };
      throw new SyncError(error.kind, error.message, details);
    }
  }

  function refusedField({ column, constraint }: RefusedError): string | null {
    if (column !== null) return fieldOfColumns(layout, [column]);
    const owners = layout.places.flatMap((place) => (place.kind === 'child' ? [place.child.table] : []));
    const index = [layout.table, ...owners]
      .flatMap((owner) => owner.indexes)
      .find((candidate) => candidate.name === constraint);
    return index === undefined ? null : fieldOfColumns(layout, index.columns);
  }

  return {
    manifest: manifestOf(layout, config),
    check: (options) =>
      guarded(options, () =>
        pool.read((session) => checkTable(session, layout, needsOf(context), context.clock())),
      ),
    fingerprint: (options) =>
      guarded(options, () => pool.read((session) => fingerprint(session, layout.table))),
    enumerate: (options) => enumerate(pool, layout, options),
    changes: (cursor, options) => changes(pool, layout, cursor, config.overlapMs, options),
    read: (id, options) =>
      guarded(options, async () => {
        const found = await pool.read((session) => readRow(session, layout, id));
        return found === null || found.deleted ? null : found.record;
      }),
    lookup: (kind, value, options) =>
      guarded(options, () => pool.read((session) => lookup(session, layout, fields, region, kind, value))),
    unheld: (contacts, options) =>
      guarded(options, () => pool.read((session) => unheld(session, layout, fields, region, contacts))),
    create: (request, options) =>
      guarded(options, () =>
        about(null, async () => {
          try {
            return await pool.transaction((session) => createRow(session, write, request));
          } catch (error) {
            // Someone else inserted our marker between our look and our insert.
            const twice = isSyncError(error, 'rejected') && error.details.code === '23505';
            const found = twice
              ? await pool.read((session) => readByMarker(session, layout, request.marker))
              : null;
            if (found === null || found.deleted) throw error;
            return found.record;
          }
        }),
      ),
    update: (request, options) =>
      guarded(options, () =>
        about(request.id, () => pool.transaction((session) => updateRow(session, write, request))),
      ),
    delete: (id, options) =>
      guarded(options, () =>
        about(id, () => pool.transaction((session) => deleteRow(session, write, id, options?.current))),
      ),
    close: () => pool.close(),
  };
}

async function guarded<T>(options: CallOptions | undefined, work: () => Promise<T>): Promise<T> {
  options?.signal?.throwIfAborted();
  return work();
}

function manifestOf(layout: Layout, config: PostgresConfig): Manifest {
  const { table, externalId, updatedAt, deletedAt, places } = layout;
  const sets = places.filter((place) => place.kind !== 'scalar');
  const slots = places.flatMap((place) =>
    place.kind === 'slots' ? [[place.field, place.columns.length] as const] : [],
  );
  const readOnly = places.filter((place) =>
    columnsOf(place).some((column) => column.generated || !column.may.update),
  );
  return {
    adapter: 'postgres',
    setFields: sets.map((place) => place.field),
    capacity: Object.fromEntries(slots),
    fields: places.map((place) => place.field),
    readOnlyFields: readOnly.map((place) => place.field),
    // A transaction that we cannot see, or a clock of the application's own, has no bound (observe.ts).
    changeCursor: layout.changedBy === null ? null : { overlapMs: config.overlapMs, lateMs: null },
    compareAndSet: true,
    compareBy: 'values',
    visibleDeletes: deletedAt !== null,
    mayHide: table.rowSecurity,
    externalId: externalId === null ? null : { unique: isUnique(table, externalId.name) },
    lookups: [...(externalId === null ? [] : (['token'] as const)), 'email', 'cellphone'],
    lookupLagMs: 0,
    // Slots and child rows have names of their own; the elements of a list have none.
    elementIds: sets.length > 0 && sets.every((place) => place.kind === 'slots' || place.kind === 'child'),
    trustedTime: updatedAt !== null,
    timeResolutionMs: 1,
    enumerationCap: null,
    canDelete: deletedAt === null ? table.mayDelete : deletedAt.may.update,
    batch: null,
    rateLimit: null,
    tellsAuthor: layout.author !== null,
  };
}
