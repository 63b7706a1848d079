/** What of a plan is kept to be looked at: its first writes of each kind, and the first fields that wait. Pure. */
import type { ConflictKind, LinkPlan, LinkState, PlannedWrite, Reason } from './link.ts';
import { type GuardClass, guardClass } from './plan.ts';
import type { SideName } from './record.ts';
import type { Value } from './value.ts';

export interface SampledWrite {
  readonly guardClass: GuardClass;
  readonly side: SideName;
  readonly op: PlannedWrite['op'];
  /** Null: to be created there. */
  readonly udeskId: string | null;
  readonly crmId: string | null;
  /** In the target side's own values; of a delete there are none. */
  readonly fields: readonly {
    readonly field: string;
    readonly before: Value;
    readonly after: Value;
    readonly reason: Reason;
  }[];
}

export interface SampledConflict {
  readonly udeskId: string | null;
  readonly crmId: string | null;
  readonly field: string;
  readonly kind: ConflictKind;
  readonly udesk: Value | null;
  readonly crm: Value | null;
}

export interface PlanSample {
  /** Of each guard class and side the first ones, in the order of the plan. */
  readonly writes: readonly SampledWrite[];
  readonly conflicts: readonly SampledConflict[];
}

/** @param most so many writes of each guard class and side, and so many conflicts */
export function startSample(most: number): {
  add: (link: LinkState, plan: LinkPlan) => void;
  sample: () => PlanSample;
} {
  const taken = new Map<string, number>();
  const writes: SampledWrite[] = [];
  const conflicts: SampledConflict[] = [];
  return {
    add({ udeskId, crmId }, plan) {
      for (const write of plan.writes) {
        const kind = guardClass(write);
        const place = `${kind} ${write.side}`;
        const before = taken.get(place) ?? 0;
        if (before >= most) continue;
        taken.set(place, before + 1);
        const fields = write.op === 'delete' ? [] : Object.values(write.patch);
        writes.push({
          ...{ guardClass: kind, side: write.side, op: write.op, udeskId, crmId },
          fields: fields.map(({ field, before: old, after }) => ({
            ...{ field, before: old, after },
            reason: write.reasons[field] ?? 'propagate',
          })),
        });
      }
      for (const change of plan.conflicts) {
        if (change.action !== 'hold' || conflicts.length >= most) continue;
        const { field, kind, udesk, crm } = change;
        conflicts.push({ udeskId, crmId, field, kind, udesk, crm });
      }
    },
    sample: () => ({ writes, conflicts }),
  };
}

/** The part of a sample that a guard holds. */
export function sampleOf(sample: PlanSample, classes: readonly GuardClass[]): PlanSample {
  return { writes: sample.writes.filter((write) => classes.includes(write.guardClass)), conflicts: [] };
}

/** Nothing was planned. */
export const EMPTY_SAMPLE: PlanSample = { writes: [], conflicts: [] };
