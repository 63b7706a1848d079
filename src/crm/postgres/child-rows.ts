/** The child rows of one record: changed where they are, so that each keeps its key (sync design §5). */
import { SyncError } from '../../errors.ts';
import type { ChildEdit } from './assign.ts';
import type { Layout } from './layout.ts';
import type { Session } from './pool.ts';
import { typed } from './rows.ts';
import { join, name, raw, type Sql, sql } from './sql.ts';

/** Frees values before it claims them: a unique number may move from one row to another within one set. */
export async function writeChildren(
  session: Session,
  layout: Layout,
  id: string,
  edit: ChildEdit,
): Promise<void> {
  const { table, key, foreignKey, value, primary } = edit.place.child;
  const child = raw(table.sqlName);
  const owned = sql`c.${name(foreignKey.name)} = ${typed(id, layout.key)}`;
  const one = (childId: string): Sql => sql`c.${name(key.name)} = ${typed(childId, key)} and ${owned}`;
  for (const childId of edit.remove) await session.query(sql`delete from ${child} c where ${one(childId)}`);
  for (const { id: childId, to } of edit.change) {
    const done = await session.query(sql`
      update ${child} c set ${name(value.name)} = ${typed(to, value)} where ${one(childId)} returning '1' as done`);
    if (done.length === 0) throw suppressed(id);
  }
  for (const text of edit.add) {
    const columns = [name(foreignKey.name), name(value.name)];
    const values = [typed(id, layout.key), typed(text, value)];
    if (!key.filled) {
      columns.push(name(key.name));
      values.push(key.type === 'uuid' ? raw('gen_random_uuid()') : raw('gen_random_uuid()::text'));
    }
    await session.query(sql`
      insert into ${child} (${join(columns, ', ')}) values (${join(values, ', ')})`);
  }
  if (primary === null || (edit.remove.length === 0 && edit.add.length === 0)) return;
  // One of them has to be the first: when the primary one went, or there was none yet, the oldest takes its place.
  const flag = name(primary.name);
  await session.query(sql`
    update ${child} c set ${flag} = true
    where ${owned} and c.${name(key.name)} = (
        select c.${name(key.name)} from ${child} c where ${owned} order by c.${name(key.name)} limit 1)
      and not exists (select from ${child} c where ${owned} and c.${flag})`);
}

/** The statement was accepted, and no row came of it. */
export function suppressed(record: string | null): SyncError {
  return new SyncError('rejected', "the CRM's database accepted the write and then did not do it", {
    side: 'crm',
    ...(record === null ? {} : { record }),
    code: 'suppressed',
    advice: 'look for a trigger that returns NULL, or a row-level policy, on the table',
  });
}
