/** Lets the planner and a perfect engine work on one link until nothing is left to do: for laws about undoing. */
import type { LinkPlan, LinkState, PlannedWrite, RevertedWrite, RevertRequest } from '../../src/core/link.ts';
import { reconcileLink } from '../../src/core/reconcile.ts';
import type { SideName } from '../../src/core/record.ts';
import { type FieldSpec, type PairSpec, sideField } from '../../src/core/spec.ts';
import type { Value } from '../../src/core/value.ts';
import { applyPlan, type Remote } from './apply-plan.ts';

export interface Settled {
  readonly link: LinkState;
  readonly writes: readonly PlannedWrite[];
  /** By side, of the one field: what each write found and left, newest first. */
  readonly written: Partial<Record<SideName, RevertedWrite[]>>;
  readonly outcomes: readonly string[];
}

/** Two cycles' worth of rounds. Throws when it does not come to rest: that would be a write for ever. */
export function settle(spec: PairSpec, start: LinkState): Settled {
  let link = start;
  const writes: PlannedWrite[] = [];
  const written: Partial<Record<SideName, RevertedWrite[]>> = {};
  const outcomes: string[] = [];
  for (let round = 0; round < 8; round += 1) {
    const plan = reconcileLink(spec, link);
    const quiet = plan.writes.length + Object.keys(plan.bases).length + plan.conflicts.length === 0;
    if (quiet && (plan.reverts ?? []).length === 0) return { link, writes, written, outcomes };
    writes.push(...plan.writes);
    outcomes.push(...(plan.reverts ?? []).map(({ outcome }) => outcome));
    const next = applyPlan(spec, link, plan);
    for (const write of plan.writes) {
      for (const [name, { before, after }] of Object.entries(write.patch)) {
        const result = valueOn(next, write.side, name) ?? after;
        written[write.side] = [{ before, result }, ...(written[write.side] ?? [])];
      }
    }
    link = { ...next, reverts: afterPlan(link, plan, next, plan.writes) };
  }
  throw new Error('the planner does not come to rest');
}

/** One plan, carried out as `remote` does. */
export function step(spec: PairSpec, link: LinkState, remote: Remote): LinkState {
  const plan = reconcileLink(spec, link);
  const next = applyPlan(spec, link, plan, remote);
  const done = plan.writes.filter((write) => !remote.drops?.(write));
  return { ...next, reverts: afterPlan(link, plan, next, done) };
}

/** The wishes that still wait, with what these writes restored. */
function afterPlan(
  link: LinkState,
  plan: LinkPlan,
  next: LinkState,
  done: readonly PlannedWrite[],
): RevertRequest[] {
  const closed = new Set((plan.reverts ?? []).map(({ id }) => id));
  return (link.reverts ?? [])
    .filter(({ id }) => !closed.has(id))
    .map((request): RevertRequest => {
      const restoring = done.filter(({ reasons }) => reasons[request.field] === 'revert');
      const restored = restoring.flatMap(({ side, patch }) =>
        Object.keys(patch).map((name) => [side, valueOn(next, side, name) ?? null] as const),
      );
      const carried = [...new Set([...request.carried, ...restoring.map(({ side }) => side)])];
      return { ...request, carried, restored: { ...request.restored, ...Object.fromEntries(restored) } };
    });
}

function valueOn(link: LinkState, side: SideName, name: string): Value | undefined {
  const presence = link[side];
  return presence.state === 'live' ? presence.record.fields[name] : undefined;
}

export function undo(
  link: LinkState,
  field: FieldSpec,
  writes: RevertRequest['writes'],
  bothSides: boolean,
): LinkState {
  return { ...link, reverts: [{ id: 'r1', field: field.udesk, writes, bothSides, carried: [] }] };
}

export function held(link: LinkState, field: FieldSpec, side: SideName): Value {
  const presence = link[side];
  return presence.state === 'live' ? (presence.record.fields[sideField(field, side)] ?? null) : null;
}

export function edited(link: LinkState, field: FieldSpec, side: SideName, value: Value): LinkState {
  const presence = link[side];
  if (presence.state !== 'live') return link;
  const fields = { ...presence.record.fields, [sideField(field, side)]: value };
  return { ...link, [side]: { state: 'live', record: { ...presence.record, fields } } };
}
