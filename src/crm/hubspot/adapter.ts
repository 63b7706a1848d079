/**
 * `adapter: hubspot`: the contacts of one HubSpot account, through CRM API v3 and a private app's token
 * (docs/adapters/hubspot.md). What it promises ends in the manifest.
 */
import type { Manifest } from '../../core/record.ts';
import { SyncError } from '../../errors.ts';
import type { CallOptions, Page, Side } from '../adapter.ts';
import { errorsAbout, oneByOneFor, pagesAbout } from '../calls.ts';
import { type AdapterContext, defineCrmAdapter } from '../definition.ts';
import { createHubspotApi, type HubspotLimits } from './api.ts';
import { checkAccount, fingerprint, readProperties as learnProperties } from './check.ts';
import { type HubspotConfig, hubspotConfigSchema } from './config.ts';
import { readContact } from './contacts.ts';
import { changed, enumerate, type Seen } from './enumerate.ts';
import { type Finder, lookup, phonesOf } from './find.ts';
import { readHistory } from './history.ts';
import { EMAIL, isSetPlace, type Place, placesOf, propertiesOf, readProperties } from './places.ts';
import { archiveContact, createContact, updateContact } from './write.ts';

export const hubspotAdapter = defineCrmAdapter({
  name: 'hubspot',
  schema: hubspotConfigSchema,
  create: (config, context) => createHubspotSide(config, context),
});

/** Asks for the properties of contacts. @throws SyncError `config` with everything in which account and mapping do not fit */
export async function createHubspotSide(
  config: HubspotConfig,
  context: AdapterContext,
  limits: HubspotLimits = {},
): Promise<Side> {
  const api = createHubspotApi(config, context.clock, {
    breakers: context.breakers,
    onAttempt: context.onAttempt,
    ledger: context.ledger,
    ...limits,
  });
  const about = errorsAbout(context.pair);
  try {
    const properties = await about(null, () => learnProperties(api));
    const { places, problems } = placesOf(config, context.fields, properties);
    if (problems.length > 0)
      throw new SyncError('config', problems.join('\n'), {
        pair: context.pair,
        side: 'crm',
        advice: 'correct the `crm` block of the config, or the properties in HubSpot',
      });
    const { fields, region } = context;
    const { externalId } = config;
    return makeSide(
      { api, config, places, externalId, fields, region, properties: readProperties(config, places) },
      about,
    );
  } catch (error) {
    await api.close();
    throw error;
  }
}

function makeSide(finder: Finder, about: ReturnType<typeof errorsAbout>): Side {
  const { api, config } = finder;
  const oneByOne = oneByOneFor();
  const seen: Seen = { merged: new Set(), archived: new Set() };

  return {
    manifest: manifestOf(finder),
    check: (options) => about(null, () => checkAccount(finder, options)),
    fingerprint: (options) => about(null, () => fingerprint(finder, options)),
    enumerate: (options) => pagesAbout(about, enumerate(finder, seen, options)),
    async *changes(cursor: string, options: CallOptions = {}): AsyncGenerator<Page> {
      const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(cursor) ? Date.parse(cursor) : Number.NaN;
      if (Number.isNaN(at))
        throw new SyncError('cursor-expired', 'the stored position is not one of HubSpot', { side: 'crm' });
      yield* pagesAbout(about, changed(finder, seen, at - config.overlapMs, options));
    },
    read: (id, options) => about(id, async () => (await readContact(finder, id, options))?.record ?? null),
    history: (id, page, options) => about(id, () => readHistory(finder, id, page, options)),
    clockSkewMs: () => api.clockSkewMs(),
    lookup: (kind, value, options) => about(null, () => lookup(finder, kind, value, options)),
    create: (request, options) =>
      about(null, () => oneByOne(request.marker, () => createContact(finder, request, options))),
    update: (request, options) => about(request.id, () => updateContact(finder, request, options)),
    delete: (id, options) => about(id, () => archiveContact(finder, id, options)),
    close: () => api.close(),
  };
}

function manifestOf({ config, places, fields }: Finder): Manifest {
  const writable = (place: Place): boolean => {
    if (place.kind === 'emails') return true;
    return (place.kind === 'slots' ? place.slots : [place.property]).every(({ readOnly }) => !readOnly);
  };
  const sets = places.filter(isSetPlace);
  return {
    adapter: 'hubspot',
    setFields: sets.map(({ field }) => field),
    capacity: Object.fromEntries(
      places.flatMap((place) => (place.kind === 'slots' ? [[place.field, place.slots.length]] : [])),
    ),
    fields: places.map(({ field }) => field),
    readOnlyFields: places.filter((place) => !writable(place)).map(({ field }) => field),
    // "A few moments" is all that is documented of how late the search may be.
    changeCursor: { overlapMs: config.overlapMs, lateMs: null },
    compareAndSet: false,
    visibleDeletes: true,
    // A private app sees every contact of its account.
    mayHide: false,
    externalId: { unique: true },
    lookups: [
      'token',
      ...(places.some((place) => propertiesOf(place).includes(EMAIL)) ? (['email'] as const) : []),
      ...(phonesOf({ places, fields }).length > 0 ? (['cellphone'] as const) : []),
    ],
    // A create is looked for by its marker, in the record store, which lags behind nothing. What the search misses for
    // some moments cannot make a double: the create is an upsert by that marker.
    lookupLagMs: 0,
    elementIds: sets.length > 0 && sets.every(({ kind }) => kind === 'slots'),
    // Every property that HubSpot computes moves `updatedAt`: it says nothing of when a person edited.
    trustedTime: false,
    timeResolutionMs: 1,
    enumerationCap: null,
    canDelete: true,
    batch: null,
    rateLimit: { calls: config.limits.perTenSeconds, windowMs: 10_000 },
  };
}
