/** What must hold after every step (P3, P7, P8), and what must hold once the world is calm (P2, P4, P5, P6, P11, P12). */
import { sql } from 'drizzle-orm';
import { asElements } from '../../src/core/equivalence.ts';
import { otherSide, SIDES, type SideName } from '../../src/core/record.ts';
import type { Value } from '../../src/core/value.ts';
import { fromJsonb } from '../../src/store/jsonb.ts';
import { rows } from '../../src/store/tx.ts';
import { provenanceOf } from '../support/provenance.ts';
import { doubles } from './doubles.ts';
import type { Edit, Removal } from './ledger.ts';
import {
  behindParkedCreates,
  confirmedLinks,
  conflictRows,
  conflictsOf,
  decidedWrites,
  flaggedLinks,
  heldAs,
  type LinkIds,
  placeOf,
  type Row,
  unclearWrites,
  type Waiting,
  waitingWrites,
} from './ours.ts';
import { MAX_DELETES, maxCreates } from './pair.ts';
import { GUARDED } from './reviews.ts';
import { linkedNames, nameOf, namesOf } from './shared.ts';
import { type FieldName, type Held, holdsEdit } from './sides.ts';
import { plain, sameToken } from './tokens.ts';
import type { World } from './world.ts';

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
  await createsAllowed(world);
  const deletes = world.writes.filter(({ op, at }) => op === 'delete' && at > world.trueTime - 86_400_000);
  if (deletes.length <= MAX_DELETES) return;
  const free = deletes.filter(({ side, id }) => !world.approved.has(`${side} ${id}`));
  const distinct = new Set(free.map(({ side, id }) => `${side} ${id}`));
  if (distinct.size > MAX_DELETES)
    world.violation('P8', `${distinct.size} records were deleted within a day without approval`);
}

/**
 * P8: in no hour are more records created than the guard allows, but those of the first plan and of one that was approved. The
 * hour before the last create, as our clock told it then: it may have been set back since.
 */
async function createsAllowed(world: World): Promise<void> {
  const max = maxCreates(world.script.setting);
  if (world.writes.filter(({ op, at }) => op === 'create' && at > world.trueTime - 3_600_000).length <= max)
    return;
  const [found] = await rows<{ n: string }>(
    world.db,
    sql`with made as (
          select sent_at from udesk_sync.intent
          where pair = ${world.name} and op = 'create' and sent_at is not null
            and ${GUARDED} not in (select jsonb_array_elements_text(${JSON.stringify([...world.approved])}::jsonb))
            and run_id > (select min(run_id) from udesk_sync.intent where pair = ${world.name}))
        select count(*) as n from made where sent_at > (select max(sent_at) from made) - interval '1 hour'`,
  );
  if (Number(found?.n) > max)
    world.violation('P8', `${found?.n} records were created within an hour without approval`);
}

/** What the checks after each step look at, in one statement. */
async function held(world: World): Promise<{ conflicts: Row[]; gone: { side: SideName; id: string }[] }> {
  const found = await rows<Row>(
    world.db,
    sql`${conflictsOf(world)}
        union all select remote_id, null, side, 'gone', null, null, null, null, null, null from udesk_sync.record
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
  const known = await rows<{ id: string; fields: string }>(
    world.db,
    sql`select remote_id as id, fields from udesk_sync.record
        where pair = ${world.name} and side = 'crm' and state = 'live'`,
  );
  const byId = new Map(known.map(({ id, fields }) => [id, fields]));
  const { untold } = world.leftOut;
  for (const { id, name, note, emails, phones } of world.people.crm.list()) {
    const text = byId.get(id);
    if (untold.get(id) === 'record') continue;
    for (const value of [name, untold.has(id) ? '' : note, ...emails, ...phones].filter(Boolean)) {
      if (text === undefined || !text.includes(JSON.stringify(value)))
        world.violation('P2', `the changes of the CRM did not tell of "${value}" of crm ${id}`);
    }
  }
}

/** Elements that the bases of both sides hold: to take one of them away is a deletion from here on. */
export async function noteAgreed(world: World): Promise<void> {
  const found = await rows<{ udesk: string | null; crm: string | null; udeskId: string; crmId: string }>(
    world.db,
    sql`select b.value->'udesk' as udesk, b.value->'crm' as crm, l.udesk_id as "udeskId", l.crm_id as "crmId" from udesk_sync.link l, jsonb_each(l.bases) b
        where l.pair = ${world.name} and l.state = 'confirmed' and b.key in ('emails', 'cellphones')`,
  );
  const elements = (text: string | null) => asElements(text === null ? null : fromJsonb<Value>(text));
  for (const { udesk, crm, udeskId, crmId } of found) {
    const there = new Set(elements(crm).map(({ value }) => plain(value)));
    for (const { value } of elements(udesk))
      if (there.has(plain(value)))
        world.ledger.agreedOn(value, [nameOf('udesk', udeskId), nameOf('crm', crmId)]);
  }
}

/** What the checks of a calm world look at. */
interface Calm {
  readonly conflicts: readonly Row[];
  readonly links: readonly LinkIds[];
  readonly waiting: Waiting;
  readonly hasPlace: (side: SideName, id: string) => boolean;
  readonly behind: ReadonlySet<string>;
  readonly decided: ReadonlyMap<string, ReadonlySet<string>>;
}

export async function atTheEnd(world: World): Promise<void> {
  const calm: Calm = {
    conflicts: await conflictRows(world),
    links: await confirmedLinks(world),
    waiting: await waitingWrites(world),
    hasPlace: await placeOf(world),
    behind: await behindParkedCreates(world),
    decided: await decidedWrites(world),
  };
  for (const link of calm.links) {
    const [udesk, crm] = [world.people.udesk.get(link.udesk_id), world.people.crm.get(link.crm_id)];
    if (udesk !== null && crm !== null) converged(world, link, { udesk, crm }, calm);
  }
  const unclear = await unclearWrites(world);
  for (const edit of world.ledger.edits)
    if (!diedWithItsHistory(world, edit, unclear)) accounted(world, edit, calm);
  for (const removal of world.ledger.removals) staysAway(world, removal, calm);
  doubles(world, { ...calm, flagged: await flaggedLinks(world) });
  carriedOut(world, calm);
  const { gaps } = await provenanceOf(world.db, world.spec());
  for (const gap of gaps) world.violation('P12', gap);
}

function converged(
  world: World,
  link: LinkIds,
  held: Record<SideName, Held>,
  { conflicts, waiting }: Calm,
): void {
  const active = new Set(
    conflicts
      .filter((row) => row.link_id === link.id && (row.state === 'open' || row.state === 'resolving'))
      .map((row) => heldAs(row.field)),
  );
  for (const field of FIELDS) {
    // Sets, by normalised value (§5): what a person typed twice into one record is there once.
    const values = (side: SideName) => new Set([held[side][field]].flat().map(plain).filter(Boolean));
    const text = (side: SideName) => [...values(side)].sort().join(' ');
    const apart = onOneSide(values('udesk'), values('crm'));
    if (apart.length === 0 || active.has(field) || waiting.field(link.id, field)) continue;
    const rows = conflicts.filter((row) => row.link_id === link.id && heldAs(row.field) === field);
    if (!rows.some((row) => apart.every((value) => leftApart(row).includes(value))))
      world.violation(
        'P6',
        `${field} of link ${link.id} differs (${text('udesk')} | ${text('crm')}), and no conflict is open`,
      );
  }
}

/**
 * P3: a row that is being carried out ends, or waits for a person, or for their word about a deletion, or, where somebody is to be
 * created anew, for their word about another create; nobody is asked about it meanwhile.
 */
function carriedOut(world: World, { conflicts, links, waiting, behind }: Calm): void {
  const asked = new Set(
    conflicts.filter(({ field, state }) => field === '*' && state === 'open').map(({ link_id }) => link_id),
  );
  // What was decided about a field comes after what was decided about the whole customer.
  const later = new Set(conflicts.filter(({ id }) => behind.has(id)).map(({ link_id }) => link_id));
  const linked = new Set(links.map(({ id }) => id));
  for (const { id, field, link_id, state } of conflicts) {
    if (state !== 'resolving' || !linked.has(link_id) || asked.has(link_id) || waiting.any(link_id)) continue;
    if (later.has(link_id)) continue;
    world.violation('P3', `conflict ${id} of ${field} is being carried out, and nothing of it is under way`);
  }
}

/** In what the two sides of a base differ that a person chose: after an undo of one side it may stay so. */
function leftApart({ base }: Row): string[] {
  const sides = base === null ? {} : fromJsonb<Partial<Record<SideName, Value>>>(base);
  const values = (side: SideName) =>
    new Set(asElements(sides[side] ?? null).map(({ value }) => plain(value)));
  return onOneSide(values('udesk'), values('crm'));
}

function onOneSide(a: ReadonlySet<string>, b: ReadonlySet<string>): string[] {
  return [...[...a].filter((value) => !b.has(value)), ...[...b].filter((value) => !a.has(value))];
}

const FIELDS: readonly FieldName[] = ['name', 'note', 'emails', 'phones'];

/**
 * Made after our last look before our write, which took it away; and a person deleted the customer, history and all, before
 * that was found out (sync design §8, witness). Nobody can tell it then, but that is told: the write counts as one of which it
 * is not known what it replaced.
 */
function diedWithItsHistory(world: World, edit: Edit, unclear: ReadonlySet<string>): boolean {
  return world.people[edit.side].get(edit.record) === null && world.ledger.replaced.isBeyond(edit, unclear);
}

/** P2: on both sides, or in a row; or still where it was made, where there is nobody to carry it to. */
function accounted(world: World, edit: Edit, { conflicts, links, waiting, hasPlace, decided }: Calm): void {
  if (world.ledger.replaced.isDecidedAway(edit, decided)) return;
  if (shown(conflicts, edit) || world.ledger.isBeyond(edit) || world.ledger.isUnseen(edit)) return;
  const own = world.people[edit.side].get(edit.record);
  const told = `${edit.field} "${edit.value}" of ${edit.side} ${edit.record}, step ${edit.step}`;
  if (own === null || !holdsEdit(own, edit)) {
    world.violation(
      'P2',
      `${told}: it is gone${own === null ? ' with its record' : ''}, and no row shows it`,
    );
    return;
  }
  const link = links.find((one) => one[`${edit.side}_id`] === edit.record);
  if (link === undefined && !hasPlace(edit.side, edit.record))
    world.violation('P2', `${told}: it has no counterpart, and nobody is asked`);
  if (link === undefined || waiting.field(link.id, edit.field)) return;
  const there = otherSide(edit.side);
  const other = world.people[there].get(link[`${there}_id`]);
  if (other !== null && !holdsEdit(other, edit)) world.violation('P2', `${told}: it never came to ${there}`);
}

/** P2: what both sides had, and a person took away, does not come back by itself. */
function staysAway(world: World, removal: Removal, { conflicts, links, waiting }: Calm): void {
  const changedHands = world.ledger.moves.has(plain(removal.value));
  const back = SIDES.filter((side) =>
    world.people[side]
      .list()
      // Whoever had it before may keep it where nobody carries that on.
      .filter(({ id }) => !changedHands || isOf(id, side, removal, links))
      .filter(({ id }) => {
        const name = nameOf(side, id);
        // For whom it was made does not excuse the one from whom it was taken, or whoever is linked with that one by now.
        const own = isOf(id, side, removal, links);
        const names = own ? linkedNames(name, links) : namesOf(world, name, links);
        return !names.some((one) => removal.others.has(one));
      })
      .some((held) => held[removal.set].some((value) => sameToken(value, removal.value))),
  );
  const link = links.find((one) => one[`${removal.side}_id`] === removal.record);
  if (back.length === 0 || link === undefined || isAsked(conflicts, removal)) return;
  // What waited with a parked write goes with the record: its deletion is what is carried over, or asked about.
  if (world.people[removal.side].get(removal.record) === null) return;
  if (back.length === 1 && back[0] !== removal.side && waiting.field(link.id, removal.set)) return;
  world.violation(
    'P2',
    `${removal.value} was taken away on ${removal.side} in step ${removal.step}, and is on ${back.join(' and ')}`,
  );
}

/**
 * In a row of its field, or of the whole record: as what a side held, or as what our write replaced. An element that both had
 * is not what a row of a set is about; nor is a base what any row is about.
 */
function shown(
  conflicts: readonly Row[],
  { field, value }: { readonly field: FieldName; readonly value: string },
): boolean {
  const isSet = field === 'emails' || field === 'phones';
  return conflicts.some((row) => {
    if (row.field !== '*' && heldAs(row.field) !== field) return false;
    const [udesk, crm] = [isIn(row.udesk, value), isIn(row.crm, value)];
    return isIn(row.overwritten, value) || (isSet ? udesk !== crm : udesk || crm);
  });
}

/** Whether a row of the set tells that both sides once had this, and one of them not. */
function isAsked(conflicts: readonly Row[], { value, set }: Removal): boolean {
  return conflicts.some((row) => (row.field === '*' || heldAs(row.field) === set) && isIn(row.text, value));
}

function isIn(text: string, value: string): boolean {
  return text.toLowerCase().includes(plain(value)) || text.includes(value);
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
