import type { Patch, SideName, SideRecord } from './record.ts';
import type { OwnWrite } from './tug-of-war.ts';
import type { Value } from './value.ts';
import type { Overwritten } from './witness-records.ts';

/** The last value that each side was seen to hold when both agreed: one base per side (sync design §3). */
export interface FieldBase {
  /** In the side's own values, element ids included. */
  readonly udesk: Value;
  readonly crm: Value;
  /**
   * The two were taken as corresponding although they are not equal: a side stores its own form of what was sent,
   * or a person (or `onBlocked: ignore`) accepted the difference. Such a pair is not `diverged-base`.
   */
  readonly accepted: boolean;
}

export const CONFLICT_KINDS = [
  'edit/edit',
  'edit/delete',
  'first-link',
  'diverged-base',
  'blocked-by-direction',
  'element',
  'capacity',
  'identity',
  'unmappable',
  'overwritten-in-window',
  'reverted',
  'edited-since',
  'tug-of-war',
  'restored',
] as const;
export type ConflictKind = (typeof CONFLICT_KINDS)[number];

export const TAKES = ['udesk', 'crm', 'base', 'value'] as const;
export type Take = (typeof TAKES)[number];

/** A person's choice that has not reached both sides yet. Void when a side moved since it was made. */
export interface Decision {
  readonly id: string;
  readonly take: Take;
  /** For `take: 'value'`: in Udesk's values. */
  readonly value: Value | null;
  /** A rule of the review decided (src/core/review-rule.ts), and nobody looked at this very conflict. */
  readonly byRule?: boolean;
}

/** An open (or decided, not yet settled) conflict of one field; field `*` is the whole record (edit/delete). */
export interface ActiveConflict {
  readonly id: string;
  readonly field: string;
  readonly kind: ConflictKind;
  /** As the reviewer saw them, each in its own side's values; null where the side had no record. */
  readonly base: FieldBase | null;
  readonly udesk: Value | null;
  readonly crm: Value | null;
  /** Edits that a write of ours replaced unseen, oldest first; none where left out. They outlive the kind of the row. */
  readonly overwritten?: readonly Overwritten[];
  /** An undo left the two different, whatever kind the row became since; where left out, its kind tells. */
  readonly undone?: boolean;
  /** A policy has decided it, and its writes are on their way, or were refused. */
  readonly underWay?: boolean;
  readonly decision: Decision | null;
}

/** One write of ours that a person wants undone, in the written side's own values. */
export interface RevertedWrite {
  readonly before: Value;
  /** What the side held after it. */
  readonly result: Value;
}

/** A person's wish to undo what we wrote in one field of a link, until it is carried out or cannot be. */
export interface RevertRequest {
  readonly id: string;
  readonly field: string;
  /** By the side that was written, newest first. */
  readonly writes: Readonly<Partial<Record<SideName, readonly RevertedWrite[]>>>;
  /** The side that was not written gets the restored value, too. */
  readonly bothSides: boolean;
  /** Sides whose restoring write is settled: each is restored once, whatever people do afterwards. */
  readonly carried: readonly SideName[];
  /** What a carried side held right after its restoring write; one that is missing is not known. Sets are not compared with it. */
  readonly restored?: Readonly<Partial<Record<SideName, Value>>>;
}

/** What became of a request; one that is not named still waits. */
export interface RevertChange {
  readonly id: string;
  readonly outcome: 'done' | 'edited' | 'refused';
  readonly reason: string;
}

export type Presence =
  | { readonly state: 'live'; readonly record: SideRecord }
  /** Proven gone (tombstone). */
  | { readonly state: 'deleted' }
  /** Not there yet: to be created. */
  | { readonly state: 'missing' };

/** All that the planner needs to know of one link. */
export interface LinkState {
  readonly linkId: string;
  readonly udeskId: string | null;
  readonly crmId: string | null;
  readonly udesk: Presence;
  readonly crm: Presence;
  /** By the pair's field name; missing: never agreed (first link). */
  readonly bases: Readonly<Record<string, FieldBase>>;
  readonly conflicts: readonly ActiveConflict[];
  /**
   * The bases came from a backup: both sides went on after them, in steps that nobody remembers. A side that holds its
   * base may have been edited back to it, so which of two differing values is the later one cannot be known.
   */
  readonly rebased?: boolean;
  /** At most one per field; left out: none. */
  readonly reverts?: readonly RevertRequest[];
  /** Our settled writes of late, since a person last ended a tug-of-war of their field; none where left out. */
  readonly ownWrites?: readonly OwnWrite[];
}

export type Reason =
  | 'propagate'
  | 'fill-blank'
  | 'set-merge'
  | 'policy'
  | 'decision'
  | 'revert-blocked'
  | 'revert'
  | 'create'
  | 'delete';

/** One intended change of one record. */
export interface PlannedWrite {
  readonly side: SideName;
  readonly op: 'create' | 'update' | 'delete';
  /** Keyed by the target's own field name; empty for a delete. */
  readonly patch: Patch;
  /** By the pair's field name. */
  readonly reasons: Readonly<Record<string, Reason>>;
  /**
   * By the pair's field name: what the other side holds now, in its own values.
   * It becomes that side's base when this write is settled.
   */
  readonly source: Readonly<Record<string, Value>>;
  /**
   * By the pair's field name: fields of which this write is one half, because the other side is written too or part
   * of the field is held back. What the other side held when this was planned, and the base then (null: first link).
   */
  readonly halves: Readonly<Record<string, HalfWrite>>;
  /** Fields, by the pair's name, of which a rule made the decision that this write carries out; left out: none. */
  readonly byRule?: readonly string[];
}

export interface HalfWrite {
  readonly other: Value;
  readonly base: FieldBase | null;
}

/** What to do with the conflict row of one field (at most one active row per link and field). */
export type ConflictChange =
  | {
      readonly action: 'hold';
      readonly field: string;
      readonly kind: ConflictKind;
      readonly base: FieldBase | null;
      readonly udesk: Value | null;
      readonly crm: Value | null;
      /** In words: why no policy decided. */
      readonly reason: string;
      /**
       * The decision on the active row is void, because a side moved after it was made: that row is closed as the
       * person saw it, and this is a new one.
       */
      readonly reopened: boolean;
      /** As the active row says, which this one goes on from; left out: no. */
      readonly undone?: true;
      /** Where that row ends with a void decision: what it kept, and nobody has decided. Left out: nothing. */
      readonly overwritten?: readonly Overwritten[];
    }
  /** A policy decided; the loser is kept in the row. Closed at once when nothing has to be written, else on settle. */
  | {
      readonly action: 'decided';
      readonly field: string;
      readonly kind: ConflictKind;
      readonly base: FieldBase | null;
      readonly udesk: Value | null;
      readonly crm: Value | null;
      readonly by: 'policy' | 'person';
      readonly reason: string;
      /** No write is needed: the row closes in the planning transaction. */
      readonly done: boolean;
      /** As above. */
      readonly reopened?: boolean;
    }
  /** Both sides were seen to agree again (in Udesk's values), or a person's choice was seen on both. */
  | { readonly action: 'close'; readonly field: string; readonly outcome: 'converged' | 'resolved' };

export type LifeChange =
  | { readonly action: 'none' }
  /** One side is gone; nothing is written, the link is kept as broken (`deletes: flag`). */
  | { readonly action: 'flag'; readonly deletedSide: SideName }
  /** One side is gone; the link is dissolved, the survivor is left alone (`deletes: unlink`). */
  | { readonly action: 'unlink'; readonly deletedSide: SideName }
  /** Both are gone. */
  | { readonly action: 'close' };

/** The planner's whole answer for one link. Everything in it commits in one transaction. */
export interface LinkPlan {
  readonly linkId: string;
  readonly writes: readonly PlannedWrite[];
  /** Bases that advance now, because both sides were observed to agree (or a difference was accepted). */
  readonly bases: Readonly<Record<string, FieldBase>>;
  readonly conflicts: readonly ConflictChange[];
  readonly reverts?: readonly RevertChange[];
  readonly life: LifeChange;
}
