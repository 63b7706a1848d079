/** Fields of a link whose bases came from a backup (docs/decisions/0018-a-database-that-went-back.md). */
import { equalValues } from './equivalence.ts';
import { equalNow, type FieldContext, type FieldOutcome, hold } from './field-outcome.ts';
import { decideScalar } from './reconcile-scalar.ts';
import { SIDES } from './record.ts';

/**
 * P2: after a restore two sides that differ are never told apart by the old base, because a value may have been carried
 * over and edited back in the time that is missing. The field's policy decides, and the row keeps the loser; where there
 * is none, a person does.
 * @returns null where the ordinary rules hold: both sides agree, or both are where they were when the backup was made
 */
export function decideRestored(field: FieldContext): FieldOutcome | null {
  const { spec, base, row, now, region } = field;
  if (field.rebased !== true && row?.kind !== 'restored') return null;
  if (equalNow(field)) return null;
  const moved = base === null || SIDES.some((side) => !equalValues(spec, now[side], base[side], region));
  if (!moved) return null;
  if (spec.shape !== 'set') return decideScalar(field, 'restored');
  const reason = 'the database was restored from a backup, so who edited this last is not known';
  return { conflict: hold(field, 'restored', reason) };
}
