/** Where each mapped field stands in a contact, from the config and from the properties that the account has. Pure. */
import { didYouMean } from '../../lib/suggest.ts';
import type { AdapterContext, MappedField } from '../definition.ts';
import type { HubspotConfig } from './config.ts';

/** A property of contacts, as `GET /crm/v3/properties/contacts` shows it. */
export interface Property {
  readonly name: string;
  /** string, number, date, datetime, enumeration, bool, phone_number … */
  readonly type: string;
  /** text, textarea, checkbox, booleancheckbox, select … */
  readonly fieldType: string;
  readonly readOnly: boolean;
  readonly unique: boolean;
}

export type Place =
  | { readonly kind: 'text' | 'bool'; readonly field: string; readonly property: Property }
  /** `email` is the primary one; the others stand in `hs_additional_emails`, which is not written. */
  | { readonly kind: 'emails'; readonly field: string }
  | { readonly kind: 'slots'; readonly field: string; readonly slots: readonly Property[] }
  /** Several of the options of one property, "a;b". */
  | { readonly kind: 'options'; readonly field: string; readonly property: Property };

export const EMAIL = 'email';
export const OTHER_EMAILS = 'hs_additional_emails';
export const MERGED_IDS = 'hs_merged_object_ids';
export const MODIFIED = 'lastmodifieddate';

export function isSetPlace(place: Place): boolean {
  return place.kind !== 'text' && place.kind !== 'bool';
}

/** The properties that one place is read from. */
export function propertiesOf(place: Place): string[] {
  switch (place.kind) {
    case 'emails':
      return [EMAIL, OTHER_EMAILS];
    case 'slots':
      return place.slots.map(({ name }) => name);
    case 'text':
    case 'bool':
    case 'options':
      return [place.property.name];
  }
}

/** The properties that every read of a contact asks for. */
export function readProperties(config: HubspotConfig, places: readonly Place[]): string[] {
  const named = places.flatMap(propertiesOf);
  return [...new Set([...named, config.externalId, MERGED_IDS, MODIFIED])];
}

/** One place for each field that the pair maps, and what does not fit, each with the key that it is about. */
export function placesOf(
  config: HubspotConfig,
  fields: AdapterContext['fields'],
  properties: readonly Property[],
): { readonly places: readonly Place[]; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const names = properties.map(({ name }) => name);
  const find = (name: string, at: string): Property | null => {
    const found = properties.find((one) => one.name === name);
    if (found === undefined)
      problems.push(`${at}: contacts have no property "${name}".${didYouMean(name, names)}`);
    return found ?? null;
  };
  const mapped = fields.map(({ name }) => name);
  for (const name of Object.keys(config.properties)) {
    if (!mapped.includes(name))
      problems.push(
        `crm.properties.${name}: the pair maps no field of this name.${didYouMean(name, mapped)}`,
      );
  }
  const places = fields.flatMap((field): Place[] => {
    const place = placeOf(config, field, find);
    if (typeof place === 'string') problems.push(place);
    return place === null || typeof place === 'string' ? [] : [place];
  });
  const owners = new Map<string, string>();
  for (const place of places) {
    for (const name of propertiesOf(place)) {
      const other = owners.get(name);
      if (other !== undefined)
        problems.push(`fields: "${other}" and "${place.field}" both stand in the property "${name}"`);
      owners.set(name, place.field);
    }
  }
  problems.push(...externalIdProblems(config, properties, owners));
  return { places, problems };
}

function placeOf(
  config: HubspotConfig,
  { name, shape, equivalence }: MappedField,
  find: (name: string, at: string) => Property | null,
): Place | string | null {
  const renamed = config.properties[name];
  if (shape === 'set' && renamed === undefined && equivalence === 'email')
    return { kind: 'emails', field: name };
  if (shape === 'set' && renamed === undefined && equivalence === 'phone') {
    const slots = config.phones.flatMap((slot) => find(slot, 'crm.phones') ?? []);
    return slots.length < config.phones.length ? null : { kind: 'slots', field: name, slots };
  }
  const at = renamed === undefined ? `fields: crm: ${name}` : `crm.properties.${name}`;
  const property = find(renamed ?? name, at);
  if (property === null) return null;
  const several = property.type === 'enumeration' && property.fieldType === 'checkbox';
  if (several !== (shape === 'set'))
    return several
      ? `${at}: the property "${property.name}" holds several options, and the pair maps it to one value`
      : `${at}: the property "${property.name}" holds one value, and the pair maps it to several`;
  if (several) return { kind: 'options', field: name, property };
  return { kind: property.type === 'bool' ? 'bool' : 'text', field: name, property };
}

function externalIdProblems(
  { externalId }: HubspotConfig,
  properties: readonly Property[],
  owners: ReadonlyMap<string, string>,
): string[] {
  const owner = owners.get(externalId);
  if (owner !== undefined)
    return [
      `crm.externalId: "${externalId}" is mapped as "${owner}" too; the Udesk id needs a property of its own`,
    ];
  const property = properties.find(({ name }) => name === externalId);
  if (property === undefined)
    return [`crm.externalId: contacts have no property "${externalId}". ${howToMake(externalId)}`];
  const wrong = [
    ...(property.unique ? [] : ['does not have unique values']),
    ...(property.type === 'string' ? [] : [`is of type ${property.type}`]),
    ...(property.readOnly ? ['cannot be written'] : []),
  ];
  if (wrong.length === 0) return [];
  return [
    `crm.externalId: the property "${externalId}" ${wrong.join(' and ')}. Uniqueness is chosen when a property is made: name another one. ${howToMake('udesk_id_unique')}`,
  ];
}

/** Either by hand or by one call; the vendor's page is "Properties", "Create unique identifier properties". */
function howToMake(name: string): string {
  const body = {
    name,
    label: 'Udesk ID',
    groupName: 'contactinformation',
    type: 'string',
    fieldType: 'text',
    hasUniqueValue: true,
  };
  return `Make it in HubSpot (Settings, Properties, Contact properties: single-line text, "Require unique values"), or with POST /crm/v3/properties/contacts ${JSON.stringify(body)}`;
}
