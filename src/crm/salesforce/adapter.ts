/**
 * `adapter: salesforce`: contacts or leads of a Salesforce org, over its REST API and, for readings of large orgs, Bulk API
 * 2.0 (docs/adapters/salesforce.md). What it can do follows from the config and from what the org says of the object.
 */
import type { Manifest } from '../../core/record.ts';
import type { Equivalence } from '../../core/spec.ts';
import { isSyncError, SyncError } from '../../errors.ts';
import type { Side } from '../adapter.ts';
import { errorsAbout, oneByOneFor, pagesAbout } from '../calls.ts';
import { type AdapterContext, defineCrmAdapter } from '../definition.ts';
import { type Api, type ApiLimits, createApi } from './api.ts';
import { checkOrg, fingerprint } from './check.ts';
import { type SalesforceConfig, salesforceConfigSchema } from './config.ts';
import { lookup } from './find.ts';
import { readHistory } from './history.ts';
import type { Reader } from './query.ts';
import { fetchRecord } from './records.ts';
import { isGone, SalesforceRefusal } from './refusal.ts';
import { seesAllRecords } from './rights.ts';
import { planShape, readDescribe, type Shape } from './shape.ts';
import { changes, enumerate } from './walk.ts';
import { createRecord, deleteRecord, updateRecord } from './write.ts';

export const salesforceAdapter = defineCrmAdapter({
  name: 'salesforce',
  schema: salesforceConfigSchema,
  create: (config, context) => createSalesforceSide(config, context),
});

/** Opens a session and learns the object. @throws SyncError `config` with everything in which config and org do not fit */
export async function createSalesforceSide(
  config: SalesforceConfig,
  context: AdapterContext,
  limits: ApiLimits = {},
): Promise<Side> {
  const { fields, region, clock, pair } = context;
  const api = createApi(config, clock, {
    breakers: context.breakers,
    onAttempt: context.onAttempt,
    ledger: context.ledger,
    ...limits,
  });
  try {
    const shape = await learn(api, config, context);
    const reader: Reader = { api, config, shape, fields, region, clock };
    return makeSide(reader, manifestOf(reader, (await seesAllRecords(reader)) === true), pair);
  } catch (error) {
    await api.close();
    if (isSyncError(error)) {
      error.details.pair ??= pair;
      error.details.side ??= 'crm';
    }
    throw error;
  }
}

async function learn(api: Api, config: SalesforceConfig, { fields, pair }: AdapterContext): Promise<Shape> {
  const fail = (problems: readonly string[]): SyncError =>
    new SyncError('config', problems.join('\n'), {
      pair,
      side: 'crm',
      advice: 'correct the `crm` block of the config, or the org',
    });
  let json: unknown;
  try {
    json = (await api.run({ method: 'GET', path: `/sobjects/${config.object}/describe`, write: false })).json;
  } catch (error) {
    if (!isGone(error)) throw error;
    throw fail([
      `crm.object: this org (API ${config.apiVersion}) has no ${config.object}, or the user of these credentials may not see it`,
    ]);
  }
  const object = readDescribe(json);
  if (object === null)
    throw new SyncError('contract', `describe of ${config.object} lists no fields`, { side: 'crm' });
  const { shape, problems } = planShape(config, fields, object);
  if (problems.length > 0) throw fail(problems);
  return { ...shape, ownUserId: (await api.session()).userId };
}

function makeSide(reader: Reader, manifest: Manifest, pair: string): Side {
  const oneByOne = oneByOneFor();

  const named = errorsAbout(pair);

  /** Says which pair, record and field a failure was about. */
  const about = <T>(record: string | null, work: () => Promise<T>): Promise<T> =>
    named(record, async () => {
      try {
        return await work();
      } catch (error) {
        const field = error instanceof SalesforceRefusal ? fieldOf(reader.shape, error.fields) : undefined;
        if (error instanceof SalesforceRefusal && field !== undefined) error.details.field ??= field;
        throw error;
      }
    });

  return {
    manifest,
    check: (options) => about(null, () => checkOrg(reader, options)),
    fingerprint: () => about(null, () => fingerprint(reader)),
    enumerate: (options) => pagesAbout(named, enumerate(reader, options)),
    changes: (cursor, options) => pagesAbout(named, changes(reader, cursor, options)),
    read: (id, options) => about(id, async () => (await fetchRecord(reader, id, options))?.record ?? null),
    lookup: (kind, value, options) => about(null, () => lookup(reader, kind, value, options)),
    // Two creates with one marker at once would both look, and both find nothing.
    create: (request, options) =>
      about(null, () => oneByOne(request.marker, () => createRecord(reader, request, options))),
    update: (request, options) => about(request.id, () => updateRecord(reader, request, options)),
    delete: (id, options) => about(id, () => deleteRecord(reader, id, options)),
    ...(reader.config.history
      ? { history: (id, page, options) => about(id, () => readHistory(reader, id, page, options)) }
      : {}),
    clockSkewMs: () => reader.api.clockSkewMs(),
    close: () => reader.api.close(),
  };
}

/** The pair's name of a field that Salesforce names. */
function fieldOf({ places }: Shape, names: readonly string[]): string | undefined {
  return places.find(({ sources }) => sources.some(({ name }) => names.includes(name)))?.field;
}

function manifestOf({ config, shape, fields }: Reader, seesAll: boolean): Manifest {
  const { places, object, externalId } = shape;
  const holds = (kind: Equivalence): boolean => fields.some(({ equivalence }) => equivalence === kind);
  const sets = places.filter(({ kind }) => kind !== 'scalar');
  const slots = places.filter(({ kind }) => kind === 'slots');
  return {
    adapter: 'salesforce',
    setFields: sets.map(({ field }) => field),
    capacity: Object.fromEntries(slots.map(({ field, sources }) => [field, sources.length])),
    fields: places.map(({ field }) => field),
    readOnlyFields: places
      .filter(({ sources }) => sources.some(({ updateable }) => !updateable))
      .map(({ field }) => field),
    // Ten minutes for an Apex transaction; what the platform itself does in the org may take longer, and no bound is told.
    changeCursor: { overlapMs: config.overlapMs, lateMs: null },
    // If-Unmodified-Since is weak by the vendor's own word, in whole seconds, and not there for deletes.
    compareAndSet: false,
    visibleDeletes: true,
    mayHide: !seesAll,
    externalId: externalId === null ? null : { unique: externalId.unique },
    lookups: [
      ...(externalId === null ? [] : (['token'] as const)),
      ...(holds('email') ? (['email'] as const) : []),
      ...(holds('phone') ? (['cellphone'] as const) : []),
    ],
    // SOQL reads what is committed; only text search (SOSL) lags, and is not used.
    lookupLagMs: 0,
    elementIds: sets.length > 0 && slots.length === sets.length,
    trustedTime: true,
    timeResolutionMs: 1_000,
    enumerationCap: null,
    canDelete: object.deletable,
    batch: null,
    rateLimit: { calls: config.limits.perMinute, windowMs: 60_000 },
    tellsAuthor: true,
  };
}
