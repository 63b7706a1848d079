/** A plan as a list for reading, and the hash that a person approves (promise P11: the same plan, the same hash). */
import { canonicalJson, sha256 } from '../lib/hash.ts';
import type { LinkPlan, LinkState, PlannedWrite, Reason } from './link.ts';
import type { SideName } from './record.ts';
import { isBlank, type Value } from './value.ts';

/** One write of one field; a delete is one item with the field `*`. */
export interface PlanItem {
  readonly linkId: string;
  readonly udeskId: string | null;
  readonly crmId: string | null;
  readonly side: SideName;
  readonly op: PlannedWrite['op'];
  /** The pair's field name. */
  readonly field: string;
  /** In the target side's own values; null for a delete. */
  readonly before: Value;
  readonly after: Value;
  readonly reason: Reason;
}

export function planItems(link: LinkState, plan: LinkPlan): PlanItem[] {
  const { udeskId, crmId } = link;
  return plan.writes.flatMap((write): PlanItem[] => {
    const ids = { linkId: plan.linkId, udeskId, crmId, side: write.side, op: write.op };
    if (write.op === 'delete') {
      return [{ ...ids, field: '*', before: null, after: null, reason: write.reasons['*'] ?? 'delete' }];
    }
    return Object.values(write.patch).map(({ field, before, after }) => ({
      ...ids,
      field,
      before,
      after,
      reason: write.reasons[field] ?? 'propagate',
    }));
  });
}

/** What a guard counts a write as. A `fill` takes nothing away: it fills blanks, adds elements, or is a person's choice. */
export const GUARD_CLASSES = ['create', 'overwrite', 'fill', 'delete'] as const;
export type GuardClass = (typeof GUARD_CLASSES)[number];

/**
 * Only what takes something away is destructive, and only that may have to wait for a person (sync design §10). A choice
 * that a person made about this very conflict needs no second one; a rule's is counted like anything that nobody looked at.
 */
export function guardClass(write: PlannedWrite): GuardClass {
  if (write.op !== 'update') return write.op;
  const takesAway = Object.values(write.patch).some(({ field, before, ops }) => {
    if (write.reasons[field] === 'decision' && write.byRule?.includes(field) !== true) return false;
    return ops === null ? !isBlank(before) : ops.remove.length + ops.change.length > 0;
  });
  return takesAway ? 'overwrite' : 'fill';
}

/**
 * SHA-256 of the plan, whatever the order of its items. The link's own id is left out: it may be made up anew each
 * time for a link that is not stored yet. `salt` tells plans of different pairs apart.
 */
export function planHash(items: readonly PlanItem[], salt = ''): string {
  const lines = items.map(({ linkId: _volatile, ...item }) => canonicalJson(item)).sort();
  return sha256(`${salt}\n${lines.join('\n')}`);
}
