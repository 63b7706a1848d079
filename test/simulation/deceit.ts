/** How a side deceives during one cycle, and what its lists left out by that, as it happened. */
import type { SideName, SideRecord } from '../../src/core/record.ts';
import type { Page } from '../../src/crm/adapter.ts';
import type { Deceit } from './script.ts';
import type { World } from './world.ts';

export interface Deceiving {
  readonly side: SideName;
  readonly how: Deceit;
  readonly id: string;
}

/** Whom a side deceives about; null: nobody is left to see then, which is a matter of the guards. */
export function deceiving(
  world: World,
  { side, how, pick }: { readonly side: SideName; readonly how: Deceit; readonly pick: number },
): Deceiving | null {
  const list = world.people[side].list();
  const hidden = list[pick % Math.max(1, list.length)];
  return hidden === undefined || list.length < 3 ? null : { side, how, id: hidden.id };
}

/** What the lists of the CRM left out. */
export class LeftOut {
  /** By id, what the position in the changes does not stand for: nobody can tell it before it is shown. */
  readonly untold = new Map<string, 'record' | 'note'>();
  /** What the list of this cycle left out, and what its pages showed. */
  readonly #left = new Map<string, 'record' | 'note'>();
  readonly #shown = new Set<string>();

  shown(records: readonly SideRecord[], deceit: Deceiving | null): void {
    for (const { id } of records) {
      if (deceit?.how === 'sparse') this.#left.set(id, 'note');
      else this.#shown.add(id);
    }
  }

  hid(id: string): void {
    this.#left.set(id, 'record');
  }

  /** @param begins the position in the changes begins with what this cycle read. @param stored what it read is in the mirror */
  cycleEnded(begins: boolean, stored: boolean): void {
    if (stored) for (const id of this.#shown) this.untold.delete(id);
    if (begins) for (const [id, what] of this.#left) this.untold.set(id, what);
    this.#left.clear();
    this.#shown.clear();
  }
}

/** A page as the side shows it: lists deceive, and changes do not. */
export function deceived(
  { deceit, leftOut }: World,
  side: SideName,
  operation: 'enumerate' | 'changes',
  page: Page,
): Page {
  const deceives = operation === 'enumerate' && deceit?.side === side ? deceit : null;
  const told = deceives === null ? page : lessThan(page, deceives);
  if (side !== 'crm') return told;
  leftOut.shown(told.records, deceives);
  if (deceives !== null && told.records.length < page.records.length) leftOut.hid(deceives.id);
  return told;
}

function lessThan(page: Page, { how, id: hidden }: Deceiving): Page {
  if (how === 'sparse') return { ...page, records: page.records.map(withoutNote) };
  return {
    ...page,
    records: page.records.filter(({ id }) => id !== hidden),
    total: page.total === null ? null : page.total - 1,
  };
}

function withoutNote(record: SideRecord): SideRecord {
  const { note: _note, description: _description, ...fields } = record.fields;
  return { ...record, fields };
}

export function isBlind({ deceit }: World, side: SideName, operation: string): boolean {
  return operation === 'read' && deceit?.side === side && deceit.how === 'blind';
}
