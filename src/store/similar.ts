/** Open conflicts by group, and what people decided about each group before. */
import { type SQL, sql } from 'drizzle-orm';
import { type Evidence, type Group, NO_EVIDENCE, type RuleTake } from '../core/review-rule.ts';
import { type Db, isoText, jsonParam, rows, textArray } from './tx.ts';

export interface OpenGroup extends Group {
  readonly open: number;
  /** Oldest first; a few. */
  readonly examples: readonly string[];
}

export interface OpenGroups {
  readonly groups: readonly OpenGroup[];
  /** Of all pages. */
  readonly total: number;
  /** Open conflicts whose pattern is not known yet. */
  readonly unclassified: number;
}

type GroupRow = { pair: string; field: string; kind: Group['kind']; pattern: string };

const EXAMPLES = 3;

/** The largest first. */
export async function openGroups(
  db: Db,
  pairs: readonly string[],
  page: { readonly limit: number; readonly offset: number },
): Promise<OpenGroups> {
  const found = await rows<GroupRow & { open: string; total: string; examples: string[] | null }>(
    db,
    sql`select g.*, (
            select array_agg(e.id::text order by e.id) from (
              select c.id from udesk_sync.conflict c
              where c.state = 'open' and c.pattern is not null and ${isOf(sql`g`)} order by c.id limit ${EXAMPLES}) e) as examples
        from (
          select pair, field, kind, pattern, count(*) as open, count(*) over () as total
          from udesk_sync.conflict where state = 'open' and pattern is not null and pair = any(${textArray(pairs)})
          group by pair, field, kind, pattern
          order by count(*) desc, pair, field, kind, pattern limit ${page.limit} offset ${page.offset}) g
        order by g.open desc, g.pair, g.field, g.kind, g.pattern`,
  );
  const [waiting] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.conflict
        where unclassified and state = 'open' and pattern is null and pair = any(${textArray(pairs)})`,
  );
  return {
    groups: found.map(({ open, total: _, examples, ...group }) => ({
      ...group,
      open: Number(open),
      examples: examples ?? [],
    })),
    total: Number(found[0]?.total ?? 0),
    unclassified: Number(waiting?.n ?? 0),
  };
}

/** Of one group; without examples where none is open. */
export async function openGroup(db: Db, group: Group): Promise<OpenGroup> {
  const found = await rows<{ id: string; open: string }>(
    db,
    sql`select c.id, count(*) over () as open from udesk_sync.conflict c
        where c.state = 'open' and c.pattern is not null and ${isThis(group)} order by c.id limit ${EXAMPLES}`,
  );
  return { ...group, open: Number(found[0]?.open ?? 0), examples: found.map(({ id }) => id) };
}

/**
 * What people took in each of these groups, in their order. A decision counts while it stands: not one that was taken back,
 * undone or overtaken by an edit, nor a rule's, nor a program's.
 */
export async function evidenceOf(db: Db, groups: readonly Group[]): Promise<Evidence[]> {
  if (groups.length === 0) return [];
  const payload = groups.map(({ pair, field, kind, pattern }, n) => ({ n, pair, field, kind, pattern }));
  const found = await rows<{ n: number; take: keyof Evidence; times: string }>(
    db,
    sql`select g.n, e.take, e.times
        from jsonb_to_recordset(${jsonParam(payload)}) as g(n int, pair text, field text, kind text, pattern text)
        cross join lateral (
          select c.person_take as take, count(*) as times from udesk_sync.conflict c
          where ${STANDS} and ${isOf(sql`g`)} group by c.person_take) e`,
  );
  return groups.map((_, n) => ({
    ...NO_EVIDENCE,
    ...Object.fromEntries(
      found.filter((row) => row.n === n).map(({ take, times }) => [take, Number(times)] as const),
    ),
  }));
}

export interface Disagreement {
  readonly conflictId: string;
  readonly who: string;
  readonly take: string;
  readonly at: string;
}

/** Past decisions of people that a rule would have made otherwise, newest first. */
export async function disagreements(
  db: Db,
  group: Group,
  take: RuleTake,
  limit: number,
): Promise<Disagreement[]> {
  const found = await rows<{ id: string; who: string; take: string; at: string }>(
    db,
    sql`select c.id, d.who, d.take, ${isoText(sql`d.at`)} as at
        from udesk_sync.conflict c join udesk_sync.decision d on d.pair = c.pair and d.id = c.decision_id
        where ${STANDS} and ${isThis(group)} and c.person_take <> ${take}
        order by c.id desc limit ${limit}`,
  );
  return found.map(({ id, ...row }) => ({ conflictId: id, ...row }));
}

/** As the index `conflict_evidence` has it. */
const STANDS = sql`c.person_take is not null and c.decision_id is not null and c.pattern is not null`;

function isOf(g: SQL): SQL {
  return sql`c.pair = ${g}.pair and c.field = ${g}.field and c.kind = ${g}.kind and c.pattern = ${g}.pattern`;
}

/** The conflict `c` is of this group. */
export function isThis({ pair, field, kind, pattern }: Group): SQL {
  return sql`c.pair = ${pair} and c.field = ${field} and c.kind = ${kind} and c.pattern = ${pattern}`;
}
