/** From the rules of a field to the lens that they make, built once for each. Pure: the memo only remembers. */
import type { FieldSpec } from '../spec.ts';
import { dateLens } from './date.ts';
import { joinLens } from './join.ts';
import { inRow, type Lens, type LensSpec } from './lens.ts';
import { phoneLens } from './phone.ts';
import { defaultLens, emailLens, truncateLens } from './texts.ts';
import { mapLens } from './value-map.ts';

type Rules = Pick<FieldSpec, 'map' | 'lenses' | 'equivalence'>;

const built = new WeakMap<object, Lens>();

/** Null: the values of the field travel as they are. */
export function lensOf({ map, lenses, equivalence }: Rules): Lens | null {
  // Both stay the same objects for as long as the field means the same.
  const key = lenses ?? map;
  if (key === null) return null;
  let lens = built.get(key);
  if (lens === undefined) {
    const rules = lenses ?? [];
    const blanks = rules.filter((rule) => rule.kind === 'default' && rule.on === 'udesk');
    const others = rules.filter((rule) => !blanks.includes(rule));
    const mapped = map === null ? [] : [mapLens({ map, equivalence })];
    lens = inRow([...blanks.flatMap(one), ...mapped, ...others.flatMap(one)]);
    built.set(key, lens);
  }
  return lens;
}

function one(rule: LensSpec): Lens[] {
  switch (rule.kind) {
    case 'date':
      return [dateLens(rule)];
    case 'phone':
      return [phoneLens(rule)];
    case 'email':
      return [emailLens(rule.lower)];
    case 'truncate':
      return [truncateLens(rule.on, rule.characters)];
    case 'default':
      return [defaultLens(rule.on, rule.value)];
    case 'join':
      return [joinLens(rule)];
    // The value stands as it is; where it stands is the business of src/crm/mapped.
    case 'path':
    case 'constant':
      return [];
  }
}
