/** Who is back after a deletion: one person with whom they were linked then, or somebody new (promises P5, P6). */
import type { MatchDecision } from './match.ts';
import type { SideName } from './record.ts';

/** Of a record: who was taken for the same person before one of the two was deleted, or both were. Both are live. */
export interface FormerCounterpart {
  readonly id: string;
  /** On the other side. */
  readonly counterpart: string;
  /** Another record has the place of one of them by now, created or merged; else their link ended. */
  readonly isReplaced: boolean;
  /** A person ended their link, and said that the deletion is settled. */
  readonly isSettled: boolean;
}

/** How sure it is that two are one who were linked until one was deleted, and may have no contact in common by now. */
const LINKED_BEFORE = 0.5;

/**
 * What matching says of a record, weighed with who was its counterpart before a deletion: whoever is no match by now is not created a
 * second time, and whose deletion a person has settled is not linked again, before a person has said who they are.
 * @param former of this record
 * @param isApart whether a person said that this one of the other side is somebody else
 */
export function weighFormer(
  side: SideName,
  id: string,
  decision: MatchDecision,
  former: readonly FormerCounterpart[],
  isApart: (counterpart: string) => boolean,
): MatchDecision {
  if (decision.kind === 'review') return decision;
  const asked = former.filter(({ counterpart, isSettled }) =>
    decision.kind === 'link'
      ? isSettled && counterpart === (side === 'udesk' ? decision.crmId : decision.udeskId)
      : !isApart(counterpart),
  );
  if (asked.length === 0) return decision;
  const others = [...new Set(asked.map(({ counterpart }) => counterpart))].sort();
  const [udeskIds, crmIds] = side === 'udesk' ? [[id], others] : [others, [id]];
  const reason = asked.some(({ isReplaced }) => isReplaced)
    ? 'they were linked until one was deleted, and another record has its place by now'
    : 'they were linked until one was deleted, and it is back';
  const evidence = decision.kind === 'link' ? decision.evidence : [];
  return { kind: 'review', udeskIds, crmIds, evidence, score: LINKED_BEFORE, reason };
}
