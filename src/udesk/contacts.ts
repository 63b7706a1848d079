/**
 * What the id-merge builder must know of a customer before e-mails or phones are written: `other_emails` replaces by id,
 * so that one address without its id would be deleted (udesk/api.md §3.2). Nothing is written on incomplete knowledge.
 */
import type { UdeskContacts } from '../core/id-merge.ts';
import type { Patch, SideRecord } from '../core/record.ts';
import { type Element, isSet, type Value } from '../core/value.ts';

/** For a create. */
export const NO_CONTACTS: UdeskContacts = { email: null, otherEmails: [], cellphones: [] };

export const CONTACT_FIELDS: ReadonlySet<string> = new Set(['email', 'emails', 'cellphones']);

/** Whether the patch needs the ids of the customer's e-mails or phones. */
export function touchesContacts(patch: Patch): boolean {
  return Object.keys(patch).some((name) => CONTACT_FIELDS.has(name));
}

/**
 * The contact points of a record, as far as this patch needs them.
 * @returns null when the record does not tell them, or not their ids
 */
export function contactsOf(record: SideRecord, patch: Patch): UdeskContacts | null {
  const { email, emails, cellphones } = record.fields;
  const needsEmails = patch.email !== undefined || patch.emails !== undefined;
  const needsPhones = patch.cellphones !== undefined;
  if (needsEmails && (email === undefined || !hasElementIds(emails, email))) return null;
  if (needsPhones && !hasElementIds(cellphones)) return null;
  const primary = typeof email === 'string' && email !== '' ? email : null;
  return {
    email: primary,
    otherEmails: needsEmails ? withoutPrimary(elementsOf(emails), primary) : [],
    cellphones: needsPhones ? elementsOf(cellphones) : [],
  };
}

/** Whether a set was told with an id for each element; the primary e-mail is known to have none. */
export function hasElementIds(set: Value | undefined, primary?: Value | undefined): boolean {
  if (set === undefined || !isSet(set)) return false;
  const others = typeof primary === 'string' ? withoutPrimary(set, primary) : set;
  return others.every((element) => element.id !== null);
}

function elementsOf(value: Value | undefined): readonly Element[] {
  return value !== undefined && isSet(value) ? value : [];
}

function withoutPrimary(emails: readonly Element[], primary: string | null): readonly Element[] {
  const at = emails.findIndex((element) => element.id === null && element.value === primary);
  return at < 0 ? emails : emails.filter((_, index) => index !== at);
}
