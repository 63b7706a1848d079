/**
 * What a pair remembers of the mapping that it was last run with, and what it forgets when that has changed (P2, P3):
 * a base is what both sides held in one field, and says nothing about another column or another value map.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { fromJsonb } from './jsonb.ts';
import type { FieldMeaning } from './schema/pair.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

export interface SpecMemory {
  /** Of mapping, matching and directions; null before the first cycle. */
  readonly hash: string | null;
  /** By the pair's field name; null when it was never remembered. */
  readonly fields: Readonly<Record<string, FieldMeaning>> | null;
}

export async function loadSpecMemory(db: Db, pair: string): Promise<SpecMemory> {
  const [row] = await rows<{ spec_hash: string | null; field_specs: string | null }>(
    db,
    sql`select spec_hash, field_specs::text as field_specs from udesk_sync.pair where name = ${pair}`,
  );
  return {
    hash: row?.spec_hash ?? null,
    fields: row === undefined || row.field_specs === null ? null : fromJsonb(row.field_specs),
  };
}

export async function saveSpecMemory(
  db: Db,
  pair: string,
  memory: { readonly hash: string; readonly fields: Readonly<Record<string, FieldMeaning>> },
): Promise<void> {
  await db.execute(
    sql`update udesk_sync.pair set spec_hash = ${memory.hash}, field_specs = ${jsonParam(memory.fields)}
        where name = ${pair}`,
  );
}

/** Marks every confirmed link for planning. */
export async function replanEverything(db: Db, pair: string): Promise<void> {
  await db.execute(
    sql`update udesk_sync.link set dirty = true where pair = ${pair} and state = 'confirmed' and not dirty`,
  );
}

/**
 * Takes everything back that was known or intended about these fields under another mapping: bases, conflicts with
 * their undecided or unfinished choices, and their part of writes that are on their way. Each becomes a first link again.
 * @param mapped all fields of the mapping as it is now; a conflict of any other has nobody left to settle it
 */
export async function forgetFields(
  db: Db,
  pair: string,
  fields: { readonly changed: readonly string[]; readonly mapped: readonly string[] },
  at: Date,
): Promise<void> {
  const changed = textArray(fields.changed);
  await db.execute(
    sql`update udesk_sync.link set bases = bases - ${changed} where pair = ${pair} and bases ?| ${changed}`,
  );
  await closeConflictsOf(db, pair, fields, at);
  await db.execute(
    sql`update udesk_sync.revert_field set state = 'refused', reason = 'the mapping of the field has changed',
          closed_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and state = 'waiting'
          and (field = any(${changed}) or not field = any(${textArray(fields.mapped)}))`,
  );
  // Not sent, or known not to have happened: planned again as the mapping is now. Updates all of them, for another policy or
  // direction is no other meaning; a create stays as a person let it through, unless it writes one of these fields.
  await db.execute(
    sql`update udesk_sync.intent i set state = 'dropped', error = 'the mapping has changed'
        where i.pair = ${pair} and i.state in ('planned', 'held', 'pending') and (i.op = 'update' or ${writesOneOf(changed)})`,
  );
  // Perhaps sent: its outcome is still looked for, but it proves nothing any more about these fields.
  await db.execute(
    sql`update udesk_sync.intent i set patch = coalesce((
            select jsonb_object_agg(p.key, p.value) from jsonb_each(i.patch) p
            where not p.value ->> 'field' = any(${changed})), '{}'::jsonb)
        where i.pair = ${pair} and i.state in ('sending', 'unknown') and ${writesOneOf(changed)}`,
  );
}

/**
 * P8: creates and deletions that wait, and that are not wanted any more (core/unwanted.ts), all at once: one by one a backlog of
 * a million would go on for days.
 */
export async function dropUnwanted(
  db: Db,
  pair: string,
  unwanted: { readonly createsIn: readonly SideName[]; readonly deletes: boolean },
): Promise<void> {
  await db.execute(
    sql`with dropped as (
          update udesk_sync.intent i set state = 'dropped', error = 'the configuration does not ask for it any more'
          where i.pair = ${pair} and i.state in ('planned', 'held', 'pending')
            and (i.op = 'create' and i.side = any(${textArray(unwanted.createsIn)}) or i.op = 'delete' and ${unwanted.deletes}::boolean)
            and not jsonb_path_exists(i.reasons, '$.* ? (@ == "decision")') returning link_id)
        delete from udesk_sync.claim c using dropped d where c.pair = ${pair} and c.link_id = d.link_id`,
  );
}

async function closeConflictsOf(
  db: Db,
  pair: string,
  { changed, mapped }: { readonly changed: readonly string[]; readonly mapped: readonly string[] },
  at: Date,
): Promise<void> {
  await db.execute(
    sql`update udesk_sync.conflict set state = 'resolved', resolved_by = 'mapping changed',
          reason = reason || case when field = any(${textArray(mapped)})
            then '; closed because the field is mapped in another way now'
            else '; closed because the field is not mapped any more' end,
          changed_at = ${at.toISOString()}::timestamptz, closed_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and state in ('open', 'resolving') and field <> '*'
          and (field = any(${textArray(changed)}) or not field = any(${textArray(mapped)}))`,
  );
}

function writesOneOf(fields: SQL): SQL {
  return sql`exists (select 1 from jsonb_each(i.patch) w where w.value ->> 'field' = any(${fields}))`;
}
