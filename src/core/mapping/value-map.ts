/** A value map as a lens. Of several CRM values of one Udesk value, what is held stays, and the first is what is written. Pure. */
import { normalizeText } from '../equivalence.ts';
import type { FieldSpec } from '../spec.ts';
import { image, type Lens, noImage, type Was } from './lens.ts';

export type MapSpec = Pick<FieldSpec, 'equivalence'> & { readonly map: NonNullable<FieldSpec['map']> };

export function mapLens(spec: MapSpec): Lens {
  const way = (from: 0 | 1) => (text: string | null, was: Was) => {
    if (text === null) return image(null);
    const found = imageOf(spec, text, from, was);
    return found === null ? noImage("is not in the field's map") : image(found);
  };
  return { toCrm: way(0), toUdesk: way(1) };
}

function imageOf({ map, equivalence }: MapSpec, text: string, from: 0 | 1, was: Was): string | null {
  const to = from === 0 ? 1 : 0;
  const key = (value: string) => mapKey(equivalence, value);
  const exact = map.filter((pair) => pair[from] === text);
  const found = exact.length > 0 ? exact : map.filter((pair) => key(pair[from]) === key(text));
  const held = typeof was === 'string' ? found.find((pair) => key(pair[to]) === key(was)) : undefined;
  return (held ?? found[0])?.[to] ?? null;
}

/** Enumerated values have no region: a phone field with a map is compared as text. */
function mapKey(equivalence: FieldSpec['equivalence'], text: string): string {
  return normalizeText(equivalence === 'phone' ? 'text' : equivalence, text, '');
}
