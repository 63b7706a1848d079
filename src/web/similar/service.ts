/** What the pages and the API have in common: groups with what is proposed for them, and rules turned on and off. */

import { type Evidence, type Group, type Proposal, propose, type RuleTake } from '../../core/review-rule.ts';
import { isRowId } from '../../lib/row-id.ts';
import { previewRule, type RulePreview } from '../../report/rule-preview.ts';
import { type InboxRow, inboxRows } from '../../store/inbox.ts';
import {
  type CountedRule,
  listRules,
  loadRule,
  type ReviewRule,
  turnOff,
  turnOn,
} from '../../store/review-rules.ts';
import {
  type Disagreement,
  disagreements,
  evidenceOf,
  type OpenGroup,
  openGroup,
  openGroups,
} from '../../store/similar.ts';
import { nameFields } from '../conflicts/query.ts';
import { Refusal } from '../refusal.ts';
import type { SignedVisit, Visit } from '../visit.ts';

export const GROUPS_PER_PAGE = 20;
const MAX_DISAGREEMENTS = 50;
const RULES = 100;

export interface ShownGroup {
  readonly group: OpenGroup;
  readonly examples: readonly InboxRow[];
  readonly proposal: Proposal;
  /** The one that is on. */
  readonly rule: CountedRule | null;
}

export interface SimilarPage {
  readonly groups: readonly ShownGroup[];
  readonly total: number;
  readonly unclassified: number;
  /** On and off, those that are on first. */
  readonly rules: readonly CountedRule[];
}

const pairNames = ({ services }: Visit): string[] => services.config.pairs.map(({ name }) => name);

export async function loadSimilar(visit: Visit, offset: number): Promise<SimilarPage> {
  const { db } = visit.services;
  const pairs = pairNames(visit);
  const [{ groups, total, unclassified }, rules] = await Promise.all([
    openGroups(db, pairs, { limit: GROUPS_PER_PAGE, offset }),
    listRules(db, pairs, RULES),
  ]);
  const [evidence, examples] = await Promise.all([evidenceOf(db, groups), rowsOf(visit, groups)]);
  return {
    groups: groups.map((group, n) => shown(group, evidence[n], examples, rules)),
    total,
    unclassified,
    rules,
  };
}

async function rowsOf(visit: Visit, groups: readonly OpenGroup[]): Promise<Map<string, InboxRow>> {
  const ids = groups.flatMap(({ examples }) => examples);
  const rows = await inboxRows(visit.services.db, ids, nameFields(visit));
  return new Map(rows.map((row) => [row.id, row]));
}

function shown(
  group: OpenGroup,
  evidence: Evidence | undefined,
  examples: ReadonlyMap<string, InboxRow>,
  rules: readonly CountedRule[],
): ShownGroup {
  if (evidence === undefined) throw new Error('every group has evidence');
  return {
    group,
    examples: group.examples.flatMap((id) => examples.get(id) ?? []),
    proposal: propose(group, evidence),
    rule: rules.find((rule) => rule.offAt === null && isSame(rule, group)) ?? null,
  };
}

function isSame(one: Group, other: Group): boolean {
  return (['pair', 'field', 'kind', 'pattern'] as const).every((key) => one[key] === other[key]);
}

export interface GroupDetail extends ShownGroup {
  readonly against: readonly Disagreement[];
  /** Null: no rule is proposed, or one is on. */
  readonly preview: RulePreview | null;
}

/** @throws Refusal `not-found` for a pair that is not configured */
export async function loadGroup(visit: Visit, of: Group): Promise<GroupDetail> {
  const { db } = visit.services;
  if (!pairNames(visit).includes(of.pair)) throw new Refusal('not-found');
  const [group, [evidence], rules] = await Promise.all([
    openGroup(db, of),
    evidenceOf(db, [of]),
    listRules(db, [of.pair], RULES),
  ]);
  const one = shown(group, evidence, await rowsOf(visit, [group]), rules);
  const take = 'take' in one.proposal ? one.proposal.take : null;
  return {
    ...one,
    against: take === null ? [] : await disagreements(db, of, take, MAX_DISAGREEMENTS),
    preview:
      one.proposal.kind === 'proposed' && one.rule === null
        ? await previewRule(db, visit.services.config, group, one.proposal.take)
        : null,
  };
}

export type TurnOnOutcome =
  | { readonly outcome: 'on'; readonly rule: ReviewRule }
  /** Somebody was faster. */
  | { readonly outcome: 'late' }
  /** It is not what was shown any more: nothing was turned on. */
  | { readonly outcome: 'moved' };

/** Turns on exactly the proposal that a person was shown. */
export async function turnRuleOn(
  visit: SignedVisit,
  seen: Group & { readonly take: RuleTake; readonly agrees: number; readonly total: number },
  includeOpen: boolean,
): Promise<TurnOnOutcome> {
  const { services, actor, now } = visit;
  if (!pairNames(visit).includes(seen.pair)) throw new Refusal('not-found');
  const [evidence] = await evidenceOf(services.db, [seen]);
  if (evidence === undefined) throw new Error('every group has evidence');
  const proposal = propose(seen, evidence);
  const same =
    proposal.kind === 'proposed' &&
    proposal.take === seen.take &&
    proposal.agrees === seen.agrees &&
    proposal.total === seen.total;
  if (!same) return { outcome: 'moved' };
  const rule = await turnOn(services.db, { ...seen, includeOpen, who: actor.name, at: now });
  if (rule === null) return { outcome: 'late' };
  services.wake(seen.pair);
  return { outcome: 'on', rule };
}

export async function listAllRules(visit: Visit): Promise<CountedRule[]> {
  return await listRules(visit.services.db, pairNames(visit), RULES);
}

/** @throws Refusal `not-found` */
export async function findRule(visit: Visit, id: string): Promise<CountedRule> {
  const known = isRowId(id);
  const rule = known ? await loadRule(visit.services.db, pairNames(visit), id) : null;
  if (rule === null) throw new Refusal('not-found');
  return rule;
}

/** @returns whether it was on until now */
export async function turnRuleOff(visit: SignedVisit, id: string): Promise<boolean> {
  const { services, actor, now } = visit;
  await findRule(visit, id);
  return await turnOff(services.db, { id, who: actor.name, at: now });
}
