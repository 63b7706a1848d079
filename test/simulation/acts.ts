/** People at both sides: each act is carried out on what there is, and remembered. */
import { sql } from 'drizzle-orm';
import type { SideName } from '../../src/core/record.ts';
import { rows } from '../../src/store/tx.ts';
import { move } from './moves.ts';
import { counterpartBefore, isKnownGone, writesHolding } from './ours.ts';
import { noteUnread } from './replaced.ts';
import { decide, identity, leave, retry, withdraw } from './reviews.ts';
import type { Act } from './script.ts';
import { holdersOf, nameOf, noteShared, othersWith } from './shared.ts';
import { type Held, type SetName, valuesOf } from './sides.ts';
import { emailToken, phoneToken, sameToken, textToken } from './tokens.ts';
import { undo } from './undoing.ts';
import type { World } from './world.ts';

/** Values that this act makes are named after the step, and its place in it. */
export async function carryOut(world: World, act: Act, step: number, sub: number): Promise<void> {
  switch (act.do) {
    case 'edit':
      return await editText(world, act, step, sub);
    case 'element':
      return await editElement(world, act, step, sub);
    case 'move':
      return await move(world, act, step);
    case 'create':
      return create(world, act, step, sub);
    case 'delete':
      return await remove(world, act);
    case 'merge':
      return await merge(world, act);
    case 'decide':
      return await decide(world, act);
    case 'unlink':
    case 'confirm':
      return await identity(world, act);
    case 'withdraw':
      return await withdraw(world, act);
    case 'undo':
      return await undo(world, act);
    case 'retry':
      return await retry(world, act);
    case 'leave':
      return await leave(world, act);
    case 'undelete':
      return await undelete(world, act);
  }
}

/** Near a call, its record. */
export async function target(
  world: World,
  {
    side,
    pick,
    linked = false,
    newest = false,
  }: { side: SideName; pick: number; linked?: boolean; newest?: boolean },
): Promise<Held | null> {
  const { aim } = world;
  if (aim !== null && aim.side === side && aim.id !== null) return world.people[side].get(aim.id);
  const list = world.people[side].list();
  if (newest) return list.at(-1) ?? null;
  if (!linked) return chosen(list, pick);
  const found = await rows<{ id: string }>(
    world.db,
    sql`select ${sql.raw(side)}_id as id from udesk_sync.link
        where pair = ${world.name} and state = 'confirmed' and udesk_id is not null and crm_id is not null order by link.id`,
  );
  const live = found.filter(({ id }) => list.some((held) => held.id === id));
  const id = live[pick % Math.max(1, live.length)]?.id;
  return id === undefined ? chosen(list, pick) : world.people[side].get(id);
}

/** What is about to be written there; null where nothing is, or nobody aims. */
async function aimedFields(world: World, side: SideName): Promise<readonly string[]> {
  const { aim } = world;
  if (aim === null || aim.side !== side) return [];
  if (aim.fields.length > 0) return aim.fields;
  const found = await rows<{ name: string }>(
    world.db,
    sql`select name from udesk_sync.intent i, jsonb_object_keys(i.patch) name
        where i.pair = ${world.name} and i.side = ${side} and i.remote_id = ${aim.id} and i.state in ('pending', 'sending')
        order by name`,
  );
  return found.map(({ name }) => name);
}

const TEXTS: Readonly<Record<string, 'name' | 'note'>> = {
  name: 'name',
  nick_name: 'name',
  note: 'note',
  description: 'note',
};
const SETS: Readonly<Record<string, SetName>> = { emails: 'emails', phones: 'phones', cellphones: 'phones' };

export function chosen(list: readonly Held[], pick: number): Held | null {
  return list.length === 0 ? null : (list[pick % list.length] ?? null);
}

async function editText(
  world: World,
  act: Extract<Act, { do: 'edit' }>,
  step: number,
  sub: number,
): Promise<void> {
  const side = world.aim?.side ?? act.side;
  const fields = (await aimedFields(world, side)).flatMap((name) => TEXTS[name] ?? []);
  const field = fields[act.pick % Math.max(1, fields.length)] ?? act.field;
  const held = await target(world, { ...act, side });
  if (held === null) return;
  const value = act.clear ? '' : textToken(step, sub);
  world.people[side].text(held.id, field, value);
  if (world.acting) world.ledger.madeInside(value, side, held.id);
  world.ledger.text({ value, side, record: held.id, field, step }, held[field]);
  world.tell(`  a person sets ${field} of ${side} ${held.id} to "${value}" (it was "${held[field]}")`);
}

async function editElement(
  world: World,
  act: Extract<Act, { do: 'element' }>,
  step: number,
  sub: number,
): Promise<void> {
  const side = world.aim?.side ?? act.side;
  const sets = (await aimedFields(world, side)).flatMap((name) => SETS[name] ?? []);
  const set = sets[act.pick % Math.max(1, sets.length)] ?? act.set;
  const held = await target(world, { ...act, side });
  if (held === null) return;
  const now = held[set];
  const fresh = set === 'emails' ? emailToken(step, sub) : phoneToken(step, sub);
  const old = now.length === 0 ? null : (now[act.which % now.length] ?? null);
  const how =
    old === null || (act.how === 'add' && now.length < 4) ? 'add' : act.how === 'add' ? 'change' : act.how;
  const kept = now.filter((value) => how === 'add' || value !== old).map((value) => [value, value] as const);
  const values =
    how === 'add'
      ? [...kept, [null, fresh] as const]
      : how === 'remove'
        ? kept
        : now.map((value) => [value, value === old ? fresh : value] as const);
  world.people[side].elements(held.id, set, values);
  // Two who were merged may have had the same: the other one is still there.
  const isGone = old !== null && !values.some(([, value]) => sameToken(value, old));
  if (how !== 'add' && isGone) {
    const others = await othersWith(world, old, nameOf(side, held.id));
    world.ledger.removed({ value: old, side, record: held.id, set, step, others });
  }
  if (world.acting) world.ledger.madeInside(fresh, side, held.id);
  if (how !== 'remove') world.ledger.added({ value: fresh, side, record: held.id, field: set, step });
  world.tell(
    `  a person ${how}s ${set} of ${side} ${held.id}: ${old ?? '-'} → ${how === 'remove' ? '-' : fresh}`,
  );
}

function create(world: World, act: Extract<Act, { do: 'create' }>, step: number, sub: number): void {
  const { side } = act;
  if (world.people[side].list().length >= MOST_PEOPLE) return;
  const person = {
    name: textToken(step, sub),
    note: '',
    emails: act.contacts ? [emailToken(step, sub)] : [],
    phones: act.contacts && step % 2 === 0 ? [phoneToken(step, sub)] : [],
  };
  const id = world.people[side].create(person);
  world.ledger.added({ value: person.name, side, record: id, field: 'name', step });
  for (const set of ['emails', 'phones'] as const satisfies readonly SetName[]) {
    for (const value of person[set]) world.ledger.added({ value, side, record: id, field: set, step });
  }
  world.tell(`  a person creates ${side} ${id}: ${person.name}`);
}

const MOST_PEOPLE = 18;
const FEWEST_PEOPLE = 2;

async function remove(world: World, act: Extract<Act, { do: 'delete' }>): Promise<void> {
  const list = world.people[act.side].list();
  const held = await target(world, act);
  // A side that is empty is a matter of the guards, which hold everything; and nothing happens among too few.
  if (held === null || list.length <= FEWEST_PEOPLE) return;
  await noteUnread(world, act.side, held.id);
  world.people[act.side].delete(held.id);
  world.ledger.deleted(act.side, held);
  world.tell(`  a person deletes ${act.side} ${held.id}`);
}

/** Whoever has the same by now, and is not whom it was linked with, is somebody else for all that a person did. */
async function undelete(world: World, act: Extract<Act, { do: 'undelete' }>): Promise<void> {
  const { ledger, people } = world;
  const ids = [...ledger.bin.keys()];
  const id = act.newest ? ids.at(-1) : ids[act.pick % Math.max(1, ids.length)];
  if (id === undefined || people.crm.list().length >= MOST_PEOPLE) return;
  world.crm.table.undelete(id);
  const held = people.crm.get(id);
  if (held === null) return;
  const own = await counterpartBefore(world, id);
  const name = nameOf('crm', id);
  for (const value of valuesOf(held)) {
    // Whoever took it away from somebody else meant them, and not the one who is back with it.
    ledger.back(value);
    const others = holdersOf(world, value).filter((one) => one !== name && one !== own);
    for (const other of others) await noteShared(world, ledger.shared, [value], [name, other]);
  }
  ledger.undeleted(id, await isKnownGone(world, id));
  world.tell(`  a person takes crm ${id} out of the bin`);
}

async function merge(world: World, act: Extract<Act, { do: 'merge' }>): Promise<void> {
  const { side } = act;
  const people = world.people[side];
  const from = chosen(people.list(), act.pick);
  const into = chosen(
    people.list().filter(({ id }) => id !== from?.id),
    act.into,
  );
  if (from === null || into === null) return;
  await noteUnread(world, side, from.id);
  // Their counterparts may both go on holding what is one person's here.
  const values = [from, into].flatMap(valuesOf);
  await noteShared(world, world.ledger.shared, values, [nameOf(side, from.id), nameOf(side, into.id)]);
  const waiting = await writesHolding(world, side, into.id);
  if (side === 'udesk') world.tenant.merge(from.id, into.id);
  else mergeCrm(world, from, into);
  const after = people.get(into.id);
  if (after !== null) world.ledger.merge(side, from, into.id, after, waiting);
  // What the survivor takes over is news of it, like any other edit.
  if (world.acting && after !== null)
    for (const value of valuesOf(after))
      if (!valuesOf(into).includes(value)) world.ledger.madeInside(value, side, into.id);
  world.tell(`  a person merges ${side} ${from.id} into ${into.id}`);
}

/** What a CRM does: the survivor takes what it has not. */
function mergeCrm(world: World, from: Held, into: Held): void {
  const people = world.people.crm;
  people.delete(from.id);
  for (const set of ['emails', 'phones'] as const) {
    const fresh = from[set].filter((value) => !into[set].some((known) => sameToken(known, value)));
    if (fresh.length === 0) continue;
    people.elements(into.id, set, [
      ...into[set].map((v) => [v, v] as const),
      ...fresh.map((v) => [null, v] as const),
    ]);
  }
}
