/**
 * The invented people of the demo: a Udesk tenant and a CRM that know partly the same ones. The same seed gives the
 * same people, and what the first run must find follows from how they were made, not from what the engine says.
 */
import type { CustomerSeed } from '../simulator/customer.ts';
import { generateCustomers } from '../simulator/generate.ts';
import { type Random, seededRandom } from '../simulator/random.ts';
import { CAST_CUSTOMERS } from './cast.ts';
import { asContact, type ContactSeed, GROUPS, type Group, lastDigits, overlap, phonesOf } from './overlap.ts';

export interface People {
  /** Oldest first. */
  readonly customers: readonly CustomerSeed[];
  readonly contacts: readonly ContactSeed[];
  /** How many customers or contacts of each kind there are. */
  readonly groups: Readonly<Record<Group, number>>;
  readonly expected: {
    /** Customers that have exactly one counterpart. */
    readonly links: number;
    /** Questions of identity that only a person can answer. */
    readonly questions: number;
    /** Fields that both sides fill differently, and that no policy decides. */
    readonly conflicts: number;
  };
}

/** How many customers each kind of overlap takes; the rest is only in Udesk. */
const TAKE: readonly (readonly [Group, number])[] = [
  ['same', 200],
  ['written differently', 40],
  ['more in the CRM', 40],
  ['more in Udesk', 40],
  ['different on both sides', 30],
  ['decided by policy', 16],
];
/** Questions of the two kinds that `ambiguousContacts` plants. */
const CROSSED = 3;
const TWINS = 2;
const ONLY_IN_CRM = 70;

/** @param count customers, at least 500 */
export function inventPeople(seed: number | string, count: number): People {
  const random = seededRandom(`overlap:${seed}`);
  const invented = generateCustomers(seed, count - CAST_CUSTOMERS.length);
  const customers: CustomerSeed[] = [];
  const contacts: ContactSeed[] = [];
  const groups = Object.fromEntries(GROUPS.map((group) => [group, 0])) as Record<Group, number>;
  let conflicts = 0;

  const reachable = invented.filter((customer) => hasKeys(customer));
  let next = 0;
  for (const [group, size] of TAKE) {
    for (let n = 0; n < size; n++) {
      const customer = reachable[next++];
      if (customer === undefined) throw new RangeError('too few customers for the demo');
      const pair = overlap(group, customer, n);
      customers.push(pair.customer);
      contacts.push(pair.contact);
      conflicts += pair.conflicts;
      groups[group] += 1;
    }
  }
  contacts.push(...ambiguousContacts(reachable.slice(next)));
  groups.ambiguous = CROSSED + TWINS;
  const rest = [...reachable.slice(next), ...invented.filter((customer) => !hasKeys(customer))];
  // Whom a question names is left alone as long as nobody answered it.
  groups['only in Udesk'] = rest.length - 2 * CROSSED - TWINS;
  customers.push(...rest);
  const strangers = inventStrangers(seed, invented);
  groups['only in the CRM'] = strangers.length;
  // Udesk makes every new customer a normal one, and the level flows to the CRM only.
  contacts.push(...strangers.map((stranger) => ({ ...asContact(stranger), tier: 'standard' })));
  shuffle(random, customers);
  // The cast comes last, so it is the newest of the tenant.
  customers.push(...CAST_CUSTOMERS);
  contacts.push(...CAST_CUSTOMERS.map(asContact));
  groups.same += CAST_CUSTOMERS.length;
  shuffle(random, contacts);
  return {
    customers,
    contacts,
    groups,
    expected: {
      links: TAKE.reduce((sum, [, size]) => sum + size, CAST_CUSTOMERS.length),
      questions: CROSSED + TWINS,
      conflicts,
    },
  };
}

const BLANK: ContactSeed = { name: '', emails: [], phones: [], tier: null, industry: null, note: null };

/** A contact with the e-mail of one customer and the phone of another; and two contacts with the one phone of a customer. */
function ambiguousContacts(free: readonly CustomerSeed[]): ContactSeed[] {
  const known = free.filter((customer) => hasEmail(customer) && hasPhone(customer));
  return Array.from({ length: CROSSED + TWINS }, (_, n) => {
    const [one, two] = [known[2 * n], known[2 * n + 1]];
    if (one === undefined || two === undefined) throw new RangeError('too few customers for the demo');
    const [name, phones] = [one.nick_name ?? '', phonesOf(one).slice(0, 1)];
    return n < CROSSED
      ? [{ ...BLANK, name, emails: [one.email ?? ''], phones: phonesOf(two).slice(0, 1) }]
      : [
          { ...BLANK, name, phones },
          { ...BLANK, name: `${name} (2)`, phones },
        ];
  }).flat();
}

/** People whom nobody at Udesk knows: none of their addresses and numbers is taken. */
function inventStrangers(seed: number | string, known: readonly CustomerSeed[]): CustomerSeed[] {
  const emails = new Set(known.flatMap((customer) => asContact(customer).emails.map((e) => e.toLowerCase())));
  const phones = new Set(known.flatMap((customer) => phonesOf(customer).map(lastDigits)));
  return generateCustomers(`strangers of ${seed}`, ONLY_IN_CRM * 2)
    .filter(hasKeys)
    .filter((stranger) => !asContact(stranger).emails.some((email) => emails.has(email.toLowerCase())))
    .filter((stranger) => !phonesOf(stranger).some((phone) => phones.has(lastDigits(phone))))
    .slice(0, ONLY_IN_CRM);
}

function hasEmail(customer: CustomerSeed): boolean {
  return Boolean(customer.email);
}

function hasPhone(customer: CustomerSeed): boolean {
  return phonesOf(customer).length > 0;
}

function hasKeys(customer: CustomerSeed): boolean {
  return hasEmail(customer) || hasPhone(customer);
}

function shuffle<T>(random: Random, items: T[]): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = random.int(last + 1);
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
}
