/**
 * `adapter: odoo`: the partners of an Odoo, people or companies (docs/adapters/odoo.md). What it can do follows from the
 * config, from the version and from what Odoo says of its fields; all of it ends in the manifest.
 */
import type { Manifest } from '../../core/record.ts';
import type { MatchKeyKind } from '../../core/spec.ts';
import { isSyncError } from '../../errors.ts';
import type { Side } from '../adapter.ts';
import { errorsAbout, pagesAbout } from '../calls.ts';
import { type AdapterContext, defineCrmAdapter } from '../definition.ts';
import { checkOdoo, fingerprint } from './check.ts';
import { deletionOf, type OdooConfig, odooConfigSchema } from './config.ts';
import { connect } from './connect.ts';
import { fetchPartner, lookup } from './find.ts';
import { learnModel } from './learn.ts';
import { changes, enumerate } from './observe.ts';
import { isSetPlace } from './places.ts';
import type { Reader } from './reader.ts';
import { createWire, type OdooLimits } from './wire.ts';
import { createPartner, deletePartner, updatePartner } from './write.ts';

export const odooAdapter = defineCrmAdapter({
  name: 'odoo',
  schema: odooConfigSchema,
  create: (config, context) => createOdooSide(config, context),
});

/** @throws SyncError `config` with everything in which config, mapping and Odoo do not fit */
export async function createOdooSide(
  config: OdooConfig,
  context: AdapterContext,
  limits: OdooLimits = {},
): Promise<Side> {
  const wire = createWire(config, context.clock, {
    breakers: context.breakers,
    onAttempt: context.onAttempt,
    ...limits,
  });
  try {
    const connection = await connect(wire, config);
    const { model, places } = await learnModel(connection, config, context);
    const { fields, region } = context;
    return makeSide({ config, connection, wire, places, model, fields, region }, context.pair);
  } catch (error) {
    await wire.close();
    if (isSyncError(error)) Object.assign(error.details, { pair: context.pair, side: 'crm' });
    throw error;
  }
}

function makeSide(reader: Reader, pair: string): Side {
  const about = errorsAbout(pair);

  return {
    manifest: manifestOf(reader),
    check: (options) => about(null, () => checkOdoo(reader, options)),
    fingerprint: (options) => about(null, () => fingerprint(reader, options)),
    enumerate: (options) => pagesAbout(about, enumerate(reader, options)),
    changes: (cursor, options) => pagesAbout(about, changes(reader, cursor, options)),
    read: (id, options) => about(id, async () => (await fetchPartner(reader, id, options))?.record ?? null),
    lookup: (kind, value, options) => about(null, () => lookup(reader, kind, value, options)),
    create: (request, options) => about(null, () => createPartner(reader, request, options)),
    update: (request, options) => about(request.id, () => updatePartner(reader, request, options)),
    delete: (id, options) => about(id, () => deletePartner(reader, id, options)),
    close: () => reader.wire.close(),
  };
}

/** Odoo compares no versions and keeps no history that a write could be witnessed by. */
export function manifestOf({
  config,
  places,
  fields,
  connection,
}: Pick<Reader, 'config' | 'places' | 'fields' | 'connection'>): Manifest {
  const sets = places.filter(isSetPlace);
  return {
    adapter: 'odoo',
    setFields: sets.map(({ field }) => field),
    capacity: Object.fromEntries(
      sets.flatMap((place) => (place.kind === 'slots' ? [[place.field, place.slots.length]] : [])),
    ),
    fields: places.map(({ field }) => field),
    readOnlyFields: places.filter(({ readOnly }) => readOnly).map(({ field }) => field),
    // How long a transaction may take is for whoever runs Odoo to say; nothing here bounds it.
    changeCursor: { overlapMs: config.overlapMs, lateMs: null },
    compareAndSet: false,
    visibleDeletes: config.archived === 'deleted',
    // Records may be hidden from our user, but a point read tells: it is refused then, and not answered with "not there".
    mayHide: false,
    externalId: { unique: true },
    lookups: ['token', ...keysAmong(fields)],
    lookupLagMs: 0,
    elementIds: sets.length > 0 && sets.every(({ kind }) => kind === 'slots'),
    // A write that changes nothing moves write_date, and so does a write to the company of a person.
    trustedTime: false,
    timeResolutionMs: 1_000,
    enumerationCap: null,
    canDelete: deletionOf(config) !== 'never',
    batch: null,
    rateLimit: null,
    tellsAuthor: connection.uid !== null,
  };
}

function keysAmong(fields: AdapterContext['fields']): MatchKeyKind[] {
  const mapped = (kind: 'email' | 'phone') => fields.some(({ equivalence }) => equivalence === kind);
  return [
    ...(mapped('email') ? (['email'] as const) : []),
    ...(mapped('phone') ? (['cellphone'] as const) : []),
  ];
}
