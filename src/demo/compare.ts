/**
 * The demo's own look at both sides, to check the engine against: what Udesk holds and what the CRM's table holds,
 * person by person and field by field. It shares no code with the engine and no stored state, only the ids of what
 * is openly waiting for a person.
 */
import type { CustomerView } from '../simulator/handle.ts';
import type { Contact } from './crm-table.ts';

/** What waits for a person: a difference is accounted for only by exactly its own row. */
export interface Waiting {
  readonly conflicts: readonly {
    readonly udeskId: string | null;
    readonly crmId: string | null;
    readonly field: string;
  }[];
  readonly questions: readonly { readonly udeskIds: readonly string[]; readonly crmIds: readonly string[] }[];
}

export interface Comparison {
  /** People that both sides hold. */
  readonly people: number;
  readonly fields: number;
  readonly equal: number;
  /** Different, and held in an open conflict of exactly this field. */
  readonly held: number;
  /** Customers and contacts without a counterpart that an open question names. */
  readonly asked: number;
  /** Whatever is neither equal nor waiting. Names ids and fields. */
  readonly problems: readonly string[];
}

export function comparePeople(
  customers: readonly CustomerView[],
  contacts: readonly Contact[],
  waiting: Waiting,
): Comparison {
  const problems: string[] = [];
  const asked = {
    udesk: new Set(waiting.questions.flatMap(({ udeskIds }) => udeskIds)),
    crm: new Set(waiting.questions.flatMap(({ crmIds }) => crmIds)),
  };
  const open = new Set(waiting.conflicts.map(({ udeskId, crmId, field }) => `${udeskId} ${crmId} ${field}`));
  const pairs = pairUp(
    customers.filter(({ id }) => !asked.udesk.has(id)),
    contacts.filter(({ id }) => !asked.crm.has(id)),
    problems,
  );
  let equal = 0;
  let held = 0;
  for (const [customer, contact] of pairs) {
    for (const [field, same] of Object.entries(FIELDS)) {
      const conflict = open.delete(`${customer.id} ${contact.id} ${field}`);
      if (same(customer, contact)) {
        equal += 1;
        if (conflict) problems.push(`customer ${customer.id}: ${field} is equal, and yet a conflict is open`);
      } else if (conflict) {
        held += 1;
      } else {
        problems.push(
          `customer ${customer.id} and contact ${contact.id}: ${field} differs, and no conflict says so`,
        );
      }
    }
  }
  for (const conflict of open) problems.push(`a conflict is open about nobody: ${conflict}`);
  return {
    people: pairs.length,
    fields: pairs.length * Object.keys(FIELDS).length,
    equal,
    held,
    asked: asked.udesk.size + asked.crm.size,
    problems,
  };
}

/** By the id that one side keeps of the other, else by a shared e-mail, else by a shared phone. */
function pairUp(
  customers: readonly CustomerView[],
  contacts: readonly Contact[],
  problems: string[],
): [CustomerView, Contact][] {
  const byKey = new Map<string, Set<Contact>>();
  for (const contact of contacts) {
    for (const key of contactKeys(contact)) byKey.set(key, (byKey.get(key) ?? new Set()).add(contact));
  }
  const pairs: [CustomerView, Contact][] = [];
  const partnerOf = new Map<Contact, string>();
  for (const customer of customers) {
    const found = customerKeys(customer)
      .map((key) => byKey.get(key))
      .find((holders) => holders !== undefined);
    const [contact, second] = found ?? [];
    if (contact === undefined) problems.push(`customer ${customer.id} is missing in the CRM`);
    else if (second !== undefined) problems.push(`customer ${customer.id} is in the CRM more than once`);
    else if (partnerOf.has(contact)) {
      problems.push(`contact ${contact.id} is in Udesk twice: ${partnerOf.get(contact)} and ${customer.id}`);
    } else {
      partnerOf.set(contact, customer.id);
      pairs.push([customer, contact]);
    }
  }
  for (const contact of contacts) {
    if (!partnerOf.has(contact)) problems.push(`contact ${contact.id} is missing in Udesk`);
  }
  return pairs;
}

/** Strongest first. */
function customerKeys(customer: CustomerView): string[] {
  const token = customer.open_api_token;
  return [
    `udesk ${customer.id}`,
    ...(token === null ? [] : [`crm ${token}`]),
    ...[...emailsOf(customer)].map((email) => `email ${email}`),
    ...[...phoneSet(customer.cellphones.map(({ content }) => content))].map((phone) => `phone ${phone}`),
  ];
}

function contactKeys(contact: Contact): string[] {
  return [
    `crm ${contact.id}`,
    ...(contact.udesk_id === null ? [] : [`udesk ${contact.udesk_id}`]),
    ...[...emailSet(contact.emails)].map((email) => `email ${email}`),
    ...[...phoneSet(contact.phones)].map((phone) => `phone ${phone}`),
  ];
}

/** By the Udesk name of the field, as conflicts name it. */
const FIELDS: Readonly<Record<string, (customer: CustomerView, contact: Contact) => boolean>> = {
  nick_name: (customer, contact) => plain(customer.nick_name) === plain(contact.name),
  emails: (customer, contact) => sameSet(emailsOf(customer), emailSet(contact.emails)),
  cellphones: (customer, contact) =>
    sameSet(phoneSet(customer.cellphones.map(({ content }) => content)), phoneSet(contact.phones)),
  level: (customer, contact) => (customer.level === 'vip' ? 'gold' : 'standard') === plain(contact.tier),
  'custom.TextField_2': (customer, contact) =>
    plain(customer.custom_fields.TextField_2) === plain(contact.industry),
  description: (customer, contact) => plain(customer.description) === plain(contact.note),
};

function plain(value: unknown): string {
  return typeof value === 'string' ? value.normalize('NFC').trim() : '';
}

function emailsOf(customer: CustomerView): Set<string> {
  const others = customer.other_emails.map(({ content }) => content);
  return emailSet(customer.email === null ? others : [customer.email, ...others]);
}

function emailSet(emails: readonly string[]): Set<string> {
  return new Set(emails.map((email) => email.trim().toLowerCase()));
}

/** Digits without the country code of China; good enough for the numbers of the demo. */
function phoneSet(phones: readonly string[]): Set<string> {
  return new Set(phones.map((phone) => phone.replace(/[^\d+]/g, '').replace(/^(\+|00)86/, '')));
}

function sameSet(one: ReadonlySet<string>, two: ReadonlySet<string>): boolean {
  return one.size === two.size && [...one].every((value) => two.has(value));
}
