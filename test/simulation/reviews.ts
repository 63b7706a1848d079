/** The person who reviews: conflicts, links and parked records. */
import { type SQL, sql } from 'drizzle-orm';
import { asElements } from '../../src/core/equivalence.ts';
import { SIDES, type SideName } from '../../src/core/record.ts';
import type { Value } from '../../src/core/value.ts';
import { decideConflict, withdrawDecision } from '../../src/store/conflict-decisions.ts';
import { fromJsonb } from '../../src/store/jsonb.ts';
import { confirmLink, unlink } from '../../src/store/link-decisions.ts';
import { dropParked, retryParked } from '../../src/store/parked-decisions.ts';
import { rows } from '../../src/store/tx.ts';
import { target } from './acts.ts';
import type { Act } from './script.ts';
import { holdersOf, nameOf, noteShared } from './shared.ts';
import { valuesOf } from './sides.ts';
import { plain, sameToken } from './tokens.ts';
import type { World } from './world.ts';

export async function decide(world: World, act: Extract<Act, { do: 'decide' }>): Promise<void> {
  const open = await rows<{
    id: string;
    field: string;
    base: string | null;
    udesk: string;
    crm: string;
  }>(
    world.db,
    sql`select c.id, c.field, c.base, l.udesk_id as udesk, l.crm_id as crm
        from udesk_sync.conflict c join udesk_sync.link l on l.id = c.link_id
        where c.pair = ${world.name} and c.state = 'open' order by c.id`,
  );
  const { of } = act;
  const held = of === undefined ? null : await target(world, { side: of, pick: act.pick, linked: true });
  const about = of === undefined ? open : open.filter((one) => one[of] === held?.id);
  const row = about[act.pick % Math.max(1, about.length)];
  if (row === undefined) return;
  const take = act.take === 'base' && (row.base === null || row.field === '*') ? 'udesk' : act.take;
  const base = row.base === null ? {} : fromJsonb<Partial<Record<SideName, Value>>>(row.base);
  for (const side of take === 'base' ? SIDES : [])
    for (const { value } of asElements(base[side] ?? null)) await chosen(world, value, row);
  await decideConflict(world.db, {
    conflictId: row.id,
    who: 'reviewer',
    take,
    value: null,
    at: new Date(world.now),
  });
  world.tell(`  a person takes ${take} for ${row.field} in conflict ${row.id}`);
}

/** It comes back to whom it was taken from, and whoever holds it by now, because it changed hands, keeps it. */
export async function chosen(
  world: World,
  value: string,
  link: { readonly udesk: string; readonly crm: string },
): Promise<void> {
  const own = [nameOf('udesk', link.udesk), nameOf('crm', link.crm)] as const;
  for (const holder of holdersOf(world, value))
    if (!own.includes(holder)) await noteShared(world, world.ledger.shared, [value], [own[0], holder]);
  world.ledger.chosen(value);
}

export async function withdraw(world: World, act: Extract<Act, { do: 'withdraw' }>): Promise<void> {
  const decided = await rows<{ id: string }>(
    world.db,
    sql`select id from udesk_sync.conflict
        where pair = ${world.name} and state = 'resolving' and decision_id is not null order by id`,
  );
  const row = decided[act.pick % Math.max(1, decided.length)];
  if (row === undefined) return;
  const at = new Date(world.now);
  const outcome = await withdrawDecision(world.db, { conflictId: row.id, who: 'reviewer', at });
  world.tell(`  a person takes the decision of conflict ${row.id} back: ${outcome}`);
}

export async function identity(world: World, act: Extract<Act, { do: 'unlink' | 'confirm' }>): Promise<void> {
  const states = act.do === 'unlink' ? ['confirmed'] : ['candidate', 'broken'];
  const found = await rows<{
    id: string;
    udesk: string | null;
    crm: string | null;
    candidates: string | null;
  }>(
    world.db,
    sql`select id, udesk_id as udesk, crm_id as crm, candidates from udesk_sync.link
        where pair = ${world.name} and state in ${sql.raw(`('${states.join("','")}')`)} order by id`,
  );
  const link = found[act.pick % Math.max(1, found.length)];
  if (link === undefined) return;
  const candidates =
    link.candidates === null ? null : fromJsonb<{ udesk: string[]; crm: string[] }>(link.candidates);
  const decision = { linkId: link.id, who: 'reviewer', at: new Date(world.now) };
  const outcome =
    act.do === 'unlink'
      ? await unlink(world.db, decision)
      : await confirmLink(world.db, {
          ...decision,
          udeskId: candidates?.udesk[0],
          crmId: candidates?.crm[0],
        });
  // An unlink that was refused has parted nobody.
  if (act.do === 'unlink' && outcome.outcome === 'unlinked') {
    parted(world, link);
  }
  if (act.do === 'confirm' && outcome.outcome === 'confirmed' && candidates !== null)
    chose(world, candidates);
  world.tell(`  a person says ${act.do} of link ${link.id}: ${outcome.outcome}`);
}

/**
 * Of several who may be one person, a person says of the first two that they are: the others are somebody else, whatever each of
 * them has by then. But whom creates of ours made for one and the same record are one too many, whatever anybody says.
 */
function chose(world: World, candidates: Readonly<Record<SideName, readonly string[]>>): void {
  const { ledger, people } = world;
  const named = SIDES.map((side) => candidates[side].map((id) => nameOf(side, id)));
  const held = SIDES.flatMap((side) => candidates[side].map((id) => people[side].get(id)));
  const values = new Set(held.flatMap((one) => (one === null ? [] : valuesOf(one))).map(plain));
  const two = new Set(named.flatMap(([first]) => first ?? []));
  for (const ofSide of named) {
    const sources = ofSide.map((name) => ledger.sources.get(name));
    for (const [at, other] of ofSide.entries()) {
      const source = sources[at];
      const isOneTooMany = source !== undefined && sources.indexOf(source) !== sources.lastIndexOf(source);
      if (at === 0 || isOneTooMany) continue;
      for (const value of values) ledger.shared.note(value, [two, new Set([other])]);
    }
  }
}

/**
 * A person says that these two are not the same: what both have is in two hands, whoever they are linked with later. Of a
 * create that may have happened: whatever it made is somebody of their own from here on.
 */
function parted(world: World, link: { readonly udesk: string | null; readonly crm: string | null }): void {
  const held = SIDES.flatMap((side) => {
    const there = world.people[side].get(link[side] ?? '');
    return there === null ? [] : [{ name: nameOf(side, there.id), values: valuesOf(there) }];
  });
  world.ledger.parted(held);
  const alone = link.udesk === null || link.crm === null;
  for (const { name, values } of held)
    for (const value of values) {
      const others = alone
        ? holdersOf(world, value)
        : held.filter((one) => one.values.some((there) => sameToken(there, value))).map((one) => one.name);
      const people = new Set([name, ...others]);
      world.ledger.shared.note(
        value,
        [...people].map((one) => new Set([one])),
      );
    }
}

export async function retry(world: World, act: Extract<Act, { do: 'retry' }>): Promise<void> {
  const found = await rows<{ id: string }>(
    world.db,
    sql`select id from udesk_sync.parked where pair = ${world.name} and state = 'parked' and kind <> 'uncertain-create' order by id`,
  );
  const row = found[act.pick % Math.max(1, found.length)];
  if (row === undefined) return;
  await retryParked(world.db, { parkedId: row.id, who: 'reviewer', at: new Date(world.now) });
  world.tell(`  a person has parked record ${row.id} tried again`);
}

export async function leave(world: World, act: Extract<Act, { do: 'leave' }>): Promise<void> {
  const found = await rows<{ id: string; message: string }>(
    world.db,
    sql`select p.id, p.message from udesk_sync.parked p
          join udesk_sync.intent i on i.pair = p.pair and i.id = p.intent_id and i.op = 'create'
        where p.pair = ${world.name} and p.state = 'parked' order by p.id`,
  );
  const row = found[act.pick % Math.max(1, found.length)];
  if (row === undefined) return;
  await dropParked(world.db, { parkedId: row.id, who: 'reviewer', at: new Date(world.now) });
  world.tell(`  a person leaves parked record ${row.id} alone: ${row.message}`);
}

/** What is held now, and nothing else; where the plan is another one by then, nothing is approved. */
export async function approve(world: World, hash: string): Promise<void> {
  const planned = async (state: SQL) =>
    await rows<{ intent: string; name: string }>(
      world.db,
      sql`select id as intent, ${GUARDED} as name from udesk_sync.intent
          where pair = ${world.name} and op in ('create', 'delete') and ${state} order by id`,
    );
  const shown = await planned(sql`state = 'held'`);
  await world.process.sync(hash);
  // What is held is planned anew, and is the same plan as long as it has the same hash.
  const since = shown.at(-1)?.intent ?? '0';
  const through = new Set((await planned(sql`approved and id > ${since}::bigint`)).map(({ name }) => name));
  for (const { name } of shown) if (through.has(name)) world.approved.add(name);
}

/** What a write that a guard may hold is called in `World.approved`. */
export const GUARDED = sql.raw(
  `side || ' ' || case op when 'create' then 'create of link ' || link_id else remote_id end`,
);
