/** How one person can be known to both sides: what each kind of overlap looks like in Udesk and in the CRM. */
import type { CustomerSeed } from '../simulator/customer.ts';

/** A row of the CRM's table, before the database gave it an id. */
export interface ContactSeed {
  readonly name: string;
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  readonly tier: string | null;
  readonly industry: string | null;
  readonly note: string | null;
}

export const GROUPS = [
  'same',
  'written differently',
  'more in the CRM',
  'more in Udesk',
  'different on both sides',
  'decided by policy',
  'ambiguous',
  'only in Udesk',
  'only in the CRM',
] as const;
export type Group = (typeof GROUPS)[number];

/** One person that both sides know, and how many of its fields will have to wait for a decision. */
export function overlap(
  group: Group,
  customer: CustomerSeed,
  n: number,
): { customer: CustomerSeed; contact: ContactSeed; conflicts: number } {
  const contact = asContact(customer);
  switch (group) {
    case 'written differently':
      return {
        customer,
        contact: {
          ...contact,
          name: ` ${contact.name}`,
          emails: contact.emails.map((email) => email.toUpperCase()).reverse(),
          phones: contact.phones.map(writtenOtherwise),
        },
        conflicts: 0,
      };
    case 'more in the CRM':
      return {
        customer: { ...customer, description: null },
        contact: {
          ...contact,
          emails: n % 2 === 0 ? [...contact.emails, `crm.only.${n}@mail.example.com`] : contact.emails,
          phones: n % 2 === 1 ? [...contact.phones, `1370000${String(1000 + n)}`] : contact.phones,
          note: n % 3 === 0 ? '合同在走流程 contract under way' : null,
        },
        conflicts: 0,
      };
    case 'more in Udesk':
      return {
        customer: { ...customer, description: '在线咨询过两次', level: 'vip' },
        contact: {
          ...contact,
          emails: contact.phones.length > 0 ? contact.emails.slice(0, 1) : contact.emails,
          phones: contact.emails.length > 0 ? contact.phones.slice(1) : contact.phones,
          tier: null,
          note: null,
        },
        conflicts: 0,
      };
    case 'different on both sides': {
      const noteToo = n % 3 === 0;
      return {
        customer: noteToo ? { ...customer, description: '希望周五前答复' } : customer,
        contact: {
          ...contact,
          name: `${contact.name.trim()} (CRM)`,
          note: noteToo ? 'wants an answer by Friday' : contact.note,
        },
        conflicts: noteToo ? 2 : 1,
      };
    }
    case 'decided by policy':
      return {
        customer: { ...customer, custom_fields: { ...customer.custom_fields, TextField_2: '未分类' } },
        contact: { ...contact, industry: '制造' },
        conflicts: 0,
      };
    default:
      return { customer, contact, conflicts: 0 };
  }
}

/** What the CRM holds of a customer when both agree. */
export function asContact(customer: CustomerSeed): ContactSeed {
  const emails = [customer.email, ...(customer.other_emails ?? [])];
  const industry = customer.custom_fields?.TextField_2;
  return {
    name: customer.nick_name ?? '',
    emails: emails.filter((email) => typeof email === 'string'),
    phones: phonesOf(customer),
    tier: customer.level === 'vip' ? 'gold' : 'standard',
    industry: typeof industry === 'string' ? industry : null,
    note: customer.description ?? null,
  };
}

export function phonesOf(customer: CustomerSeed): string[] {
  return (customer.cellphones ?? []).map((phone) => (typeof phone === 'string' ? phone : phone.content));
}

/** A Chinese mobile in another of its usual forms; anything else as it is. */
function writtenOtherwise(phone: string): string {
  const digits = lastDigits(phone);
  if (!/^1[3-9]\d{9}$/.test(digits)) return phone;
  return phone.startsWith('+')
    ? digits
    : `+86 ${digits.slice(0, 3)} ${digits.slice(3, 7)} ${digits.slice(7)}`;
}

export function lastDigits(phone: string): string {
  return phone.replace(/\D/g, '').slice(-11);
}
