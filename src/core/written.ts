/**
 * What a record says about a write, without compare-and-set (sync design §8): before it is sent, whether its pre-image
 * still holds; after its answer was lost, whether it happened.
 */
import { equalValues } from './equivalence.ts';
import { WHOLE_RECORD } from './reconcile-presence.ts';
import type { Patch, SideRecord } from './record.ts';
import type { PairSpec } from './spec.ts';

/** Whether every patched field holds its target (or its pre-image), as the field declares equality. */
export function holds(spec: PairSpec, patch: Patch, record: SideRecord, which: 'before' | 'after'): boolean {
  return Object.entries(patch).every(([name, write]) => {
    const field = spec.fields.find(({ udesk }) => udesk === write.field);
    const now = record.fields[name];
    return (
      field !== undefined &&
      now !== undefined &&
      equalValues(field, now, write[which], spec.match.defaultRegion)
    );
  });
}

/**
 * Fields that a write carried when it left, and of which nothing is known any more, since they are mapped in another way now: they
 * prove nothing, and nobody can tell what they replaced.
 */
export function forgottenFields({
  patch,
  reasons,
}: {
  readonly patch: Patch;
  readonly reasons: Readonly<Record<string, string>>;
}): string[] {
  const known = new Set(Object.values(patch).map(({ field }) => field));
  return Object.keys(reasons).filter((field) => field !== WHOLE_RECORD && !known.has(field));
}

/** `moved`: neither its pre-image nor its target is there, so somebody else wrote. */
export type WriteOutcome = 'happened' | 'not-happened' | 'moved';

/** What a later look tells of an update whose answer was lost. */
export function outcomeOf(spec: PairSpec, patch: Patch, record: SideRecord): WriteOutcome {
  if (holds(spec, patch, record, 'after')) return 'happened';
  return holds(spec, patch, record, 'before') ? 'not-happened' : 'moved';
}
