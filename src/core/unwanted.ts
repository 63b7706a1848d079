/** Creates and deletions that waited, and that the configuration does not ask for any more. Pure. */
import type { SideName } from './record.ts';
import { createsIn, type PairSpec } from './spec.ts';

/**
 * P7, P8: whoever turns creates or deletions off means those that wait as well: a backlog of thousands takes hours, and nobody
 * turns them off without a reason. What a person decided about a record is theirs.
 */
export function isUnwanted(
  spec: Pick<PairSpec, 'create' | 'deletes'>,
  write: {
    readonly side: SideName;
    readonly op: 'create' | 'update' | 'delete';
    readonly reasons: Readonly<Record<string, string>>;
  },
): boolean {
  if (write.op === 'update' || Object.values(write.reasons).includes('decision')) return false;
  if (write.op === 'delete') return spec.deletes !== 'propagate';
  return !createsIn(spec, write.side);
}
