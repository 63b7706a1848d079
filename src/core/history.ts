/** What is kept of one customer over time, as the store gives it to those who explain (promise P12). Times: ISO 8601 UTC. */
import type { EditAuthor } from './edit-author.ts';
import type { FieldBase, HalfWrite } from './link.ts';
import type { Delta } from './observation.ts';
import type { Patch, SideName } from './record.ts';
import type { Value } from './value.ts';

export interface HistoryRecord {
  readonly id: string;
  readonly state: 'live' | 'deleted';
  /** As last seen, in the side's own field names and values. */
  readonly fields: Readonly<Record<string, Value>>;
  readonly firstSeenAt: string;
  /** Null: it was there before runs were kept with it. */
  readonly firstSeenRunId: string | null;
  /** How often something of it was stored, the first sight included. */
  readonly sights: number;
}

export interface HistoryObservation {
  readonly id: string;
  readonly side: SideName;
  readonly recordId: string;
  readonly delta: Delta;
  readonly lane: string;
  readonly runId: string | null;
  readonly at: string;
  /** Who made the change, as far as the record itself told; left out: it did not. */
  readonly author?: EditAuthor | null;
}

export interface HistoryIntent {
  readonly id: string;
  readonly linkId: string;
  readonly runId: string;
  readonly side: SideName;
  readonly op: 'create' | 'update' | 'delete';
  /** Of a create, what it made; null: nobody knows for certain. */
  readonly recordId: string | null;
  readonly patch: Patch;
  readonly reasons: Readonly<Record<string, string>>;
  readonly source: Readonly<Record<string, Value>>;
  readonly halves: Readonly<Record<string, HalfWrite>>;
  readonly decisions: Readonly<Record<string, string>>;
  readonly state: string;
  /** By the pair's field name: what the side held after the write. */
  readonly result: Readonly<Record<string, Value>> | null;
  readonly error: string | null;
  readonly createdAt: string;
  readonly sentAt: string | null;
  /** The run that sent it; null: the one that planned it, as far as is known. */
  readonly sentRunId: string | null;
  readonly settledAt: string | null;
}

export interface HistoryConflict {
  readonly id: string;
  readonly field: string;
  readonly kind: string;
  readonly state: string;
  readonly base: FieldBase | null;
  readonly udesk: Value | null;
  readonly crm: Value | null;
  readonly reason: string;
  readonly resolvedBy: string | null;
  readonly openedAt: string;
  readonly closedAt: string | null;
}

export interface HistoryDecision {
  readonly id: string;
  readonly conflictId: string;
  readonly field: string;
  readonly who: string;
  readonly take: string;
  readonly value: Value | null;
  readonly at: string;
}

/** A change record of Udesk's own: who changed something, in Udesk's words. */
export interface HistoryChange {
  readonly id: string;
  readonly at: string | null;
  readonly author: string | null;
  readonly summary: string;
}

/** What became of who is who. */
export interface HistoryLink {
  readonly id: string;
  readonly udeskId: string | null;
  readonly crmId: string | null;
  readonly state: string;
  readonly decidedBy: string;
  /** Why it is a question or ended, as the engine said it. */
  readonly reason: string | null;
  readonly evidence: readonly unknown[];
  readonly createdAt: string;
}

/** A person's wish to undo our writes of one field. */
export interface HistoryRevert {
  readonly id: string;
  readonly revertId: string;
  readonly field: string;
  readonly who: string;
  readonly state: string;
  readonly reason: string | null;
  readonly at: string;
  readonly closedAt: string | null;
}

export interface CustomerHistory {
  /** The link that the asked record belongs to, or last belonged to; null: none. */
  readonly link: HistoryLink | null;
  readonly bases: Readonly<Record<string, FieldBase>>;
  /** The records as they are linked now first, then those that were merged into them. */
  readonly records: Readonly<Record<SideName, readonly HistoryRecord[]>>;
  /**
   * The asked record is back from the bin, and another one took its place in the link meanwhile: it comes first on its side,
   * and nobody is its counterpart. Left out: the link holds it.
   */
  readonly alone?: SideName;
  /** By link: the records that it joins, or joined. Left out: there is but one. */
  readonly joined?: Readonly<Record<string, Readonly<Record<SideName, readonly string[]>>>>;
  /** Each list oldest first. */
  readonly observations: readonly HistoryObservation[];
  readonly intents: readonly HistoryIntent[];
  readonly conflicts: readonly HistoryConflict[];
  readonly decisions: readonly HistoryDecision[];
  readonly reverts: readonly HistoryRevert[];
  readonly changes: readonly HistoryChange[];
  /** Observations of before then are deleted; null: none ever were. */
  readonly keptSince: string | null;
}

/** Who is meant on a side now: the asked record, or whom it is linked with. */
export function currentOf(
  { records, alone }: Pick<CustomerHistory, 'records' | 'alone'>,
  side: SideName,
): HistoryRecord | null {
  return alone === undefined || alone === side ? (records[side][0] ?? null) : null;
}

/** How many observations of this record were stored and are not there: what it held before the oldest is not known. */
export function lostObservations(
  { observations }: Pick<CustomerHistory, 'observations'>,
  side: SideName,
  record: HistoryRecord,
): number {
  const kept = observations.filter((one) => one.side === side && one.recordId === record.id);
  return Math.max(0, record.sights - 1 - kept.length);
}
