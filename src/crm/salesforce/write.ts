/**
 * Creates, updates and deletes. Each begins with a read: what the plan saw must still be there (promise P2).
 *
 * An update carries If-Unmodified-Since with the LastModifiedDate that was read, and is refused (412) when somebody saved
 * the record in a later second. Times are whole seconds: what was saved in the second of our look would pass. So a look
 * counts only once that second is over. What this does not guard, and why the manifest promises no compare-and-set:
 * docs/decisions/0024-*.md.
 */
import type { FieldWrite, SideRecord } from '../../core/record.ts';
import { ABSENT, isAbsent } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import type { CallOptions, CreateRequest, DeleteOptions, UpdateRequest } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { compareFields, seenBy, specOf, stale, type Teller } from '../compare.ts';
import { isObject, textOf } from '../http/paths.ts';
import { type Assignment, assign } from './encode.ts';
import { lookup } from './find.ts';
import type { Reader } from './query.ts';
import { type Fetched, fetchRecord, recordPath } from './records.ts';
import { hasCode, isGone } from './refusal.ts';

const SALESFORCE: Teller = { name: 'Salesforce' };

const SECOND_MS = 1_000;
/** A record that is saved every second is somebody's work in progress: read again later. */
const MAX_LOOKS = 4;

export async function updateRecord(
  reader: Reader,
  request: UpdateRequest,
  options: CallOptions = {},
): Promise<SideRecord> {
  const { externalId } = reader.shape;
  const { id, patch } = request;
  if (Object.keys(patch).length === 0 && request.externalId === undefined)
    throw new SyncError('invariant', 'an update without a change was sent to Salesforce', { record: id });
  const now = await settledLook(reader, id, options);
  compareFields(reader, now.record, seenBy(request), SALESFORCE);
  const assignments = Object.entries(patch).flatMap(([field, write]) =>
    assignmentsOf(reader, field, write, now),
  );
  if (request.externalId !== undefined && externalId !== null)
    assignments.push([externalId.name, request.externalId]);
  if (assignments.length === 0) return now.record;
  try {
    await reader.api.run({
      ...options,
      method: 'PATCH',
      path: recordPath(reader.shape.object.name, id),
      body: Object.fromEntries(assignments),
      headers: {
        'if-unmodified-since': new Date(now.facts.lastModifiedMs).toUTCString(),
        ...duplicateRules(reader),
      },
      write: true,
    });
  } catch (error) {
    if (isGone(error)) throw stale('the record is no longer there');
    throw error;
  }
  return await afterWrite(reader, id, Object.keys(patch), options);
}

/** The record as it was read when the second of its last change was over. */
async function settledLook(reader: Reader, id: string, options: CallOptions): Promise<Fetched> {
  for (let look = 1; look <= MAX_LOOKS; look += 1) {
    const now = await fetchRecord(reader, id, options);
    if (now === null) throw stale('the record is no longer there');
    if (now.notBeforeMs >= now.facts.lastModifiedMs + SECOND_MS) return now;
    await reader.api.sleep(SECOND_MS, options.signal);
  }
  throw stale('the record is being saved again and again');
}

/** Creates, or returns the live record that carries the marker: our own create whose answer was lost. */
export async function createRecord(
  reader: Reader,
  request: CreateRequest,
  options: CallOptions = {},
): Promise<SideRecord> {
  const { shape, config } = reader;
  const known = await byMarker(reader, request.marker, options);
  if (known !== null) return known;
  const writes = Object.entries(request.patch).filter(([, { after }]) => after !== null && !isAbsent(after));
  const assignments = writes.flatMap(([field, write]) =>
    assignmentsOf(reader, field, { ...write, before: ABSENT, ops: null }, null),
  );
  if (shape.externalId !== null && request.marker !== '')
    assignments.push([shape.externalId.name, request.marker]);
  let id: string | null;
  try {
    // Not an upsert by the marker: that would write over what a person did to the record since.
    const { json, context } = await reader.api.run({
      ...options,
      method: 'POST',
      path: `/sobjects/${shape.object.name}`,
      body: { ...config.onCreate, ...Object.fromEntries(assignments) },
      headers: duplicateRules(reader),
      write: true,
    });
    id = isObject(json) ? textOf(json.id) : null;
    if (id === null || id === '') throw notUnderstood(context, 'the answer holds no id');
  } catch (error) {
    // Somebody created our marker between our look and our create.
    const twin = hasCode(error, 'DUPLICATE_VALUE') ? await byMarker(reader, request.marker, options) : null;
    if (twin === null) throw error;
    return twin;
  }
  return await afterWrite(reader, id, Object.keys(request.patch), options);
}

async function byMarker(reader: Reader, marker: string, options: CallOptions): Promise<SideRecord | null> {
  if (reader.shape.externalId === null || marker === '') return null;
  const [first, ...others] = await lookup(reader, 'token', marker, options);
  if (others.length === 0) return first ?? null;
  throw new SyncError('rejected', 'several records carry this marker', {
    side: 'crm',
    code: 'marker',
    advice: 'Merge them in Salesforce, or take the id out of all but one; tick "Unique" on the field.',
  });
}

/**
 * No such record: done already. With `current` a record that moved since is left alone; Salesforce itself compares nothing
 * when it deletes ("Conditional Request Headers": DELETE requests aren't supported).
 */
export async function deleteRecord(reader: Reader, id: string, options: DeleteOptions = {}): Promise<void> {
  const { current, ...call } = options;
  const look = async (): Promise<Fetched | null> => {
    const now = await fetchRecord(reader, id, call);
    if (now === null) return null;
    compareFields(reader, now.record, current?.fields ?? {}, SALESFORCE);
    return now;
  };
  if ((await look()) === null) return;
  try {
    await reader.api.run({
      ...call,
      method: 'DELETE',
      path: recordPath(reader.shape.object.name, id),
      write: true,
      again: look,
    });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function assignmentsOf(reader: Reader, field: string, write: FieldWrite, now: Fetched | null): Assignment[] {
  const place = reader.shape.places.find((candidate) => candidate.field === field);
  if (place === undefined)
    throw new SyncError('config', `the pair maps no field "${field}" of Salesforce`, { side: 'crm', field });
  return assign(place, write, now?.raw ?? {}, specOf(reader, field).equivalence, reader.region);
}

function duplicateRules({ config }: Reader): Readonly<Record<string, string>> {
  return config.duplicateRules === 'allow' ? { 'sforce-duplicate-rule-header': 'allowSave=true' } : {};
}

/**
 * A write answers with nothing but that it was done, so the record is read; whoever reads must know that (`reread`). Where
 * nobody else works as our user, and the last change is our user's, it is ours, and what the record holds is its outcome.
 */
async function afterWrite(
  reader: Reader,
  id: string,
  written: readonly string[],
  options: CallOptions,
): Promise<SideRecord> {
  let fresh: Fetched | null;
  try {
    fresh = await fetchRecord(reader, id, options);
  } catch (error) {
    throw unread(id, error);
  }
  if (fresh === null) throw unread(id, null);
  const { userId } = await reader.api.session();
  if (reader.config.ownUser && sameId(fresh.facts.lastModifiedById, userId)) return fresh.record;
  return { ...fresh.record, reread: written };
}

/** The short form of an id is the beginning of the long one. */
function sameId(a: string | null, b: string): boolean {
  return a !== null && a.slice(0, 15) === b.slice(0, 15);
}

function unread(record: string, cause: unknown): SyncError {
  const why = cause === null ? 'is not there' : 'could not be read';
  return new SyncError('ambiguous', `the record was written, and ${why} afterwards`, {
    side: 'crm',
    record,
    cause,
  });
}
