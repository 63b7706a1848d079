/** Whether a choice about a conflict can be made, before it is made: the same for the command line, the pages and the API. */
import type { Config } from '../config/schema.ts';
import type { Take } from '../core/link.ts';
import { readTyped, type ValueProblem } from '../core/typed-value.ts';
import { isBlank, isSet, type Value } from '../core/value.ts';
import type { ConflictRow } from '../store/conflicts.ts';
import { type Choice, choicesFor } from './choices.ts';
import { fieldOf } from './mapped-field.ts';

export interface Wish {
  readonly take: Take;
  /** For `value`: as a person typed it (core/typed-value.ts). */
  readonly typed?: string | undefined;
  /** The person knows that this empties a set. */
  readonly emptying?: boolean | undefined;
}

export type Judgement =
  | { readonly ok: true; readonly take: Take; readonly value: Value | null; readonly choice: Choice }
  | {
      readonly ok: false;
      readonly code: 'unmapped' | 'empties' | 'deletes' | NonNullable<Choice['refusal']>;
      readonly text: string;
    }
  | { readonly ok: false; readonly code: ValueProblem; readonly text: null };

const EMPTIES = 'this empties the field where it holds something now; if that is meant, add --yes';
const DELETES = 'this deletes the record that was edited; if that is meant, add --yes';

type Show = (value: Value | null) => string;

export function judgeDecision(row: ConflictRow, config: Config, wish: Wish, show: Show): Judgement {
  const { pair, spec } = fieldOf(config, row);
  const region = pair?.match.defaultRegion ?? 'CN';
  const choice = choicesFor(row, spec, region, show).find(({ take }) => take === wish.take);
  if (choice === undefined) {
    return { ok: false, code: 'unmapped', text: 'the configuration does not map this field any more' };
  }
  if (choice.refused !== null) {
    return { ok: false, code: choice.refusal ?? 'unmapped', text: choice.refused };
  }
  if (wish.take !== 'value' || spec === null) {
    if (wish.emptying !== true && emptiesASet(row, wish.take)) {
      return row.field === '*'
        ? { ok: false, code: 'deletes', text: DELETES }
        : { ok: false, code: 'empties', text: EMPTIES };
    }
    return { ok: true, take: wish.take, value: null, choice };
  }
  const read = readTyped(wish.typed ?? '', spec, region);
  return read.ok
    ? { ok: true, take: 'value', value: read.value, choice }
    : { ok: false, code: read.problem, text: null };
}

/** Taking the side that had no room, or nothing, removes every element from the other. */
export function emptiesASet(row: ConflictRow, take: Take): boolean {
  if (take !== 'udesk' && take !== 'crm') return false;
  const other = row[take === 'udesk' ? 'crm' : 'udesk'];
  const own = row[take];
  return other !== null && isSet(other) && other.length > 0 && (own === null || isBlank(own));
}
