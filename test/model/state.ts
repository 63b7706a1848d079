/**
 * One field on two sides, and all that the protocol of sync design §8 keeps about it: what the remotes hold, what is
 * durable in our database, what is on its way, and what a reader of the promises must remember.
 */
import type { ActiveConflict, ConflictKind, FieldBase, HalfWrite, Take } from '../../src/core/link.ts';
import { SIDES, type SideName } from '../../src/core/record.ts';

/** A value; each human edit makes a fresh one. */
export type Text = string;

export type BothSides<T> = Readonly<Record<SideName, T>>;

export interface Intent {
  readonly before: Text;
  readonly after: Text;
  /** What the other side held, when this write is all that the field needs; else it is one half. */
  readonly source: Text | null;
  readonly half: HalfWrite | null;
  readonly decision: string | null;
  /**
   * `sending` is durable before the call leaves. `done`: the side has written, and its answer is on the way.
   * `unknown`: no answer came. `settled` is kept until the next plan, for the other half.
   */
  readonly phase: 'pending' | 'sending' | 'done' | 'unknown' | 'settled';
  /** The value that our write replaced, once it has happened: the truth, which only the change record tells. */
  readonly replaced: Text | null;
}

export interface Row {
  readonly kind: ConflictKind;
  readonly base: FieldBase | null;
  readonly udesk: Text | null;
  readonly crm: Text | null;
  readonly state: 'open' | 'resolving';
  readonly decision: { readonly id: string; readonly take: Take } | null;
}

export interface Due {
  readonly side: SideName;
  readonly before: Text;
  readonly after: Text;
  readonly replaced: Text;
}

/** A call that its process did not live to see the end of, still on its way to the side. */
export interface Stray {
  readonly side: SideName;
  readonly before: Text;
  readonly after: Text;
}

export interface State {
  readonly actual: BothSides<Text>;
  readonly mirror: BothSides<Text>;
  readonly base: FieldBase;
  readonly row: Row | null;
  /** Values that closed rows show. */
  readonly kept: readonly Text[];
  readonly intents: BothSides<Intent | null>;
  /** Settled writes whose change record was not read yet. */
  readonly due: readonly Due[];
  readonly strays: readonly Stray[];
  readonly left: { readonly edits: number; readonly crashes: number; readonly decisions: number };
  /** Human edits that nobody who saw them has replaced. */
  readonly standing: readonly Text[];
  readonly next: number;
}

export interface Budget {
  readonly edits: number;
  readonly crashes: number;
  readonly decisions: number;
}

/** Both sides agree, and nothing is known of any edit. */
export function start(left: Budget): State {
  return {
    actual: { udesk: '0', crm: '0' },
    mirror: { udesk: '0', crm: '0' },
    base: { udesk: '0', crm: '0', accepted: false },
    row: null,
    kept: [],
    intents: { udesk: null, crm: null },
    due: [],
    strays: [],
    left,
    standing: [],
    next: 1,
  };
}

const LOST = -1;

/**
 * Equal keys, equal futures: values are renamed in the order of their first appearance, since the planner only compares
 * them, and what no longer can matter is left out.
 */
export function keyOf(state: State): string {
  const names = new Map<Text, number>();
  const name = (value: unknown): unknown => {
    if (typeof value !== 'string') return null;
    const known = names.get(value);
    if (known !== undefined) return known;
    names.set(value, names.size);
    return names.size - 1;
  };
  const base = (value: FieldBase | null) =>
    value === null ? null : [name(value.udesk), name(value.crm), value.accepted];
  const { row, left } = state;
  const parts: unknown[] = [left.edits, left.crashes, left.decisions];
  for (const side of SIDES) parts.push(name(state.actual[side]), name(state.mirror[side]));
  parts.push(base(state.base));
  parts.push(
    row === null
      ? null
      : [row.kind, row.state, row.decision?.take, base(row.base), name(row.udesk), name(row.crm)],
  );
  for (const side of SIDES) {
    const intent = state.intents[side];
    parts.push(
      intent === null
        ? null
        : [
            intent.phase,
            name(intent.before),
            name(intent.after),
            name(intent.source),
            intent.half === null ? null : [name(intent.half.other), base(intent.half.base)],
            intent.decision === null ? 0 : intent.decision === row?.decision?.id ? 1 : 2,
            name(intent.replaced),
          ],
    );
  }
  parts.push(
    state.due.map(({ side, before, after, replaced }) => [side, name(before), name(after), name(replaced)]),
  );
  parts.push(state.strays.map(({ side, before, after }) => [side, name(before), name(after)]));
  // An edit that a closed row shows is accounted for; one that lives nowhere any more, and that no row shows, is lost.
  const asked = state.standing.filter((edit) => !state.kept.includes(edit));
  const places = asked.map((edit) => names.get(edit) ?? LOST).toSorted((one, other) => one - other);
  parts.push(places.filter((place, n) => place !== LOST || n === 0));
  return JSON.stringify(parts);
}

/** The active row as the planner reads it. */
export function activeRow(row: Row | null, field: string): ActiveConflict[] {
  if (row === null) return [];
  const { kind, base, udesk, crm, decision } = row;
  return [
    {
      id: 'K',
      field,
      kind,
      base,
      udesk,
      crm,
      decision: decision === null ? null : { ...decision, value: null },
    },
  ];
}
