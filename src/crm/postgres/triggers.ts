/**
 * Triggers in the CRM's database that tell which record changed (LISTEN/NOTIFY). What they tell is a hint and no more: the
 * id of a record, to be read on its own. What is lost of it (no listener, a full queue, more than `MANY` in one statement)
 * the change cursor or the next full reading finds.  */
import { sha256 } from '../../lib/hash.ts';
import type { Table } from './catalog.ts';
import type { Layout } from './layout.ts';
import type { Session } from './pool.ts';
import { quoteName, sql } from './sql.ts';

/** More records than this in one statement are told as one: look at everything that changed. */
const MANY = 100;

interface Watched {
  readonly table: Table;
  /** The column that holds the key of the main table. */
  readonly id: string;
}

/** Where the triggers of this table notify: the same for every pair that watches it. */
export function channelOf(table: Table): string {
  return `udesk_sync_${sha256(table.sqlName).slice(0, 16)}`;
}

export function installStatements(layout: Layout): string[] {
  const channel = channelOf(layout.table);
  return watched(layout).flatMap((one) => [
    functionOf(one, channel),
    ...(['insert', 'update', 'delete'] as const).flatMap((event) => [
      `drop trigger if exists ${triggerName(event)} on ${one.table.sqlName};`,
      `create trigger ${triggerName(event)} after ${event} on ${one.table.sqlName} ${transition(event)}
  for each statement execute function ${functionName(one)}();`,
    ]),
  ]);
}

export function removeStatements(layout: Layout): string[] {
  return watched(layout).flatMap((one) => [
    ...(['insert', 'update', 'delete'] as const).map(
      (event) => `drop trigger if exists ${triggerName(event)} on ${one.table.sqlName};`,
    ),
    `drop function if exists ${functionName(one)}();`,
  ]);
}

/** How many triggers `installStatements` makes. */
export function triggerCount(layout: Layout): number {
  return watched(layout).length * 3;
}

/** How many of them are there, and switched on. */
export async function installedTriggers(session: Session, layout: Layout): Promise<number> {
  const oids = watched(layout).map(({ table }) => table.oid);
  const [row] = await session.query(sql`
    select count(*)::text as n from pg_trigger
    where tgrelid = any(string_to_array(${oids.join(',')}, ',')::oid[]) and not tgisinternal and tgenabled <> 'D'
      and starts_with(tgname, ${TRIGGER_PREFIX})`);
  return Number(row?.n ?? 0);
}

function watched({ table, key, places }: Layout): Watched[] {
  const children = new Map<string, Watched>();
  for (const place of places) {
    if (place.kind !== 'child') continue;
    const { child } = place;
    children.set(child.table.oid, { table: child.table, id: child.foreignKey.name });
  }
  return [{ table, id: key.name }, ...children.values()];
}

const TRIGGER_PREFIX = 'udesk_sync_notify_';

function triggerName(event: string): string {
  return quoteName(`${TRIGGER_PREFIX}${event}`);
}

function functionName({ table }: Watched): string {
  return `${quoteName(table.schema)}.${quoteName(`${TRIGGER_PREFIX}${sha256(table.sqlName).slice(0, 16)}`)}`;
}

function transition(event: 'insert' | 'update' | 'delete'): string {
  if (event === 'insert') return 'referencing new table as changed';
  return event === 'delete'
    ? 'referencing old table as changed'
    : 'referencing old table as before new table as changed';
}

/**
 * One statement of the CRM costs one call of it. A queue that nobody empties would make the CRM's own commits fail, so
 * nothing is told once it is half full.
 */
function functionOf(one: Watched, channel: string): string {
  const id = `${quoteName(one.id)}::text`;
  const rows = (source: string) => `
      for told in select distinct ${id} from ${source} where ${quoteName(one.id)} is not null limit ${MANY + 1} loop
        ids := ids || told;
      end loop;`;
  return `create or replace function ${functionName(one)}() returns trigger language plpgsql as $udesk_sync$
  declare
    told text;
    ids text[] := '{}';
  begin
    -- Our own writes are known already.
    if pg_catalog.current_setting('application_name') <> 'udesk-sync'
      and pg_catalog.pg_notification_queue_usage() < 0.5 then${rows('changed')}
      if tg_op = 'UPDATE' then${rows('before')}
      end if;
      if cardinality(ids) > ${MANY} then
        perform pg_catalog.pg_notify('${channel}', '');
      else
        foreach told in array ids loop
          perform pg_catalog.pg_notify('${channel}', case when octet_length(told) < 1000 then told else '' end);
        end loop;
      end if;
    end if;
    return null;
  end $udesk_sync$;`;
}
