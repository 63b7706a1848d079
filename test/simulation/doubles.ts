/** P5, once the world is calm: nobody exists twice on one side. */
import { SIDES, type SideName } from '../../src/core/record.ts';
import type { Move } from './ledger.ts';
import { confirmedLinks, type LinkIds, type Waiting, waitingWrites } from './ours.ts';
import { nameOf, namesOf } from './shared.ts';
import { plain } from './tokens.ts';
import type { World } from './world.ts';

/**
 * Which records of a side have no counterpart now, or one that was deleted, or wait for a person, so that no change of one
 * reaches them.
 */
export async function outOfReach(world: World, side: SideName): Promise<(id: string) => boolean> {
  return beyond(world, side, await confirmedLinks(world), await waitingWrites(world));
}

function beyond(world: World, side: SideName, links: readonly LinkIds[], waiting: Waiting) {
  const lives = (link: LinkIds) => SIDES.every((one) => world.people[one].get(link[`${one}_id`]) !== null);
  const reached = new Set(
    links.filter((link) => !waiting.any(link.id) && lives(link)).map((link) => link[`${side}_id`]),
  );
  return (id: string): boolean => !reached.has(id);
}

interface Ties {
  readonly links: readonly LinkIds[];
  readonly flagged: readonly LinkIds[];
  readonly waiting: Waiting;
}

/**
 * Two may hold one value where they are two people for all that anybody did (shared.ts). What changed hands once is nowhere
 * twice, unless one of the two who hold it has no counterpart, or waits for a person, so that half of the change is held.
 * So it is, too, with whoever had no counterpart when it changed hands over there: a first link made later unites the sets
 * of both (sync design §5), what was given up before the link among them. All of that is said of those who had the value
 * when it changed hands, of whoever was given it, and of their counterparts, also once those were deleted: nobody else can have
 * come by it.
 */
export function doubles(world: World, { links, flagged, waiting }: Ties): void {
  const named = [...links, ...flagged];
  for (const side of SIDES) {
    const isHeld = beyond(world, side, links, waiting);
    const owners = new Map<string, string[]>();
    for (const held of world.people[side].list()) {
      const values = [held.name, ...held.emails, ...held.phones].map(plain).filter(Boolean);
      for (const value of new Set(values)) {
        const others = owners.get(value) ?? [];
        const double = others.find((other) => !mayBoth(world, side, value, [other, held.id], isHeld, named));
        if (double !== undefined)
          world.violation('P5', `${side} ${double} and ${side} ${held.id} both hold ${value}`);
        owners.set(value, [...others, held.id]);
      }
    }
  }
}

function mayBoth(
  world: World,
  side: SideName,
  value: string,
  [a, b]: readonly [string, string],
  isHeld: (id: string) => boolean,
  links: readonly LinkIds[],
): boolean {
  const names = [namesOf(world, nameOf(side, a), links), namesOf(world, nameOf(side, b), links)] as const;
  const { ledger } = world;
  if (ledger.shared.has(value, names)) return true;
  const moves = ledger.moves.get(value) ?? [];
  if (moves.length === 0 || !ledger.handed.has(value, names)) return false;
  return moves.length > 1 || [a, b].some(isHeld) || moves.some(isHalf(side, [a, b]));
}

function isHalf(side: SideName, holders: readonly string[]) {
  return (move: Move) => move.side !== side && holders.some((id) => move.outOfReach.includes(id));
}
