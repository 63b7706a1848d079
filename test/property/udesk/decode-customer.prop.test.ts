import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Element, Value } from '../../../src/core/value.ts';
import { decodeCustomer } from '../../../src/udesk/decode-customer.ts';
import { parseUdeskJson } from '../../../src/udesk/json.ts';

interface Contact {
  readonly id: bigint;
  readonly content: string;
}
interface Customer {
  readonly id: bigint;
  readonly name: string | null;
  readonly email: string | null;
  readonly others: readonly Contact[];
  readonly phones: readonly Contact[];
  readonly tags: readonly { readonly id: number; readonly name: string }[];
  readonly organization: bigint | null;
  readonly token: string | null;
}

const id = fc.bigInt({ min: 1n, max: 1n << 63n });
const address = fc.stringMatching(/^[a-z0-9+.]{1,8}@[a-z]{1,5}\.cn$/);
const phone = fc.stringMatching(/^1\d{10}$/);
const contacts = (content: fc.Arbitrary<string>) =>
  fc.uniqueArray(fc.record({ id, content }), { selector: (one) => one.content, maxLength: 4 });

const customer: fc.Arbitrary<Customer> = fc
  .record({
    id,
    name: fc.option(fc.string()),
    email: fc.option(address),
    others: contacts(address),
    phones: contacts(phone),
    tags: fc.array(fc.record({ id: fc.nat(), name: fc.stringMatching(/^[^,\s"\\]{1,6}$/) }), {
      maxLength: 3,
    }),
    organization: fc.option(id),
    token: fc.option(fc.stringMatching(/^[a-z0-9-]{1,12}$/)),
  })
  .map((one) => ({ ...one, others: one.others.filter((other) => other.content !== one.email) }));

const EMAILS = ['O1', 'O2', 'O2text', 'O5', 'P3', 'P4'] as const;
const PHONES = ['K1', 'K2', 'K3', 'K4', 'K6', 'absent'] as const;
const TAGS = ['T1', 'T4'] as const;
const ORGS = ['G1', 'G2', 'absent'] as const;
const shape = fc.record({
  emails: fc.constantFrom(...EMAILS),
  phones: fc.constantFrom(...PHONES),
  tags: fc.constantFrom(...TAGS),
  org: fc.constantFrom(...ORGS),
  gap: fc.constantFrom('', ' ', '\n  '),
});
type Shape = typeof shape extends fc.Arbitrary<infer S> ? S : never;

/** The text of the customer in one shape; written by hand, because no JSON writer makes these. */
function encode(one: Customer, as: Shape): string {
  const q = JSON.stringify;
  const pair = (contact: Contact): string => `{"id":${contact.id},"content":${q(contact.content)}}`;
  const members = [`"id":${one.id}`, `"nick_name":${q(one.name)}`, `"open_api_token":${q(one.token)}`];
  const list = (items: readonly string[]): string => `[${items.join(`,${as.gap}`)}]`;
  const all = [...one.others.map((other) => other.content), ...(one.email === null ? [] : [one.email])];
  const others = {
    O1: () => list(one.others.map(pair)),
    P3: () => list(one.others.map(pair)),
    O2: () => list(one.others.flatMap((other) => [String(other.id), q(other.content)])),
    O2text: () => list(one.others.flatMap((other) => [q(String(other.id)), q(other.content)])),
    O5: () => list(one.others.map((other) => q(other.content))),
    P4: () => list(all.map((text) => q(text))),
  }[as.emails]();
  if (as.emails === 'P4') members.push(`"emails":${others}`);
  else
    members.push(`"${as.emails === 'P3' ? 'emails' : 'email'}":${q(one.email)}`, `"other_emails":${others}`);
  const phones = {
    K1: () => list(one.phones.map(pair)),
    K2: () => list(one.phones.map((one) => `{"id":"${one.id}","content":${q(one.content)}}`)),
    K3: () => list(one.phones.map((one) => q(one.content))),
    K4: () => (one.phones.length === 0 ? '[]' : `[${one.phones.map(pair).join(',').replaceAll('},{', ',')}]`),
    K6: () => list(one.phones.map((one) => `[${one.id},${one.content}]`)),
    absent: () => null,
  }[as.phones]();
  if (phones !== null) members.push(`"cellphones":${phones}`);
  members.push(
    as.tags === 'T1'
      ? `"tags":${list(one.tags.map((tag) => `{"id":${tag.id},"name":${q(tag.name)},"company_id":1}`))}`
      : `"tags":${q(one.tags.map((tag) => tag.name).join(', '))}`,
  );
  if (as.org === 'G2') members.push(`"organization_id":${one.organization}`);
  if (as.org === 'G1') {
    members.push(
      `"organization":${one.organization === null ? 'null' : `{"id":${one.organization},"name":"x"}`}`,
    );
  }
  return `{${members.join(`,${as.gap}`)}}`;
}

function expected(one: Customer, as: Shape): Record<string, Value> {
  const element =
    (withId: boolean) =>
    (contact: Contact): Element => ({
      id: withId ? String(contact.id) : null,
      value: contact.content,
    });
  const fields: Record<string, Value> = { nick_name: one.name, token: one.token };
  const primary = one.email === null ? [] : [{ id: null, value: one.email }];
  if (as.emails === 'P4') {
    fields.emails = [...one.others.map(element(false)), ...primary];
  } else {
    fields.email = one.email;
    fields.emails = [...primary, ...one.others.map(element(as.emails !== 'O5'))];
  }
  if (as.phones !== 'absent') fields.cellphones = one.phones.map(element(as.phones !== 'K3'));
  fields.tags = one.tags.map((tag) => ({ id: as.tags === 'T1' ? String(tag.id) : null, value: tag.name }));
  if (as.org !== 'absent') fields.organization = one.organization === null ? null : String(one.organization);
  return fields;
}

describe('a customer in any shape', () => {
  it('decodes to the same fields, except what the shape cannot carry', () => {
    fc.assert(
      fc.property(customer, shape, (one, as) => {
        const decoded = decodeCustomer(parseUdeskJson(encode(one, as)));
        expect(decoded).toEqual({
          ok: true,
          record: {
            id: String(one.id),
            fields: expected(one, as),
            externalId: one.token,
            version: null,
            updatedAt: null,
          },
        });
      }),
      { numRuns: 500 },
    );
  });

  it('never throws anything but a dropped element, whatever JSON stands in its place', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, list) => {
        const raw = {
          id: 1,
          nick_name: value,
          email: list,
          emails: value,
          other_emails: list,
          cellphones: list,
        };
        for (const one of [
          value,
          raw,
          { ...raw, nick_name: null, email: null, tags: value, custom_fields: list },
        ]) {
          const decoded = decodeCustomer(one);
          if (!decoded.ok) expect(decoded.dropped.reason).not.toBe('');
        }
      }),
    );
  });
});
