/** The address of the list of links, read from outside and written back. */
import { z } from 'zod';
import type { LinkCursor } from '../../store/link-pages.ts';
import { Refusal } from '../refusal.ts';

export const LINK_TABS = ['candidate', 'confirmed', 'rejected', 'broken'] as const;

export const linkParams = z.object({
  state: z.enum(LINK_TABS).default('candidate'),
  pair: z.string().max(200).optional(),
  q: z.string().max(200).optional(),
  cursor: z
    .string()
    .regex(/^(after|before)~[1-9]\d{0,17}$/)
    .optional(),
});
export type LinkParams = z.output<typeof linkParams>;

export function readLinkParams(search: URLSearchParams): LinkParams {
  const read = linkParams.safeParse(Object.fromEntries([...search].filter(([, value]) => value !== '')));
  if (!read.success) throw new Refusal('bad-request');
  return read.data;
}

export function linksAddress(params: LinkParams, change: Partial<LinkParams> = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries({ ...params, cursor: undefined, ...change })) {
    if (value !== undefined && value !== '' && !(key === 'state' && value === 'candidate'))
      search.set(key, value);
  }
  return search.size === 0 ? '/links' : `/links?${search}`;
}

export function toLinkCursor(text: string | undefined): LinkCursor | null {
  const [way, id] = text?.split('~') ?? [];
  return id === undefined ? null : { way: way === 'before' ? 'before' : 'after', id };
}

export function linkCursorText({ way, id }: LinkCursor): string {
  return `${way}~${id}`;
}
