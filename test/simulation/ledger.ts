/**
 * What people did, and which of it must still be somewhere (P2). Every edit carries a value of its own, so an edit is
 * accounted for when its value is on both sides, or in a conflict row, or when a person who saw it replaced it.
 */
import { otherSide, type SideName } from '../../src/core/record.ts';
import type { Both, Held, SetName } from './sides.ts';
import { plain, sameToken } from './tokens.ts';

export interface Edit {
  readonly value: string;
  readonly side: SideName;
  record: string;
  readonly field: 'name' | 'note' | SetName;
  readonly step: number;
  /** How many edits there were before it. */
  seq?: number;
  /** It gives back what was moved away before, and nobody had looked meanwhile: as if nothing had happened. */
  readonly unseenReturn?: boolean;
}

/** An element that both sides had, and that a person took away. */
export interface Removal {
  readonly value: string;
  readonly side: SideName;
  readonly record: string;
  readonly set: SetName;
  readonly step: number;
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
  /** Elements that were on both sides of one link at the end of a cycle. */
  readonly agreed = new Set<string>();
  /** What merged records held, and pairs that a person parted: their counterparts may both go on holding it. */
  readonly merged = new Set<string>();
  /** How many edits had been made when we last looked at a record, by side and id. */
  readonly looked = new Map<string, number>();
  #count = 0;
  /** How many edits had been made when we were last shown a record, by whatever call. */
  readonly #shown = new Map<string, number>();
  /** What people took away from somebody. */
  readonly #takenAway: Both<Set<string>> = { udesk: new Set(), crm: new Set() };
  /** Records that we deleted where nobody compares, and how many edits had been made when we last looked at them. */
  readonly unseenDeletes = new Map<string, number>();
  /** Edits that people made in the middle of a cycle: our write may take one away, and a policy restore it. */
  readonly window = new Set<string>();
  /** A person chose a base: such values come back to where they were. */
  baseChosen = false;

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
    if (this.agreed.has(plain(removal.value))) this.removals.push(removal);
  }

  moved(move: Move): void {
    const { value, side, to: record, set: field, step } = move;
    const before = this.moves.get(plain(value)) ?? [];
    const unseenReturn = before.some((one) => this.#isUnseenReturn(one, move));
    this.seen(value);
    this.#back(value);
    this.#takenAway[side].add(plain(value));
    this.added({ value, side, record, field, step, unseenReturn });
    this.moves.set(plain(value), [...before, { ...move, at: this.#count }]);
  }

  #isUnseenReturn(there: Move, back: Move): boolean {
    const isShown = (id: string) => (this.#shown.get(`${back.side} ${id}`) ?? 0) >= (there.at ?? 0);
    const isBack = there.side === back.side && there.from === back.to && there.to === back.from;
    return isBack && !isShown(there.from) && !isShown(there.to);
  }

  /** A person saw this value, and put something in its place. */
  seen(value: string): void {
    if (value !== '') this.#drop((known) => sameToken(known.value, value));
  }

  /** A person took the whole record away, with all that was in it. */
  deleted(side: SideName, held: Held): void {
    this.gone[side].add(held.id);
    for (const value of [held.name, held.note, ...held.emails, ...held.phones]) this.seen(value);
  }

  /**
   * Our own deletion, which carries another one over: what the counterpart had, too, was taken away there, by whoever
   * deleted or merged it. What it never had is an edit that must not vanish; but nobody can tell what came between our last
   * look and the deletion where a side does not compare: the history is gone with the record.
   */
  carriedDelete(side: SideName, held: Held | null, compares: boolean): void {
    if (held === null) return;
    const key = `${side} ${held.id}`;
    if (!compares) this.unseenDeletes.set(key, this.looked.get(key) ?? 0);
    for (const value of [held.name, held.note, ...held.emails, ...held.phones])
      if (this.ever(otherSide(side), value)) this.seen(value);
  }

  /** A person says that these two are not the same: what both have is in two hands, whoever they are linked with later. */
  parted(udesk: Held | null, crm: Held | null): void {
    const held = (of: Held | null) => (of === null ? [] : [of.name, ...of.emails, ...of.phones].map(plain));
    const there = new Set(held(crm));
    for (const value of held(udesk)) if (there.has(value)) this.merged.add(value);
  }

  /**
   * A list leaves somebody out whom we were never shown, and agrees with itself: for all that we can know they are not there,
   * and their counterpart is created anew. A person is asked then which of the two it is.
   */
  unseen(side: SideName, held: Held): void {
    if (this.#shown.has(`${side} ${held.id}`)) return;
    for (const value of [held.name, ...held.emails, ...held.phones])
      if (this.ever(otherSide(side), value)) this.merged.add(plain(value));
  }

  /** `from` is gone into `into`: elements live on there, texts only where there was none. */
  merge(side: SideName, from: Held, into: string, after: Held): void {
    this.gone[side].add(from.id);
    for (const held of [from, after]) {
      for (const value of [held.name, ...held.emails, ...held.phones]) this.merged.add(plain(value));
    }
    for (const edit of this.edits) {
      if (edit.side !== side || edit.record !== from.id) continue;
      const there = edit.field === 'name' || edit.field === 'note' ? [after[edit.field]] : after[edit.field];
      if (there.some((value) => sameToken(value, edit.value))) edit.record = into;
    }
    this.#drop((known) => known.side === side && known.record === from.id);
    // Given up by whoever merged, on whichever side it was made.
    if (after.name !== from.name) this.seen(from.name);
    if (after.note !== from.note) this.seen(from.note);
    // What moved is no removal that was undone, whatever was taken away before.
    for (const value of [...after.emails, ...after.phones]) this.#back(value);
  }

  /** It was made between our last look and our deletion, where nobody can tell. */
  isBeyond({ side, record, seq = 0 }: Edit): boolean {
    const looked = this.unseenDeletes.get(`${side} ${record}`);
    return looked !== undefined && seq > looked;
  }

  /** It was moved away and back before anybody looked, and the other side took it away: for us that is all that happened. */
  isUnseen({ side, value, unseenReturn }: Edit): boolean {
    return unseenReturn === true && this.#takenAway[otherSide(side)].has(plain(value));
  }

  shown(side: SideName, id: string): void {
    this.#shown.set(`${side} ${id}`, this.#count);
  }

  look(side: SideName, id: string): void {
    this.looked.set(`${side} ${id}`, this.#count);
  }

  holds(side: SideName, value: string): void {
    this.held[side].add(plain(value));
  }

  ever(side: SideName, value: string): boolean {
    return this.held[side].has(plain(value));
  }

  #back(value: string): void {
    const at = this.removals.findIndex((removal) => sameToken(removal.value, value));
    if (at >= 0) this.removals.splice(at, 1);
  }

  #drop(replaced: (edit: Edit) => boolean): void {
    const left = this.edits.filter((edit) => !replaced(edit));
    this.edits.splice(0, this.edits.length, ...left);
  }
}
