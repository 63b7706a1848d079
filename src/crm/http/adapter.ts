/**
 * `adapter: http`: any JSON API, by configuration alone (docs/adapters/http.md). What it can do follows from what the config
 * declares, and ends in the manifest.
 */
import type { Manifest } from '../../core/record.ts';
import { SyncError } from '../../errors.ts';
import type { Page, Side } from '../adapter.ts';
import { errorsAbout, oneByOneFor, pagesAbout } from '../calls.ts';
import { type AdapterContext, defineCrmAdapter } from '../definition.ts';
import { type ApiLimits, createApi } from './api.ts';
import { checkApi, fingerprint } from './check.ts';
import { type HttpConfig, httpConfigSchema } from './config.ts';
import { type Finder, lookup } from './find.ts';
import { isSetPlace, type Place, placesOf } from './places.ts';
import { fetchRecord } from './records.ts';
import { walk } from './walk.ts';
import { createRecord, deleteRecord, updateRecord } from './write.ts';

export const httpAdapter = defineCrmAdapter({
  name: 'http',
  schema: httpConfigSchema,
  create: async (config, context) => createHttpSide(config, context),
});

/** Connects to nothing yet. @throws SyncError `config` with everything in which config and mapping do not fit */
export function createHttpSide(config: HttpConfig, context: AdapterContext, limits: ApiLimits = {}): Side {
  const { places, problems } = placesOf(config, context.fields);
  const all = [...problems, ...missingLookups(config, context)];
  if (all.length > 0)
    throw new SyncError('config', all.join('\n'), {
      pair: context.pair,
      side: 'crm',
      inFile: true,
      advice: 'correct the `crm` block of the config',
    });
  const api = createApi(config, context.clock, {
    breakers: context.breakers,
    onAttempt: context.onAttempt,
    ledger: context.ledger,
    ...limits,
  });
  const { fields, region } = context;
  const finder: Finder = { api, config, places, fields, region };
  const manifest = manifestOf(config, places);
  const about = errorsAbout(context.pair);
  const oneByOne = oneByOneFor();

  return {
    manifest,
    check: (options) => about(null, () => checkApi(finder, options)),
    fingerprint: (options) => about(null, () => fingerprint(finder, options)),
    async *enumerate(options = {}): AsyncGenerator<Page> {
      for await (const { notBeforeMs, calm: _, ...page } of pagesAbout(about, walk(finder, options))) {
        const cursor = manifest.changeCursor === null ? null : new Date(notBeforeMs).toISOString();
        yield { ...page, end: page.end === null ? null : { ...page.end, cursor } };
      }
    },
    async *changes(cursor, options = {}): AsyncGenerator<Page> {
      if (manifest.changeCursor === null)
        throw new SyncError(
          'invariant',
          'this API has no change cursor: `crm.list.changedSince` is not configured',
        );
      const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(cursor) ? Date.parse(cursor) : Number.NaN;
      if (Number.isNaN(at))
        throw new SyncError('cursor-expired', 'the stored position is not one of this API', { side: 'crm' });
      // Cut to the API's own step: a change within that step may carry its beginning.
      const step = config.timeResolutionMs;
      const sinceMs = Math.floor((at - manifest.changeCursor.overlapMs) / step) * step;
      for await (const { notBeforeMs, calm, ...page } of pagesAbout(
        about,
        walk(finder, { ...options, sinceMs }),
      )) {
        if (page.end === null) {
          yield { ...page, total: null };
          continue;
        }
        // After a look that may have missed something the next one begins where this one did.
        const next = calm ? new Date(notBeforeMs).toISOString() : cursor;
        yield {
          ...page,
          total: null,
          end: { certified: false, reason: page.end.reason ?? ONLY_CHANGES, cursor: next },
        };
      }
    },
    read: (id, options) => about(id, async () => (await fetchRecord(finder, id, options))?.record ?? null),
    lookup: (kind, value, options) => about(null, () => lookup(finder, kind, value, options)),
    create: (request, options) =>
      about(null, () => oneByOne(request.marker, () => createRecord(finder, request, options))),
    update: (request, options) => about(request.id, () => updateRecord(finder, request, options)),
    delete: (id, options) => about(id, () => deleteRecord(finder, id, options)),
    close: () => api.close(),
  };
}

const ONLY_CHANGES = 'only what changed since the cursor';

/** The engine looks people up by e-mail and phone before it repeats a create: without an answer it would make doubles. */
function missingLookups({ find }: HttpConfig, { fields }: AdapterContext): string[] {
  return (['email', 'phone'] as const).flatMap((kind) => {
    const field = fields.find(({ equivalence }) => equivalence === kind);
    if (field === undefined || find[kind] !== undefined) return [];
    return [
      `crm.find.${kind}: is missing, and the pair maps "${field.name}". Give the API's search by it, or \`${kind}: scan\` to read the whole list each time`,
    ];
  });
}

function manifestOf(config: HttpConfig, places: readonly Place[]): Manifest {
  const sets = places.filter(isSetPlace);
  const { changedSince, showsDeleted } = config.list;
  return {
    adapter: 'http',
    setFields: sets.map(({ field }) => field),
    capacity: Object.fromEntries(
      sets.flatMap((place) => (place.kind === 'slots' ? [[place.field, place.slots.length]] : [])),
    ),
    fields: null,
    readOnlyFields: places.filter(({ readOnly }) => readOnly).map(({ field }) => field),
    changeCursor:
      changedSince === undefined
        ? null
        : { overlapMs: changedSince.overlapMs, lateMs: changedSince.lateMs ?? null },
    compareAndSet: config.version !== undefined,
    visibleDeletes: showsDeleted,
    mayHide: config.mayHide,
    externalId: config.externalId === undefined ? null : { unique: config.externalId.unique },
    lookups: [
      ...(config.find.externalId === undefined ? [] : (['token'] as const)),
      ...(config.find.email === undefined ? [] : (['email'] as const)),
      ...(config.find.phone === undefined ? [] : (['cellphone'] as const)),
    ],
    scans: [
      ...(config.find.email === 'scan' ? (['email'] as const) : []),
      ...(config.find.phone === 'scan' ? (['cellphone'] as const) : []),
    ],
    lookupLagMs: config.find.lagMs ?? 0,
    elementIds:
      sets.length > 0 &&
      sets.every((place) => place.kind === 'slots' || (place.kind === 'objects' && place.id !== null)),
    trustedTime: config.updatedAt !== undefined,
    timeResolutionMs: config.timeResolutionMs,
    enumerationCap: null,
    canDelete: config.delete !== undefined,
    batch: null,
    rateLimit:
      config.limits.perMinute === undefined ? null : { calls: config.limits.perMinute, windowMs: 60_000 },
    tellsAuthor: config.author !== undefined,
  };
}
