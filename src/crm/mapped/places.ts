/**
 * Fields of a pair that stand in no field of the side's own: several fields joined, a place inside a JSON document, a
 * constant. Each is a place that is read from the side's fields and written into them. Pure.
 */
import { scalarText } from '../../core/equivalence.ts';
import { type JoinRule, joined, splitText } from '../../core/mapping/join.ts';
import type { SideName } from '../../core/record.ts';
import { type FieldSpec, flowsTo } from '../../core/spec.ts';
import { isSet, type Value } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import type { MappedField } from '../definition.ts';
import { isNumber, isObject, numberOf, parseJson, textOf, valueAt, withValueAt } from '../http/paths.ts';

type Fields = Readonly<Record<string, Value>>;

export interface Place {
  /** The name by which the pair knows it. */
  readonly field: string;
  /** The side's own fields that it is made of. */
  readonly uses: readonly string[];
  /** Undefined: not told, so it takes part in nothing. */
  read(fields: Fields): Value | undefined;
  /** What the side's own fields hold afterwards: those that this place is made of. */
  write(after: Value, fields: Fields): Fields;
}

/** The places that this side of a pair has besides its own fields. */
export function placesOf(specs: readonly FieldSpec[], side: SideName): Place[] {
  return specs.flatMap((spec): Place[] =>
    (spec.lenses ?? []).flatMap((lens): Place[] => {
      if (lens.kind === 'constant') return lens.on === side ? [constant(spec[side], lens.value)] : [];
      if (side === 'udesk') return [];
      if (lens.kind === 'join') return [parts(spec.crm, lens)];
      return lens.kind === 'path' ? [inside(spec.crm, lens.document, lens.path)] : [];
    }),
  );
}

/** The fields that the CRM's adapter is asked for. */
export function adapterFields(specs: readonly FieldSpec[]): MappedField[] {
  const fields = new Map<string, MappedField>();
  for (const spec of specs) {
    const { crm, shape, equivalence, lenses = [] } = spec;
    const made = lenses.find((lens) => lens.kind === 'join' || lens.kind === 'path');
    const declared = lenses.some((lens) => lens.kind === 'constant' && lens.on === 'crm');
    const add = (field: MappedField): void => {
      const written =
        flowsTo(spec, 'crm') || (fields.has(field.name) && fields.get(field.name)?.readOnly !== true);
      fields.set(field.name, { ...field, ...(written ? {} : { readOnly: true }) });
    };
    if (made?.kind === 'join') {
      for (const name of made.parts) add({ name, shape: 'scalar', equivalence: 'text' });
    } else if (made?.kind === 'path') {
      add({ name: made.document, shape: 'scalar', equivalence: 'exact' });
    } else if (!declared) {
      add({ name: crm, shape, equivalence });
    }
  }
  return [...fields.values()];
}

function constant(field: string, value: string): Place {
  return {
    field,
    uses: [],
    read: () => value,
    write() {
      throw new SyncError('invariant', `a write was planned for ${field}, which is declared to be constant`);
    },
  };
}

function parts(field: string, rule: JoinRule): Place {
  const textsOf = (fields: Fields): (string | null)[] | null => {
    const values = rule.parts.map((part) => fields[part]);
    if (values.some((value) => value === undefined || isSet(value))) return null;
    return values.map((value) => (value === undefined || isSet(value) ? null : scalarText(value)));
  };
  return {
    field,
    uses: rule.parts,
    read(fields) {
      const texts = textsOf(fields);
      return texts === null ? undefined : joined(texts, rule);
    },
    write(after, fields) {
      const text = isSet(after) ? null : scalarText(after);
      const now = textsOf(fields);
      const split = splitText(text, rule, now);
      if (split === null) throw refused(field, `cannot be taken apart into ${rule.parts.join(' and ')}`);
      return Object.fromEntries(rule.parts.map((part, at) => [part, split[at] ?? null]));
    },
  };
}

function inside(field: string, document: string, path: string): Place {
  return {
    field,
    uses: [document],
    read(fields) {
      const value = fields[document];
      if (value === undefined) return undefined;
      const json = documentOf(value);
      return json === undefined ? undefined : textOf(valueAt(json, path));
    },
    write(after, fields) {
      const json = documentOf(fields[document] ?? null);
      if (json === undefined) throw refused(field, `stands in ${document}, which holds no JSON object`);
      const text = isSet(after) ? null : scalarText(after);
      const value = likeBefore(text, valueAt(json, path));
      return { [document]: JSON.stringify(withValueAt(json, path, value)) };
    },
  };
}

/** An empty one where there is none yet; undefined for what is no JSON object. */
function documentOf(value: Value): unknown {
  const text = isSet(value) ? null : scalarText(value);
  if (text === null || text.trim() === '') return isSet(value) ? undefined : {};
  try {
    const json = parseJson(text);
    return json === null ? {} : isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** A number stays a number and a boolean a boolean, as far as the new text can be one. */
function likeBefore(text: string | null, before: unknown): unknown {
  if (text === null) return null;
  if (isNumber(before) && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)) return numberOf(text);
  if (typeof before === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function refused(field: string, why: string): SyncError {
  return new SyncError('rejected', `"${field}" ${why}`, {
    side: 'crm',
    field,
    code: 'mapping',
    advice: 'mend the value on the side where it was entered, or the rules of the field (docs/mapping.md)',
  });
}
