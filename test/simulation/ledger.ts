/**
 * What people did, and which of it must still be somewhere (P2). Every edit carries a value of its own, so an edit is
 * accounted for when its value is on both sides, or in a conflict row, or when a person who saw it replaced it.
 */
import { otherSide, type SideName } from '../../src/core/record.ts';
import { Replaced } from './replaced.ts';
import { nameOf, Shared } from './shared.ts';
import { type Both, type FieldName, type Held, holdsEdit, type SetName, valuesOf } from './sides.ts';
import { plain, sameToken } from './tokens.ts';

export interface Edit {
  readonly value: string;
  readonly side: SideName;
  record: string;
  readonly field: FieldName;
  readonly step: number;
  /** How many edits there were before it. */
  seq?: number;
  /** It gives back what was moved away before, and nobody had looked, or planned its link, meanwhile: as if nothing had happened. */
  unseenReturn?: boolean;
}

/** An element that both sides had, and that a person took away. */
export interface Removal {
  readonly value: string;
  readonly side: SideName;
  readonly record: string;
  readonly set: SetName;
  readonly step: number;
  /** Whoever else held it then, with their counterparts: it was not taken away from them. */
  readonly others: ReadonlySet<string>;
}

/** An element that a person gave from one record of a side to another. */
export interface Move {
  readonly value: string;
  readonly side: SideName;
  readonly from: string;
  readonly to: string;
  readonly set: SetName;
  readonly step: number;
  /** Who held it on the other side then, and had no counterpart, or waited for a person: the change could not reach them. */
  readonly outOfReach: readonly string[];
  /** By record: the writes that kept its link from being planned then. */
  readonly waiting: Readonly<Record<string, ReadonlySet<string>>>;
  /** How many edits there were by then. */
  readonly at?: number;
}

export class Ledger {
  /** Edits that nobody has replaced since. */
  readonly edits: Edit[] = [];
  readonly removals: Removal[] = [];
  /** By value; more than one: the two sides may have given it to different people. */
  readonly moves = new Map<string, Move[]>();
  /** Every value that a side ever held, as it was typed or written. */
  readonly held: Both<Set<string>> = { udesk: new Set(), crm: new Set() };
  /** Records that a person, or our own write, took away. */
  readonly gone: Both<Set<string>> = { udesk: new Set(), crm: new Set() };
  /** Deleted records of the CRM, oldest deletion first, with the edits that nobody had replaced by then. */
  readonly bin = new Map<string, Edit[]>();
  /** Records that were taken out of the bin, and how many edits there were by then. */
  readonly #returned = new Map<string, number>();
  /** Records that our creates made, and of whom they are the counterpart: `side id`. */
  readonly sources = new Map<string, string>();
  /** By record, elements that were on both sides of its link at the end of a cycle: a first link unites, whatever went before. */
  readonly #agreed = new Set<string>();
  /** Two people may hold the same: they were merged or parted, or a list hid one of them. */
  readonly shared = new Shared();
  /** Who held what changed hands, and who was to. */
  readonly handed = new Shared();
  readonly replaced = new Replaced();
  /** How many edits had been made when we last looked at a record, by side and id. */
  readonly #looked = new Map<string, number>();
  readonly #apart = new Set<string>();
  #count = 0;
  /** How many edits had been made when we were last shown a record, by whatever call. */
  readonly #shown = new Map<string, number>();
  /** What people took away from somebody. */
  readonly #takenAway: Both<Set<string>> = { udesk: new Set(), crm: new Set() };
  /** Records that we deleted where nobody compares, and how many edits had been made when we last looked at them. */
  readonly #unseenDeletes = new Map<string, number>();
  /** Edits that people made in the middle of a cycle, and where: our write may take one away, and a policy restore it there. */
  readonly #window = new Map<string, { readonly side: SideName; readonly record: string }[]>();
  /** What a person chose as the base of a row: it comes back to where it was. */
  readonly #chosen = new Set<string>();

  /** How many edits there were. */
  get count(): number {
    return this.#count;
  }

  text(edit: Edit, before: string): void {
    // Only what this person saw is replaced: what our own write took away unseen before stays to be accounted for.
    this.seen(before);
    if (edit.value === '') return;
    this.added(edit);
  }

  added(edit: Edit): void {
    this.#count += 1;
    this.edits.push({ ...edit, seq: this.#count });
    this.holds(edit.side, edit.value);
  }

  removed(removal: Removal): void {
    this.seen(removal.value);
    this.#takenAway[removal.side].add(plain(removal.value));
    const name = nameOf(removal.side, removal.record);
    if (this.#agreed.has(`${name} ${plain(removal.value)}`)) this.removals.push(removal);
  }

  agreedOn(value: string, records: readonly string[]): void {
    for (const name of records) this.#agreed.add(`${name} ${plain(value)}`);
  }

  /** A person says that these two are not the same: what was taken away from one, and not yet from the other, that one keeps. */
  parted(two: readonly { readonly name: string; readonly values: readonly string[] }[]): void {
    const [a, b] = two;
    if (a !== undefined && b !== undefined) this.#apart.add([a.name, b.name].sort().join());
    for (const [at, removal] of this.removals.entries()) {
      if (!two.some(({ name }) => name === nameOf(removal.side, removal.record))) continue;
      const keeps = two.filter(({ values }) => values.some((value) => sameToken(value, removal.value)));
      const others = new Set([...removal.others, ...keeps.map(({ name }) => name)]);
      this.removals[at] = { ...removal, others };
    }
  }

  /** A person has said so once, whoever made one of them for the other. */
  areParted(a: string, b: string): boolean {
    return this.#apart.has([a, b].sort().join());
  }

  moved(move: Move): void {
    const { value, side, to: record, set: field, step } = move;
    const before = this.moves.get(plain(value)) ?? [];
    const unseenReturn = before.some((one) => this.#isUnseenReturn(one, move));
    this.seen(value);
    this.back(value);
    this.#takenAway[side].add(plain(value));
    this.added({ value, side, record, field, step, unseenReturn });
    this.moves.set(plain(value), [...before, { ...move, at: this.#count }]);
  }

  #isUnseenReturn(there: Move, back: Pick<Move, 'side' | 'from' | 'to' | 'waiting'>): boolean {
    const isShown = (id: string) => (this.#shown.get(`${back.side} ${id}`) ?? 0) >= (there.at ?? 0);
    const isBack = there.side === back.side && there.from === back.to && there.to === back.from;
    // The same write has kept its link from being planned all the while.
    const stood = [...(there.waiting[there.from] ?? [])].some(
      (id) => back.waiting[back.to]?.has(id) === true,
    );
    return isBack && (stood || (!isShown(there.from) && !isShown(there.to)));
  }

  /** A person saw this value, and put something in its place. */
  seen(value: string): void {
    if (value !== '') this.#drop((known) => sameToken(known.value, value));
  }

  /** A person took the whole record away, with all that was in it. */
  deleted(side: SideName, held: Held): void {
    this.gone[side].add(held.id);
    const edits = this.edits.filter(
      (edit) => edit.side === side && edit.record === held.id && holdsEdit(held, edit),
    );
    for (const value of valuesOf(held)) this.seen(value);
    if (side === 'crm') this.bin.set(held.id, edits);
  }

  /** @param isKnownGone we know of the deletion: what was taken away before counts no more (a first link unites) */
  undeleted(id: string, isKnownGone: boolean): void {
    this.#count += 1;
    this.#returned.set(id, this.#count);
    this.edits.push(...(this.bin.get(id) ?? []));
    this.bin.delete(id);
    const left = this.removals.filter(({ side, record }) => !isKnownGone || side !== 'crm' || record !== id);
    this.removals.splice(0, this.removals.length, ...left);
  }

  /** It came back from the bin, and that was shown to us. */
  isShownAgain(id: string): boolean {
    const at = this.#returned.get(id);
    return at !== undefined && (this.#shown.get(`crm ${id}`) ?? 0) >= at;
  }

  /**
   * Our own deletion, which carries another one over: what the counterpart had, too, was taken away there, by whoever
   * deleted or merged it. What it never had is an edit that must not vanish; but nobody can tell what came between our last
   * look and the deletion where a side does not compare: the history is gone with the record.
   */
  carriedDelete(side: SideName, held: Held, compares: boolean): void {
    const key = `${side} ${held.id}`;
    this.gone[side].add(held.id);
    if (!compares) this.#unseenDeletes.set(key, this.#looked.get(key) ?? 0);
    for (const value of valuesOf(held)) if (this.ever(otherSide(side), value)) this.seen(value);
    if (side === 'crm') this.bin.set(held.id, []);
  }

  /**
   * `from` is gone into `into`: elements live on there, texts only where there was none. An element may come back so to where it was.
   * @param waiting the writes that keep the survivor's link from being planned
   */
  merge(side: SideName, from: Held, into: string, after: Held, waiting: ReadonlySet<string>): void {
    this.gone[side].add(from.id);
    for (const edit of this.edits) {
      if (edit.side !== side || edit.record !== from.id) continue;
      const there = edit.field === 'name' || edit.field === 'note' ? [after[edit.field]] : after[edit.field];
      if (!there.some((value) => sameToken(value, edit.value))) continue;
      edit.record = into;
      const back = { side, from: from.id, to: into, waiting: { [into]: waiting } };
      const moves = this.moves.get(plain(edit.value)) ?? [];
      if (moves.some((one) => this.#isUnseenReturn(one, back))) edit.unseenReturn = true;
    }
    // What our own write had taken away before, nobody saw: it stays to be accounted for.
    this.#drop((known) => known.side === side && known.record === from.id && holdsEdit(from, known));
    // Given up by whoever merged, on whichever side it was made.
    if (after.name !== from.name) this.seen(from.name);
    if (after.note !== from.note) this.seen(from.note);
    // What moved is no removal that was undone, whatever was taken away before.
    for (const value of [...after.emails, ...after.phones]) this.back(value);
  }

  /** It was made between our last look and our deletion, where nobody can tell. */
  isBeyond({ side, record, seq = 0 }: Edit): boolean {
    const looked = this.#unseenDeletes.get(`${side} ${record}`);
    return looked !== undefined && seq > looked;
  }

  /** It was moved away and back before its link was planned, and the other side took it away: for us that is all that happened. */
  isUnseen({ side, value, unseenReturn }: Edit): boolean {
    return unseenReturn === true && this.#takenAway[otherSide(side)].has(plain(value));
  }

  shown(side: SideName, id: string): void {
    this.#shown.set(`${side} ${id}`, this.#count);
  }

  /** @param count how many edits there were when the side answered */
  look(side: SideName, id: string, count: number): void {
    this.#looked.set(`${side} ${id}`, count);
  }

  /** It was made after our last look at its record. */
  isUnseenYet({ side, record, seq = 0 }: Edit): boolean {
    return seq > (this.#looked.get(`${side} ${record}`) ?? 0);
  }

  madeInside(value: string, side: SideName, record: string): void {
    this.#window.set(plain(value), [...(this.#window.get(plain(value)) ?? []), { side, record }]);
  }

  /** Whether it was made there in the middle of a cycle; @param id null: on a record that is created in the place of another. */
  wasInside(value: string, side: SideName, id: string | null): boolean {
    const made = this.#window.get(plain(value)) ?? [];
    return made.some(
      (one) => one.side === side && (id === null || one.record === id || this.gone[side].has(one.record)),
    );
  }

  chosen(value: string): void {
    this.#chosen.add(plain(value));
  }

  isChosen(value: string): boolean {
    return this.#chosen.has(plain(value));
  }

  holds(side: SideName, value: string): void {
    this.held[side].add(plain(value));
  }

  ever(side: SideName, value: string): boolean {
    return this.held[side].has(plain(value));
  }

  /** These are to have it again. From whomever else it was taken away as well, it stays away. */
  backWith(value: string, names: readonly string[]): void {
    const left = this.removals.flatMap((one) => {
      if (!sameToken(one.value, value)) return [one];
      if (names.includes(nameOf(one.side, one.record))) return [];
      return [{ ...one, others: new Set([...one.others, ...names]) }];
    });
    this.removals.splice(0, this.removals.length, ...left);
  }

  /** It is wanted where it was taken away: it may come back. */
  back(value: string): void {
    const at = this.removals.findIndex((removal) => sameToken(removal.value, value));
    if (at >= 0) this.removals.splice(at, 1);
  }

  #drop(replaced: (edit: Edit) => boolean): void {
    const left = this.edits.filter((edit) => !replaced(edit));
    this.edits.splice(0, this.edits.length, ...left);
    for (const [id, edits] of this.bin)
      this.bin.set(
        id,
        edits.filter((edit) => !replaced(edit)),
      );
  }
}
