/**
 * What our writes took away although nobody of ours had seen it, as it happens at the side; and of which of these writes
 * nobody can find out any more, because a person took the record away, history and all (sync design §8, witness).
 */
import type { SideName } from '../../src/core/record.ts';
import type { Edit } from './ledger.ts';
import { unreadWrites } from './ours.ts';
import { nameOf } from './shared.ts';
import { holdsEdit } from './sides.ts';
import type { World } from './world.ts';

export class Replaced {
  /** The write that took the edit away last, and whether we had looked after the edit. */
  readonly #by = new WeakMap<Edit, { readonly write: string; readonly wasSeen: boolean }>();
  /** Whose record went before they were found to have happened, or before what they replaced was read. */
  readonly #unread = new Set<string>();

  took(edit: Edit, write: string | null, wasSeen: boolean): void {
    if (write === null) this.#by.delete(edit);
    else this.#by.set(edit, { write, wasSeen });
  }

  unread(writes: readonly string[]): void {
    for (const write of writes) this.#unread.add(write);
  }

  /** @param unclear the writes of which the engine says that it does not know what they replaced */
  isBeyond(edit: Edit, unclear: ReadonlySet<string>): boolean {
    const by = this.#by.get(edit);
    return by !== undefined && !by.wasSeen && this.#unread.has(by.write) && unclear.has(by.write);
  }

  /**
   * A person chose something else, and their row showed the edit: it may show what came after that by now, where the choice was void
   * before its other half was carried out.
   * @param decided the fields that a write carries a decision about
   */
  isDecidedAway(edit: Edit, decided: ReadonlyMap<string, ReadonlySet<string>>): boolean {
    const by = this.#by.get(edit);
    return by?.wasSeen === true && decided.get(by.write)?.has(edit.field) === true;
  }
}

/** A call that may change a side, or look at a record of it: nothing else happens there meanwhile. */
export function carryingOut(world: World, side: SideName): () => void {
  const { ledger, underWay } = world;
  if (underWay === null || underWay.side !== side) return () => {};
  const { op, id, write, source } = underWay;
  if (op === 'create') return creating(world, side, source);
  if (id === null) return () => {};
  const before = world.people[side].get(id);
  const count = ledger.count;
  return () => {
    if (op === 'read') ledger.look(side, id, count);
    if (before === null || (op !== 'update' && op !== 'delete')) return;
    const after = world.people[side].get(id);
    if (op === 'delete' && after === null) {
      const compares = side === 'crm' && world.script.setting.crm.compareAndSet;
      ledger.carriedDelete(side, before, compares);
      return;
    }
    for (const edit of ledger.edits) {
      if (edit.side !== side || edit.record !== id || !holdsEdit(before, edit)) continue;
      if (after === null || !holdsEdit(after, edit))
        ledger.replaced.took(edit, write, !ledger.isUnseenYet(edit));
    }
  };
}

function creating({ ledger, people }: World, side: SideName, source: string | null): () => void {
  const ids = () => people[side].list().map(({ id }) => id);
  const before = new Set(ids());
  return () => {
    for (const id of ids())
      if (!before.has(id) && source !== null) ledger.sources.set(nameOf(side, id), source);
  };
}

/** A person is about to take a record away. */
export async function noteUnread(world: World, side: SideName, id: string): Promise<void> {
  world.ledger.replaced.unread(await unreadWrites(world, side, id));
}
