import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  customType,
  doublePrecision,
  foreignKey,
  index,
  integer,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { EditAuthor } from '../core/edit-author.ts';
import type { ConflictKind, FieldBase, HalfWrite, RevertRequest, Take } from '../core/link.ts';
import type { GuardClass } from '../core/plan.ts';
import type { PlanSample } from '../core/plan-sample.ts';
import type { LastEdit, Patch, SideName } from '../core/record.ts';
import type { RuleTake } from '../core/review-rule.ts';
import type { FieldSpec } from '../core/spec.ts';
import type { Value } from '../core/value.ts';
import type { Overwritten } from '../core/witness-records.ts';
import { fromJsonb, toJsonb } from './jsonb.ts';

/**
 * The internal tables. They are not an interface: people report from the schema `report`.
 * Every unique key of a table with a pair begins with the pair, and so does every reference to such a table: rows can be
 * partitioned or spread by it (docs/decisions/0039). A plain index on `id` stands where people name a row by its id alone,
 * or turn over pages of all pairs.
 */
export const udeskSync = pgSchema('udesk_sync');

/** Per side: it shows nothing although the mirror knows records; how far its clock is off. */
export type SideAlarms = Partial<Record<SideName, { empty: boolean; clockSkewMs: number | null }>>;

/** What gives a field's bases their meaning. */
export type FieldMeaning = Pick<FieldSpec, 'crm' | 'shape' | 'map' | 'lenses' | 'named'>;

/** One option of a custom field: its value on the wire, and what people see. */
export interface OptionRow {
  readonly value: string;
  readonly label: string;
}

/** What a custom field meant when it was accepted. */
export interface PinnedField {
  readonly type: string;
  readonly options: readonly OptionRow[];
}

const jsonb = <T>() =>
  customType<{ data: T; driverData: string }>({
    dataType: () => 'jsonb',
    toDriver: (value) => toJsonb(value),
    fromDriver: (stored) => fromJsonb<T>(stored),
  });

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });
/** Of all pairs one sequence: an id alone still names one row. */
const id = () => bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity();

/** One row per configured pair: what must survive a restart. */
export const pair = udeskSync.table('pair', {
  name: text('name').primaryKey(),
  /**
   * pending: nothing was accepted yet, so nothing may be written to either side; accepting: the first plan was accepted
   * and is not released yet; accepted: writes are enabled.
   */
  firstRun: text('first_run').$type<'pending' | 'accepting' | 'accepted'>().notNull().default('pending'),
  firstPlanHash: text('first_plan_hash'),
  /** What that plan would do, for the page on which it is accepted; null once it was. */
  firstPlan: jsonb<FirstPlan | null>()('first_plan'),
  /** Of mapping, matching and directions: when it changes, every link is planned again and match keys are made anew. */
  specHash: text('spec_hash'),
  /** What each field meant then: where that has changed, its bases are forgotten (src/engine/spec-change.ts). */
  fieldSpecs: jsonb<Record<string, FieldMeaning>>()('field_specs'),
  udeskFingerprint: text('udesk_fingerprint'),
  crmFingerprint: text('crm_fingerprint'),
  /** The same account or table in words for people; null where the side does not say. */
  udeskAccount: text('udesk_account'),
  crmAccount: text('crm_account'),
  /** Where the next `changes` call of the CRM starts; moves last, with the observations it stands for. */
  crmCursor: text('crm_cursor'),
  /** Begin of the last look that showed every change of the CRM, as far as it tells them. */
  crmLookedAt: at('crm_looked_at'),
  udeskCertifiedAt: at('udesk_certified_at'),
  crmCertifiedAt: at('crm_certified_at'),
  /** Why the last full enumeration proved nothing; null when it was certified. */
  udeskUncertified: text('udesk_uncertified'),
  crmUncertified: text('crm_uncertified'),
  udeskTotal: integer('udesk_total'),
  /** Begin of the last enumeration of Udesk that came to its end, certified or not: who it showed was right then. */
  udeskSweptAt: at('udesk_swept_at'),
  /** How many customers that enumeration showed. */
  udeskListed: integer('udesk_listed'),
  /** It ended because the list does, not because there were no more customers. */
  udeskCapped: boolean('udesk_capped').notNull().default(false),
  /** What the last full look at each side found alarming; cleared by the next full look, or by an approval. */
  alarms: jsonb<SideAlarms>()('alarms').notNull().default({}),
  /** Which database this row was written in (src/store/home.ts): another one means that it was restored from a backup. */
  home: text('home'),
  /** Since when the pair goes on from a backup, until nothing is left that only a person may let through. */
  restoredAt: at('restored_at'),
  createdAt: at('created_at').notNull().defaultNow(),
});

/** One writer per pair. The fence rises with every owner; each transaction of a cycle checks it (lease-lost). */
export const lease = udeskSync.table('lease', {
  pair: text('pair').primaryKey(),
  owner: text('owner').notNull(),
  fence: bigint('fence', { mode: 'number' }).notNull(),
  expiresAt: at('expires_at').notNull(),
});

/** Daemons on this database that live: each says so every few seconds. Who is silent for longer shares no pairs any more. */
export const replica = udeskSync.table('replica', {
  owner: text('owner').primaryKey(),
  seenAt: at('seen_at').notNull(),
  /** What it says of itself (src/store/replicas.ts), for `status` and `check`. */
  state: jsonb<ReplicaState>()('state').notNull(),
});

export interface ReplicaState {
  /** Those that it works on. */
  readonly pairs: readonly string[];
  /** Endpoints that it leaves alone because they fail. */
  readonly breakers: readonly {
    readonly pair: string;
    readonly side: SideName;
    /** Method, host and path, without ids. */
    readonly endpoint: string;
    readonly state: 'open' | 'half-open';
    readonly waitMs: number;
  }[];
}

/** The mirror: what each side was last seen to hold. */
export const record = udeskSync.table(
  'record',
  {
    pair: text('pair').notNull(),
    side: text('side').$type<SideName>().notNull(),
    remoteId: text('remote_id').notNull(),
    fields: jsonb<Record<string, Value>>()('fields').notNull(),
    externalId: text('external_id'),
    version: text('version'),
    updatedAt: text('updated_at'),
    /** Who had changed it last when its content was last seen to change, as the side told; null: it did not. */
    lastEdit: jsonb<LastEdit | null>()('last_edit'),
    /** SHA-256 of fields, external id and version: tells a change without reading the fields. */
    hash: text('hash').notNull(),
    /** Normalised match keys, `kind:value`. */
    keys: text('keys').array().notNull(),
    linkId: bigint('link_id', { mode: 'number' }),
    state: text('state').$type<'live' | 'deleted'>().notNull().default('live'),
    /** Observed since it was last planned. */
    dirty: boolean('dirty').notNull().default(true),
    /** Rises with every stored observation of this record. */
    obsSeq: bigint('obs_seq', { mode: 'number' }).notNull().default(1),
    observedAt: at('observed_at').notNull(),
    firstSeenAt: at('first_seen_at').notNull().defaultNow(),
    deletedAt: at('deleted_at'),
    /** Udesk: known, and not shown by the last enumeration that came to its end. Written when that changes only. */
    unlisted: boolean('unlisted').notNull().default(false),
    /** While it is unlisted: when it was last asked for on its own, and when that last found it (any, when a person asked). */
    checkedAt: at('checked_at'),
    verifiedAt: at('verified_at'),
    /** Udesk: when its feed was last read, and whether it should be read again soon (a hint, a write of ours, a conflict). */
    feedReadAt: at('feed_read_at'),
    feedDue: boolean('feed_due').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.side, table.remoteId] }),
    // No pending list: matching looks up thousands of keys, and each look-up would read that list from end to end.
    index('record_keys').using('gin', table.keys).with({ fastupdate: 'off' }),
    index('record_link').on(table.pair, table.linkId),
    index('record_dirty').on(table.pair, table.side, table.linkId).where(sql`dirty and link_id is not null`),
    index('record_unlisted').on(table.pair, table.checkedAt).where(sql`unlisted and state = 'live'`),
    index('record_feed_due').on(table.pair, table.remoteId).where(sql`feed_due and state = 'live'`),
    index('record_unmatched').on(table.pair).where(sql`link_id is null and state = 'live' and dirty`),
    index('record_unlinked')
      .on(table.pair, table.side, table.remoteId)
      .where(sql`link_id is null and state = 'live'`),
  ],
);

/**
 * Append-only: every change that was seen, with what it replaced (promise P12). First sights hold no delta. Partitioned by
 * month of `at` (src/store/partitions.ts); an identity column cannot be had there before Postgres 17.
 */
export const observation = udeskSync.table(
  'observation',
  {
    id: bigserial('id', { mode: 'number' }).notNull(),
    pair: text('pair').notNull(),
    side: text('side').$type<SideName>().notNull(),
    remoteId: text('remote_id').notNull(),
    /** Field → [old, new] in the side's own values. */
    delta: jsonb<Record<string, readonly [Value | null, Value | null]>>()('delta').notNull(),
    lane: text('lane').notNull(),
    runId: bigint('run_id', { mode: 'number' }),
    at: at('at').notNull(),
    /** Who made it, as far as the record itself told (src/core/edit-author.ts); null: it did not, or it was us. */
    author: jsonb<EditAuthor | null>()('author'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id, table.at] }),
    index('observation_record').on(table.pair, table.side, table.remoteId),
  ],
);

/**
 * Udesk customer U and CRM record C are the same person. An id may be null while its record is to be created;
 * a candidate (review) holds the ids of all who might be meant.
 */
export const link = udeskSync.table(
  'link',
  {
    id: id(),
    pair: text('pair').notNull(),
    udeskId: text('udesk_id'),
    crmId: text('crm_id'),
    state: text('state').$type<'candidate' | 'confirmed' | 'rejected' | 'broken'>().notNull(),
    evidence: jsonb<unknown[]>()('evidence').notNull(),
    candidates: jsonb<{ udesk: string[]; crm: string[] }>()('candidates'),
    /** Identity of a review: its candidate ids, so that the same question is asked once. */
    candidateKey: text('candidate_key'),
    score: text('score'),
    reason: text('reason'),
    /** One base per side and field (sync design §3). */
    bases: jsonb<Record<string, FieldBase>>()('bases').notNull().default({}),
    dirty: boolean('dirty').notNull().default(true),
    /** Its bases came from a backup: what moved since then is not known, so the next plan decides nothing by them alone. */
    rebased: boolean('rebased').notNull().default(false),
    decidedBy: text('decided_by').notNull(),
    createdAt: at('created_at').notNull(),
    changedAt: at('changed_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('link_id').on(table.id),
    uniqueIndex('link_udesk').on(table.pair, table.udeskId).where(sql`state = 'confirmed'`),
    uniqueIndex('link_crm').on(table.pair, table.crmId).where(sql`state = 'confirmed'`),
    uniqueIndex('link_candidate').on(table.pair, table.candidateKey).where(sql`candidate_key is not null`),
    index('link_dirty').on(table.pair, table.id).where(sql`dirty and state = 'confirmed'`),
    index('link_state').on(table.pair, table.state, table.id),
    // Whoever held a record once, too: a customer's history asks for them.
    index('link_udesk_ever').on(table.pair, table.udeskId),
    index('link_crm_ever').on(table.pair, table.crmId),
    index('link_moved')
      .using('gin', sql`evidence jsonb_path_ops`)
      .where(sql`jsonb_path_exists(evidence, '$[*].from')`),
  ],
);

/** One field that the two sides could not agree on; field `*` is the whole record (promises P2, P3). */
export const conflict = udeskSync.table(
  'conflict',
  {
    id: id(),
    pair: text('pair').notNull(),
    linkId: bigint('link_id', { mode: 'number' }).notNull(),
    field: text('field').notNull(),
    kind: text('kind').notNull(),
    state: text('state').$type<'open' | 'resolving' | 'resolved' | 'converged'>().notNull(),
    base: jsonb<FieldBase | null>()('base'),
    udesk: jsonb<Value | null>()('udesk'),
    crm: jsonb<Value | null>()('crm'),
    udeskAt: text('udesk_at'),
    crmAt: text('crm_at'),
    reason: text('reason').notNull(),
    /** Edits that a write of ours replaced unseen, as the side's history tells (src/core/witness.ts). They outlive the kind. */
    overwritten: jsonb<Overwritten[]>()('overwritten').notNull().default([]),
    resolvedBy: text('resolved_by'),
    decisionId: bigint('decision_id', { mode: 'number' }),
    /** What kind of difference it is (src/core/conflict-pattern.ts); null until the end of the cycle that opened it. */
    pattern: text('pattern'),
    /** Opened, changed or learnt of since its pattern was found. A decision keeps the pattern of what was decided. */
    unclassified: boolean('unclassified').notNull().default(true),
    /** What a person took, as evidence for a rule; counts while the decision stands (`decision_id`). */
    personTake: text('person_take').$type<Take>(),
    /** Udesk's id of the customer's owner, as last planned: what the inbox filters by (src/store/conflict-search.ts). */
    owner: text('owner'),
    /** Who made the edit of the CRM that it is about, as far as the CRM told (src/store/conflict-search.ts). */
    crmAuthor: jsonb<EditAuthor | null>()('crm_author'),
    /** Who made the edits that it is about, as far as the CRM and the histories that were read tell. */
    authors: text('authors').array().notNull().default([]),
    /** The person who shall decide it; moves nothing else, `changed_at` least of all. */
    assignee: text('assignee'),
    openedAt: at('opened_at').notNull(),
    changedAt: at('changed_at').notNull(),
    closedAt: at('closed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('conflict_id').on(table.id),
    uniqueIndex('conflict_active')
      .on(table.pair, table.linkId, table.field)
      .where(sql`state in ('open', 'resolving')`),
    index('conflict_state').on(table.pair, table.state, table.id),
    index('conflict_link').on(table.pair, table.linkId),
    // The inbox in the order of its customers.
    index('conflict_customer').on(table.linkId, table.id),
    // The inbox: a page in the order of opening, and the counts beside it.
    index('conflict_open').on(table.id).where(sql`state = 'open'`),
    // Similar ones: the open ones of a group, and what people decided about it before.
    index('conflict_similar')
      .on(table.pair, table.field, table.kind, table.pattern, table.id)
      .where(sql`state = 'open' and pattern is not null`),
    index('conflict_evidence')
      .on(table.pair, table.field, table.kind, table.pattern, table.personTake, table.id)
      .where(sql`person_take is not null and decision_id is not null and pattern is not null`),
    index('conflict_unclassified').on(table.pair, table.state, table.id).where(sql`unclassified`),
    index('conflict_field').on(table.field, table.id),
    index('conflict_assigned').on(table.assignee, table.id).where(sql`assignee is not null`),
  ],
);

/** The words by which a conflict is found: names, keys and ids of the customer, and the values in question. */
export const conflictSearch = udeskSync.table(
  'conflict_search',
  {
    pair: text('pair').notNull(),
    conflictId: bigint('conflict_id', { mode: 'number' }).notNull(),
    /** Lower case, one word or value per line. */
    words: text('words').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.conflictId] }),
    // Personal data: it goes with the conflict, whoever deletes that.
    foreignKey({
      columns: [table.pair, table.conflictId],
      foreignColumns: [conflict.pair, conflict.id],
    }).onDelete('cascade'),
    // No pending list: a search would read it from end to end.
    index('conflict_search_grams')
      .using('gin', sql`udesk_sync.grams(${table.words})`)
      .with({ fastupdate: 'off' }),
  ],
);

/** What people wrote beside a conflict; append-only. That it was written is in the log of decisions, the words are here alone. */
export const conflictNote = udeskSync.table(
  'conflict_note',
  {
    id: id(),
    pair: text('pair').notNull(),
    conflictId: bigint('conflict_id', { mode: 'number' }).notNull(),
    who: text('who').notNull(),
    text: text('text').notNull(),
    at: at('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    foreignKey({
      columns: [table.pair, table.conflictId],
      foreignColumns: [conflict.pair, conflict.id],
    }).onDelete('cascade'),
    index('conflict_note_conflict').on(table.pair, table.conflictId, table.id),
  ],
);

/** Filters of the inbox that a person keeps under a name. */
export const inboxView = udeskSync.table(
  'inbox_view',
  {
    id: id().primaryKey(),
    who: text('who').notNull(),
    name: text('name').notNull(),
    /** The parameters of the inbox's address, without a place in it. */
    query: text('query').notNull(),
    /** What is searched for in it: the part that may be about a person. */
    words: text('words'),
    at: at('at').notNull(),
  },
  (table) => [uniqueIndex('inbox_view_name').on(table.who, table.name)],
);

/** A person's choice, or a rule's on a person's behalf; append-only but for its undoing. */
export const decision = udeskSync.table(
  'decision',
  {
    id: id(),
    pair: text('pair').notNull(),
    conflictId: bigint('conflict_id', { mode: 'number' }).notNull(),
    who: text('who').notNull(),
    take: text('take').$type<'udesk' | 'crm' | 'base' | 'value'>().notNull(),
    value: jsonb<Value | null>()('value'),
    /** The person whom it was about was forgotten: the value is gone, that it was decided is not. */
    erased: boolean('erased').notNull().default(false),
    /** The rule that decided; null: somebody did. */
    ruleId: bigint('rule_id', { mode: 'number' }),
    /** A person took it back, or undid what it wrote. */
    undoneBy: text('undone_by'),
    at: at('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('decision_id').on(table.id),
    index('decision_conflict').on(table.pair, table.conflictId),
    index('decision_rule').on(table.pair, table.ruleId, table.id).where(sql`rule_id is not null`),
  ],
);

/**
 * "Conflicts of this group take that side", turned on by a person (src/core/review-rule.ts). It changes only by its end;
 * turned on again it is another one.
 */
export const reviewRule = udeskSync.table(
  'review_rule',
  {
    id: id(),
    pair: text('pair').notNull(),
    field: text('field').notNull(),
    kind: text('kind').$type<ConflictKind>().notNull(),
    pattern: text('pattern').notNull(),
    take: text('take').$type<RuleTake>().notNull(),
    /** What the person was shown: of `total` past decisions so many took the same. */
    agrees: integer('agrees').notNull(),
    total: integer('total').notNull(),
    /** Conflicts with lower ids were open then, and were left to people; 0: those were meant, too. */
    fromConflictId: bigint('from_conflict_id', { mode: 'number' }).notNull(),
    onBy: text('on_by').notNull(),
    onAt: at('on_at').notNull(),
    offBy: text('off_by'),
    offAt: at('off_at'),
    offReason: text('off_reason').$type<RuleEnd>(),
    /** Its end by itself was said in the log. */
    endTold: boolean('end_told').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('review_rule_id').on(table.id),
    uniqueIndex('review_rule_on')
      .on(table.pair, table.field, table.kind, table.pattern)
      .where(sql`off_at is null`),
  ],
);

/**
 * What people decided, in an order that cannot be changed unseen: each row holds the digest of the one before it
 * (src/core/decision-chain.ts). `entry` is text, because the digest is made of these very bytes.
 */
export const decisionLog = udeskSync.table('decision_log', {
  seq: bigint('seq', { mode: 'number' }).primaryKey(),
  /** The row of `decision` that it is about; null for everything else. */
  decisionId: bigint('decision_id', { mode: 'number' }),
  entry: text('entry').notNull(),
  /** Goes into the digests of values in `entry`; null once the person was forgotten, so that nobody can guess them. */
  salt: text('salt'),
  previousHash: text('previous_hash').notNull(),
  hash: text('hash').notNull(),
});

/** What a person asked to undo: one link, one run, or everything since a time. */
export interface RevertScope {
  readonly link?: string;
  readonly run?: string;
  readonly since?: string;
  readonly field?: string;
  /** Only what carried out this decision about `field`. */
  readonly decision?: string;
}

/** A person's wish to undo writes of ours; append-only. */
export const revert = udeskSync.table(
  'revert',
  {
    id: id(),
    pair: text('pair').notNull(),
    who: text('who').notNull(),
    scope: jsonb<RevertScope>()('scope').notNull(),
    at: at('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.pair, table.id] })],
);

/** One field of one link that is to be undone, and what became of it: an input of the planner until it is closed. */
export const revertField = udeskSync.table(
  'revert_field',
  {
    id: id(),
    pair: text('pair').notNull(),
    revertId: bigint('revert_id', { mode: 'number' }).notNull(),
    linkId: bigint('link_id', { mode: 'number' }).notNull(),
    field: text('field').notNull(),
    writes: jsonb<RevertRequest['writes']>()('writes').notNull(),
    bothSides: boolean('both_sides').notNull(),
    carried: text('carried').array().notNull().default([]),
    state: text('state').$type<'waiting' | 'done' | 'edited' | 'refused'>().notNull(),
    reason: text('reason'),
    closedAt: at('closed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    uniqueIndex('revert_field_waiting')
      .on(table.pair, table.linkId, table.field)
      .where(sql`state = 'waiting'`),
    index('revert_field_link').on(table.pair, table.linkId),
  ],
);

/** Why a rule ended: somebody turned it off · people undid its decisions · the field is mapped in another way · restore of a backup. */
export type RuleEnd = 'person' | 'undone' | 'mapping-changed' | 'restored';

export type GuardState = 'waiting' | 'approved' | 'rejected' | 'superseded';
/** Of each side on its own: both may have changed, and a word about one leaves the other as it is. */
export type AccountKind = `account-${SideName}`;
export type ApprovalKind = 'first-plan' | 'guard' | AccountKind;
export type ApprovalState = 'waiting' | 'done' | 'moved' | 'replaced';

/** What the first plan of a pair would do. */
export interface FirstPlan {
  readonly at: string;
  readonly creates: Readonly<Record<SideName, number>>;
  readonly updates: Readonly<Record<SideName, number>>;
  readonly deletes: Readonly<Record<SideName, number>>;
  /** Fields that would wait as conflicts. */
  readonly held: number;
  readonly sample: PlanSample;
}

export const INTENT_STATES = [
  'planned',
  'held',
  'pending',
  'sending',
  'unknown',
  'settled',
  'dropped',
  'parked',
] as const;
export type IntentState = (typeof INTENT_STATES)[number];

/** `none`: the side keeps no history, so nobody can say. */
export type WitnessState = 'due' | 'clean' | 'overwritten' | 'unclear' | 'none';

/** The outbox: one durable intended write of one record, recorded before it is sent (promises P5, P9). */
export const intent = udeskSync.table(
  'intent',
  {
    id: id(),
    pair: text('pair').notNull(),
    linkId: bigint('link_id', { mode: 'number' }).notNull(),
    runId: bigint('run_id', { mode: 'number' }).notNull(),
    side: text('side').$type<SideName>().notNull(),
    op: text('op').$type<'create' | 'update' | 'delete'>().notNull(),
    guardClass: text('guard_class').$type<GuardClass>().notNull(),
    remoteId: text('remote_id'),
    patch: jsonb<Patch>()('patch').notNull(),
    reasons: jsonb<Record<string, string>>()('reasons').notNull(),
    source: jsonb<Record<string, Value>>()('source').notNull(),
    /** Fields of which this is one half (src/core/link.ts). */
    halves: jsonb<Record<string, HalfWrite>>()('halves').notNull().default({}),
    /** By field: the decision that this write carries out. */
    decisions: jsonb<Record<string, string>>()('decisions').notNull().default({}),
    /** Which planning of the run: intents of one round and link are halves of one plan. */
    round: integer('round').notNull().default(1),
    /** A person let this through, or accepted the first plan: it does not count against the guards' windows. */
    approved: boolean('approved').notNull().default(false),
    marker: text('marker'),
    state: text('state').$type<IntentState>().notNull(),
    /** 0: a person decided it; 1: an ordinary change; 2: a create. Lower goes first. */
    priority: integer('priority').notNull(),
    attempts: integer('attempts').notNull().default(0),
    /** How often an unknown outcome was looked for. */
    looks: integer('looks').notNull().default(0),
    fence: bigint('fence', { mode: 'number' }),
    notBefore: at('not_before'),
    /** The batch that carried it, and its place there; stays when it has to be sent again on its own. */
    batchId: bigint('batch_id', { mode: 'number' }),
    batchRow: integer('batch_row'),
    /** Not for a batch: one cannot carry it, or one carried it before. */
    alone: boolean('alone').notNull().default(false),
    /** What the target held after the write, for the patched fields. */
    result: jsonb<Record<string, Value> | null>()('result'),
    error: text('error'),
    createdAt: at('created_at').notNull(),
    sentAt: at('sent_at'),
    settledAt: at('settled_at'),
    /** When the target was last asked for its pre-image before the write was sent. */
    verifiedAt: at('verified_at'),
    /** Null: needs none. Whether the side's history was asked, after the write was settled, what it replaced. */
    witness: text('witness').$type<WitnessState>(),
    /** Why nothing can be said. */
    witnessReason: text('witness_reason'),
    /** Fields whose echo has come: a callback that told us of our own write (src/core/own-echo.ts). */
    echoed: text('echoed').array().notNull().default([]),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    uniqueIndex('intent_active')
      .on(table.pair, table.linkId, table.side)
      .where(sql`state in ('planned', 'held', 'pending', 'sending', 'unknown')`),
    index('intent_work')
      .on(table.pair, table.priority, table.id)
      .where(sql`state in ('planned', 'held', 'pending', 'sending', 'unknown')`),
    index('intent_link').on(table.pair, table.linkId),
    // A cycle stays on record as long as its writes do.
    index('intent_run').on(table.pair, table.runId),
    // What arrived lately: the lag of the metrics, and of the report.
    index('intent_settled').on(table.settledAt).where(sql`state = 'settled'`),
    index('intent_batch').on(table.pair, table.batchId).where(sql`batch_id is not null`),
    // How far a backfill is.
    index('intent_created')
      .on(table.pair, table.side, table.settledAt)
      .where(sql`op = 'create' and state = 'settled'`),
    index('intent_witness').on(table.pair, table.id).where(sql`witness = 'due'`),
  ],
);

/** Many creates on one side, carried by batches. At most one per pair and side is under way. */
export const backfill = udeskSync.table(
  'backfill',
  {
    id: id(),
    pair: text('pair').notNull(),
    side: text('side').$type<SideName>().notNull(),
    startedAt: at('started_at').notNull(),
    endedAt: at('ended_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    uniqueIndex('backfill_active').on(table.pair, table.side).where(sql`ended_at is null`),
  ],
);

/** One call that creates many. Its rows are the intents that name it. */
export const batch = udeskSync.table(
  'batch',
  {
    id: id(),
    pair: text('pair').notNull(),
    backfillId: bigint('backfill_id', { mode: 'number' }).notNull(),
    rows: integer('rows').notNull(),
    sentAt: at('sent_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('batch_backfill').on(table.pair, table.backfillId, table.id),
  ],
);

/** Natural keys of records about to be created: two creates of one person cannot both pass (promise P5). */
export const claim = udeskSync.table(
  'claim',
  {
    pair: text('pair').notNull(),
    side: text('side').$type<SideName>().notNull(),
    key: text('key').notNull(),
    linkId: bigint('link_id', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.pair, table.side, table.key] })],
);

/** A plan, or the destructive part of one, that waits for a person. */
export const guard = udeskSync.table(
  'guard',
  {
    pair: text('pair').notNull(),
    hash: text('hash').notNull(),
    /** rejected: a person said no to exactly this plan; it is held, and nobody is asked about it again. */
    state: text('state').$type<GuardState>().notNull(),
    tripped: jsonb<{ guard: string; message: string }[]>()('tripped').notNull(),
    writes: integer('writes').notNull(),
    /** The first of the writes that it holds; null once the plan was overtaken. */
    sample: jsonb<PlanSample | null>()('sample'),
    openedAt: at('opened_at').notNull(),
    closedAt: at('closed_at'),
  },
  (table) => [primaryKey({ columns: [table.pair, table.hash] })],
);

/** What is known of an account or table: for a person who says whether it is the one that is meant. */
export interface AccountFacts {
  readonly fingerprint: string;
  /** In words, without a secret; null where the side does not say. */
  readonly name: string | null;
  /** How many records; null where it is not known. */
  readonly records: number | null;
}

/**
 * waiting: nobody said anything yet; approving: a person said yes, and the next cycle looks whether it still is that one;
 * approved: it is the pair's account now; rejected: a person said no, and it goes on waiting; moved: another account
 * answered then, or the old one again.
 */
export const ACCOUNT_STATES = ['waiting', 'approving', 'approved', 'rejected', 'moved'] as const;
export type AccountState = (typeof ACCOUNT_STATES)[number];

/**
 * Another account or table answers on a side than the one that the pair was made with (promises P7, P8): nothing is read
 * or written there before a person says yes to exactly this one.
 */
export const accountChange = udeskSync.table(
  'account_change',
  {
    pair: text('pair').notNull(),
    hash: text('hash').notNull(),
    side: text('side').$type<SideName>().notNull(),
    state: text('state').$type<AccountState>().notNull(),
    /** The one that the pair was made with; of it, the records of the mirror. */
    before: jsonb<AccountFacts>()('before').notNull(),
    now: jsonb<AccountFacts>()('now').notNull(),
    openedAt: at('opened_at').notNull(),
    closedAt: at('closed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.hash] }),
    uniqueIndex('account_change_open')
      .on(table.pair, table.side)
      .where(sql`state in ('waiting', 'approving', 'rejected')`),
  ],
);

/**
 * What a person said about a plan, by its hash; append-only but for its end. The next cycle reads what waits, and does
 * exactly the plan with this hash, or nothing.
 */
export const approval = udeskSync.table(
  'approval',
  {
    id: id(),
    pair: text('pair').notNull(),
    kind: text('kind').$type<ApprovalKind>().notNull(),
    hash: text('hash').notNull(),
    verdict: text('verdict').$type<'approve' | 'reject'>().notNull(),
    who: text('who').notNull(),
    at: at('at').notNull(),
    /** moved: the world did, so the plan was not carried out; replaced: a person said something else later. */
    state: text('state').$type<ApprovalState>().notNull(),
    closedAt: at('closed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    uniqueIndex('approval_waiting').on(table.pair, table.kind).where(sql`state = 'waiting'`),
    index('approval_plan').on(table.pair, table.hash),
  ],
);

/** Set aside for a person, while the rest goes on. */
export const parked = udeskSync.table(
  'parked',
  {
    id: id(),
    pair: text('pair').notNull(),
    linkId: bigint('link_id', { mode: 'number' }),
    intentId: bigint('intent_id', { mode: 'number' }),
    side: text('side').$type<SideName>().notNull(),
    remoteId: text('remote_id'),
    kind: text('kind').notNull(),
    /** The vendor's own words. */
    message: text('message').notNull(),
    state: text('state').$type<'parked' | 'retried' | 'dropped'>().notNull(),
    at: at('at').notNull(),
    closedAt: at('closed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('parked_id').on(table.id),
    index('parked_state').on(table.pair, table.state, table.id),
  ],
);

/** One cycle. */
export const run = udeskSync.table(
  'run',
  {
    id: id(),
    pair: text('pair').notNull(),
    trigger: text('trigger').notNull(),
    startedAt: at('started_at').notNull(),
    finishedAt: at('finished_at'),
    outcome: text('outcome').$type<'done' | 'failed' | 'waiting' | 'abandoned'>(),
    stats: jsonb<Record<string, unknown>>()('stats').notNull(),
    error: text('error'),
  },
  (table) => [primaryKey({ columns: [table.pair, table.id] }), index('run_id').on(table.id)],
);

/**
 * Items of a customer's history in Udesk: tickets, calls, chats, follow-ups, and who changed what when. Partitioned by month
 * of `kept_at` (src/store/partitions.ts).
 */
export const feed = udeskSync.table(
  'feed',
  {
    pair: text('pair').notNull(),
    /** Ticket, CallLog, ImSubSession, Alteration or CustomerFollowUp; ids are unique per kind only. */
    kind: text('kind').notNull(),
    feedId: text('feed_id').notNull(),
    udeskId: text('udesk_id').notNull(),
    /** Only changes carry a time of their own. */
    at: at('at'),
    authorId: text('author_id'),
    authorName: text('author_name'),
    data: jsonb<Record<string, unknown>>()('data').notNull(),
    firstSeenAt: at('first_seen_at').notNull(),
    /** Its own time; `infinity` where it has none, and is kept as long as the customer. */
    keptAt: at('kept_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.kind, table.feedId, table.keptAt] }),
    index('feed_customer').on(table.pair, table.udeskId),
  ],
);

/** How far back each kind of history goes (src/store/retention.ts). */
export const retention = udeskSync.table('retention', {
  kind: text('kind').$type<KeptKind>().primaryKey(),
  /** What is older is not kept; null: nothing was ever deleted. */
  keptSince: at('kept_since'),
  /** Months that are due to go and are more at once than a mistake shall take: a person is asked. */
  held: integer('held').notNull().default(0),
  /** The time by which months are counted (src/core/retention.ts), and when that was. */
  clockAt: at('clock_at'),
  lookedAt: at('looked_at'),
});

/** What is kept for a number of months only. */
export const KEPT_KINDS = ['observation', 'feed', 'run'] as const;
export type KeptKind = (typeof KEPT_KINDS)[number];

/** Metadata of Udesk's custom fields as last read, with the option labels that the mapping was pinned to. */
export const customField = udeskSync.table(
  'custom_field',
  {
    pair: text('pair').notNull(),
    name: text('name').notNull(),
    label: text('label'),
    contentType: text('content_type').notNull(),
    required: boolean('required').notNull().default(false),
    /** Value on the wire → label, as Udesk says now. */
    options: jsonb<readonly OptionRow[]>()('options').notNull(),
    /** As it was when the mapping was accepted: a difference is drift, never a silent change of meaning. */
    pinned: jsonb<PinnedField>()('pinned').notNull(),
    observedAt: at('observed_at').notNull(),
    vanishedAt: at('vanished_at'),
  },
  (table) => [primaryKey({ columns: [table.pair, table.name] })],
);

/** Records of people who were forgotten and are still on that side: they are not taken up again. Ids only. */
export const keptOut = udeskSync.table(
  'kept_out',
  {
    pair: text('pair').notNull(),
    side: text('side').$type<SideName>().notNull(),
    remoteId: text('remote_id').notNull(),
    at: at('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.pair, table.side, table.remoteId] })],
);

/** Agents, agent groups and organizations of Udesk: what owners, owner groups and companies are called. */
export const directory = udeskSync.table(
  'directory',
  {
    pair: text('pair').notNull(),
    kind: text('kind').$type<'agent' | 'group' | 'organization'>().notNull(),
    remoteId: text('remote_id').notNull(),
    name: text('name'),
    email: text('email'),
    /** The e-mail or name by which it travels: as first seen, or as a person accepted it. A rename is no edit. */
    word: text('word'),
    data: jsonb<Record<string, unknown>>()('data').notNull(),
    observedAt: at('observed_at').notNull(),
    /** Since when Udesk does not list it any more: its name stays known. */
    vanishedAt: at('vanished_at'),
  },
  (table) => [primaryKey({ columns: [table.pair, table.kind, table.remoteId] })],
);

/** Calls made, in blocks: the quota is shared by all processes and outlives a restart (promise P10). */
export const quotaCall = udeskSync.table(
  'quota_call',
  {
    scope: text('scope').notNull(),
    at: timestamp('at', { withTimezone: true, mode: 'date' }).notNull(),
    n: integer('n').notNull(),
  },
  (table) => [index('quota_call_scope').on(table.scope, table.at)],
);

/** A signed-in browser. Only the digest of its cookie is kept: who reads this table cannot sign in with it. */
export const session = udeskSync.table(
  'session',
  {
    idHash: text('id_hash').primaryKey(),
    userName: text('user_name').notNull(),
    /** Digest of the password hash at sign-in: a new password ends the sessions of the old one. */
    credential: text('credential').notNull(),
    createdAt: at('created_at').notNull(),
    seenAt: at('seen_at').notNull(),
    expiresAt: at('expires_at').notNull(),
  },
  (table) => [index('session_expires').on(table.expiresAt)],
);

/** The list of Udesk as it was looked at page by page (src/core/freshness): one row per pair. */
export const listing = udeskSync.table('listing', {
  pair: text('pair').primaryKey(),
  total: integer('total'),
  pageRows: integer('page_rows').notNull(),
  /** Faded counts of looks, and since when they are counted: of sweeps and visits, and of the head. */
  paid: doublePrecision('paid').notNull(),
  paidAt: at('paid_at').notNull(),
  paidSince: at('paid_since').notNull(),
  free: doublePrecision('free').notNull(),
  freeAt: at('free_at').notNull(),
  freeSince: at('free_since').notNull(),
  floorMs: doublePrecision('floor_ms').notNull(),
  sweepBegan: at('sweep_began'),
  stretch: doublePrecision('stretch').notNull(),
  stretchedAt: at('stretched_at').notNull(),
  /** The last observation that was taken for a hint. */
  hintedBy: bigint('hinted_by', { mode: 'number' }).notNull().default(0),
  /** The ages that were stated at this time, of all pages and of those in `active`; null until all pages are known. */
  statedAt: at('stated_at'),
  boundMs: doublePrecision('bound_ms'),
  activeBoundMs: doublePrecision('active_bound_ms'),
  active: integer('active').array().notNull(),
});

/** One page of it, newest customers first: up to when it is right, and what is known of its edits. */
export const listingPage = udeskSync.table(
  'listing_page',
  {
    pair: text('pair').notNull(),
    page: integer('page').notNull(),
    edits: doublePrecision('edits').notNull(),
    watchedMs: doublePrecision('watched_ms').notNull(),
    lookedAt: at('looked_at'),
    rightAt: at('right_at').notNull(),
    lowId: text('low_id'),
    hints: doublePrecision('hints').notNull(),
    hintedAt: at('hinted_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.pair, table.page] })],
);

/** What `check --live` last found of a two-way field (src/store/mapping-checks.ts). */
export const mappingCheck = udeskSync.table(
  'mapping_check',
  {
    pair: text('pair').notNull(),
    field: text('field').notNull(),
    /** Digest of what the laws depend on: declared anew, the field has not been looked at. */
    meaning: text('meaning').notNull(),
    checked: integer('checked').notNull(),
    breaks: jsonb<readonly { side: SideName; law: string; id: string }[]>()('breaks').notNull(),
    checkedAt: at('checked_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.pair, table.field] })],
);

/** Where alerts go. Known by a digest of its address: the address itself often is a secret. */
export const alertChannel = udeskSync.table('alert_channel', {
  channel: text('channel').primaryKey(),
  /** The day of the last conflict digest, in the configuration's time zone: `2026-11-25`. */
  digestDay: text('digest_day'),
  /** Which process is sending now. It runs out: a killed one keeps nobody silent. */
  claimedBy: text('claimed_by'),
  claimedUntil: at('claimed_until'),
});

/** What was said on a channel, written down after it was delivered (src/core/alert.ts). */
export const alert = udeskSync.table(
  'alert',
  {
    channel: text('channel').notNull(),
    key: text('key').notNull(),
    state: text('state').$type<'open' | 'closed'>().notNull(),
    openedAt: at('opened_at').notNull(),
    saidAt: at('said_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.channel, table.key] })],
);

/** Requests that a program may send again: what the first one was answered is what all of them are answered. */
export const idempotency = udeskSync.table(
  'idempotency',
  {
    /** Digest of who asked and the key that he chose. */
    keyHash: text('key_hash').primaryKey(),
    requestHash: text('request_hash').notNull(),
    /** Null while the first request is being answered. */
    status: integer('status'),
    body: text('body'),
    at: at('at').notNull(),
  },
  (table) => [index('idempotency_at').on(table.at)],
);
