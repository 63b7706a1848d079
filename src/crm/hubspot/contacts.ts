/** Reads of contacts: one by its id, and many by id or by a property with unique values, from the record store. */
import type { CallOptions, DroppedElement } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { isObject, textOf } from '../http/paths.ts';
import { isRefusal } from '../http/refusal.ts';
import type { HubspotAnswer, HubspotApi } from './api.ts';
import type { HubspotConfig } from './config.ts';
import { type Contact, decode, isId, type Shape } from './decode.ts';

export const CONTACTS = '/crm/v3/objects/contacts';
export const CONTACT = `${CONTACTS}/{id}`;
/** Most inputs of one batch call ("Contacts", batch endpoints). */
export const BATCH_ROWS = 100;

export interface Reader extends Shape {
  readonly api: HubspotApi;
  readonly config: HubspotConfig;
  /** Asked for with every contact. */
  readonly properties: readonly string[];
}

/**
 * Null when no live contact has this id. A contact that was merged into another is answered by the winner, under the
 * winner's id: nobody lives under the old one any more.
 */
export async function readContact(
  reader: Reader,
  id: string,
  options: CallOptions = {},
): Promise<Contact | null> {
  const answer = await answerFor(reader, id, options);
  if (answer === null) return null;
  const contact = contactIn(reader, answer.json, answer);
  return contact.archived || contact.record.id !== id ? null : contact;
}

/** Whether another contact lives on in its place, be it one that cannot be read. */
export async function isMerged(reader: Reader, id: string, options: CallOptions = {}): Promise<boolean> {
  const answer = await answerFor(reader, id, options);
  if (answer === null) return false;
  const now = isObject(answer.json) ? textOf(answer.json.id) : null;
  if (now === null) throw notUnderstood(answer.context, 'a contact holds no id');
  return now !== id;
}

async function answerFor(reader: Reader, id: string, options: CallOptions): Promise<HubspotAnswer | null> {
  if (!isId(id)) return null;
  try {
    return await reader.api.run({
      method: 'GET',
      path: CONTACT,
      in: { id },
      query: { properties: reader.properties.join(',') },
      write: false,
      signal: options.signal,
    });
  } catch (error) {
    if (isRefusal(error, 'not-found')) return null;
    throw error;
  }
}

/** As `readEach`. @throws HttpFailure also where one of them cannot be read */
export async function readBatch(
  reader: Reader,
  ids: readonly string[],
  options: CallOptions = {},
  idProperty?: string,
): Promise<readonly Contact[]> {
  const { contacts, dropped, answer } = await readEach(reader, ids, options, idProperty);
  const [bad] = dropped;
  if (bad !== undefined && answer !== null) throw notUnderstood(answer.context, `a contact ${bad.reason}`);
  return contacts;
}

export interface BatchRead {
  readonly contacts: readonly Contact[];
  readonly dropped: readonly DroppedElement[];
  /** The last one; null where nobody was asked for. */
  readonly answer: HubspotAnswer | null;
}

/** Live contacts by their ids, or by another unique property. Whoever is not there is left out. */
export async function readEach(
  reader: Reader,
  ids: readonly string[],
  options: CallOptions = {},
  idProperty?: string,
): Promise<BatchRead> {
  const found: Contact[] = [];
  const dropped: DroppedElement[] = [];
  let last: HubspotAnswer | null = null;
  for (let at = 0; at < ids.length; at += BATCH_ROWS) {
    const inputs = ids.slice(at, at + BATCH_ROWS).map((id) => ({ id }));
    const answer = await reader.api.run({
      method: 'POST',
      path: `${CONTACTS}/batch/read`,
      body: {
        properties: reader.properties,
        inputs,
        ...(idProperty === undefined ? {} : { idProperty }),
      },
      write: false,
      signal: options.signal,
    });
    last = answer;
    const decoded = resultsOf(answer).map((row) => decode(reader, row));
    dropped.push(...decoded.flatMap((one) => (one.ok ? [] : [one.dropped])));
    const contacts = decoded.flatMap((one) => (one.ok ? [one.contact] : []));
    const asked = new Set(inputs.map(({ id }) => id));
    found.push(
      ...contacts.filter(
        ({ archived, record }) => !archived && (idProperty !== undefined || asked.has(record.id)),
      ),
    );
  }
  return { contacts: found, dropped, answer: last };
}

/** @throws HttpFailure where the answer has no list */
export function resultsOf(answer: HubspotAnswer): readonly unknown[] {
  const { json } = answer;
  if (isObject(json) && Array.isArray(json.results)) return json.results;
  throw notUnderstood(answer.context, '"results" is not a list in the answer');
}

export function contactIn(reader: Shape, raw: unknown, answer: HubspotAnswer): Contact {
  const decoded = decode(reader, raw);
  if (decoded.ok) return decoded.contact;
  throw notUnderstood(answer.context, `a contact ${decoded.dropped.reason}`);
}
