/**
 * What conflicts are found by: the words of the customer and of the values, the customer's owner, and who made the edits.
 * Kept beside the conflict, because the inbox cannot afford to read the records of thousands of customers for a page.
 */
import { type SQL, sql } from 'drizzle-orm';
import { type Db, rows, textArray } from './tx.ts';

/**
 * Writes anew what the conflicts of these links are found by; what has not changed is left as it is. A closed conflict
 * keeps its owner and authors, and is found by the names of today.
 */
export async function fileConflicts(tx: Db, pair: string, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length === 0) return;
  const ids = sql`${textArray([...new Set(linkIds)])}::bigint[]`;
  await tx.execute(
    sql`insert into udesk_sync.conflict_search as t (pair, conflict_id, words)
        select c.pair, c.id, lower(left(concat_ws(E'\n', l.udesk_id, l.crm_id,
            udesk_sync.plain_text(ru.fields -> 'nick_name'),
            udesk_sync.plain_text(rc.fields -> coalesce(p.field_specs #>> '{nick_name,crm}', 'name')),
            regexp_replace(array_to_string(ru.keys || rc.keys, E'\n'), '^[a-z]+:', '', 'gn'),
            left(udesk_sync.plain_text(c.udesk), 1000), left(udesk_sync.plain_text(c.crm), 1000)), 4000))
        from udesk_sync.conflict c
        join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id
        left join udesk_sync.pair p on p.name = c.pair
        left join udesk_sync.record ru on ru.pair = c.pair and ru.side = 'udesk' and ru.remote_id = l.udesk_id
        left join udesk_sync.record rc on rc.pair = c.pair and rc.side = 'crm' and rc.remote_id = l.crm_id
        where c.pair = ${pair} and c.link_id = any(${ids})
        on conflict (pair, conflict_id) do update set words = excluded.words where t.words <> excluded.words`,
  );
  await tx.execute(
    sql`update udesk_sync.conflict t set owner = s.owner, authors = s.authors, crm_author = s.crm_author
        from (
          select c.id,
            -- Where owners travel by name, the id stands beside it.
            coalesce(r.fields ->> 'owner_id',
              case when jsonb_typeof(r.fields -> 'owner') = 'string' then r.fields ->> 'owner' end) as owner,
            array(select name from unnest(c.authors) name union
              select o #>> '{author,name}' from jsonb_array_elements(c.overwritten) o
              where o #>> '{author,name}' is not null union
              select seen.author ->> 'name' where seen.author is not null order by 1) as authors,
            seen.author as crm_author
          from udesk_sync.conflict c
          join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id
          left join lateral (${CRM_AUTHOR}) seen on true
          left join udesk_sync.record r on r.pair = c.pair and r.side = 'udesk' and r.remote_id = l.udesk_id
          where c.pair = ${pair} and c.link_id = any(${ids}) and c.state in ('open', 'resolving')) s
        where t.pair = ${pair} and t.id = s.id and (t.owner, t.authors, t.crm_author) is distinct from (s.owner, s.authors, s.crm_author)`,
  );
}

/**
 * Of the conflict `c` and its link `l`: who made the edit of the CRM, as the last observation has it that showed the value
 * in question; a value that was there at first sight is from whoever had changed the record last then. Once known it stays
 * known: what is written since, by us too, is not what the conflict is about.
 */
const CRM_AUTHOR = sql`
  select case when o.id is not null then o.author
      when c.crm_author is not null then c.crm_author
      when rc.obs_seq = 1 and rc.last_edit ->> 'own' = 'false' and rc.last_edit ->> 'by' is not null
      then jsonb_build_object('name', rc.last_edit ->> 'by', 'at', rc.last_edit ->> 'at', 'knownBy', 'record')
    end as author
  from (
    select r.obs_seq, r.last_edit || jsonb_build_object('by', coalesce(r.last_edit ->> 'name', r.last_edit ->> 'id')) as last_edit
    from udesk_sync.record r
    where r.pair = c.pair and r.side = 'crm' and r.remote_id = l.crm_id and c.crm is not null) rc
  left join udesk_sync.pair p on p.name = c.pair
  left join lateral (
    select o.id, o.author from udesk_sync.observation o
    where o.pair = c.pair and o.side = 'crm' and o.remote_id = l.crm_id
      and case when c.field = '*' then o.lane <> 'write'
        else o.delta -> coalesce(p.field_specs #>> array[c.field, 'crm'], c.field) -> 1 = c.crm end
    order by o.id desc limit 1) o on true`;

/** Conflicts that hold a text. Either their ids, where these are few, or what must be true of their words `s.words`. */
export type Found = { readonly ids: readonly string[] } | { readonly holds: SQL };

/** As many can be named; what is held by more is met soon by whoever goes through all in order. */
const FEW = 2_000;

/** Part of a name, value, key or id, in whatever case (of the letters that the database knows to have one). */
export async function findWords(db: Db, text: string): Promise<Found> {
  const wanted = text.trim();
  const holds = sql`strpos(s.words, lower(${wanted}::text)) > 0`;
  // One letter alone is in no index: it is in most rows.
  if ([...wanted].length < 2 && !/\P{ASCII}/u.test(wanted)) return { holds };
  const found = await rows<{ id: string }>(
    db,
    sql`select id from udesk_sync.find_conflicts(${wanted}::text, ${FEW + 1}) as id`,
  );
  return found.length > FEW ? { holds } : { ids: found.map(({ id }) => id) };
}
