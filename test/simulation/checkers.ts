/** What must hold after every step (P3, P7, P8), and what must hold once the world is calm (P2, P4, P5, P6, P11, P12). */
import { sql } from 'drizzle-orm';
import { asElements } from '../../src/core/equivalence.ts';
import { otherSide, SIDES, type SideName } from '../../src/core/record.ts';
import type { Value } from '../../src/core/value.ts';
import { rows } from '../../src/store/tx.ts';
import { provenanceOf } from '../support/provenance.ts';
import type { Edit, Move } from './ledger.ts';
import type { Held } from './sides.ts';
import { plain, sameToken } from './tokens.ts';
import { MAX_DELETES, type World } from './world.ts';

interface Row extends Record<string, unknown> {
  readonly id: string;
  readonly link_id: string;
  readonly field: string;
  readonly state: string;
  readonly text: string;
  readonly resolved_by: string | null;
}

interface LinkIds extends Record<string, unknown> {
  readonly id: string;
  readonly udesk_id: string;
  readonly crm_id: string;
}

/** Closed rows as they were first seen closed. */
export type Closed = Map<string, string>;

export async function afterStep(world: World, closed: Closed): Promise<void> {
  const { conflicts, gone } = await held(world);
  const now = new Map(conflicts.map((row) => [row.id, row]));
  for (const row of conflicts) {
    if (row.state === 'open' || row.state === 'resolving') continue;
    const as = `${row.state} ${row.text}`;
    const before = closed.get(row.id);
    if (before === undefined) closed.set(row.id, as);
    else if (before !== as) world.violation('P3', `conflict ${row.id} changed after it was closed`);
    if (row.state === 'resolved' && row.resolved_by === null)
      world.violation('P3', `conflict ${row.id} of ${row.field} was closed by nobody`);
  }
  for (const id of closed.keys()) if (!now.has(id)) world.violation('P3', `conflict ${id} vanished`);

  for (const { side, id } of gone) {
    if (!world.ledger.gone[side].has(id))
      world.violation('P7', `${side} ${id} counts as deleted, and nobody deleted it`);
  }
  const deletes = world.writes.filter(({ op, at }) => op === 'delete' && at > world.trueTime - 86_400_000);
  if (deletes.length <= MAX_DELETES) return;
  const free = deletes.filter(({ side, id }) => !world.approved.has(`${side} ${id}`));
  const distinct = new Set(free.map(({ side, id }) => `${side} ${id}`));
  if (distinct.size > MAX_DELETES)
    world.violation('P8', `${distinct.size} records were deleted within a day without approval`);
}

/** What the checks after each step look at, in one statement. */
async function held(world: World): Promise<{ conflicts: Row[]; gone: { side: SideName; id: string }[] }> {
  const found = await rows<Row>(
    world.db,
    sql`${conflictsOf(world)}
        union all select remote_id, null, side, 'gone', null, null from udesk_sync.record
        where pair = ${world.name} and state = 'deleted' order by 1`,
  );
  return {
    conflicts: found.filter(({ state }) => state !== 'gone'),
    gone: found.flatMap(({ id, field, state }) =>
      state === 'gone' ? [{ side: field as SideName, id }] : [],
    ),
  };
}

/** The mirror shows each record of the CRM as it is. */
export async function mirrored(world: World): Promise<void> {
  const known = await rows<{ id: string; fields: Record<string, Value> | string }>(
    world.db,
    sql`select remote_id as id, fields from udesk_sync.record
        where pair = ${world.name} and side = 'crm' and state = 'live'`,
  );
  const byId = new Map(
    known.map(({ id, fields }) => [id, typeof fields === 'string' ? fields : JSON.stringify(fields)]),
  );
  for (const { id, name, note, emails, phones } of world.people.crm.list()) {
    const text = byId.get(id);
    for (const value of [name, note, ...emails, ...phones].filter(Boolean)) {
      if (text === undefined || !text.includes(JSON.stringify(value)))
        world.violation('P2', `the changes of the CRM did not tell of "${value}" of crm ${id}`);
    }
  }
}

/** Elements that the bases of both sides hold: to take one of them away is a deletion from here on. */
export async function noteAgreed(world: World): Promise<void> {
  const found = await rows<{ udesk: Value | null; crm: Value | null }>(
    world.db,
    sql`select b.value->'udesk' as udesk, b.value->'crm' as crm from udesk_sync.link l, jsonb_each(l.bases) b
        where l.pair = ${world.name} and l.state = 'confirmed' and b.key in ('emails', 'cellphones')`,
  );
  for (const { udesk, crm } of found) {
    const there = new Set(asElements(crm ?? null).map(({ value }) => plain(value)));
    for (const { value } of asElements(udesk ?? null))
      if (there.has(plain(value))) world.ledger.agreed.add(plain(value));
  }
}

export async function atTheEnd(world: World): Promise<void> {
  const conflicts = await conflictRows(world);
  const links = await confirmedLinks(world);
  const waiting = await waitingLinks(world);
  const unwitnessed = await unwitnessedWrites(world);
  for (const link of links) {
    const [udesk, crm] = [world.people.udesk.get(link.udesk_id), world.people.crm.get(link.crm_id)];
    if (udesk === null || crm === null || waiting.has(link.id)) continue;
    converged(world, link, { udesk, crm }, conflicts);
  }
  for (const edit of world.ledger.edits)
    if (!diedWithItsHistory(world, edit, unwitnessed)) accounted(world, edit, links, conflicts, waiting);
  for (const removal of world.ledger.removals) {
    const changedHands = world.ledger.moves.has(plain(removal.value));
    const back = SIDES.filter((side) =>
      world.people[side]
        .list()
        // Whoever had it before may keep it where nobody carries that on.
        .filter((held) => !changedHands || isOf(held.id, side, removal, links))
        .some((held) => held[removal.set].some((value) => sameToken(value, removal.value))),
    );
    const linked = links.some((link) => link.udesk_id === removal.record || link.crm_id === removal.record);
    if (back.length === 0 || !linked || shown(conflicts, removal.value)) continue;
    if (back.length === 1 && back[0] !== removal.side && isWaiting(removal.record, links, waiting)) continue;
    if (back.includes(removal.side) || links.some((link) => link[`${removal.side}_id`] === removal.record))
      world.violation(
        'P2',
        `${removal.value} was taken away on ${removal.side} in step ${removal.step}, and is on ${back.join(' and ')}`,
      );
  }
  doubles(world, links, waiting);
  const { gaps } = await provenanceOf(world.db, world.spec());
  for (const gap of gaps) world.violation('P12', gap);
}

function converged(
  world: World,
  link: LinkIds,
  held: Record<SideName, Held>,
  conflicts: readonly Row[],
): void {
  const active = new Set(
    conflicts
      .filter((row) => row.link_id === link.id && (row.state === 'open' || row.state === 'resolving'))
      .map((row) => row.field),
  );
  const differ = (field: string, udesk: readonly string[], crm: readonly string[]) => {
    // Sets, by normalised value (§5): what a person typed twice into one record is there once.
    const text = (values: readonly string[]) =>
      [...new Set(values.map(plain).filter(Boolean))].sort().join(' ');
    if (text(udesk) !== text(crm) && !active.has(field))
      world.violation(
        'P6',
        `${field} of link ${link.id} differs (${text(udesk)} | ${text(crm)}), and no conflict is open`,
      );
  };
  differ('nick_name', [held.udesk.name], [held.crm.name]);
  differ('description', [held.udesk.note], [held.crm.note]);
  differ('emails', held.udesk.emails, held.crm.emails);
  differ('cellphones', held.udesk.phones, held.crm.phones);
}

/**
 * Made in the moment before our write, which took it away; and a person deleted the customer, history and all, before that
 * could be read (sync design §8, witness). Nobody can tell it then, but that is told: the write counts as one of which it
 * is not known what it replaced. Whoever we delete ourselves is not meant, nor what stood there when the person deleted it.
 */
function diedWithItsHistory(world: World, edit: Edit, unwitnessed: ReadonlySet<string>): boolean {
  const { side, record, field, value } = edit;
  if (!world.ledger.window.has(plain(value)) || world.people[side].get(record) !== null) return false;
  const deletedByUs = world.writes.some(
    ({ op, side: at, id }) => op === 'delete' && at === side && id === record,
  );
  return !deletedByUs && unwitnessed.has(`${side} ${record} ${field}`);
}

/** P2: on both sides, or in a row; or still where it was made, where there is nobody to carry it to. */
function accounted(
  world: World,
  edit: Edit,
  links: readonly LinkIds[],
  conflicts: readonly Row[],
  waiting: ReadonlySet<string>,
): void {
  if (shown(conflicts, edit.value) || world.ledger.isBeyond(edit) || world.ledger.isUnseen(edit)) return;
  const own = world.people[edit.side].get(edit.record);
  const told = `${edit.field} "${edit.value}" of ${edit.side} ${edit.record}, step ${edit.step}`;
  if (own === null || !holds(own, edit)) {
    world.violation(
      'P2',
      `${told}: it is gone${own === null ? ' with its record' : ''}, and no row shows it`,
    );
    return;
  }
  const link = links.find((one) => one[`${edit.side}_id`] === edit.record);
  if (link === undefined || waiting.has(link.id)) return;
  const there = otherSide(edit.side);
  const other = world.people[there].get(link[`${there}_id`]);
  if (other !== null && !holds(other, edit)) world.violation('P2', `${told}: it never came to ${there}`);
}

function holds(held: Held, { field, value }: Edit): boolean {
  const there = held[field];
  return (typeof there === 'string' ? [there] : there).some((one) => sameToken(one, value));
}

function shown(conflicts: readonly Row[], value: string): boolean {
  return conflicts.some((row) => row.text.toLowerCase().includes(plain(value)) || row.text.includes(value));
}

/** The record that a person acted on, or its counterpart. */
function isOf(
  id: string,
  side: SideName,
  acted: { readonly side: SideName; readonly record: string },
  links: readonly LinkIds[],
): boolean {
  if (side === acted.side) return id === acted.record;
  const link = links.find((one) => one[`${acted.side}_id`] === acted.record);
  return link?.[`${side}_id`] === id;
}

/** Which records of a side have no counterpart now, or wait for a person, so that no change of one reaches them. */
export async function outOfReach(world: World, side: SideName): Promise<(id: string) => boolean> {
  return beyond(side, await confirmedLinks(world), await waitingLinks(world));
}

function beyond(side: SideName, links: readonly LinkIds[], waiting: ReadonlySet<string>) {
  const reached = new Set(links.filter(({ id }) => !waiting.has(id)).map((link) => link[`${side}_id`]));
  return (id: string): boolean => !reached.has(id);
}

/**
 * P5: nobody exists twice on one side. No two people were given the same value; one that changed hands once is nowhere
 * twice, unless one of the two who hold it has no counterpart, or waits for a person, so that half of the change is held.
 * So it is, too, with whoever had no counterpart when it changed hands over there: a first link made later unites the sets
 * of both (sync design §5), what was given up before the link among them.
 */
function doubles(world: World, links: readonly LinkIds[], waiting: ReadonlySet<string>): void {
  for (const side of SIDES) {
    const isHeld = beyond(side, links, waiting);
    const owners = new Map<string, string>();
    for (const held of world.people[side].list()) {
      for (const value of [held.name, ...held.emails, ...held.phones].map(plain).filter(Boolean)) {
        const owner = owners.get(value);
        owners.set(value, held.id);
        if (owner === undefined || owner === held.id || world.ledger.merged.has(value)) continue;
        const moves = world.ledger.moves.get(value) ?? [];
        if (moves.length > 1 || (moves.length === 1 && [owner, held.id].some(isHeld))) continue;
        if (moves.some(isHalf(side, [owner, held.id]))) continue;
        world.violation('P5', `${side} ${owner} and ${side} ${held.id} both hold ${value}`);
      }
    }
  }
}

function isHalf(side: SideName, holders: readonly string[]) {
  return (move: Move) => move.side !== side && holders.some((id) => move.outOfReach.includes(id));
}

async function conflictRows(world: World): Promise<Row[]> {
  return await rows<Row>(world.db, sql`${conflictsOf(world)} order by conflict.id`);
}

function conflictsOf(world: World) {
  return sql`select id::text, link_id::text, field, state, resolved_by,
      concat_ws(' ', kind, udesk::text, crm::text, base::text, overwritten::text) as text
    from udesk_sync.conflict where pair = ${world.name}`;
}

async function confirmedLinks(world: World): Promise<LinkIds[]> {
  return await rows<LinkIds>(
    world.db,
    sql`select id, udesk_id, crm_id from udesk_sync.link
        where pair = ${world.name} and state = 'confirmed' and udesk_id is not null and crm_id is not null`,
  );
}

/** Links of which nothing is in conflict, set aside or on its way, oldest first. */
export async function quietLinks(world: World): Promise<{ udesk: string; crm: string }[]> {
  const waiting = await waitingLinks(world);
  const active = new Set(
    (await conflictRows(world))
      .filter(({ state }) => state === 'open' || state === 'resolving')
      .map((row) => row.link_id),
  );
  return (await confirmedLinks(world))
    .filter(({ id }) => !waiting.has(id) && !active.has(id))
    .toSorted((a, b) => Number(a.id) - Number(b.id))
    .map(({ udesk_id, crm_id }) => ({ udesk: udesk_id, crm: crm_id }));
}

/** Links with something that waits for a person: a parked record, or a guarded write. */
async function waitingLinks(world: World): Promise<Set<string>> {
  const found = await rows<{ id: string }>(
    world.db,
    sql`select link_id as id from udesk_sync.intent where pair = ${world.name} and state in ('held', 'parked')
        union select link_id from udesk_sync.parked where pair = ${world.name} and state = 'parked' and link_id is not null`,
  );
  return new Set(found.map(({ id }) => id));
}

/** Writes of ours of which the engine says that it does not know what they replaced: `side record field`. */
async function unwitnessedWrites(world: World): Promise<ReadonlySet<string>> {
  const found = await rows<{ side: SideName; id: string; name: string }>(
    world.db,
    sql`select i.side, i.remote_id as id, name from udesk_sync.intent i, jsonb_object_keys(i.patch) name
        where i.pair = ${world.name} and i.op = 'update' and i.witness = 'unclear'`,
  );
  return new Set(found.map(({ side, id, name }) => `${side} ${id} ${HELD_AS[name] ?? name}`));
}

/** The fields of both sides as people here name them. */
const HELD_AS: Readonly<Record<string, Edit['field']>> = {
  nick_name: 'name',
  description: 'note',
  cellphones: 'phones',
};

function isWaiting(record: string, links: readonly LinkIds[], waiting: ReadonlySet<string>): boolean {
  return links.some((link) => (link.udesk_id === record || link.crm_id === record) && waiting.has(link.id));
}
