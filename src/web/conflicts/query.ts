/** The address of the inbox: its filters, its order and its place, read from outside and written back. */
import { z } from 'zod';
import { readPattern } from '../../core/conflict-pattern.ts';
import { CONFLICT_KINDS } from '../../core/link.ts';
import {
  INBOX_AGES,
  INBOX_SORTS,
  INBOX_STATES,
  type InboxCursor,
  type InboxQuery,
} from '../../store/inbox.ts';
import { Refusal } from '../refusal.ts';
import type { Visit } from '../visit.ts';

const word = z.string().max(200);

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
  q: word
    .optional()
    .describe('Part of a name or value, an id of either side, or # and the number of a conflict'),
  sort: z.enum(INBOX_SORTS).default('oldest'),
  cursor: z
    .string()
    .regex(/^(after|before)~[^~]{0,400}~[1-9]\d{0,17}$/)
    .optional()
    .describe('`next` or `previous` of an earlier answer'),
});
export type InboxParams = z.output<typeof inboxParams>;

export function readParams(search: URLSearchParams): InboxParams {
  const given = Object.fromEntries([...search].filter(([, value]) => value !== ''));
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
    const isDefault = (key === 'state' && value === 'open') || (key === 'sort' && value === 'oldest');
    if (value !== undefined && value !== '' && !isDefault) search.set(key, value);
  }
  return search.toString();
}

export function cursorText(cursor: InboxCursor | null): string | undefined {
  return cursor === null ? undefined : `${cursor.way}~${encodeURIComponent(cursor.key)}~${cursor.id}`;
}

export function toQuery(visit: Visit, params: InboxParams, limit: number): InboxQuery {
  const { cursor, ...filter } = params;
  const [way, key = '', id = ''] = cursor?.split('~') ?? [];
  return {
    ...filter,
    cursor: way === undefined ? null : { way: way === 'before' ? 'before' : 'after', key: decoded(key), id },
    limit,
    now: visit.now,
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
