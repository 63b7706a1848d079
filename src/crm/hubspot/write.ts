/**
 * Creates, updates and archives. HubSpot compares nothing, so each begins with a read: what the plan saw must still be there
 * (P2). A create is an upsert by the property that holds the Udesk id: however often it is sent, there is one contact (P5).
 */
import type { SideRecord } from '../../core/record.ts';
import { isSyncError, SyncError } from '../../errors.ts';
import type { CallOptions, CreateRequest, DeleteOptions, UpdateRequest } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { compareFields, seenBy, stale, type Teller } from '../compare.ts';
import { goneIsDone, staleWhenGone, unread } from '../http/outcomes.ts';
import { isObject, type JsonObject, textOf } from '../http/paths.ts';
import type { HubspotAnswer } from './api.ts';
import { CONTACT, CONTACTS, readContact, resultsOf } from './contacts.ts';
import { type Contact, decode, heldOf, isId } from './decode.ts';
import { type EmailSteps, same } from './emails.ts';
import { type Writes, writesOf } from './encode.ts';
import { type Finder, lookup } from './find.ts';
import { rowRefusal } from './refusal.ts';

const HUBSPOT: Teller = {
  name: 'the CRM',
  advice: 'Look whether the property still exists in HubSpot, then start udesk-sync again.',
};
const SECONDARY = '/contacts/v1/secondary-email/{id}/email/{email}';

export async function updateContact(
  finder: Finder,
  request: UpdateRequest,
  options: CallOptions = {},
): Promise<SideRecord> {
  const { id, patch, externalId } = request;
  if (Object.keys(patch).length === 0 && externalId === undefined)
    throw new SyncError('invariant', 'an update without a change was sent to the CRM', { record: id });
  const now = await readContact(finder, id, options);
  if (now === null) throw stale('the record is no longer there');
  compareFields(finder, now.record, seenBy(request), HUBSPOT);
  const writes = writesOf(finder, patch, now.properties);
  const properties = {
    ...writes.properties,
    ...(externalId === undefined ? {} : { [finder.externalId]: externalId }),
  };
  const steps = stepsOf(finder, id, { ...writes, properties }, options);
  if (steps.todo.length === 0) return now.record;
  await allOrUnknown(id, steps.todo);
  return await afterWrite(finder, id, steps, Object.keys(patch), options);
}

/** Creates, or returns the live contact that carries the marker: our own create whose answer was lost. */
export async function createContact(
  finder: Finder,
  { patch, marker }: CreateRequest,
  options: CallOptions = {},
): Promise<SideRecord> {
  const [known] = await lookup(finder, 'token', marker, options);
  if (known !== undefined) return known;
  const writes = writesOf(finder, patch, null);
  const answer = await finder.api.run({
    method: 'POST',
    path: `${CONTACTS}/batch/upsert`,
    body: {
      inputs: [{ idProperty: finder.externalId, id: marker, properties: filledOnly(writes.properties) }],
    },
    write: true,
    signal: options.signal,
  });
  const raw = upserted(answer);
  const id = isObject(raw) ? (textOf(raw.id) ?? '') : '';
  if (!isId(id)) throw notUnderstood(answer.context, 'the answer holds no contact');
  const steps = stepsOf(finder, id, { ...writes, properties: {} }, options);
  steps.told.push(raw);
  if (steps.todo.length > 0) await allOrUnknown(id, [async () => {}, ...steps.todo]);
  return await afterWrite(finder, id, steps, Object.keys(patch), options);
}

/** The one result, or the one refusal, of a batch of one. */
function upserted(answer: HubspotAnswer): unknown {
  const { json, context } = answer;
  const [result] = isObject(json) && Array.isArray(json.results) ? json.results : [];
  if (result !== undefined) return result;
  const [error] = isObject(json) && Array.isArray(json.errors) ? json.errors : [];
  if (error !== undefined) throw rowRefusal(error, context);
  return resultsOf(answer)[0];
}

/**
 * HubSpot deletes nothing for good here: an archived contact can be restored for 90 days. No such contact: done already.
 * With `current` a contact that moved since is left alone.
 */
export async function archiveContact(finder: Finder, id: string, options: DeleteOptions = {}): Promise<void> {
  const look = async (): Promise<Contact | null> => {
    const now = await readContact(finder, id, options);
    if (now === null) return null;
    compareFields(finder, now.record, options.current?.fields ?? {}, HUBSPOT);
    return now;
  };
  if ((await look()) === null) return;
  // No history tells whom a delete met: it is looked at anew before it is sent once more.
  const { signal } = options;
  await goneIsDone(() =>
    finder.api.run({ method: 'DELETE', path: CONTACT, in: { id }, write: true, again: look, signal }),
  );
}

type Step = () => Promise<void>;

interface Steps {
  readonly todo: readonly Step[];
  /** Contacts as the answers of the writes told them. */
  readonly told: unknown[];
  /** Addresses that are to be gone in the end. */
  readonly removed: readonly string[];
}

/**
 * In the order in which nothing is ever missing: new addresses first, which are refused most often, while nothing else was
 * done yet; then the properties; and what goes last.
 */
function stepsOf(finder: Finder, id: string, { properties, emails }: Writes, options: CallOptions): Steps {
  const told: unknown[] = [];
  const secondary = (method: 'PUT' | 'DELETE', email: string) =>
    finder.api.run({ method, path: SECONDARY, in: { id, email }, write: true, signal: options.signal });
  const patched: Step = async () => {
    const answer = await staleWhenGone(() =>
      finder.api.run({
        method: 'PATCH',
        path: CONTACT,
        in: { id },
        body: { properties },
        write: true,
        signal: options.signal,
      }),
    );
    told.push(answer.json);
  };
  return {
    told,
    removed: emails.remove,
    todo: [
      ...emails.add.map(
        (email): Step =>
          async () =>
            void (await staleWhenGone(() => secondary('PUT', email))),
      ),
      ...(Object.keys(properties).length > 0 ? [patched] : []),
      // Whether the old primary one is among the others now is not documented: asked, and then taken away.
      ...(emails.remove.length === 0 ? [] : [() => removeEmails(finder, id, emails, secondary, options)]),
    ],
  };
}

async function removeEmails(
  finder: Finder,
  id: string,
  { primary, remove }: EmailSteps,
  secondary: (method: 'DELETE', email: string) => Promise<unknown>,
  options: CallOptions,
): Promise<void> {
  const gone = primary === null ? remove : await othersOf(finder, id, remove, options);
  for (const email of gone) await goneIsDone(() => secondary('DELETE', email));
}

/** Those of the addresses that still stand among the others. */
async function othersOf(
  finder: Finder,
  id: string,
  addresses: readonly string[],
  options: CallOptions,
): Promise<string[]> {
  const place = finder.places.find(({ kind }) => kind === 'emails');
  const contact = await readContact(finder, id, options);
  if (place === undefined || contact === null) return [];
  const others = (heldOf(place, contact.properties) ?? []).slice(1);
  return addresses.filter((one) => others.some(({ value }) => value !== null && same(value, one)));
}

/**
 * Several calls are no transaction. Refused at the first, nothing was done; at a later one, a part of it was, and only a look
 * can tell what to plan next.
 */
async function allOrUnknown(record: string, steps: readonly Step[]): Promise<void> {
  for (const [done, step] of steps.entries()) {
    try {
      await step();
    } catch (error) {
      if (done === 0 || isSyncError(error, 'ambiguous') || isSyncError(error, 'invariant')) throw error;
      const why = error instanceof Error ? error.message : 'unknown';
      throw new SyncError('ambiguous', `a part of the change was written, and then: ${why}`, {
        side: 'crm',
        record,
        cause: error,
      });
    }
  }
}

/** What the answers left out is read; whoever reads must know that it is not the answer of the write (`reread`). */
async function afterWrite(
  finder: Finder,
  id: string,
  { told }: Steps,
  written: readonly string[],
  options: CallOptions,
): Promise<SideRecord> {
  const fields = Object.assign(
    {},
    ...told.map((raw) => {
      const decoded = decode(finder, raw);
      return decoded.ok && decoded.contact.record.id === id ? decoded.contact.record.fields : {};
    }),
  ) as SideRecord['fields'];
  let fresh: Contact | null;
  try {
    fresh = await readContact(finder, id, options);
  } catch (error) {
    throw unread(id, error);
  }
  if (fresh === null) throw unread(id, null);
  const names = written.filter((field) => isTold(finder, field) && fields[field] !== undefined);
  const reread = written.filter((field) => !names.includes(field));
  const { record } = fresh;
  return {
    ...record,
    fields: { ...record.fields, ...Object.fromEntries(names.map((field) => [field, fields[field] ?? null])) },
    ...(reread.length === 0 ? {} : { reread }),
  };
}

/** The addresses are written in several calls, none of which tells them all. */
function isTold({ places }: Finder, field: string): boolean {
  return places.some((place) => place.field === field && place.kind !== 'emails');
}

/** Blank is what a new contact is anyway. */
function filledOnly(properties: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== ''));
}
