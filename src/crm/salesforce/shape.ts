/** Where each mapped field stands in a record, from the config and what the org says of the object. Pure. */
import { didYouMean } from '../../lib/suggest.ts';
import type { AdapterContext } from '../definition.ts';
import { isObject, textOf } from '../http/paths.ts';
import type { SalesforceConfig } from './config.ts';

/** A field as `describe` tells it; what is not told counts as no. */
export interface OrgField {
  readonly name: string;
  readonly type: string;
  readonly length: number;
  readonly nillable: boolean;
  readonly defaultedOnCreate: boolean;
  readonly createable: boolean;
  readonly updateable: boolean;
  readonly calculated: boolean;
  readonly externalId: boolean;
  readonly unique: boolean;
  readonly filterable: boolean;
}

export interface OrgObject {
  readonly name: string;
  /** First characters of the ids of its records. */
  readonly keyPrefix: string;
  readonly createable: boolean;
  readonly updateable: boolean;
  readonly deletable: boolean;
  readonly fields: ReadonlyMap<string, OrgField>;
}

export type Place =
  | { readonly kind: 'scalar'; readonly field: string; readonly sources: readonly [OrgField] }
  /** A set in fixed places: fields of one value each. */
  | { readonly kind: 'slots'; readonly field: string; readonly sources: readonly OrgField[] }
  /** A multi-select picklist: values joined by semicolons. */
  | { readonly kind: 'multi'; readonly field: string; readonly sources: readonly [OrgField] };

export interface Shape {
  readonly object: OrgObject;
  readonly places: readonly Place[];
  readonly externalId: OrgField | null;
  /** The user whom writes of ours name as LastModifiedById. */
  readonly ownUserId: string;
}

/** What every record is asked for besides the mapped fields. */
export const SYSTEM_FIELDS = [
  'Id',
  'IsDeleted',
  'SystemModstamp',
  'LastModifiedDate',
  'LastModifiedById',
  'LastModifiedBy.Name',
] as const;

/** Types that are no plain value; the parts of a compound field can be mapped one by one. */
const NO_VALUE = new Set(['address', 'location', 'base64', 'complexvalue', 'anyType']);

export function readDescribe(json: unknown): OrgObject | null {
  if (!isObject(json) || !Array.isArray(json.fields)) return null;
  const fields = json.fields.filter(isObject).map((field): OrgField => {
    const is = (key: string): boolean => field[key] === true;
    return {
      name: textOf(field.name) ?? '',
      type: textOf(field.type) ?? 'string',
      length: Number(textOf(field.length) ?? 0),
      nillable: is('nillable'),
      defaultedOnCreate: is('defaultedOnCreate'),
      createable: is('createable'),
      updateable: is('updateable'),
      calculated: is('calculated') || is('autoNumber'),
      externalId: is('externalId'),
      unique: is('unique'),
      filterable: is('filterable'),
    };
  });
  return {
    name: textOf(json.name) ?? '',
    keyPrefix: textOf(json.keyPrefix) ?? '',
    createable: json.createable === true,
    updateable: json.updateable === true,
    deletable: json.deletable === true,
    fields: new Map(fields.map((field) => [field.name, field])),
  };
}

/** One place for each field that the pair maps, and what does not fit, each with the key that it is about. */
export function planShape(
  config: SalesforceConfig,
  mapped: AdapterContext['fields'],
  object: OrgObject,
): { shape: Omit<Shape, 'ownUserId'>; problems: readonly string[] } {
  const problems: string[] = [];
  const names = [...object.fields.keys()];
  const sourceOf = (key: string, name: string): OrgField[] => {
    const found = object.fields.get(name);
    if (found === undefined) {
      problems.push(
        `${key}: ${object.name} has no field ${name}, or the user of these credentials may not see it.${didYouMean(name, names)}`,
      );
      return [];
    }
    if (NO_VALUE.has(found.type))
      problems.push(`${key}: ${name} (${found.type}) holds no single value; map its parts`);
    return [found];
  };
  for (const name of Object.keys(config.fields)) {
    const known = mapped.map((one) => one.name);
    if (!known.includes(name))
      problems.push(`crm.fields.${name}: the pair maps no field of this name.${didYouMean(name, known)}`);
  }
  const owners = new Map<string, string>();
  const places = mapped.flatMap(({ name, shape, equivalence }): Place[] => {
    const key = `crm.fields.${name}`;
    const given = config.fields[name] ?? DEFAULTS[name] ?? name;
    const sources = [given].flat().flatMap((one) => sourceOf(key, one));
    for (const source of sources) {
      const owner = owners.get(source.name);
      if (owner !== undefined) problems.push(`${key}: ${source.name} is mapped twice (${owner})`);
      owners.set(source.name, name);
      if ((equivalence === 'email' || equivalence === 'phone') && !source.filterable)
        problems.push(
          `${key}: ${source.name} (${source.type}) cannot be searched; use a field of type Email, Phone or Text`,
        );
    }
    const [first] = sources;
    if (first === undefined) return [];
    if (shape === 'scalar') {
      if (Array.isArray(given))
        problems.push(`${key}: the pair maps it to a field of one value; name one field`);
      return [{ kind: 'scalar', field: name, sources: [first] }];
    }
    if (!Array.isArray(given) && first.type === 'multipicklist')
      return [{ kind: 'multi', field: name, sources: [first] }];
    return [{ kind: 'slots', field: name, sources }];
  });
  for (const name of Object.keys(config.onCreate)) {
    const [source] = sourceOf(`crm.onCreate.${name}`, name);
    if (source !== undefined && !source.createable)
      problems.push(`crm.onCreate.${name}: the user may not set it`);
  }
  return {
    shape: { object, places, externalId: externalIdOf(config, object, sourceOf, problems) },
    problems,
  };
}

const DEFAULTS: Readonly<Record<string, string | readonly string[]>> = {
  name: 'LastName',
  emails: ['Email'],
  phones: ['MobilePhone', 'Phone'],
};

function externalIdOf(
  config: SalesforceConfig,
  object: OrgObject,
  sourceOf: (key: string, name: string) => OrgField[],
  problems: string[],
): OrgField | null {
  if (config.externalId === undefined) return null;
  const key = 'crm.externalId';
  const [source] = sourceOf(key, config.externalId);
  if (source === undefined) return null;
  if (!source.externalId)
    problems.push(
      `${key}: ${source.name} is no external id. In Setup, Object Manager, ${object.name}, Fields & Relationships, tick "External ID" and "Unique" (case sensitive) of this field`,
    );
  if (source.type !== 'string')
    problems.push(
      `${key}: ${source.name} is of type ${source.type}; make a field of type Text, 50 characters or more`,
    );
  if (!source.createable || !source.updateable)
    problems.push(
      `${key}: the user of these credentials may not write ${source.name}; ${grantAdvice(object, [source.name])}`,
    );
  return source;
}

export function grantAdvice(object: OrgObject, fields: readonly string[]): string {
  return `in Setup, Permission Sets, (the set of the integration), Object Settings, ${object.name}, give Edit Access to ${fields.join(', ')}`;
}

/** Everything that a record is asked for, each name once. */
export function selectList({ object, places, externalId }: Shape): string[] {
  const mapped = places.flatMap(({ sources }) => sources.map(({ name }) => name));
  const merged = object.fields.has('MasterRecordId') ? ['MasterRecordId'] : [];
  return [
    ...new Set([...SYSTEM_FIELDS, ...merged, ...(externalId === null ? [] : [externalId.name]), ...mapped]),
  ];
}
