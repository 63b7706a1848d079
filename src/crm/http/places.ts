/** Where each mapped field stands in a record, from the config. Pure. */
import { didYouMean } from '../../lib/suggest.ts';
import type { AdapterContext } from '../definition.ts';
import type { FieldConfig, HttpConfig } from './config.ts';
import type { TimeForm } from './times.ts';

interface Common {
  readonly field: string;
  readonly trim: boolean;
  readonly lower: boolean;
  readonly readOnly: boolean;
}

export type ScalarPlace = Common & {
  readonly kind: 'text' | 'number' | 'boolean' | 'date';
  readonly path: string;
  readonly words: { readonly true: string | number | boolean; readonly false: string | number | boolean };
  readonly time: TimeForm;
};
export type StringsPlace = Common & { readonly kind: 'strings'; readonly path: string };
export type ObjectsPlace = Common & {
  readonly kind: 'objects';
  readonly path: string;
  readonly value: string;
  readonly id: string | null;
  readonly primary: string | null;
  readonly extra: Readonly<Record<string, string | number | boolean>>;
};
export type SlotsPlace = Common & { readonly kind: 'slots'; readonly slots: readonly string[] };
export type SetPlace = StringsPlace | ObjectsPlace | SlotsPlace;
export type Place = ScalarPlace | SetPlace;

export function isSetPlace(place: Place): place is SetPlace {
  return place.kind === 'strings' || place.kind === 'objects' || place.kind === 'slots';
}

/** One place for each field that the pair maps, and what does not fit, each with the key that it is about. */
export function placesOf(
  config: HttpConfig,
  fields: AdapterContext['fields'],
): { places: readonly Place[]; problems: readonly string[] } {
  const problems: string[] = [];
  const mapped = fields.map((one) => one.name);
  for (const name of Object.keys(config.fields)) {
    if (!mapped.includes(name))
      problems.push(`crm.fields.${name}: the pair maps no field of this name.${didYouMean(name, mapped)}`);
  }
  const places = fields.map(({ name, shape }): Place => {
    const given = config.fields[name] ?? name;
    const block: Partial<FieldConfig> = typeof given === 'string' ? { path: given } : given;
    const { trim = false, lower = false, readOnly = false } = block;
    const common = { field: name, trim, lower, readOnly };
    const isSet = block.slots !== undefined || block.as === 'strings' || block.as === 'objects';
    if (shape === 'set' && !isSet && block.as !== undefined)
      problems.push(
        `crm.fields.${name}.as: the pair maps it to a field of several values; use strings, objects or slots`,
      );
    if (shape === 'scalar' && isSet)
      problems.push(
        `crm.fields.${name}: the pair maps it to a field of one value; use text, number, boolean or date`,
      );
    if (block.slots !== undefined) return { ...common, kind: 'slots', slots: block.slots };
    const path = block.path ?? name;
    const as = block.as ?? (shape === 'set' ? 'strings' : 'text');
    if (as === 'strings') return { ...common, kind: as, path };
    if (as === 'objects') {
      const { value = 'value', id = null, primary = null, extra = {} } = block;
      return { ...common, kind: as, path, value, id, primary, extra };
    }
    const { words = { true: true, false: false }, format = 'iso', offset = '+00:00' } = block;
    return { ...common, kind: as, path, words, time: { format, offset } };
  });
  return { places, problems };
}
