/** Where each mapped field stands in a partner, from the config and from what Odoo says of its fields. Pure. */
import { didYouMean } from '../../lib/suggest.ts';
import type { AdapterContext } from '../definition.ts';
import type { FieldBlock, OdooConfig } from './config.ts';

/** One field as `fields_get` describes it. */
export interface ModelField {
  readonly type: string;
  readonly readonly: boolean;
  /** The model that a reference leads to. */
  readonly relation: string | null;
}
export type ModelFields = Readonly<Record<string, ModelField>>;

interface Common {
  readonly field: string;
  readonly readOnly: boolean;
}
export type ValuePlace = Common & { readonly kind: 'text' | 'boolean' | 'number'; readonly odoo: string };
export type SlotsPlace = Common & { readonly kind: 'slots'; readonly slots: readonly string[] };
/** A field that holds other records, known by one field of theirs. */
interface Related {
  readonly odoo: string;
  readonly model: string;
  readonly by: string;
}
export type ReferencePlace = Common & Related & { readonly kind: 'reference' };
export type TagsPlace = Common & Related & { readonly kind: 'tags'; readonly create: boolean };
export type WordPlace = ReferencePlace | TagsPlace;
export type Place = ValuePlace | SlotsPlace | WordPlace;

export function isSetPlace(place: Place): place is SlotsPlace | TagsPlace {
  return place.kind === 'slots' || place.kind === 'tags';
}
export function isWordPlace(place: Place): place is WordPlace {
  return place.kind === 'reference' || place.kind === 'tags';
}
export function odooFieldsOf(place: Place): readonly string[] {
  return place.kind === 'slots' ? place.slots : [place.odoo];
}

const TEXTS = new Set(['char', 'text', 'html', 'selection', 'date', 'datetime']);
const NUMBERS = new Set(['integer', 'float', 'monetary']);
/** People choose them for their own reasons (documents, taxes); Odoo also fills them in. They are read at most. */
const LEFT_ALONE = new Set(['lang', 'country_id']);
const NO_FIELDS: Readonly<Record<string, string>> = {
  active: 'says whether a partner is archived, which is a deletion here: see crm.archived and crm.delete',
  id: 'is the id',
};
/** What a name under `fields` of the pair means where `crm.fields` says nothing of it. */
const USUAL: Readonly<Record<string, (model: ModelFields) => FieldBlock>> = {
  emails: () => block({ slots: ['email'] }),
  phones: (model) => block({ slots: ['mobile', 'phone'].filter((name) => name in model) }),
  tags: () => block({ tags: 'category_id' }),
  owner: () => block({ ref: 'user_id' }),
  organization: () => block({ ref: 'parent_id' }),
};

/** One place for each field that the pair maps, and what does not fit, each with the key that it is about. */
export function placesOf(
  config: Pick<OdooConfig, 'fields'>,
  mapped: AdapterContext['fields'],
  model: ModelFields,
): { places: readonly Place[]; problems: readonly string[] } {
  const problems: string[] = [];
  const names = mapped.map((one) => one.name);
  for (const name of Object.keys(config.fields))
    if (!names.includes(name))
      problems.push(`crm.fields.${name}: the pair maps no field of this name.${didYouMean(name, names)}`);

  const places = mapped.flatMap(({ name, shape }): Place[] => {
    const issue = (words: string): Place[] => {
      problems.push(`crm.fields.${name}: ${words}`);
      return [];
    };
    const given = config.fields[name] ?? (name in model ? name : (USUAL[name]?.(model) ?? name));
    const one = typeof given === 'string' ? block({ field: given }) : given;
    // A set in one plain field is a set with room for one.
    const slots = one.slots ?? (shape === 'set' && one.field !== undefined ? [one.field] : undefined);
    const fields = slots ?? [one.tags ?? one.ref ?? one.field ?? ''];
    const known = fields.flatMap((field) => {
      const info = model[field];
      const words = NO_FIELDS[field];
      if (words !== undefined) issue(`"${field}" ${words}`);
      if (info === undefined) issue(`res.partner has no field "${field}".${missing(field, model)}`);
      return info === undefined || words !== undefined ? [] : [{ field, ...info }];
    });
    const [first] = known;
    if (first === undefined || known.length < fields.length) return [];
    const common = {
      field: name,
      readOnly: one.readOnly || known.some(({ field, readonly }) => readonly || LEFT_ALONE.has(field)),
    };
    if (slots !== undefined) {
      if (shape === 'scalar') return issue('the pair maps it to a field of one value; give field');
      const bad = known.find(({ type }) => type !== 'char');
      if (bad !== undefined) return issue(`"${bad.field}" is of type ${bad.type}; slots are of type char`);
      return [{ ...common, kind: 'slots', slots }];
    }
    if (one.tags !== undefined) {
      if (first.type !== 'many2many' || first.relation === null)
        return issue(`"${first.field}" is of type ${first.type}, and tags stand in one of type many2many`);
      if (shape === 'scalar') return issue('the pair maps it to a field of one value, and tags are several');
      const { by = 'name', create = true } = one;
      return [{ ...common, kind: 'tags', odoo: first.field, model: first.relation, by, create }];
    }
    if (shape === 'set') return issue('the pair maps it to a field of several values; give slots or tags');
    if (one.ref !== undefined) {
      if (first.type !== 'many2one' || first.relation === null)
        return issue(`"${first.field}" is of type ${first.type}, and a reference of type many2one`);
      const by = one.by ?? (first.relation === 'res.users' ? 'email' : 'name');
      return [{ ...common, kind: 'reference', odoo: first.field, model: first.relation, by }];
    }
    if (TEXTS.has(first.type)) return [{ ...common, kind: 'text', odoo: first.field }];
    if (NUMBERS.has(first.type)) return [{ ...common, kind: 'number', odoo: first.field }];
    if (first.type === 'boolean') return [{ ...common, kind: 'boolean', odoo: first.field }];
    if (first.type === 'many2one')
      return issue(`"${first.field}" is a reference: write { ref: ${first.field} }`);
    return issue(`"${first.field}" is of type ${first.type}, which cannot be mapped`);
  });
  return { places, problems };
}

function block(keys: Partial<FieldBlock>): FieldBlock {
  return { readOnly: false, ...keys } as FieldBlock;
}

function missing(field: string, model: ModelFields): string {
  if (field === 'mobile') return ' Odoo 19 took it out; map phone alone, or install partner_mobile.';
  return didYouMean(field, Object.keys(model));
}
