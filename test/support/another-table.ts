/** The CRM's table is put aside, and another one of its name answers in its place. */
import { ourRows, type World } from './world.ts';

/** @param rows `same`: it holds the same people under the same ids, as a table does that was moved */
export async function answerFromAnotherTable(world: World, rows: 'same' | 'none'): Promise<void> {
  const [{ n } = { n: 0 }] = await world.crm`
    select count(*)::int as n from pg_class where relname like 'contact_was_%' and relkind = 'r'`;
  await world.crm.unsafe(`alter table contact rename to contact_was_${n}`);
  await world.crm.unsafe(`create table contact (like contact_was_${n} including all)`);
  await world.crm.unsafe(
    'create trigger contact_touch before update on contact for each row execute function touch()',
  );
  if (rows === 'same') {
    await world.crm.unsafe(`insert into contact overriding system value select * from contact_was_${n}`);
    await world.crm.unsafe(
      `select setval(pg_get_serial_sequence('contact', 'id'), (select max(id) from contact))`,
    );
  }
}

/** The table that was put aside first answers again. */
export async function answerFromFirstTable(world: World): Promise<void> {
  await world.crm.unsafe('alter table contact rename to contact_other');
  await world.crm.unsafe('alter table contact_was_0 rename to contact');
}

/** What is asked about the CRM's account now: its hash, or null. */
export async function askedHash(world: World): Promise<string | null> {
  const [row] = await ourRows(
    world,
    `select hash from udesk_sync.account_change where side = 'crm' and state in ('waiting', 'approving', 'rejected')`,
  );
  return row === undefined ? null : String(row.hash);
}
