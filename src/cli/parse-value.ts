/** What was typed after --value, or what would have been right. Pure. */
import type { FieldSpec } from '../core/spec.ts';
import { readTyped, type ValueProblem } from '../core/typed-value.ts';
import type { Value } from '../core/value.ts';
import { SyncError } from '../errors.ts';

/** Throws `SyncError('config')` with what would be right. */
export function parseValue(typed: string, field: FieldSpec, region: string): Value {
  const read = readTyped(typed, field, region);
  if (read.ok) return read.value;
  const [what, advice] = WORDS[read.problem];
  throw new SyncError('config', `this --value does not fit: the field ${what}`, {
    code: 'usage',
    field: field.udesk,
    advice: read.problem === 'not-mapped' ? `${advice}: ${allowed(field)}` : advice,
  });
}

const WORDS: Readonly<Record<ValueProblem, readonly [what: string, advice: string]>> = {
  'not-one': ['holds one value', `give a text, such as --value 'Wang'`],
  'not-boolean': ['is true or false', 'give --value true or --value false'],
  'not-number': ['holds a number', 'give one, such as --value 12.5'],
  'not-mapped': ['has a value map', "give one of Udesk's values"],
  'not-many': ['holds several values', `give a JSON array of texts: --value '["a","b"]'`],
  twice: ['would hold one value twice', 'leave one of the two out'],
  'not-email': ['holds e-mail addresses', `give one, such as --value '["wang@example.com"]'`],
  'not-phone': ['holds phone numbers', `give one, such as --value '["13800138000"]'`],
};

function allowed({ map }: FieldSpec): string {
  return (map ?? []).map(([udesk]) => udesk).join(', ');
}
