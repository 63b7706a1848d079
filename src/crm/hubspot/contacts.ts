/** Reads of contacts: one by its id, and many by id or by a property with unique values, from the record store. */
import type { CallOptions } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { isObject } from '../http/paths.ts';
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
  if (!isId(id)) return null;
  let answer: HubspotAnswer;
  try {
    answer = await reader.api.run({
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
  const contact = contactIn(reader, answer.json, answer);
  return contact.archived || contact.record.id !== id ? null : contact;
}

/** Live contacts by their ids, or by another unique property. Whoever is not there is left out. */
export async function readBatch(
  reader: Reader,
  ids: readonly string[],
  options: CallOptions = {},
  idProperty?: string,
): Promise<Contact[]> {
  const found: Contact[] = [];
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
    const contacts = resultsOf(answer).map((row) => contactIn(reader, row, answer));
    const asked = new Set(inputs.map(({ id }) => id));
    found.push(
      ...contacts.filter(
        ({ archived, record }) => !archived && (idProperty !== undefined || asked.has(record.id)),
      ),
    );
  }
  return found;
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
