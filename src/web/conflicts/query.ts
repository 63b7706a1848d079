/** The address of the inbox: its filters, its order and its place, read from outside and written back. */
import { z } from 'zod';
import { readPattern } from '../../core/conflict-pattern.ts';
import { CONFLICT_KINDS } from '../../core/link.ts';
import { POLICIES } from '../../core/spec.ts';
import { fieldsOf } from '../../report/mapped-field.ts';
import { INBOX_SORTS, type InboxCursor, type InboxQuery } from '../../store/inbox.ts';
import { INBOX_AGES, INBOX_STATES, type InboxFilter } from '../../store/inbox-filter.ts';
import { Refusal } from '../refusal.ts';
import type { SignedVisit, Visit } from '../visit.ts';

/** What Postgres cannot keep it cannot look for either. */
const word = z
  .string()
  .max(200)
  .refine((text) => !text.includes('\0') && text.isWellFormed());

export const patternParam = word
  .refine((text) => readPattern(text) !== null)
  .describe('What kind of difference it is, as a group of similar conflicts says');

/** An empty parameter, as a form sends it, is none. */
export const inboxParams = z.object({
  pair: word.optional().describe('Name of a pair'),
  field: word.optional().describe('Udesk name of the field; `*` for whole records'),
  kind: z.enum(CONFLICT_KINDS).optional(),
  pattern: patternParam.optional(),
  age: z
    .enum(INBOX_AGES)
    .optional()
    .describe('Opened within a day, between a day and a week ago, or longer ago'),
  state: z.enum(INBOX_STATES).default('open'),
  owner: word.optional().describe("Udesk's id of the customer's owner"),
  author: word
    .optional()
    .describe('Who made one of the edits, by the name that the history of the side tells'),
  policy: z.enum(POLICIES).optional().describe('What the configuration says of the field'),
  assigned: word.optional().describe('Who shall decide it: a name, `me`, or `nobody`'),
  q: word
    .optional()
    .describe('Part of a name or value, an id of either side, or # and the number of a conflict'),
  sort: z
    .enum(INBOX_SORTS)
    .default('oldest')
    .describe('mine: what is assigned to you first, and then the oldest'),
  cursor: z
    .string()
    .regex(/^(after|before)~[^~]{0,400}~[1-9]\d{0,17}$/)
    .optional()
    .describe('`next` or `previous` of an earlier answer'),
});
export type InboxParams = z.output<typeof inboxParams>;

/** On the pages, whoever something was assigned to sees it first. */
const PAGE_SORT = 'mine';

export function readParams(search: URLSearchParams): InboxParams {
  const given = { sort: PAGE_SORT, ...Object.fromEntries([...search].filter(([, value]) => value !== '')) };
  const read = inboxParams.safeParse(given);
  if (!read.success) throw new Refusal('bad-request');
  return read.data;
}

/** The same inbox with some parameters changed; undefined takes one away. A change begins at the first page again. */
export function inboxAddress(
  params: InboxParams,
  change: Partial<Record<keyof InboxParams, string | undefined>> = {},
): string {
  const search = searchOf({ ...params, cursor: undefined, ...change });
  return search === '' ? '/conflicts' : `/conflicts?${search}`;
}

/** Defaults are left out. */
export function searchOf(params: Partial<Record<keyof InboxParams, string | undefined>>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    const isDefault = (key === 'state' && value === 'open') || (key === 'sort' && value === PAGE_SORT);
    if (value !== undefined && value !== '' && !isDefault) search.set(key, value);
  }
  return search.toString();
}

export function cursorText(cursor: InboxCursor | null): string | undefined {
  return cursor === null ? undefined : `${cursor.way}~${encodeURIComponent(cursor.key)}~${cursor.id}`;
}

/** What the parameters mean for this visitor, today, by the configuration as it is. */
export function toFilter({ services, actor, now }: SignedVisit, params: InboxParams): InboxFilter {
  const { cursor: _, sort: __, policy, assigned, ...filter } = params;
  return {
    ...filter,
    now,
    ...(policy === undefined ? {} : { fields: fieldsOf(services.config, policy) }),
    ...(assigned === undefined
      ? {}
      : { assignee: assigned === 'nobody' ? null : assigned === 'me' ? actor.name : assigned }),
  };
}

export function toQuery(visit: SignedVisit, params: InboxParams, limit: number): InboxQuery {
  const { cursor, sort } = params;
  const [way, key = '', id = ''] = cursor?.split('~') ?? [];
  if (way !== undefined && sort === 'customer' && !/^\d{1,18}$/.test(key)) throw new Refusal('bad-request');
  return {
    ...toFilter(visit, params),
    sort,
    person: visit.actor.name,
    cursor: way === undefined ? null : { way: way === 'before' ? 'before' : 'after', key: decoded(key), id },
    limit,
    nameFields: nameFields(visit),
  };
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    throw new Refusal('bad-request');
  }
}

/** By pair: where the CRM keeps a person's name. */
export function nameFields({ services }: Visit): Record<string, string> {
  return Object.fromEntries(
    services.config.pairs.map(({ name, fields }) => [
      name,
      fields.find(({ udesk }) => udesk === 'nick_name')?.crm ?? 'name',
    ]),
  );
}
