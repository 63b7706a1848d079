/**
 * A second pair whose rows have the very ids of another one's: allowed since the pair is part of every key, and what tells
 * a statement that asks by the id alone from one that says the pair.
 */
import type postgres from 'postgres';

/** Tables of udesk_sync with a pair, each after those that it refers to; partitions not among them. */
export async function tablesOfPairs(sql: postgres.ISql): Promise<string[]> {
  const found = await sql`
    select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'pair' and not a.attisdropped
    where c.relnamespace = 'udesk_sync'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    order by (select count(*) from pg_constraint f where f.conrelid = c.oid and f.contype = 'f'), c.relname`;
  return found.map(({ relname }) => String(relname));
}

/** All rows of `from` once more, as rows of `to`: ids and everything else are the same. */
export async function copyPair(sql: postgres.ISql, from: string, to: string): Promise<void> {
  await copyRows(sql, 'pair', 'name', from, to);
  for (const table of await tablesOfPairs(sql)) await copyRows(sql, table, 'pair', from, to);
}

async function copyRows(
  sql: postgres.ISql,
  table: string,
  column: string,
  from: string,
  to: string,
): Promise<void> {
  await sql.unsafe(
    `insert into udesk_sync."${table}" overriding system value
     select (jsonb_populate_record(t, jsonb_build_object('${column}', $2::text))).* from udesk_sync."${table}" t
     where t."${column}" = $1`,
    [from, to],
  );
}

/**
 * Gives the pair rows with the ids that the sequences will give next, to whoever asks: a link, a conflict, a write that
 * waits to be sent and witnessed, a cycle for each that there is.
 */
export async function takeNextIds(sql: postgres.ISql, pair: string): Promise<void> {
  const ahead: Record<string, string> = {
    link: `'udesk_id', 'ahead-' || t.id, 'crm_id', 'ahead-' || t.id`,
    conflict: `'link_id', 1000000 + t.id`,
    intent: `'link_id', 1000000 + t.id, 'state', 'pending', 'witness', 'due'`,
    run: `'finished_at', null`,
  };
  for (const [table, changed] of Object.entries(ahead)) {
    await sql.unsafe(
      `insert into udesk_sync."${table}" overriding system value
       select (jsonb_populate_record(t, jsonb_build_object('id', t.id + m.most, ${changed}))).*
       from udesk_sync."${table}" t, (select max(id) as most from udesk_sync."${table}") m where t.pair = $1`,
      [pair],
    );
  }
}

/** Table → its rows of this pair as text, in a stable order. */
export async function rowsOfPair(sql: postgres.ISql, pair: string): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const table of await tablesOfPairs(sql)) {
    const found = await sql.unsafe(
      `select to_jsonb(t)::text as row from udesk_sync."${table}" t where pair = $1 order by 1`,
      [pair],
    );
    all[table] = found.map(({ row }) => String(row));
  }
  return all;
}
