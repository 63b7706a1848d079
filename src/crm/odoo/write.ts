/**
 * Creates, updates and deletes, one transaction of Odoo each. Odoo refuses no update because the record moved, so each
 * update begins with a read, and only what the plan saw is written over; between that read and the write an edit can
 * still be lost, which `check` says. A create claims its external id in the same transaction (promise P5).
 */
import type { Patch, SideRecord } from '../../core/record.ts';
import { isAbsent } from '../../core/value.ts';
import { isSyncError, SyncError } from '../../errors.ts';
import type { CallOptions, CreateRequest, DeleteOptions, UpdateRequest } from '../adapter.ts';
import { compareFields, seenBy, type Teller } from '../compare.ts';
import { cleaned } from '../http/refusal.ts';
import { deletionOf } from './config.ts';
import { isObject, type OdooCall } from './dialect.ts';
import { editsOf, loadRow, writeValues } from './encode.ts';
import { isException, notUnderstood, OdooFailure } from './failure.ts';
import { type Fetched, fetchPartner } from './find.ts';
import { nameOfMarker } from './marker.ts';
import { contextOf, EXTERNAL_IDS, idsOfMarker, PARTNER, type Reader, wordsFor } from './reader.ts';
import { CLAIM, idsOfWords } from './words.ts';

const ODOO: Teller = {
  name: 'Odoo',
  advice: 'The record that it refers to is hidden from the user of the sync.',
};

export async function updatePartner(
  reader: Reader,
  request: UpdateRequest,
  options: CallOptions = {},
): Promise<SideRecord> {
  const { id, patch, externalId } = request;
  if (Object.keys(patch).length === 0 && externalId === undefined)
    throw new SyncError('invariant', 'an update without a change was sent to Odoo', { record: id });
  const look = async () => {
    const now = await fetchPartner(reader, id, options);
    if (now === null || now.record === null) throw gone();
    compareFields(reader, now.record, seenBy(request), ODOO);
    return { ...now, record: now.record };
  };
  const now = await look();
  const { record, raw } = now;
  const edits = editsOf(reader, patch, raw, await wordsFor(reader, [raw], options));
  const values = writeValues(edits, await idsOfWords(reader, edits));
  const claims = externalId !== undefined && externalId !== record.externalId;
  // P2: what Odoo gave up met somebody else's write of this record, as a rule.
  if (Object.keys(values).length > 0)
    await writeValuesTo(reader, now.id, values, { ...options, again: look });
  if (claims) await claim(reader, now.id, externalId, options);
  if (Object.keys(values).length === 0 && !claims) return record;
  return await afterWrite(reader, now.id, Object.keys(patch), record.externalId ?? externalId ?? null);
}

async function writeValuesTo(
  reader: Reader,
  id: number,
  values: Readonly<Record<string, unknown>>,
  options: CallOptions & Pick<OdooCall, 'again'>,
): Promise<void> {
  const { connection, config } = reader;
  await connection.run({
    model: PARTNER,
    method: 'write',
    ids: [id],
    params: { vals: values },
    context: contextOf(config),
    write: true,
    again: options.again,
    signal: options.signal,
  });
}

/** A second row for the same external id is refused by Odoo itself. */
async function claim(reader: Reader, id: number, marker: string, options: CallOptions): Promise<void> {
  const { connection, config } = reader;
  const row = {
    module: config.externalIdModule,
    name: nameOfMarker(marker),
    model: PARTNER,
    res_id: id,
    noupdate: true,
  };
  await connection.run({
    model: EXTERNAL_IDS,
    method: 'create',
    params: { vals_list: [row] },
    context: contextOf(config),
    write: true,
    signal: options.signal,
  });
}

/**
 * Creates, or returns the partner that carries the marker: our own create whose answer was lost. `load` makes the
 * partner and its external id in one transaction, and (module, name) is unique: of many callers at once one makes it,
 * the others' transactions end in a conflict and leave nothing behind; what exists is not touched.
 */
export async function createPartner(
  reader: Reader,
  request: CreateRequest,
  options: CallOptions = {},
): Promise<SideRecord> {
  const { connection, config, model } = reader;
  const { marker } = request;
  const edits = editsOf(reader, asNew(request.patch), null, new Map());
  const fixed = { is_company: config.records === 'companies', ...config.newRecords };
  const { columns, row } = loadRow(edits, await idsOfWords(reader, edits), fixed, model);
  const { result, about } = await connection.run({
    model: PARTNER,
    method: 'load',
    params: {
      fields: ['id', ...columns],
      data: [[`${config.externalIdModule}.${nameOfMarker(marker)}`, ...row]],
    },
    context: { ...contextOf(config), ...CLAIM, mail_create_nosubscribe: true },
    write: true,
    signal: options.signal,
  });
  if (!isObject(result)) throw notUnderstood(about, 'the answer of load is no object');
  const id = Array.isArray(result.ids) ? result.ids[0] : undefined;
  if (typeof id === 'number') return await afterWrite(reader, id, Object.keys(request.patch), marker);
  const [twin] = await idsOfMarker(reader, marker, options);
  if (twin !== undefined) return await afterWrite(reader, twin, []);
  throw refusedBy(reader, result.messages, about);
}

/** On a create there is nothing before, and what is not there is left to Odoo's own defaults. */
function asNew(patch: Patch): Patch {
  const writes = Object.entries(patch).filter(([, { after }]) => after !== null && !isAbsent(after));
  return Object.fromEntries(writes.map(([field, write]) => [field, { ...write, before: null, ops: null }]));
}

/** `load` reports what went wrong in its result, at HTTP 200 and without an error: nothing of it was kept. */
function refusedBy(
  reader: Reader,
  messages: unknown,
  about: { readonly target: string; readonly sent: unknown },
): SyncError {
  const list = Array.isArray(messages) ? messages.filter(isObject) : [];
  const first = list.find(({ type }) => type === 'error') ?? list[0] ?? {};
  const words = typeof first.message === 'string' ? cleaned(first.message, about.sent) : 'no reason given';
  if (/could not serialize|deadlock detected|could not obtain lock/i.test(words))
    return new OdooFailure('transient', `${about.target}: ${words}`, {
      undone: true,
      exception: null,
      code: 'conflict',
    });
  // Its words name people.
  if (/AccessError|not allowed to/.test(words))
    return new SyncError('rejected', `${about.target}: the user of the sync may not create this`, {
      side: 'crm',
      code: 'AccessError',
      advice: 'Tick "Contact Creation" in the settings of that user.',
    });
  const field = reader.places.find((place) => place.kind !== 'slots' && place.odoo === first.field)?.field;
  return new SyncError('rejected', `${about.target}: ${words}`, {
    side: 'crm',
    code: 'load',
    ...(field === undefined ? {} : { field }),
  });
}

/** No such partner: done already. With `current` one that moved since is left alone. */
export async function deletePartner(reader: Reader, id: string, options: DeleteOptions = {}): Promise<void> {
  const how = deletionOf(reader.config);
  if (how === 'never') throw new SyncError('rejected', 'crm.delete says never', { side: 'crm', record: id });
  const look = async () => {
    const now = await fetchPartner(reader, id, options);
    if (options.current !== undefined && now !== null && now.record !== null)
      compareFields(reader, now.record, options.current.fields, ODOO);
    return now;
  };
  const now = await look();
  if (now === null || (now.record === null && how === 'archive')) return;
  if (how === 'archive')
    return await writeValuesTo(reader, now.id, { active: false }, { ...options, again: look });
  try {
    await reader.connection.run({
      model: PARTNER,
      method: 'unlink',
      ids: [now.id],
      context: contextOf(reader.config),
      write: true,
      again: look,
      signal: options.signal,
    });
  } catch (error) {
    if (!isException(error, 'MissingError')) throw error;
  }
}

/** The write has happened: whatever goes wrong while it is read back leaves its outcome to a later look. */
async function afterWrite(
  reader: Reader,
  id: number,
  reread: readonly string[],
  marker: string | null = null,
): Promise<SideRecord> {
  let now: Fetched | null;
  try {
    now = await fetchPartner(reader, String(id), {}, marker);
  } catch (error) {
    if (!isSyncError(error)) throw error;
    throw new SyncError('ambiguous', `written, and not read back: ${error.message}`, {
      side: 'crm',
      record: String(id),
    });
  }
  if (now === null)
    throw new SyncError('ambiguous', 'the partner was gone right after it was written', {
      side: 'crm',
      record: String(id),
    });
  if (now.record === null)
    throw new SyncError('rejected', 'the partner of this marker was archived in Odoo', {
      side: 'crm',
      record: String(id),
      code: 'deleted',
      advice: 'Restore it there, or unlink the two records.',
    });
  return reread.length === 0 ? now.record : { ...now.record, reread };
}

function gone(): SyncError {
  return new SyncError('stale', 'the partner is no longer there', { side: 'crm' });
}
