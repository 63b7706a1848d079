import type { MatchKeyKind } from './spec.ts';
import type { Value } from './value.ts';

export type SideName = 'udesk' | 'crm';
export const SIDES = ['udesk', 'crm'] as const satisfies readonly SideName[];

export function otherSide(side: SideName): SideName {
  return side === 'udesk' ? 'crm' : 'udesk';
}

/** The id that a link has on this side; null: none. */
export function idOn(
  link: { readonly udeskId: string | null; readonly crmId: string | null },
  side: SideName,
): string | null {
  return side === 'udesk' ? link.udeskId : link.crmId;
}

/** Who changed a record last, as its side itself tells it. Of the whole record: which field it was is not said. */
export interface LastEdit {
  readonly id: string | null;
  readonly name: string | null;
  /** ISO 8601 UTC, by the side's own clock; null where it tells no time that belongs to this author. */
  readonly at: string | null;
  /** It is the login with which we write. */
  readonly own: boolean;
}

/** One record as a side showed it, in that side's own field names and values. */
export interface SideRecord {
  /** The side's primary id, as text. */
  readonly id: string;
  /** A field name that is missing was not returned by this response shape. */
  readonly fields: Readonly<Record<string, Value>>;
  /** The id of this person on the other side, as this side stores it (Udesk: `open_api_token`). Evidence, not proof. */
  readonly externalId: string | null;
  /** Opaque compare-and-set token; equality only. Null where the side has none. */
  readonly version: string | null;
  /** ISO 8601 UTC time of the last change by the side's own clock; null where the side keeps none. */
  readonly updatedAt: string | null;
  /** Null, or left out: the side does not tell; never a guess. It is no content: that it moves is no change. */
  readonly lastEdit?: LastEdit | null;
  /**
   * In the answer of a write only: fields that a read after the write told, and not the answer itself. Somebody may
   * have edited them in between, so what they hold is no proof of how the side stored what was sent.
   */
  readonly reread?: readonly string[];
}

/** How `changes(cursor)` relates to what the side's people do. */
export interface ChangeCursor {
  /** How far each call reaches back beyond the cursor. */
  readonly overlapMs: number;
  /**
   * How long after the time that it is stamped with a change may become visible (late commits, a search index that lags),
   * beyond what the adapter itself holds the cursor back for. 0: never later. Null: no bound is known.
   */
  readonly lateMs: number | null;
}

/** What a side can and cannot do. The engine chooses its steps from this and never asks who it is talking to. */
export interface Manifest {
  readonly adapter: string;
  /** Fields that hold sets; every other field is a scalar. */
  readonly setFields: readonly string[];
  /** Most elements that a set field can hold (fixed slots); a field not named has no limit. */
  readonly capacity: Readonly<Record<string, number>>;
  /** Field names that exist, or null when any name may be asked for. */
  readonly fields: readonly string[] | null;
  /** Fields that can be read but not written. */
  readonly readOnlyFields: readonly string[];
  /** `changes(cursor)` works. Null: only `enumerate`. */
  readonly changeCursor: ChangeCursor | null;
  /** `update` refuses, atomically, when a field of the pre-image moved. Without it the engine verifies by a point read. */
  readonly compareAndSet: boolean;
  /**
   * What it compares: a version that every write changes (the default), the written fields themselves, or the time of
   * the last change. A time tells two edits within one step of `timeResolutionMs` for one.
   */
  readonly compareBy?: 'version' | 'values' | 'time';
  /** Deleted records are seen as such; otherwise a deletion is only an absence, to be proven. */
  readonly visibleDeletes: boolean;
  /**
   * A record that lives may be out of our login's sight (record rules, sharing, an archive): that it is neither listed
   * nor found proves no deletion. Only what `visibleDeletes` shows counts then.
   */
  readonly mayHide: boolean;
  /** The external id can be written on create, and whether the side keeps it unique. Null: it has no such field. */
  readonly externalId: { readonly unique: boolean } | null;
  /** What `lookup` can search by. */
  readonly lookups: readonly MatchKeyKind[];
  /** Of those, what it answers only by reading the whole list: not asked where it need not be. */
  readonly scans?: readonly MatchKeyKind[];
  /** How long after a write a lookup may still miss it. */
  readonly lookupLagMs: number;
  /** Elements of set fields carry ids of their own, which survive an edit in place. */
  readonly elementIds: boolean;
  /** `updatedAt` may be trusted to order edits. */
  readonly trustedTime: boolean;
  /** Finest step of the side's clock. */
  readonly timeResolutionMs: number;
  /** Most rows that an enumeration can reach; null: no limit. */
  readonly enumerationCap: number | null;
  readonly canDelete: boolean;
  /**
   * Many writes in one call, and what its answer means: all rows or none; each row on its own; or nothing about single
   * rows, so that each is looked for afterwards. Null: one call per record.
   */
  readonly batch: {
    readonly maxRows: number;
    readonly outcome: 'all-or-nothing' | 'per-row' | 'unsaid';
  } | null;
  /** How many calls the side lets us make in every sliding window, as far as it or the config says. */
  readonly rateLimit: { readonly calls: number; readonly windowMs: number } | null;
  /** A create of somebody who exists may change that record instead of being refused: look before each create. */
  readonly createMayOverwrite?: boolean;
  /** Records say who changed them last (`lastEdit`): a person after a person's edit, us after a write of ours. */
  readonly tellsAuthor?: boolean;
}

/** A change of a set, in the target side's own values. Removed and changed elements name the id where the side has ids. */
export interface SetOps {
  readonly add: readonly string[];
  readonly remove: readonly { readonly id: string | null; readonly value: string }[];
  /** Edited in place: keeps the element's id. */
  readonly change: readonly { readonly id: string | null; readonly from: string; readonly to: string }[];
}

/** One intended field write, in the target side's field name and values. */
export interface FieldWrite {
  /** The pair's name of the field (the Udesk name). */
  readonly field: string;
  /** What the target was last seen to hold: the write is void if this has moved. */
  readonly before: Value;
  /** The whole value that the target shall hold. */
  readonly after: Value;
  /** For set fields: how to get from `before` to `after`. */
  readonly ops: SetOps | null;
}

/** Keyed by the target side's own field name. */
export type Patch = Readonly<Record<string, FieldWrite>>;
