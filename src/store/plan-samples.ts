/** What is kept of the plans that wait, to be looked at: read page by page, for there may be many writes. */
import { type SQL, sql } from 'drizzle-orm';
import type { SampledConflict, SampledWrite } from '../core/plan-sample.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, rows } from './tx.ts';

export interface KeptPlan {
  readonly kind: 'first-plan' | 'guard';
  readonly pair: string;
  readonly hash: string;
}

/** Those after the first `from`, at most `count`. Empty where the plan was overtaken. */
export async function keptWrites(
  db: Db,
  plan: KeptPlan,
  from: number,
  count: number,
): Promise<SampledWrite[]> {
  return await part<SampledWrite>(db, plan, 'writes', from, count);
}

/** The first fields that would wait as conflicts. Of what a guard holds there are none. */
export async function keptConflicts(db: Db, plan: KeptPlan, count: number): Promise<SampledConflict[]> {
  return await part<SampledConflict>(db, plan, 'conflicts', 0, count);
}

async function part<T>(
  db: Db,
  plan: KeptPlan,
  of: 'writes' | 'conflicts',
  from: number,
  count: number,
): Promise<T[]> {
  const [row] = await rows<{ part: string }>(
    db,
    sql`select coalesce(jsonb_agg(one.value order by one.n), '[]')::text as part
        from (${sampleOf(plan)}) kept, jsonb_array_elements(kept.sample -> ${of}) with ordinality as one (value, n)
        where one.n > ${from}::bigint and one.n <= ${from}::bigint + ${count}::bigint`,
  );
  return row === undefined ? [] : fromJsonb<T[]>(row.part);
}

function sampleOf({ kind, pair, hash }: KeptPlan): SQL {
  return kind === 'guard'
    ? sql`select sample from udesk_sync.guard where pair = ${pair} and hash = ${hash}`
    : sql`select first_plan -> 'sample' as sample from udesk_sync.pair
          where name = ${pair} and first_plan_hash = ${hash} and first_run = 'pending'`;
}
