/** An e-mail or phone changes hands at one side: whoever takes it over takes it when the other has given it up. */
import { otherSide } from '../../src/core/record.ts';
import { target } from './acts.ts';
import { outOfReach } from './doubles.ts';
import { writesHolding } from './ours.ts';
import type { Act } from './script.ts';
import { nameOf, noteShared, passOn } from './shared.ts';
import { sameToken } from './tokens.ts';
import type { World } from './world.ts';

const MOST_ELEMENTS = 4;

export async function move(world: World, act: Extract<Act, { do: 'move' }>, step: number): Promise<void> {
  const side = world.aim?.side ?? act.side;
  const { set } = act;
  const people = world.people[side];
  const from = await target(world, { ...act, side });
  const value = from?.[set][act.pick % Math.max(1, from[set].length)];
  if (from === null || value === undefined) return;
  const others = people.list().filter(({ id }) => id !== from.id);
  const into = others[act.into % Math.max(1, others.length)];
  if (into === undefined || into[set].includes(value)) return;
  const back = act.swap || into[set].length >= MOST_ELEMENTS ? into[set][0] : undefined;

  const moving = back === undefined ? [value] : [value, back];
  const [one, other] = [nameOf(side, from.id), nameOf(side, into.id)];
  await noteShared(world, world.ledger.handed, moving, [one, other]);
  await passOn(world, value, one, other);
  if (back !== undefined) await passOn(world, back, other, one);
  const waiting = {
    [from.id]: await writesHolding(world, side, from.id),
    [into.id]: await writesHolding(world, side, into.id),
  };
  const left = from[set].filter((kept) => kept !== value).map((kept) => [kept, kept] as const);
  people.elements(from.id, set, left);
  const taken = into[set].map((kept) => [kept, kept === back ? value : kept] as const);
  people.elements(into.id, set, back === undefined ? [...taken, [null, value]] : taken);
  if (back !== undefined) people.elements(from.id, set, [...left, [null, back]]);

  const there = otherSide(side);
  const isOut = await outOfReach(world, there);
  const holders = (moved: string) =>
    world.people[there]
      .list()
      .filter((held) => held[set].some((one) => sameToken(one, moved)) && isOut(held.id))
      .map(({ id }) => id);
  const moved = { side, set, step, waiting };
  world.ledger.moved({ ...moved, value, from: from.id, to: into.id, outOfReach: holders(value) });
  if (back !== undefined)
    world.ledger.moved({ ...moved, value: back, from: into.id, to: from.id, outOfReach: holders(back) });
  if (world.acting) world.ledger.madeInside(value, side, into.id);
  if (world.acting && back !== undefined) world.ledger.madeInside(back, side, from.id);
  world.tell(
    `  a person moves ${set} of ${side} ${from.id} to ${into.id}: ${value}${back === undefined ? '' : `, and ${back} back`}`,
  );
}
