/**
 * Creates, updates and deletes. Each begins with a read: what the plan saw must still be there (promise P2), and what the
 * pair does not map must survive. With a version of the API's own (If-Match, or a member of the body) nothing can slip in
 * between that read and the write. A create is recognised by its marker (promise P5).
 */
import type { FieldWrite, SideRecord } from '../../core/record.ts';
import { ABSENT, isAbsent } from '../../core/value.ts';
import { isSyncError, SyncError } from '../../errors.ts';
import { sha256 } from '../../lib/hash.ts';
import type { CallOptions, CreateRequest, DeleteOptions, UpdateRequest } from '../adapter.ts';
import { compareFields, compareVersion, seenBy, specOf, stale, type Teller } from '../compare.ts';
import { type Answer, type Call, recordPath } from './api.ts';
import { decode } from './decode.ts';
import { type Assignment, assign } from './encode.ts';
import { type Finder, lookup } from './find.ts';
import { goneIsDone, staleWhenGone, unread } from './outcomes.ts';
import { isObject, textOf, topKey, valueAt, withValueAt } from './paths.ts';
import { type Fetched, fetchRecord, idValue } from './records.ts';
import { notUnderstood } from './refusal.ts';

const API: Teller = {
  name: 'the CRM',
  advice: 'Check its path under crm.fields; where the API leaves out what is empty, set crm.omitsEmpty.',
};

export async function updateRecord(
  finder: Finder,
  request: UpdateRequest,
  options: CallOptions = {},
): Promise<SideRecord> {
  const { externalId } = finder.config;
  const { id, patch } = request;
  if (Object.keys(patch).length === 0 && request.externalId === undefined)
    throw new SyncError('invariant', 'an update without a change was sent to the CRM', { record: id });
  const look = async (): Promise<Fetched> => {
    const now = await fetchRecord(finder, id, options);
    if (now === null) throw stale('the record is no longer there');
    compareVersion(request.current, now.record);
    compareFields(finder, now.record, seenBy(request), API);
    return now;
  };
  const now = await look();
  const assignments = Object.entries(patch).flatMap(([field, write]) =>
    assignmentsOf(finder, field, write, now.raw),
  );
  if (request.externalId !== undefined && externalId !== undefined)
    assignments.push([externalId.path, request.externalId]);
  if (assignments.length === 0) return now.record;
  const answer = await sendUpdate(finder, now, assignments, { ...options, again: look });
  const { answers, record } = finder.config.update;
  const told = answers === 'nothing' ? null : toldBy(finder, answer, record, id);
  return await afterWrite(finder, id, told, Object.keys(patch), options);
}

async function sendUpdate(
  finder: Finder,
  now: Fetched,
  assignments: readonly Assignment[],
  options: CallOptions & Pick<Call, 'again'>,
): Promise<Answer> {
  const { update, version } = finder.config;
  const { id } = now.record;
  const whole = assignments.reduce((raw: unknown, [path, value]) => withValueAt(raw, path, value), now.raw);
  // What a nested value stands in goes along whole: one API merges it, another puts it in the place of what was there.
  const keys = new Set(assignments.map(([path]) => topKey(path)));
  const content = update.send === 'whole' ? whole : pick(whole, keys);
  let body: unknown = update.wrap === undefined ? content : withValueAt({}, update.wrap, content);
  if (update.idIn !== undefined) body = withValueAt(body, update.idIn, idValue(finder, id, update.method));
  if (version?.sendIn !== undefined)
    body = withValueAt(body, version.sendIn, valueAt(now.raw, version.path ?? ''));
  return await staleWhenGone(() =>
    finder.api.run({
      method: update.method,
      path: recordPath(update.path, id) ?? '',
      params: update.params,
      body: objectOf(body),
      headers: ifMatch(finder, now),
      write: true,
      again: options.again,
      signal: options.signal,
    }),
  );
}

/** Creates, or returns the live record that carries the marker: our own create whose answer was lost. */
export async function createRecord(
  finder: Finder,
  request: CreateRequest,
  options: CallOptions = {},
): Promise<SideRecord> {
  const { create, externalId } = finder.config;
  const known = await byMarker(finder, request.marker, options);
  if (known !== null) return known;
  let content: unknown = {};
  const writes = Object.entries(request.patch).filter(([, { after }]) => after !== null && !isAbsent(after));
  for (const [field, write] of writes) {
    const asNew: FieldWrite = { ...write, before: ABSENT, ops: null };
    for (const [path, value] of assignmentsOf(finder, field, asNew, null))
      content = withValueAt(content, path, value);
  }
  if (externalId !== undefined) content = withValueAt(content, externalId.path, request.marker);
  const body = create.wrap === undefined ? content : withValueAt({}, create.wrap, content);
  let answer: Answer;
  try {
    answer = await finder.api.run({
      method: create.method,
      path: create.path,
      params: create.params,
      body: objectOf(body),
      // Of marker and contents: the same person entered anew later is another create.
      headers:
        create.idempotencyHeader === undefined
          ? {}
          : { [create.idempotencyHeader]: sha256(`${request.marker}\n${JSON.stringify(body)}`).slice(0, 40) },
      write: true,
      creates: true,
      signal: options.signal,
    });
  } catch (error) {
    // Somebody created our marker between our look and our create.
    const twin = isSyncError(error, 'rejected') ? await byMarker(finder, request.marker, options) : null;
    if (twin === null) throw error;
    return twin;
  }
  const told = create.answers === 'nothing' ? null : toldBy(finder, answer, create.record, null);
  const id = told?.id ?? textOf(valueAt(answer.json, create.id ?? ''));
  if (id === null || id === '')
    throw notUnderstood(answer.context, `the answer holds no id at "${create.id}"`);
  return await afterWrite(finder, id, told, Object.keys(request.patch), options);
}

async function byMarker(finder: Finder, marker: string, options: CallOptions): Promise<SideRecord | null> {
  if (finder.config.externalId === undefined) return null;
  const [first, ...others] = await lookup(finder, 'token', marker, options);
  if (others.length === 0) return first ?? null;
  throw new SyncError('rejected', 'several records carry this marker', {
    side: 'crm',
    code: 'marker',
    advice: 'Merge them in the CRM, or take the id out of all but one.',
  });
}

/** No such record: done already. With `current` a record that moved since is left alone. */
export async function deleteRecord(finder: Finder, id: string, options: DeleteOptions = {}): Promise<void> {
  const how = finder.config.delete;
  if (how === undefined)
    throw new SyncError('rejected', 'the config has no crm.delete', { side: 'crm', record: id });
  const look = async (): Promise<Fetched | null> => {
    const now = await fetchRecord(finder, id, options);
    if (now === null || options.current === undefined) return now;
    compareVersion(options.current, now.record);
    compareFields(finder, now.record, options.current.fields, API);
    return now;
  };
  const now = await look();
  if (now === null) return;
  if ('archive' in how) {
    await sendUpdate(finder, now, [[how.archive.path, how.archive.value]], { ...options, again: look });
    return;
  }
  const { version } = finder.config;
  let body: unknown = {};
  if (how.idIn !== undefined) body = withValueAt(body, how.idIn, idValue(finder, id, how.method));
  if (version?.sendIn !== undefined)
    body = withValueAt(body, version.sendIn, valueAt(now.raw, version.path ?? ''));
  const members = objectOf(body);
  const inQuery = how.method === 'DELETE' || how.method === 'GET';
  await goneIsDone(() =>
    finder.api.run({
      method: how.method,
      path: recordPath(how.path, id) ?? '',
      params: { ...how.params, ...(inQuery ? members : {}) },
      ...(inQuery ? {} : { body: members }),
      headers: ifMatch(finder, now),
      write: true,
      again: look,
      signal: options.signal,
    }),
  );
}

function assignmentsOf(finder: Finder, field: string, write: FieldWrite, raw: unknown): Assignment[] {
  const place = finder.places.find((candidate) => candidate.field === field);
  if (place === undefined)
    throw new SyncError('config', `the CRM has no field "${field}"`, { side: 'crm', field });
  return assign(place, write, raw, specOf(finder, field).equivalence, finder.region);
}

function ifMatch(finder: Finder, now: Fetched): Readonly<Record<string, string>> {
  if (finder.config.version?.ifMatch !== true) return {};
  if (now.etag !== null) return { 'if-match': now.etag };
  throw new SyncError('contract', `the answer of crm.get has no header "${finder.config.get.etag}"`, {
    side: 'crm',
    record: now.record.id,
    advice: 'Take version.ifMatch out of the config, or name the header under get.etag.',
  });
}

/** The record in the answer of a write; its shape is no proof that nothing happened. */
function toldBy(finder: Finder, answer: Answer, path: string | undefined, id: string | null): SideRecord {
  const decoded = decode(finder, valueAt(answer.json, path ?? ''));
  if (decoded.kind === 'live' && (id === null || decoded.record.id === id)) return decoded.record;
  const why = decoded.kind === 'dropped' ? decoded.dropped.reason : 'the answer holds another record';
  throw notUnderstood(answer.context, why);
}

/** What the answer left out is read; whoever reads must know that it is not the answer of the write (`reread`). */
async function afterWrite(
  finder: Finder,
  id: string,
  told: SideRecord | null,
  written: readonly string[],
  options: CallOptions,
): Promise<SideRecord> {
  const names = finder.places.map(({ field }) => field);
  if (told !== null && names.every((field) => told.fields[field] !== undefined)) return told;
  let fresh: Fetched | null;
  try {
    fresh = await fetchRecord(finder, id, options);
  } catch (error) {
    throw unread(id, error);
  }
  if (fresh === null) throw unread(id, null);
  const reread = written.filter((field) => told?.fields[field] === undefined);
  const { record } = fresh;
  return {
    ...record,
    fields: { ...record.fields, ...told?.fields },
    ...(reread.length === 0 ? {} : { reread }),
  };
}

function pick(document: unknown, keys: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(objectOf(document)).filter(([key]) => keys.has(key)));
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}
