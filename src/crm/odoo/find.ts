/** Partners by id and by key. */
import type { SideRecord } from '../../core/record.ts';
import type { MatchKeyKind } from '../../core/spec.ts';
import { SyncError } from '../../errors.ts';
import type { CallOptions } from '../adapter.ts';
import { holdsKey } from '../holds-key.ts';
import type { Raw } from './decode.ts';
import { isObject } from './dialect.ts';
import { type Domain, keyDomain, scopeOf } from './domain.ts';
import { isException, notUnderstood } from './failure.ts';
import { pagesById } from './observe.ts';
import { odooFieldsOf } from './places.ts';
import {
  contextOf,
  decodeEach,
  decodeRows,
  idsOfMarker,
  markersOf,
  PARTNER,
  partnerFields,
  type Reader,
} from './reader.ts';

/** One partner as Odoo shows it. */
export interface Fetched {
  readonly raw: Raw;
  readonly id: number;
  /** Null where it counts as deleted. */
  readonly record: SideRecord | null;
}

/**
 * Null only where Odoo says that there is no such partner: one that is hidden (another company, a record rule) is
 * answered with an access error, which is no answer to whether it lives (promise P7).
 * @param marker its external id, where it is known already: a call less
 */
export async function fetchPartner(
  reader: Reader,
  id: string,
  options: CallOptions = {},
  marker: string | null = null,
): Promise<Fetched | null> {
  const number = couldBeId(id);
  if (number === null) return null;
  const [raw, markers] = await Promise.all([
    readRaw(reader, number, options),
    marker === null ? markersOf(reader, [number], options) : new Map([[number, marker]]),
  ]);
  if (raw === null) return null;
  const [decoded] = await decodeEach(reader, [raw], options, markers);
  if (decoded?.kind === 'dropped')
    throw new SyncError('contract', `the partner cannot be read: ${decoded.dropped.reason}`, {
      side: 'crm',
      record: id,
    });
  return { raw, id: number, record: decoded?.kind === 'live' ? decoded.record : null };
}

async function readRaw(reader: Reader, id: number, options: CallOptions): Promise<Raw | null> {
  const { connection, places, config } = reader;
  try {
    const { result, about } = await connection.run({
      model: PARTNER,
      method: 'read',
      ids: [id],
      params: { fields: partnerFields(places) },
      context: contextOf(config),
      write: false,
      signal: options.signal,
    });
    if (!Array.isArray(result) || !result.every(isObject))
      throw notUnderstood(about, 'the answer is no list of records');
    return result.find((row) => row.id === id) ?? null;
  } catch (error) {
    // Older versions answer with an empty list, newer ones with an error.
    if (isException(error, 'MissingError')) return null;
    if (isException(error, 'AccessError')) throw hidden(String(id));
    throw error;
  }
}

export function hidden(record: string): SyncError {
  return new SyncError(
    'rejected',
    'Odoo hides this partner from the user of the sync; it may well be alive',
    {
      side: 'crm',
      record,
      code: 'hidden',
      advice: 'Give the user the company of this partner, or look for a record rule that leaves it out.',
    },
  );
}

/** Ids are positive 32-bit numbers; null for a text that cannot be one. */
export function couldBeId(id: string): number | null {
  if (!/^[1-9]\d{0,9}$/.test(id)) return null;
  const number = Number(id);
  return number <= 2_147_483_647 ? number : null;
}

/** What a search shows is looked at again: Odoo compares letter by letter, people write in many ways. */
export async function lookup(
  reader: Reader,
  kind: MatchKeyKind,
  value: string,
  options: CallOptions = {},
): Promise<SideRecord[]> {
  if (value.trim() === '' || value.includes('\0') || !value.isWellFormed()) return [];
  if (kind === 'token') {
    const found: SideRecord[] = [];
    for (const id of await idsOfMarker(reader, value, options)) {
      const record = (await fetchPartner(reader, String(id), options))?.record ?? null;
      if (record !== null) found.push(record);
    }
    return found;
  }
  const equivalence = kind === 'email' ? 'email' : 'phone';
  const mapped = reader.fields.filter((field) => field.equivalence === equivalence).map(({ name }) => name);
  const places = reader.places.filter(({ field }) => mapped.includes(field));
  const keys = keyDomain(kind, places.flatMap(odooFieldsOf), value, reader.region);
  if (keys === null) return [];
  const live: Domain = reader.config.archived === 'deleted' ? [['active', '=', true]] : [];
  const found: SideRecord[] = [];
  for await (const { rows } of pagesById(reader, [...scopeOf(reader.config), ...live, ...keys], options)) {
    const { records, dropped } = await decodeRows(reader, rows, options);
    const [bad] = dropped;
    if (bad !== undefined)
      throw new SyncError('contract', `a partner cannot be read: ${bad.reason}`, { side: 'crm' });
    found.push(...records.filter((record) => holdsKey(reader, record, kind, value)));
  }
  return found;
}
