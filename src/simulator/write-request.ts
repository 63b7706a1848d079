/** Reads the body of create and update (udesk/api.md §2.2, §2.3), with its contradictory placements. */
import { type Customer, LEVELS, type Level } from './customer.ts';
import type { Directory } from './directory.ts';
import type { Pair } from './elements.ts';
import { parseId } from './ids.ts';
import { badParameter, missingParameter } from './refusal.ts';

type Body = Readonly<Record<string, unknown>>;
type Draft<T> = { -readonly [K in keyof T]?: T[K] };
export type ScalarChanges = Draft<
  Pick<
    Customer,
    | 'nickName'
    | 'email'
    | 'level'
    | 'description'
    | 'ownerId'
    | 'ownerGroupId'
    | 'organizationId'
    | 'token'
    | 'isBlocked'
  >
>;

export interface WriteRequest {
  readonly scalars: ScalarChanges;
  readonly customFields: Readonly<Record<string, unknown>>;
  /** Null: not sent, or sent as `[]` or null, which changes nothing. */
  readonly cellphones: readonly Pair[] | null;
  /** `empty` and `null` are told apart because switches decide what they mean. */
  readonly otherEmails: readonly Pair[] | 'empty' | 'null' | 'absent';
  readonly tags: readonly string[] | null;
  /** What was contradictory in the body, for the request log. */
  readonly notes: readonly string[];
}

export interface WrapperRules {
  readonly missing: '2000' | 'accept';
  readonly empty: '2000' | 'accept';
}

/** Throws a refusal for a body that cannot be read. Attributes that the API does not know are ignored. */
export function readWriteRequest(body: Body, rules: WrapperRules, directory: Directory): WriteRequest {
  const notes: string[] = [];
  const customer = wrapped(body, rules);
  const nestedPhones = customer.cellphones ?? customer.cellphones_attributes;
  const topPhones = body.cellphones ?? body.cellphones_attributes;
  const phones = choose('cellphones', nestedPhones, topPhones, notes);
  const others = choose('other_emails', body.other_emails, customer.other_emails, notes);
  const tags = choose('tags', body.tags, customer.tags, notes);
  return {
    scalars: readScalars(customer, directory),
    customFields: readCustomFields(customer.custom_fields),
    cellphones: phones === undefined || phones === null ? null : readPairs('cellphones', phones),
    otherEmails: readOtherEmails(others),
    tags: tags === undefined || tags === null ? null : readTags(tags),
    notes,
  };
}

function wrapped(body: Body, rules: WrapperRules): Body {
  const customer = body.customer;
  if (customer === undefined || customer === null || customer === '') {
    if (rules.missing === '2000') throw missingParameter('customer');
    // A top-level `email` is the administrator's (api.md §1.6).
    const { email: _administrator, ...attributes } = body;
    return attributes;
  }
  if (typeof customer !== 'object' || Array.isArray(customer))
    throw badParameter('customer must be an object');
  if (Object.keys(customer).length === 0 && rules.empty === '2000') throw missingParameter('customer');
  return customer as Body;
}

function choose(name: string, preferred: unknown, other: unknown, notes: string[]): unknown {
  if (preferred === undefined) return other;
  if (other !== undefined && stringify(other) !== stringify(preferred)) {
    notes.push(`${name} was sent in two places with different values`);
  }
  return preferred;
}

function stringify(value: unknown): string {
  return (
    JSON.stringify(value, (_key, member) => (typeof member === 'bigint' ? String(member) : member)) ?? ''
  );
}

function readScalars(customer: Body, directory: Directory): ScalarChanges {
  const scalars: ScalarChanges = {};
  if ('nick_name' in customer) scalars.nickName = text('nick_name', customer.nick_name) ?? '';
  if ('email' in customer) scalars.email = text('email', customer.email)?.trim() || null;
  if ('description' in customer) scalars.description = text('description', customer.description);
  if ('open_api_token' in customer) scalars.token = text('open_api_token', customer.open_api_token) || null;
  if ('level' in customer) scalars.level = level(customer.level);
  if ('is_blocked' in customer) scalars.isBlocked = flag('is_blocked', customer.is_blocked);
  if ('owner_id' in customer) scalars.ownerId = reference('owner_id', customer.owner_id, directory.agents);
  if ('owner_group_id' in customer) {
    scalars.ownerGroupId = reference('owner_group_id', customer.owner_group_id, directory.groups);
  }
  if ('organization_id' in customer) {
    scalars.organizationId = reference('organization_id', customer.organization_id, directory.organizations);
  }
  return scalars;
}

export function text(name: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  throw badParameter(`${name} must be text`);
}

function level(value: unknown): Level {
  if (typeof value === 'string' && LEVELS.includes(value)) return value as Level;
  throw badParameter('level must be normal or vip');
}

function flag(name: string, value: unknown): boolean {
  if (value === true || value === 'true' || value === 1 || value === '1') return true;
  if (value === false || value === 'false' || value === 0 || value === '0' || value === null) return false;
  throw badParameter(`${name} must be true or false`);
}

function reference(name: string, value: unknown, known: readonly { readonly id: number }[]): number | null {
  if (value === null || value === '') return null;
  const id = parseId(value);
  if (id === null || !known.some((item) => item.id === id)) throw badParameter(`${name} does not exist`);
  return id;
}

/** `[[id, content], …]`; contents may be JSON numbers (api.md §3.1). Flat pairs and plain strings are refused. */
function readPairs(name: string, value: unknown): Pair[] {
  if (!Array.isArray(value)) throw badParameter(`${name} must be a list of [id, content]`);
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw badParameter(`${name} must be a list of [id, content]`);
    const [rawId, rawContent] = pair as [unknown, unknown];
    const id = rawId === null || rawId === '' ? null : parseId(rawId);
    if (id === null && rawId !== null && rawId !== '') throw badParameter(`${name}: an id is not a number`);
    return { id, content: text(name, rawContent)?.trim() ?? '' };
  });
}

function readOtherEmails(value: unknown): WriteRequest['otherEmails'] {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  const pairs = readPairs('other_emails', value);
  return pairs.length === 0 ? 'empty' : pairs;
}

/** One text with commas; '' is no tag at all. */
function readTags(value: unknown): string[] {
  if (typeof value !== 'string') throw badParameter('tags must be one text, separated by commas');
  const names = value.split(',').map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ''))];
}

const FIELD_NAME = /^(Text|Select)Field_\d+$/;

/** Select values become texts; keys that cannot be custom fields are dropped, as unknown attributes are. */
export function readCustomFields(value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw badParameter('custom_fields must be an object');
  const fields: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    if (!FIELD_NAME.test(name)) continue;
    if (Array.isArray(member)) fields[name] = member.map((option) => text(name, option) ?? '');
    else fields[name] = text(name, member);
  }
  return fields;
}
