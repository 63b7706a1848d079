/** What our database holds of a world, as the checkers ask for it. */
import { type SQL, sql } from 'drizzle-orm';
import { otherSide, type SideName } from '../../src/core/record.ts';
import { fromJsonb } from '../../src/store/jsonb.ts';
import { rows } from '../../src/store/tx.ts';
import type { FieldName } from './sides.ts';
import { sameToken } from './tokens.ts';
import type { World } from './world.ts';

export interface Row extends Record<string, unknown> {
  readonly id: string;
  readonly link_id: string;
  /** As Udesk names it; `*` is the whole record. */
  readonly field: string;
  readonly state: string;
  /** What a person chose as the base of a row about an undo, as jsonb; null: they chose something else, or nobody did. */
  readonly base: string | null;
  /** All that the row tells. */
  readonly text: string;
  /** What either side held, and what our writes replaced. */
  readonly udesk: string;
  readonly crm: string;
  readonly overwritten: string;
  readonly resolved_by: string | null;
}

export interface LinkIds extends Record<string, unknown> {
  readonly id: string;
  readonly udesk_id: string;
  readonly crm_id: string;
}

export async function conflictRows(world: World): Promise<Row[]> {
  return await rows<Row>(world.db, sql`${conflictsOf(world)} order by conflict.id`);
}

export function conflictsOf(world: World): SQL {
  return sql`select id::text, link_id::text, field, state, resolved_by, case when person_take = 'base' and kind in ('reverted', 'edited-since') then base::text end as base,
      concat_ws(' ', kind, udesk::text, crm::text, base::text, overwritten::text) as text,
      coalesce(udesk::text, '') as udesk, coalesce(crm::text, '') as crm, coalesce(overwritten::text, '') as overwritten
    from udesk_sync.conflict where pair = ${world.name}`;
}

export async function confirmedLinks(world: World): Promise<LinkIds[]> {
  return await rows<LinkIds>(
    world.db,
    sql`select id, udesk_id, crm_id from udesk_sync.link
        where pair = ${world.name} and state = 'confirmed' and udesk_id is not null and crm_id is not null`,
  );
}

/** Those of whom one side was deleted or merged: what is left of them is still whom it was linked with, until a person says more. */
export async function flaggedLinks(world: World): Promise<LinkIds[]> {
  return await rows<LinkIds>(
    world.db,
    sql`select id, udesk_id, crm_id from udesk_sync.link where pair = ${world.name} and state = 'broken'
        and decided_by in ('flag', 'merged') and udesk_id is not null and crm_id is not null`,
  );
}

/** Who shall get a value back: a person has undone what took it from them, or chose a base that holds it, and that is not carried out yet. */
export async function shallGetBack(world: World, value: string): Promise<LinkIds[]> {
  const found = await rows<LinkIds & { held: string }>(
    world.db,
    sql`select l.id, l.udesk_id, l.crm_id, promised.held from (
          select link_id, writes::text as held from udesk_sync.revert_field where pair = ${world.name} and state = 'waiting'
          union all select link_id, base::text from udesk_sync.conflict
          where pair = ${world.name} and state = 'resolving' and person_take = 'base') promised
        join udesk_sync.link l on l.pair = ${world.name} and l.id = promised.link_id
        where l.udesk_id is not null and l.crm_id is not null`,
  );
  return found.filter(({ held }) =>
    (held.match(/"[^"]*"/g) ?? []).some((text) => sameToken(text.slice(1, -1), value)),
  );
}

/** The pairs of whom a person is asked whether they are the same: ids of Udesk and of the CRM. */
export async function openQuestions(world: World): Promise<(readonly [string, string])[]> {
  const found = await rows<{ candidates: string }>(
    world.db,
    sql`select candidates::text as candidates from udesk_sync.link
        where pair = ${world.name} and state = 'candidate' and candidates is not null`,
  );
  return found.flatMap(({ candidates }) => {
    const { udesk, crm } = fromJsonb<{ udesk: string[]; crm: string[] }>(candidates);
    return udesk.flatMap((one) => crm.map((other) => [one, other] as const));
  });
}

/**
 * Whether a record has its place without a counterpart: a link is about it, or was, or a person is asked about it; or they are
 * asked what a create on its side has made, or left that alone, and whoever is new there waits for that; so does whoever is to be
 * created on the same side and has an e-mail or phone in common with it.
 */
export async function placeOf(world: World): Promise<(side: SideName, id: string) => boolean> {
  const found = await rows<{ name: string }>(
    world.db,
    sql`select ids.side || ' ' || ids.id as name from udesk_sync.link, lateral (
          values ('udesk', udesk_id), ('crm', crm_id)
          union all select 'udesk', jsonb_array_elements_text(candidates->'udesk')
          union all select 'crm', jsonb_array_elements_text(candidates->'crm')) ids (side, id)
        where pair = ${world.name} and ids.id is not null
        union select p.side from udesk_sync.parked p
        left join udesk_sync.intent i on i.pair = p.pair and i.id = p.intent_id
        where p.pair = ${world.name} and p.kind = 'uncertain-create'
          and (p.state = 'parked' or p.state = 'dropped' and i.state = 'parked')
        union select r.side || ' ' || r.remote_id from udesk_sync.parked p
        join udesk_sync.intent i on i.pair = p.pair and i.id = p.intent_id
        join udesk_sync.claim c on c.pair = p.pair and c.link_id = p.link_id
        join udesk_sync.record r on r.pair = p.pair and r.side <> c.side and r.keys @> array[c.key]
        where p.pair = ${world.name} and p.kind = 'uncertain-create'
          and (p.state = 'parked' or p.state = 'dropped' and i.state = 'parked')`,
  );
  const names = new Set(found.map(({ name }) => name));
  return (side, id) => names.has(side) || names.has(`${side} ${id}`);
}

/**
 * Conflicts that are carried out by creating somebody anew who has an e-mail or phone in common with a create of that side that was
 * set aside: nobody is created beside it, until a person has said what became of it. By `id`.
 */
export async function behindParkedCreates(world: World): Promise<ReadonlySet<string>> {
  const found = await rows<{ id: string }>(
    world.db,
    sql`select q.id from udesk_sync.conflict q
        join udesk_sync.decision d on d.id = q.decision_id
        join udesk_sync.link l on l.pair = q.pair and l.id = q.link_id
        join udesk_sync.record r on r.pair = l.pair and r.side = d.take and r.state = 'live'
          and r.remote_id = case r.side when 'udesk' then l.udesk_id else l.crm_id end
        join udesk_sync.claim c on c.pair = l.pair and c.side <> r.side and c.link_id <> l.id and r.keys @> array[c.key]
        join udesk_sync.intent i on i.pair = c.pair and i.link_id = c.link_id and i.side = c.side
          and i.op = 'create' and i.state = 'parked'
        join udesk_sync.parked p on p.pair = i.pair and p.intent_id = i.id and p.kind = 'uncertain-create'
        where q.pair = ${world.name} and q.field = '*' and q.state = 'resolving' and not exists (
          select 1 from udesk_sync.record gone where gone.pair = l.pair and gone.side = c.side and gone.state = 'live'
            and gone.remote_id = case gone.side when 'udesk' then l.udesk_id else l.crm_id end)`,
  );
  return new Set(found.map(({ id }) => id));
}

/** Records whose create on the other side was set aside, so that they have no counterpart: `side id`. */
export async function whoseCreateWaits(world: World): Promise<ReadonlySet<string>> {
  const found = await rows<{ name: string }>(
    world.db,
    sql`select coalesce('udesk ' || l.udesk_id, 'crm ' || l.crm_id) as name from udesk_sync.link l
        join udesk_sync.intent i on i.pair = l.pair and i.link_id = l.id and i.op = 'create' and i.state = 'parked'
        where l.pair = ${world.name} and l.state = 'confirmed' and (l.udesk_id is null or l.crm_id is null)`,
  );
  return new Set(found.map(({ name }) => name));
}

/** Links of which nothing is in conflict, set aside or on its way, oldest first. */
export async function quietLinks(world: World): Promise<{ udesk: string; crm: string }[]> {
  const waiting = await waitingWrites(world);
  const active = new Set(
    (await conflictRows(world))
      .filter(({ state }) => state === 'open' || state === 'resolving')
      .map((row) => row.link_id),
  );
  return (await confirmedLinks(world))
    .filter(({ id }) => !waiting.any(id) && !active.has(id))
    .toSorted((a, b) => Number(a.id) - Number(b.id))
    .map(({ udesk_id, crm_id }) => ({ udesk: udesk_id, crm: crm_id }));
}

/** What waits for a person: parked records, and guarded writes. */
export interface Waiting {
  /** Whether something of the link does. */
  any(linkId: string): boolean;
  /** Whether this field of it does: it is part of what waits, or nobody can say what that is a part of. */
  field(linkId: string, field: FieldName): boolean;
}

export async function waitingWrites(world: World): Promise<Waiting> {
  const found = await rows<{ id: string; name: string | null }>(
    world.db,
    sql`with waits as (
          select link_id, op, patch from udesk_sync.intent where pair = ${world.name} and state in ('held', 'parked')
          union all
          select p.link_id, i.op, i.patch from udesk_sync.parked p
            left join udesk_sync.intent i on i.pair = p.pair and i.id = p.intent_id
          where p.pair = ${world.name} and p.state = 'parked' and p.link_id is not null)
        select link_id as id, name from waits left join lateral jsonb_object_keys(patch) name on op = 'update'`,
  );
  const fields = new Map<string, Set<string | null>>();
  for (const { id, name } of found)
    fields.set(id, (fields.get(id) ?? new Set()).add(name === null ? null : heldAs(name)));
  return {
    any: (linkId) => fields.has(linkId),
    field: (linkId, field) => {
      const waits = fields.get(linkId);
      return waits !== undefined && (waits.has(null) || waits.has(field));
    },
  };
}

/** The fields of both sides as people here name them. */
export function heldAs(name: string): FieldName {
  return HELD_AS[name] ?? (name as FieldName);
}

const HELD_AS: Readonly<Record<string, FieldName>> = {
  nick_name: 'name',
  description: 'note',
  cellphones: 'phones',
};

/** Writes of ours to a record whose outcome is not known, or of which nobody has read yet what they replaced. */
export async function unreadWrites(world: World, side: SideName, id: string): Promise<string[]> {
  return await intentIds(
    world,
    sql`side = ${side} and remote_id = ${id} and (state in ('sending', 'unknown') or witness = 'due')`,
  );
}

/** The write that is being sent. */
export async function writeUnderWay(world: World, side: SideName, id: string): Promise<string | null> {
  const sending = sql`side = ${side} and remote_id = ${id} and state = 'sending'`;
  return (await intentIds(world, sending)).at(-1) ?? null;
}

/** What keeps the link of a record from being planned. */
export async function writesHolding(world: World, side: SideName, id: string): Promise<ReadonlySet<string>> {
  const found = await rows<{ id: string }>(
    world.db,
    sql`select i.id from udesk_sync.intent i
        join udesk_sync.record r on r.pair = i.pair and r.link_id = i.link_id and r.side = ${side} and r.remote_id = ${id}
        where i.pair = ${world.name} and i.state in ('planned', 'held', 'pending', 'sending', 'unknown')`,
  );
  return new Set(found.map((write) => write.id));
}

/** Whom the create that is being sent is about: `side id`. */
export async function sourceUnderWay(world: World, side: SideName): Promise<string | null> {
  const there = otherSide(side);
  const [found] = await rows<{ id: string | null }>(
    world.db,
    sql`select l.${sql.raw(there)}_id as id from udesk_sync.intent i
          join udesk_sync.link l on l.pair = i.pair and l.id = i.link_id
        where i.pair = ${world.name} and i.op = 'create' and i.side = ${side} and i.state = 'sending'
        order by i.id desc limit 1`,
  );
  return found?.id == null ? null : `${there} ${found.id}`;
}

/** What leaves there now was decided by a person. */
export async function isDecided(world: World, side: SideName, op: string): Promise<boolean> {
  const found = await rows(
    world.db,
    sql`select 1 from udesk_sync.intent
        where pair = ${world.name} and side = ${side} and op = ${op} and state = 'sending'
          and exists (select 1 from jsonb_each_text(reasons) r where r.value = 'decision')`,
  );
  return found.length > 0;
}

/** Writes of which the engine says that it does not know what they replaced. */
export async function unclearWrites(world: World): Promise<ReadonlySet<string>> {
  return new Set(await intentIds(world, sql`witness = 'unclear'`));
}

/** By write: the fields, as a person knows them, that it carries a decision about. */
export async function decidedWrites(world: World): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = await rows<{ id: string; fields: string[] }>(
    world.db,
    sql`select id, array(select jsonb_object_keys(decisions)) as fields from udesk_sync.intent
        where pair = ${world.name} and op = 'update' and decisions <> '{}'`,
  );
  return new Map(found.map(({ id, fields }) => [id, new Set(fields.map(heldAs))]));
}

async function intentIds(world: World, which: SQL): Promise<string[]> {
  const found = await rows<{ id: string }>(
    world.db,
    sql`select id from udesk_sync.intent where pair = ${world.name} and op = 'update' and ${which} order by id`,
  );
  return found.map(({ id }) => id);
}

/** Whom a record of the CRM was linked with last, where nobody else is linked with that one: it comes back as the same. */
export async function counterpartBefore(world: World, crmId: string): Promise<string | null> {
  const [found] = await rows<{ udesk: string }>(
    world.db,
    sql`select 'udesk ' || l.udesk_id as udesk from udesk_sync.link l
        where l.pair = ${world.name} and l.crm_id = ${crmId} and l.udesk_id is not null and l.state in ('confirmed', 'broken')
          and not exists (select 1 from udesk_sync.link other
            where other.pair = l.pair and other.udesk_id = l.udesk_id and other.state = 'confirmed' and other.id <> l.id)
        order by l.id desc limit 1`,
  );
  return found?.udesk ?? null;
}

export async function isKnownGone(world: World, crmId: string): Promise<boolean> {
  const found = await rows(
    world.db,
    sql`select 1 from udesk_sync.record where pair = ${world.name} and side = 'crm' and remote_id = ${crmId} and state = 'deleted'`,
  );
  return found.length > 0;
}
