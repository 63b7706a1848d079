import type { LensSpec } from './mapping/lens.ts';
import type { NameBook } from './names.ts';
import type { SideName } from './record.ts';

/** How two values of a field are held to be the same (sync design §3). */
export type Equivalence = 'text' | 'exact' | 'email' | 'phone' | 'boolean' | 'number';

export type Direction = 'both' | 'to-crm' | 'to-udesk';

export const POLICIES = [
  'hold',
  'udesk',
  'crm',
  'prefer-udesk-unless-blank',
  'prefer-crm-unless-blank',
  'newest',
  'union',
  'longest',
  'append',
] as const;
export type Policy = (typeof POLICIES)[number];

/** What happens to an edit on the side that the field's direction does not read from. */
export type OnBlocked = 'hold' | 'revert' | 'ignore';

export interface FieldSpec {
  /** Udesk field name; also the field's name in conflicts, plans and logs. */
  readonly udesk: string;
  readonly crm: string;
  readonly shape: 'scalar' | 'set';
  readonly equivalence: Equivalence;
  readonly direction: Direction;
  readonly policy: Policy;
  readonly onBlocked: OnBlocked;
  /**
   * Value map, as [udesk, crm]; null: values travel as they are. Of several pairs of one value the first is what is
   * written; several Udesk values of one CRM value only where the field flows to the CRM alone.
   */
  readonly map: readonly (readonly [udesk: string, crm: string])[] | null;
  /** How the text travels besides, from Udesk to the CRM (src/core/mapping); left out: as it is. */
  readonly lenses?: readonly LensSpec[];
  /** A reference that travels by name (src/core/names.ts), not by Udesk's id. */
  readonly named?: true;
  /** The names of such a field as they are known in this cycle. It is data and no part of the mapping. */
  readonly names?: NameBook;
}

export type MatchKeyKind = 'token' | 'email' | 'cellphone';

export interface MatchSpec {
  readonly by: readonly MatchKeyKind[];
  /** ISO 3166 country used to read phone numbers without a country code. */
  readonly defaultRegion: string;
  /** A key held by more than this many records of one side links nothing. */
  readonly stopAfter: number;
}

export interface GuardSpec {
  readonly deletes: { readonly max: number; readonly share: number };
  /** Share of all confirmed links (0..1) that one plan may update. */
  readonly updates: { readonly share: number };
  readonly creates: { readonly perHour: number };
}

/** Whether the configuration asks for creates on that side. */
export function createsIn({ create }: Pick<PairSpec, 'create'>, side: SideName): boolean {
  return side === 'udesk' ? create.inUdesk : create.inCrm;
}

/** Everything the pure core needs to know of a pair. */
export interface PairSpec {
  readonly name: string;
  readonly fields: readonly FieldSpec[];
  readonly match: MatchSpec;
  readonly create: { readonly inCrm: boolean; readonly inUdesk: boolean };
  readonly deletes: 'flag' | 'unlink' | 'propagate';
  readonly firstRun: 'review' | 'auto';
  readonly guards: GuardSpec;
  /** How long a record must have been left alone before the daemon carries an edit of it; left out: not at all. */
  readonly quietMs?: number;
  /** Most elements of a set per side and pair field name; missing: no limit. From the adapters' manifests. */
  readonly capacity: Readonly<Record<SideName, Readonly<Record<string, number>>>>;
  /** Whose `updatedAt` may order edits (policy `newest`). From the adapters' manifests; left out: neither. */
  readonly trustedTime?: Readonly<Record<SideName, boolean>>;
  /** Names or e-mails of accounts under which programs write to Udesk, ours included; left out: none is known. */
  readonly automations?: readonly string[];
}

/** The name that a side knows a field by. */
export function sideField(spec: FieldSpec, side: SideName): string {
  return side === 'udesk' ? spec.udesk : spec.crm;
}

/** Whether values of this field may flow to `side`. */
export function flowsTo(spec: FieldSpec, side: SideName): boolean {
  return spec.direction === 'both' || spec.direction === (side === 'udesk' ? 'to-udesk' : 'to-crm');
}
