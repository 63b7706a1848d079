/**
 * Which people may hold one value at once (P5), noted when it comes about: two of them may then, on either side, and nobody
 * else. A person is a record and its counterpart of that moment, so that a second record of the same person is one too many.
 */
import { otherSide, SIDES, type SideName } from '../../src/core/record.ts';
import { confirmedLinks, type LinkIds, openQuestions, shallGetBack, whoseCreateWaits } from './ours.ts';
import { valuesOf } from './sides.ts';
import { plain, sameToken } from './tokens.ts';
import type { World } from './world.ts';

/** A record: `side id`. */
export type Name = string;
/** One person: all names of theirs. */
type Person = ReadonlySet<Name>;

export function nameOf(side: SideName, id: string): Name {
  return `${side} ${id}`;
}

export class Shared {
  readonly #among = new Map<string, (readonly Person[])[]>();
  readonly #all: (readonly Person[])[] = [];

  note(value: string, people: readonly Person[]): void {
    const key = plain(value);
    this.#among.set(key, [...(this.#among.get(key) ?? []), people]);
  }

  /** Whatever they hold. */
  noteAll(people: readonly Person[]): void {
    this.#all.push(people);
  }

  /** @param holders two records, each with the name of its counterpart of today */
  has(value: string, [a, b]: readonly [readonly Name[], readonly Name[]]): boolean {
    return [...this.#all, ...(this.#among.get(plain(value)) ?? [])].some((people) => {
      const of = (names: readonly Name[]) =>
        people.filter((person) => names.some((name) => person.has(name)));
      const theirs = of(b);
      return of(a).some((person) => theirs.some((other) => other !== person));
    });
  }
}

/**
 * What two records hold comes together, or changes hands between them: whoever holds it by now may go on, and whoever shall get
 * it back. A record of the other side that has no counterpart was made for the one of the two who has the value.
 */
export async function noteShared(
  world: World,
  shared: Shared,
  values: readonly string[],
  records: readonly [Name, Name],
): Promise<void> {
  const links = await confirmedLinks(world);
  for (const value of new Set(values.map(plain))) {
    const holders = holdersOf(world, value);
    const owner = records.find((record) => holders.includes(record));
    const people = records.map((record) => new Set(namesOf(world, record, links)));
    const add = (names: readonly Name[], all = names) => {
      const known = people.find((person) => names.some((name) => person.has(name)));
      if (known === undefined) people.push(new Set(all));
      else for (const name of all) known.add(name);
    };
    for (const holder of holders) {
      const all = namesOf(world, holder, links);
      const isAlone = all.length === 1 && sideOf(holder) !== sideOf(records[0]);
      add(isAlone && owner !== undefined ? [holder, owner] : all, all);
    }
    for (const names of await shallHave(world, value)) add(names);
    shared.note(value, people);
  }
}

/** By their names: who shall get a value back. */
async function shallHave(world: World, value: string): Promise<Name[][]> {
  const back = await shallGetBack(world, value);
  return back.map(({ udesk_id, crm_id }) => [nameOf('udesk', udesk_id), nameOf('crm', crm_id)]);
}

/** One gives a value to another: with whomever the one shared it, or will once they have it back, the other does so now. */
export async function passOn(world: World, value: string, from: Name, into: Name): Promise<void> {
  const links = await confirmedLinks(world);
  const { shared } = world.ledger;
  const others = [
    ...holdersOf(world, value).map((holder) => namesOf(world, holder, links)),
    ...(await shallHave(world, value)),
  ];
  for (const names of others) {
    if (shared.has(value, [namesOf(world, from, links), names]))
      shared.note(value, [new Set(namesOf(world, into, links)), new Set(names)]);
  }
}

/**
 * Whoever else holds a value, with their counterparts. So is somebody else whom a person parted from it before, or is asked
 * about, or who has another counterpart by now: a create of ours made one of the two for the other, and they are not linked
 * any more. Or it was set aside, and what it may have made has another counterpart by now.
 */
export async function othersWith(world: World, value: string, name: Name): Promise<ReadonlySet<Name>> {
  const links = await confirmedLinks(world);
  const linked = (one: Name) =>
    links.some((link) =>
      [nameOf('udesk', link.udesk_id), nameOf('crm', link.crm_id)].every((of) => of === one || of === name),
    );
  const questions = (await openQuestions(world)).map(([udesk, crm]) => [
    nameOf('udesk', udesk),
    nameOf('crm', crm),
  ]);
  const areAsked = (one: Name) => questions.some((two) => two.includes(one) && two.includes(name));
  const waiting = linkedNames(name, links).length > 1 ? await whoseCreateWaits(world) : new Set();
  const isSomebodyElse = (one: Name) =>
    waiting.has(one) ||
    world.ledger.areParted(name, one) ||
    areAsked(one) ||
    linkedNames(one, links).length > 1;
  const own = namesOf(world, name, links).filter(
    (one) => one === name || linked(one) || !isSomebodyElse(one),
  );
  return new Set(
    holdersOf(world, value)
      .filter((holder) => !own.includes(holder))
      .flatMap((holder) => namesOf(world, holder, links)),
  );
}

/** The record, its counterpart, and for whom a create of ours made it, whatever became of that one. */
export function namesOf({ ledger }: World, name: Name, links: readonly LinkIds[]): Name[] {
  const source = ledger.sources.get(name);
  return [...linkedNames(name, links), ...(source === undefined ? [] : [source])];
}

/** The record and its counterpart. */
export function linkedNames(name: Name, links: readonly LinkIds[]): Name[] {
  const side = sideOf(name);
  const link = links.find((one) => nameOf(side, one[`${side}_id`]) === name);
  const there = otherSide(side);
  return link === undefined ? [name] : [name, nameOf(there, link[`${there}_id`])];
}

function sideOf(name: Name): SideName {
  return name.startsWith('crm ') ? 'crm' : 'udesk';
}

/** Records of both sides. */
export function holdersOf(world: World, value: string): Name[] {
  return SIDES.flatMap((side) =>
    world.people[side]
      .list()
      .filter((held) => valuesOf(held).some((one) => sameToken(one, value)))
      .map(({ id }) => nameOf(side, id)),
  );
}
