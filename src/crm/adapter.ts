import type { Contact } from '../core/contacts.ts';
import type { NameBook } from '../core/names.ts';
import type { Manifest, Patch, SideRecord } from '../core/record.ts';
import type { MatchKeyKind } from '../core/spec.ts';
import type { FieldChange } from '../core/witness-records.ts';
import type { Urgency } from '../lib/urgency.ts';

/** An element of a page that could not be read; the page goes on without it. */
export interface DroppedElement {
  /** Remote id where it could still be read. */
  readonly id: string | null;
  readonly reason: string;
  /** Shape only: keys and types, never values. */
  readonly sample: string;
}

export interface Page {
  readonly records: readonly SideRecord[];
  /** Records that the side shows as deleted. Empty where `manifest.visibleDeletes` is false. */
  readonly deletedIds: readonly string[];
  /** Of the deleted ones that were merged: the record that took the place of each, where the side tells it. */
  readonly mergedInto?: Readonly<Record<string, string>>;
  readonly dropped: readonly DroppedElement[];
  /** What the side says that it holds in all; null when it does not say. */
  readonly total: number | null;
  /** On the last page only. */
  readonly end: EnumerationEnd | null;
  /** Which page of the whole list it is, where that has an order that is known; left out where it is none of them. */
  readonly place?: PagePlace;
}

export interface PagePlace {
  /** From 1, newest records first. */
  readonly page: number;
  /** Records were left out because an earlier page of the same reading had shown them. */
  readonly repeats: boolean;
}

/** How an enumeration ended. Absence means something only when `certified` is true (promise P7). */
export interface EnumerationEnd {
  readonly certified: boolean;
  /** Why it is not certified, in words for the operator; null when it is. */
  readonly reason: string | null;
  /** Position for the next `changes` call; null where the side has no change cursor. */
  readonly cursor: string | null;
}

/** One thing that `check` found; `problem` fails the command, `warning` and `info` do not. What is wrong comes with its fix. */
export type Finding = {
  readonly message: string;
  /** Name of an unsafe combination (src/core/unsafe-combinations.ts). */
  readonly code?: string;
} & (
  | { readonly level: 'info'; readonly advice?: string }
  /** `advice`: what to do about it. */
  | { readonly level: 'warning' | 'problem'; readonly advice: string }
);

export interface CheckReport {
  readonly findings: readonly Finding[];
  /** Records that the side holds, null when it does not say. */
  readonly count: number | null;
  /** The side's clock minus ours, null when it cannot be known. */
  readonly clockSkewMs: number | null;
  /** Identity of the account or table: when it changes, the side is not the one that we knew. */
  readonly fingerprint: string;
  /** The same for people, without a secret: host, database, table, the vendor's number of the account. */
  readonly account?: string;
  /** Field names that exist there, null when unknown. */
  readonly fields: readonly string[] | null;
}

export interface CreateRequest {
  readonly patch: Patch;
  /** Stored as the external id where the side has one: finds the record again when the answer was lost. */
  readonly marker: string;
}

export interface UpdateRequest {
  readonly id: string;
  readonly patch: Patch;
  /** The record as verified (or, with compare-and-set, as mirrored) just before: element ids and version come from it. */
  readonly current: SideRecord;
  /** Fields that stay as they are, and must still be so: of a value that stands in several fields, those that are not written. */
  readonly beside?: SideRecord['fields'];
  /** Store this as the external id too, where the side has one. The patch may then be empty. */
  readonly externalId?: string;
}

export interface DeleteOptions extends CallOptions {
  readonly current?: SideRecord;
}

/** One thing that happened with a record: a ticket, a call, a change. */
export interface HistoryItem {
  readonly kind: string;
  /** Unique together with `kind`. */
  readonly id: string;
  /** ISO 8601 UTC; null where the side does not say. */
  readonly at: string | null;
  readonly author: { readonly id: string | null; readonly name: string | null } | null;
  /** The rest, in the side's own names. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Of a record of a change: which fields it says changed, null when its words cannot be read. Else left out. */
  readonly changes?: readonly FieldChange[] | null;
  /** Of a record of a change: the side's own words. */
  readonly text?: string | null;
}

export interface HistoryPage {
  /** Newest first as far as known. */
  readonly items: readonly HistoryItem[];
  readonly dropped: readonly DroppedElement[];
  /** Nothing older follows. */
  readonly last: boolean;
  /** The side's clock minus ours in milliseconds, by this very answer; left out or null where it does not tell. */
  readonly clockSkewMs?: number | null;
}

/**
 * Many creates in one call that only says that it was taken: what became of each row is found out by reading, at the
 * head of the enumeration. So only for a side whose enumeration shows the newest records first and tells a total.
 */
export interface BatchCreate {
  /** Most rows of one call; no more than one page of the enumeration shows. */
  readonly maxRows: number;
  /** A row that is not there this long after the call counts as not created. */
  readonly lagMs: number;
  /** Whether a batch carries the whole of this create. What does not fit is created on its own. */
  fits(request: CreateRequest, options?: CallOptions): Promise<boolean>;
  /**
   * Sent at most once; `rejected` and `throttled` prove that none of the rows was taken. The marker does not travel.
   * @throws SyncError `rejected` also when a row does not fit
   */
  send(requests: readonly CreateRequest[], options?: CallOptions): Promise<void>;
}

/** What a side told of a batch of its own accord: it may be lost, late, doubled, or about another batch. A hint, never data. */
export interface BatchVerdict {
  /** Place of the row in the batch, and the side's own words. */
  readonly errors: readonly (readonly [row: number, words: string])[];
  readonly successCount: number | null;
  readonly failedCount: number | null;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Whom the call lets pass where the side counts calls; `now` unless told. Only reads have one. */
  readonly urgency?: Urgency;
}

/**
 * The port: one shape for both sides. Errors are `SyncError`:
 * `ambiguous` when a write may or may not have happened, `stale` when the pre-image moved,
 * `rejected` with the vendor's own words, `auth`, `throttled`, `transient`, `contract`.
 * Reads retry what may be retried before they throw; a write is sent at most once per call,
 * except where its answer proves that nothing was done.
 * Where `manifest.tellsAuthor` is set, every way of reading shows the record's `lastEdit`, at no call more.
 */
export interface Side {
  readonly manifest: Manifest;
  check(options?: CallOptions): Promise<CheckReport>;
  /** `CheckReport.fingerprint` alone, as cheap as it can be: asked before everything that is read. */
  fingerprint(options?: CallOptions): Promise<string>;
  /** All live records, in pages; the last page carries `end`. */
  enumerate(options?: CallOptions): AsyncIterable<Page>;
  /**
   * One page of that enumeration by its number, from 1, newest records first; left out where pages have none. Pages move
   * while one looks at them, so that nothing follows from what it does not show. Behind the last one it is empty.
   */
  page?(page: number, options?: CallOptions): Promise<Page>;
  /** Records changed since `cursor` (with the manifest's overlap). Only where `manifest.changeCursor` is set. */
  changes(cursor: string, options?: CallOptions): AsyncIterable<Page>;
  /** Point read; null when the side says that there is no such live record. */
  read(id: string, options?: CallOptions): Promise<SideRecord | null>;
  /** What happened with a record, from page 1; left out where the side keeps no history. */
  history?(id: string, page: number, options?: CallOptions): Promise<HistoryPage>;
  /**
   * The side's clock minus ours in milliseconds, by its latest answer; null before one told, left out where none tells. Asked
   * around the look before a write whose trace in the history is compared by times.
   */
  clockSkewMs?(): number | null;
  /**
   * How long so many reads of this kind (one unless told) would wait for the side's quota, in milliseconds; left out where
   * calls are not counted. With it the engine turns to other work instead of waiting.
   */
  waitMs?(call: 'enumerate' | 'read' | 'history', urgency: Urgency, calls?: number): Promise<number>;
  /** Live records that hold this key, compared as the side compares. */
  lookup(kind: MatchKeyKind, value: string, options?: CallOptions): Promise<SideRecord[]>;
  /**
   * Which of these no live record holds, compared as `lookup` compares, in about the time of one look-up; left out where that
   * takes a look-up each. What it does not name may be held, or could not be asked for along with the others.
   */
  unheld?(contacts: readonly Contact[], options?: CallOptions): Promise<readonly Contact[]>;
  /** Returns the record as the side holds it after the write. */
  create(request: CreateRequest, options?: CallOptions): Promise<SideRecord>;
  /** Left out where records can be created one by one only. */
  readonly batchCreate?: BatchCreate;
  /** Returns the record as the side holds it after the write. An empty patch is a programming error. */
  update(request: UpdateRequest, options?: CallOptions): Promise<SideRecord>;
  /**
   * Deletes, or marks as deleted where the side does it so. Not found counts as done. With `current` (the record as it
   * was just verified) a side with compare-and-set deletes nothing and throws `stale` when it holds something else.
   */
  delete(id: string, options?: DeleteOptions): Promise<void>;
  /** Which names there are for fields that hold a reference by name, by field; left out where the side has none. */
  names?(options?: CallOptions): Promise<Readonly<Record<string, NameBook>>>;
  /**
   * Tells of changes as they are made, until the signal: a record's id, or null for "something changed". It may be lost,
   * late or doubled, and is a hint, never data. Resolves when it listens; left out where the side tells nothing.
   */
  watch?(told: (id: string | null) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
