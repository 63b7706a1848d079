/**
 * What of a plan is kept to be looked at before somebody says yes to it: all that takes something away, up to a bound that
 * is stated where it is shown; of everything else, and of the fields that wait, the first ones. Pure.
 */
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
  /** What takes something away comes first, deletes before all; otherwise in the order of the plan. */
  readonly writes: readonly SampledWrite[];
  readonly conflicts: readonly SampledConflict[];
}

/** How much of a plan is kept. */
export interface SampleBounds {
  /** Of each side the deletes, and of each side the writes that overwrite something. */
  readonly takingAway: number;
  /** Of each side those that only create, and those that only fill; and so many conflicts. */
  readonly others: number;
  /** Characters of values altogether: the plan of a cycle is held in memory, and each one kept in a row of the database. */
  readonly characters: number;
}

export const SAMPLE_BOUNDS: SampleBounds = { takingAway: 10_000, others: 100, characters: 16_000_000 };

/** What nobody can get back comes first. */
const ORDER: readonly GuardClass[] = ['delete', 'overwrite', 'create', 'fill'];

export function startSample({ takingAway, others, characters }: SampleBounds): {
  add: (link: LinkState, plan: LinkPlan) => void;
  sample: () => PlanSample;
} {
  const taken = new Map<string, number>();
  const writes = new Map<GuardClass, SampledWrite[]>(ORDER.map((kind) => [kind, []]));
  const conflicts: SampledConflict[] = [];
  let left = characters;
  return {
    add({ udeskId, crmId }, plan) {
      for (const write of plan.writes) {
        const kind = guardClass(write);
        const place = `${kind} ${write.side}`;
        const before = taken.get(place) ?? 0;
        if (before >= (kind === 'delete' || kind === 'overwrite' ? takingAway : others)) continue;
        const fields = write.op === 'delete' ? [] : fieldsOf(write);
        // The first ones are kept however long they are.
        if (before >= others && fields.length > 0) {
          const size = JSON.stringify(fields).length;
          if (size > left) continue;
          left -= size;
        }
        taken.set(place, before + 1);
        writes.get(kind)?.push({ guardClass: kind, side: write.side, op: write.op, udeskId, crmId, fields });
      }
      for (const change of plan.conflicts) {
        if (change.action !== 'hold' || conflicts.length >= others) continue;
        const { field, kind, udesk, crm } = change;
        conflicts.push({ udeskId, crmId, field, kind, udesk, crm });
      }
    },
    sample: () => ({ writes: ORDER.flatMap((kind) => writes.get(kind) ?? []), conflicts }),
  };
}

function fieldsOf({ patch, reasons }: PlannedWrite): SampledWrite['fields'] {
  return Object.values(patch).map(({ field, before, after }) => ({
    ...{ field, before, after },
    reason: reasons[field] ?? 'propagate',
  }));
}

/** The part of a sample that a guard holds. */
export function sampleOf(sample: PlanSample, classes: readonly GuardClass[]): PlanSample {
  return { writes: sample.writes.filter((write) => classes.includes(write.guardClass)), conflicts: [] };
}

/** Nothing was planned. */
export const EMPTY_SAMPLE: PlanSample = { writes: [], conflicts: [] };
