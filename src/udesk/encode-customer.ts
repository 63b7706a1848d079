/** Request bodies of create and update (udesk/api.md §2.2, §2.3): `tags` and `other_emails` at the top, the rest inside `customer`. */
import { normalizeText } from '../core/equivalence.ts';
import { buildUdeskContacts, type ContactWrites, type UdeskContacts } from '../core/id-merge.ts';
import type { Patch } from '../core/record.ts';
import { isAbsent, isSet, type Value } from '../core/value.ts';
import { SyncError } from '../errors.ts';
import { CONTACT_FIELDS, touchesContacts } from './contacts.ts';
import { idNumber } from './json.ts';

const TEXT_FIELDS: ReadonlySet<string> = new Set(['nick_name', 'description', 'level']);
const ID_FIELDS: Readonly<Record<string, string>> = {
  owner: 'owner_id',
  owner_group: 'owner_group_id',
  organization: 'organization_id',
};
const CUSTOM = 'custom.';

/** A request body without auth and selector. */
export interface CustomerBody {
  readonly customer: Readonly<Record<string, unknown>>;
  readonly tags?: string;
  readonly other_emails?: readonly unknown[];
}

/**
 * @param region how phones without a country code are compared
 * @param marker stored as the customer's `open_api_token`; null for an update
 * @returns null when the customer already holds everything: there is nothing to send
 * @throws SyncError `rejected` for a value that this API cannot take, `config` for a field that it does not know
 */
export function encodeCustomer(
  patch: Patch,
  current: UdeskContacts,
  region: string,
  marker: string | null,
): CustomerBody | null {
  const customer: Record<string, unknown> = {};
  const custom: Record<string, unknown> = {};
  const top: Record<string, unknown> = {};
  for (const [name, write] of Object.entries(patch)) {
    const value = write.after;
    const idKey = ID_FIELDS[name];
    if (TEXT_FIELDS.has(name)) customer[name] = scalar(name, value);
    else if (name === 'is_blocked') customer[name] = flag(name, value);
    else if (idKey !== undefined) customer[idKey] = id(name, value);
    else if (name === 'token') customer.open_api_token = scalar(name, value);
    else if (name === 'tags') top.tags = joinTags(value);
    else if (name.startsWith(CUSTOM)) custom[name.slice(CUSTOM.length)] = customValue(value);
    else if (!CONTACT_FIELDS.has(name)) throw unknownField(name);
  }
  if (Object.keys(custom).length > 0) customer.custom_fields = custom;
  if (touchesContacts(patch)) addContacts(patch, current, region, customer, top);
  if (marker !== null) customer.open_api_token = marker;
  if (Object.keys(customer).length === 0 && Object.keys(top).length === 0) return null;
  // `customer: {}` counts as a missing parameter (code 2000): repeat the tags inside, where the vendor's table has them.
  if (Object.keys(customer).length === 0) return { customer: { tags: top.tags }, ...top };
  return { customer, ...top };
}

function addContacts(
  patch: Patch,
  current: UdeskContacts,
  region: string,
  customer: Record<string, unknown>,
  top: Record<string, unknown>,
): void {
  const { email, emails, cellphones } = patch;
  const writes: ContactWrites = {
    ...(email === undefined ? {} : { email }),
    ...(emails === undefined ? {} : { emails }),
    ...(cellphones === undefined ? {} : { cellphones }),
  };
  const built = buildUdeskContacts(current, writes, region);
  if (built.email !== undefined) customer.email = built.email;
  if (built.otherEmails !== undefined) top.other_emails = pairs(built.otherEmails);
  if (built.cellphones !== undefined) customer.cellphones = pairs(built.cellphones);
}

function pairs(list: readonly (readonly [string | null, string | null])[]): unknown[] {
  return list.map(([elementId, value]) => [elementId === null ? null : idNumber(elementId), value]);
}

function scalar(name: string, value: Value): unknown {
  if (isSet(value))
    throw new SyncError('config', `${name} holds one value in Udesk, not a set`, { field: name });
  return isAbsent(value) ? null : value;
}

/** A CRM may keep it as text, and a value map gives text: on the wire it is a boolean. */
function flag(name: string, value: Value): unknown {
  const plain = scalar(name, value);
  if (typeof plain !== 'string') return plain;
  const text = normalizeText('boolean', plain, '');
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === '') return null;
  throw new SyncError('rejected', `${name} must be true or false`, { field: name });
}

function id(name: string, value: Value): unknown {
  const plain = scalar(name, value);
  if (plain === null || plain === '') return null;
  if (typeof plain === 'string' && /^\d+$/.test(plain)) return idNumber(plain);
  throw new SyncError('rejected', `${name} must be the id of a Udesk record: digits only`, { field: name });
}

/** One comma-separated text (api.md §3.7). A tag with a comma would come back as two. */
function joinTags(value: Value): string {
  if (!isSet(value)) throw new SyncError('config', 'tags is a set', { field: 'tags' });
  const names = value.map((tag) => tag.value.trim());
  if (names.some((name) => name.includes(','))) {
    throw new SyncError('rejected', 'a tag with a comma in it cannot be written to Udesk', {
      field: 'tags',
      code: 'tag-comma',
      advice: 'Rename the tag in the CRM, or leave it out of the mapping.',
    });
  }
  return names.join(',');
}

/** Text, or for a selection the array of option values (api.md §3.6). */
function customValue(value: Value): unknown {
  if (isSet(value)) return value.map((option) => option.value);
  return isAbsent(value) ? null : value;
}

function unknownField(name: string): SyncError {
  return new SyncError('config', `Udesk has no field ${name} that can be written`, {
    field: name,
    side: 'udesk',
  });
}
