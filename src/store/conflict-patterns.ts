/** Which kind of difference each conflict is: rows that wait to be told, and what was found of them. */
import { sql } from 'drizzle-orm';
import type { PatternSubject } from '../core/conflict-pattern.ts';
import type { EditAuthor } from '../core/edit-author.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

export type UnclassifiedConflict = PatternSubject & {
  readonly id: string;
  readonly crmAuthor: EditAuthor | null;
};

/** Open ones first: people look at those. */
export async function unclassifiedConflicts(
  db: Db,
  pair: string,
  limit: number,
): Promise<UnclassifiedConflict[]> {
  const some = async (states: readonly string[], left: number): Promise<UnclassifiedConflict[]> => {
    const found = await rows<{
      id: string;
      field: string;
      base: string | null;
      udesk: string | null;
      crm: string | null;
      udesk_at: string | null;
      crm_at: string | null;
      crm_author: string | null;
    }>(
      db,
      sql`select id, field, base::text as base, udesk::text as udesk, crm::text as crm, udesk_at, crm_at,
            crm_author::text as crm_author
          from udesk_sync.conflict
          where pair = ${pair} and unclassified and state = any(${textArray(states)})
          order by id limit ${left}`,
    );
    return found.map((row) => ({
      id: row.id,
      field: row.field,
      base: optional(row.base),
      udesk: optional(row.udesk),
      crm: optional(row.crm),
      udeskAt: row.udesk_at,
      crmAt: row.crm_at,
      crmAuthor: optional(row.crm_author),
    }));
  };
  const open = await some(['open'], limit);
  if (open.length === limit) return open;
  return [...open, ...(await some(['resolving', 'resolved', 'converged'], limit - open.length))];
}

/** Whoever decides meanwhile decides a row that has its pattern, or is given it here: the values are the same. */
export async function savePatterns(
  tx: Db,
  pair: string,
  found: readonly { readonly id: string; readonly pattern: string }[],
): Promise<void> {
  await tx.execute(
    sql`update udesk_sync.conflict c set pattern = s.p, unclassified = false
        from jsonb_to_recordset(${jsonParam(found.map(({ id, pattern }) => ({ i: id, p: pattern })))}) as s(i text, p text)
        where c.pair = ${pair} and c.id = s.i::bigint`,
  );
}

/** Names under which programs write to Udesk: those given, and what the agents with a given e-mail are called. */
export async function automationNames(
  db: Db,
  pair: string,
  automations: readonly string[],
): Promise<ReadonlySet<string>> {
  const lower = automations.map((one) => one.toLowerCase());
  const found = await rows<{ name: string }>(
    db,
    sql`select name from udesk_sync.directory
        where pair = ${pair} and kind = 'agent' and name is not null and lower(email) = any(${textArray(lower)})`,
  );
  return new Set([...automations, ...found.map(({ name }) => name)]);
}

function optional<T>(stored: string | null): T | null {
  return stored === null ? null : fromJsonb<T>(stored);
}
