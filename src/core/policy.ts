/**
 * What decides between two values that were both edited (sync design §4): each policy is a function of base, the
 * two values and their times, and of nothing else (promise P11). What it cannot decide it says in words, and the
 * field is held.
 */
import { asElements, equalValues, normalizeText, scalarText } from './equivalence.ts';
import type { SideName } from './record.ts';
import type { FieldSpec, Policy } from './spec.ts';
import { type Element, isBlank, isSet, type Value } from './value.ts';

export interface PolicyInput {
  readonly spec: FieldSpec;
  /** Default region of phone numbers. */
  readonly region: string;
  /** In Udesk's values, like the two that follow; null on the first link. */
  readonly base: Value | null;
  readonly udesk: Value;
  readonly crm: Value;
  readonly times: EditTimes;
}

export interface EditTimes {
  /** ISO 8601; null where the side keeps none. */
  readonly udeskAt: string | null;
  readonly crmAt: string | null;
  /** Both come from sources that may order edits. */
  readonly trusted: boolean;
}

export type PolicyOutcome =
  | { readonly kind: 'take'; readonly side: SideName; readonly reason: string }
  /** Made of both; in Udesk's values. */
  | { readonly kind: 'value'; readonly value: Value; readonly reason: string }
  | { readonly kind: 'undecided'; readonly reason: string };

export function applyPolicy(input: PolicyInput): PolicyOutcome {
  if (equalValues(input.spec, input.udesk, input.crm, input.region)) {
    return undecided('both sides hold the same value');
  }
  return DECIDE[input.spec.policy](input);
}

const DECIDE: Record<Policy, (input: PolicyInput) => PolicyOutcome> = {
  hold: () => undecided('both sides hold their own value, and the policy of the field is hold'),
  udesk: () => take('udesk', 'the policy of the field is udesk'),
  crm: () => take('crm', 'the policy of the field is crm'),
  'prefer-udesk-unless-blank': (input) => preferUnlessBlank(input, 'udesk'),
  'prefer-crm-unless-blank': (input) => preferUnlessBlank(input, 'crm'),
  newest,
  union,
  longest,
  append,
};

function preferUnlessBlank(input: PolicyInput, side: SideName): PolicyOutcome {
  const policy = `the policy of the field is prefer-${side}-unless-blank`;
  if (!isBlank(input[side])) return take(side, policy);
  return take(side === 'udesk' ? 'crm' : 'udesk', `${policy}, and ${side} is blank`);
}

function newest({ times }: PolicyInput): PolicyOutcome {
  const { udeskAt, crmAt, trusted } = times;
  if (udeskAt === null || crmAt === null) return undecided('newest needs the time of both edits');
  if (!trusted) return undecided('newest needs times that can be trusted, from both sides');
  const ahead = Date.parse(udeskAt) - Date.parse(crmAt);
  if (Number.isNaN(ahead)) return undecided('newest cannot read the time of an edit');
  if (ahead === 0) return undecided('both edits carry the same time');
  return take(ahead > 0 ? 'udesk' : 'crm', 'the newer edit');
}

function union({ spec, region, udesk, crm }: PolicyInput): PolicyOutcome {
  if (spec.shape !== 'set') return undecided('union decides sets only');
  const seen = new Set<string>();
  const value: Element[] = [...asElements(udesk), ...asElements(crm)].filter((element) => {
    const key = normalizeText(spec.equivalence, element.value, region);
    return !seen.has(key) && seen.add(key);
  });
  return { kind: 'value', value, reason: 'the union of both' };
}

function longest({ udesk, crm }: PolicyInput): PolicyOutcome {
  const [inUdesk, inCrm] = [length(udesk), length(crm)];
  if (inUdesk === inCrm) return undecided('both values have the same length');
  return take(inUdesk > inCrm ? 'udesk' : 'crm', 'the longer value');
}

function append({ spec, udesk, crm }: PolicyInput): PolicyOutcome {
  if (spec.map !== null || spec.lenses !== undefined) return undecided('append cannot join mapped values');
  if (isBlank(udesk)) return take('crm', 'udesk is blank');
  if (isBlank(crm)) return take('udesk', 'crm is blank');
  if (typeof udesk !== 'string' || typeof crm !== 'string') return undecided('append decides texts only');
  const [one, two] = [udesk.normalize('NFC').trim(), crm.normalize('NFC').trim()];
  if (one.includes(two)) return take('udesk', 'it contains the text of crm');
  if (two.includes(one)) return take('crm', 'it contains the text of udesk');
  return { kind: 'value', value: `${one}\n${two}`, reason: 'both texts, one after the other' };
}

/** In characters as a person counts them, roughly: code points. A set counts its elements. */
function length(value: Value): number {
  if (isSet(value)) return asElements(value).length;
  return [...(scalarText(value) ?? '').normalize('NFC').trim()].length;
}

function take(side: SideName, reason: string): PolicyOutcome {
  return { kind: 'take', side, reason };
}

function undecided(reason: string): PolicyOutcome {
  return { kind: 'undecided', reason };
}
