/** The counts beside the filters of the inbox. */
import { type SQL, sql } from 'drizzle-orm';
import {
  ageOf,
  conditions,
  FACETS,
  type Facet,
  type InboxFilter,
  type Source,
  sourceOf,
} from './inbox-filter.ts';
import { type Db, rows } from './tx.ts';

/** So many of the newest are counted; of more it is only said that there are more. */
export const COUNTED = 10_000;
/** Of what is searched for, where each has to be looked at. */
const COUNTED_FOUND = 2_000;

export interface Facets {
  readonly total: number;
  /** More fit than were counted. */
  readonly more: boolean;
  /** The counts below are of so many, the newest that state and search leave; null: of all. */
  readonly newest: number | null;
  /**
   * By facet and value: how many there would be, the other filters unchanged. Without owner or assignee: under ''. Of
   * `policy`: by pair and field as `policyKey` makes it, since what is configured for them is not in the database.
   */
  readonly counts: Readonly<Record<Facet, ReadonlyMap<string, number>>>;
}

export function policyKey(pair: string, field: string): string {
  return `${pair}\n${field}`;
}

/** Costs as much for a million closed conflicts as for ten thousand. */
export async function inboxFacets(db: Db, filter: InboxFilter): Promise<Facets> {
  const source = await sourceOf(db, filter);
  const most = filter.q === undefined ? COUNTED : COUNTED_FOUND;
  const found = await rows<{ facet: Facet | 'total' | 'hits'; value: string; n: string }>(
    db,
    sql`with hit as materialized (
          select c.pair, c.field, c.kind, ${ageOf(filter.now)} as age, coalesce(c.owner, '') as owner,
            coalesce(c.assignee, '') as assignee, c.authors, ${flagColumns(filter)}
          from ${source.from} where ${source.shown} order by c.id desc limit ${most + 1}),
        cube as materialized (
          select pair, field, kind, age, owner, assignee, authors, ${FLAGS}, count(*) as n from hit
          group by pair, field, kind, age, owner, assignee, authors, ${FLAGS})
        select 'hits' as facet, '' as value, coalesce(sum(n), 0) as n from cube
        union all select 'total', '', coalesce(sum(n), 0) from cube where ${flagsBut(null)}
        ${sql.join(
          FACETS.map(
            (facet) => sql`union all select ${facet}::text, ${VALUES[facet]} as value, sum(n)
              from cube ${facet === 'author' ? sql`cross join unnest(authors) author` : sql``}
              where ${flagsBut(facet)} group by 2`,
          ),
          sql` `,
        )}`,
  );
  const of = (facet: Facet | 'total' | 'hits') =>
    new Map(
      found
        .filter((row) => row.facet === facet)
        .map((row) => [row.value, Number(row.n)] as const)
        .sort(([, a], [, b]) => b - a),
    );
  const capped = (of('hits').get('') ?? 0) > most;
  const total = capped ? await countUpTo(db, source, most + 1) : (of('total').get('') ?? 0);
  return {
    total: Math.min(total, most),
    more: total > most,
    newest: capped ? most : null,
    counts: Object.fromEntries(FACETS.map((facet) => [facet, of(facet)])) as unknown as Facets['counts'],
  };
}

/** How many fit, and no further than `most`. */
async function countUpTo(db: Db, { from, where }: Source, most: number): Promise<number> {
  const [row] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from (select 1 from ${from} where ${where} limit ${most}) fit`,
  );
  return Number(row?.n ?? 0);
}

/** How many fit, all of them counted. */
export async function countInbox(db: Db, filter: InboxFilter): Promise<number> {
  const { from, where } = await sourceOf(db, filter);
  const [row] = await rows<{ n: string }>(db, sql`select count(*) as n from ${from} where ${where}`);
  return Number(row?.n ?? 0);
}

const VALUES: Readonly<Record<Facet, SQL>> = {
  pair: sql`pair`,
  field: sql`field`,
  kind: sql`kind`,
  age: sql`age`,
  owner: sql`owner`,
  author: sql`author`,
  assignee: sql`assignee`,
  policy: sql`pair || chr(10) || field`,
};

const flag = (facet: Facet): SQL => sql`${sql.identifier(`fits_${facet}`)}`;
const FLAGS = sql.join(FACETS.map(flag), sql`, `);

function flagColumns(filter: InboxFilter): SQL {
  const all = conditions(filter);
  return sql.join(
    FACETS.map((facet) => sql`coalesce(${all[facet]}, false) as ${flag(facet)}`),
    sql`, `,
  );
}

function flagsBut(facet: Facet | null): SQL {
  return sql.join(FACETS.filter((one) => one !== facet).map(flag), sql` and `);
}
