import { bigint, boolean, integer, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { PlanSample } from '../../core/plan-sample.ts';
import type { SideName } from '../../core/record.ts';
import type { FieldSpec } from '../../core/spec.ts';
import { at, jsonb, udeskSync } from './columns.ts';

/** Per side: it shows nothing although the mirror knows records; how far its clock is off. */
export type SideAlarms = Partial<Record<SideName, { empty: boolean; clockSkewMs: number | null }>>;

/** What gives a field's bases their meaning. */
export type FieldMeaning = Pick<FieldSpec, 'crm' | 'shape' | 'map' | 'lenses' | 'named'>;

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

/** One row per configured pair: what must survive a restart. */
export const pair = udeskSync.table('pair', {
  name: text('name').primaryKey(),
  /**
   * pending: nothing was accepted yet, so nothing may be written to either side; accepting: the plan of
   * `firstPlanHash` was accepted and is not released yet; accepted: writes are enabled.
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
  /** The runs in which they began. */
  udeskCertifiedRun: bigint('udesk_certified_run', { mode: 'number' }),
  crmCertifiedRun: bigint('crm_certified_run', { mode: 'number' }),
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
  /** Conflicts that were erased with a forgotten person, and of them the closed ones: what was counted stays counted. */
  conflictsForgotten: integer('conflicts_forgotten').notNull().default(0),
  closedForgotten: integer('closed_forgotten').notNull().default(0),
  createdAt: at('created_at').notNull().defaultNow(),
});

/** One writer per pair. The fence rises with every owner; each transaction of a cycle checks it (lease-lost). */
export const lease = udeskSync.table(
  'lease',
  {
    pair: text('pair').primaryKey(),
    owner: text('owner').notNull(),
    fence: bigint('fence', { mode: 'number' }).notNull(),
    expiresAt: at('expires_at').notNull(),
  },
  // It makes the fence a part of a key: to change it (taking the lease) Postgres waits for every `for key share` of its
  // holder's transactions, and to change the time alone (renewing it) for none of them (src/store/tx.ts).
  (table) => [uniqueIndex('lease_fence').on(table.pair, table.fence)],
);
