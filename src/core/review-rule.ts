/**
 * A rule of the review: "conflicts of this group take that side". It is proposed from what people decided before, turned on
 * by a person only, and what it may decide is said here. Pure.
 */

import { readPattern } from './conflict-pattern.ts';
import { imageFrom } from './field-outcome.ts';
import { type ConflictKind, type FieldBase, TAKES, type Take } from './link.ts';
import { otherSide, SIDES, type SideName } from './record.ts';
import { type FieldSpec, flowsTo } from './spec.ts';
import { isBlank, type Value } from './value.ts';

/** Similar conflicts. The kind counts: what differs at a first match is another question than what was edited twice. */
export interface Group {
  readonly pair: string;
  /** Udesk name. */
  readonly field: string;
  readonly kind: ConflictKind;
  /** `patternText` (conflict-pattern.ts). */
  readonly pattern: string;
}

export type RuleTake = Exclude<Take, 'value'>;

/** Standing decisions of people about one group, by what they took. */
export type Evidence = Readonly<Record<Take, number>>;

export const NO_EVIDENCE: Evidence = { udesk: 0, crm: 0, base: 0, value: 0 };

/** Fewer decisions propose nothing. */
export const MIN_EVIDENCE = 10;
/** A rule that people would have contradicted more often than one time in twenty is none. */
export const MIN_PRECISION = 0.95;
/** So many decisions of a rule taken back by people turn it off. */
export const MAX_UNDONE = 3;

/**
 * Kinds that a rule may decide. All others tell of something that went wrong, of an identity, or of a whole record: a
 * person looks at each.
 */
export const RULE_KINDS: readonly ConflictKind[] = [
  'edit/edit',
  'first-link',
  'diverged-base',
  'blocked-by-direction',
];

export type Proposal =
  | {
      readonly kind: 'proposed' | 'divided' | 'erases';
      readonly take: RuleTake;
      /** Of `total` past decisions of people so many took the same. */
      readonly agrees: number;
      readonly total: number;
    }
  | { readonly kind: 'few'; readonly total: number }
  /** No rule decides this kind of conflict. */
  | { readonly kind: 'never'; readonly total: number };

/** What the past decisions about a group would have a rule do, or why none is proposed. */
export function propose(group: Pick<Group, 'kind' | 'pattern'>, evidence: Evidence): Proposal {
  const total = TAKES.reduce((sum, take) => sum + evidence[take], 0);
  if (!RULE_KINDS.includes(group.kind)) return { kind: 'never', total };
  if (total < MIN_EVIDENCE) return { kind: 'few', total };
  const take = RULE_TAKES.reduce((best, each) => (evidence[each] > evidence[best] ? each : best));
  const agrees = evidence[take];
  if (agrees < total * MIN_PRECISION) return { kind: 'divided', take, agrees, total };
  return { kind: takesBlank(group.pattern, take) ? 'erases' : 'proposed', take, agrees, total };
}

export const RULE_TAKES = ['udesk', 'crm', 'base'] as const satisfies readonly RuleTake[];

function takesBlank(pattern: string, take: RuleTake): boolean {
  const shape = readPattern(pattern)?.shape;
  return shape === `emptied-in-${take}` || shape === `blank-in-${take}`;
}

/** Why a rule leaves a conflict of its group to a person; null: it may decide it. */
export function ruleRefusal(
  row: { readonly base: FieldBase | null; readonly udesk: Value | null; readonly crm: Value | null },
  spec: FieldSpec | null,
  take: RuleTake,
): 'unmapped' | 'no-base' | 'no-image' | 'erases' | null {
  if (spec === null) return 'unmapped';
  if (take === 'base') {
    if (row.base === null) return 'no-base';
    const { base } = row;
    return SIDES.some((side) => isBlank(base[side]) && !isBlank(row[side])) ? 'erases' : null;
  }
  const to: SideName = otherSide(take);
  if (!flowsTo(spec, to)) return null;
  const image = imageFrom(spec, take, row[take]);
  if (!image.ok) return 'no-image';
  return isBlank(image.value) && !isBlank(row[to]) ? 'erases' : null;
}

/** Under which name a rule decides: it, and the person on whose behalf. */
export function ruleName(id: string, by: string): string {
  return `rule:${id} for ${by}`;
}

/** No person may be called like a rule. */
export function isRuleName(name: string): boolean {
  return /^rule:/i.test(name.trim());
}

/** What the log of decisions says of a rule; `verify-log` holds the stored rule against it. */
export function ruleSubject(
  rule: Group & {
    readonly id: string;
    readonly take: RuleTake;
    readonly agrees: number;
    readonly total: number;
    readonly fromConflictId: string;
  },
): string {
  const { id, field, kind, pattern, take, agrees, total, fromConflictId } = rule;
  return `rule ${id} ${JSON.stringify([field, kind, pattern, take, `${agrees}/${total}`, fromConflictId])}`;
}
