/** What everything in this adapter works with, and how raw partners become records: two small look-ups per page. */
import type { SideRecord } from '../../core/record.ts';
import type { CallOptions, DroppedElement } from '../adapter.ts';
import type { AdapterContext } from '../definition.ts';
import type { OdooConfig } from './config.ts';
import type { Connection } from './connect.ts';
import { type Decoded, decode, type Raw, relatedIds, type Words } from './decode.ts';
import { isObject } from './dialect.ts';
import type { Domain } from './domain.ts';
import { notUnderstood } from './failure.ts';
import { markerOfName, nameOfMarker } from './marker.ts';
import { isWordPlace, type ModelFields, odooFieldsOf, type Place } from './places.ts';
import type { Wire } from './wire.ts';

export const PARTNER = 'res.partner';
export const EXTERNAL_IDS = 'ir.model.data';

export interface Reader extends Pick<AdapterContext, 'fields' | 'region'> {
  readonly config: OdooConfig;
  readonly connection: Connection;
  readonly wire: Wire;
  readonly places: readonly Place[];
  readonly model: ModelFields;
}

export interface Rows {
  readonly rows: readonly Raw[];
  readonly notBeforeMs: number;
}

/** With every call: archived records are shown, times are UTC, and only the companies of the config are worked in. */
export function contextOf({ companies }: OdooConfig): Record<string, unknown> {
  return {
    active_test: false,
    tz: 'UTC',
    ...(companies === undefined ? {} : { allowed_company_ids: companies }),
  };
}

export function partnerFields(places: readonly Place[]): string[] {
  return [...new Set(['id', 'active', 'write_date', 'write_uid', ...places.flatMap(odooFieldsOf)])];
}

/** Rows by id, ascending: the one order that no edit changes. */
export async function searchRead(
  { connection, config }: Pick<Reader, 'connection' | 'config'>,
  model: string,
  query: {
    readonly domain: Domain;
    readonly fields: readonly string[];
    readonly limit?: number | null;
    readonly context?: Readonly<Record<string, unknown>>;
  },
  options: CallOptions = {},
): Promise<Rows> {
  const { domain, fields, limit = null, context = {} } = query;
  const { result, notBeforeMs, about } = await connection.run({
    model,
    method: 'search_read',
    params: { domain, fields, offset: 0, limit, order: 'id' },
    context: { ...contextOf(config), ...context },
    write: false,
    signal: options.signal,
  });
  if (!Array.isArray(result) || !result.every(isObject))
    throw notUnderstood(about, 'the answer is no list of records');
  return { rows: result, notBeforeMs };
}

export interface DecodedRows {
  readonly records: readonly SideRecord[];
  readonly deletedIds: readonly string[];
  readonly dropped: readonly DroppedElement[];
}

export async function decodeRows(
  reader: Reader,
  rows: readonly Raw[],
  options: CallOptions = {},
): Promise<DecodedRows> {
  const all = await decodeEach(reader, rows, options);
  return {
    records: all.flatMap((one) => (one.kind === 'live' ? [one.record] : [])),
    deletedIds: all.flatMap((one) => (one.kind === 'archived' ? [one.id] : [])),
    dropped: all.flatMap((one) => (one.kind === 'dropped' ? [one.dropped] : [])),
  };
}

/** @param known the external ids of these partners, where the caller knows them: a call less */
export async function decodeEach(
  reader: Reader,
  rows: readonly Raw[],
  options: CallOptions = {},
  known: Markers | Promise<Markers> | null = null,
): Promise<Decoded[]> {
  if (rows.length === 0) return [];
  const ids = rows.flatMap(({ id }) => (typeof id === 'number' ? [id] : []));
  const [words, markers] = await Promise.all([
    wordsFor(reader, rows, options),
    known ?? markersOf(reader, ids, options),
  ]);
  const { places, config, connection } = reader;
  const archivedIsDeleted = config.archived === 'deleted';
  const context = { places, words, markers, archivedIsDeleted, uid: connection.uid };
  return rows.map((row) => decode(context, row));
}

/** What the records are called that these partners refer to. */
export async function wordsFor(
  reader: Reader,
  rows: readonly Raw[],
  options: CallOptions = {},
): Promise<Words> {
  const words = new Map<string, ReadonlyMap<number, string>>();
  for (const place of reader.places.filter(isWordPlace)) {
    const ids = [...new Set(rows.flatMap((row) => relatedIds(place, row) ?? []))];
    const found =
      ids.length === 0
        ? []
        : // By a search, and not by a read: one that is hidden from us is left out then, and does not fail the page.
          (
            await searchRead(
              reader,
              place.model,
              { domain: [['id', 'in', ids]], fields: [place.by] },
              options,
            )
          ).rows;
    words.set(
      place.field,
      new Map(
        found.flatMap((row): [number, string][] => {
          const word = row[place.by];
          return typeof row.id === 'number' && typeof word === 'string' && word.trim() !== ''
            ? [[row.id, word]]
            : [];
        }),
      ),
    );
  }
  return words;
}

/** External ids by the id of the partner. */
export type Markers = ReadonlyMap<number, string>;

/** A merge in Odoo moves the external id of the loser to the winner, which then has two: the older one counts. */
export async function markersOf(
  reader: Reader,
  ids: readonly number[],
  options: CallOptions = {},
): Promise<Markers> {
  const found = await searchRead(
    reader,
    EXTERNAL_IDS,
    { domain: [...ours(reader), ['res_id', 'in', ids]], fields: ['name', 'res_id'] },
    options,
  );
  const markers = new Map<number, string>();
  for (const { name, res_id: id } of found.rows) {
    const marker = typeof name === 'string' ? markerOfName(name) : null;
    if (typeof id === 'number' && marker !== null && !markers.has(id)) markers.set(id, marker);
  }
  return markers;
}

/** Ids of the partners with this external id: one at most, for Odoo keeps it unique. */
export async function idsOfMarker(
  reader: Reader,
  marker: string,
  options: CallOptions = {},
): Promise<number[]> {
  const { rows } = await searchRead(
    reader,
    EXTERNAL_IDS,
    { domain: [...ours(reader), ['name', '=', nameOfMarker(marker)]], fields: ['res_id'] },
    options,
  );
  return rows.flatMap(({ res_id: id }) => (typeof id === 'number' && id > 0 ? [id] : []));
}

function ours({ config }: Reader): Domain {
  return [
    ['module', '=', config.externalIdModule],
    ['model', '=', PARTNER],
  ];
}
