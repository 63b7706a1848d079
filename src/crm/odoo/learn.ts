/** What Odoo says of the fields of its partners, and whether config and mapping fit to it. */
import { SyncError } from '../../errors.ts';
import type { AdapterContext } from '../definition.ts';
import type { OdooConfig } from './config.ts';
import type { Connection } from './connect.ts';
import { isObject } from './dialect.ts';
import { notUnderstood } from './failure.ts';
import { isWordPlace, type ModelField, type ModelFields, type Place, placesOf } from './places.ts';
import { contextOf, PARTNER } from './reader.ts';

/** @throws SyncError `config` naming everything that is wrong at once */
export async function learnModel(
  connection: Connection,
  config: OdooConfig,
  context: AdapterContext,
): Promise<{ model: ModelFields; places: readonly Place[] }> {
  const model = await fieldsOf(connection, config, PARTNER);
  const { places, problems } = placesOf(config, context.fields, model);
  const all = [...problems];
  for (const name of Object.keys(config.newRecords))
    if (model[name] === undefined) all.push(`crm.newRecords.${name}: res.partner has no such field`);
  for (const place of places.filter(isWordPlace)) {
    const related = await fieldsOf(connection, config, place.model, [place.by]);
    if (related[place.by]?.type !== 'char')
      all.push(`crm.fields.${place.field}.by: ${place.model} has no text field "${place.by}"`);
  }
  if (all.length > 0)
    throw new SyncError('config', all.join('\n'), {
      pair: context.pair,
      side: 'crm',
      advice: 'correct the `crm` block of the config',
    });
  return { model, places };
}

async function fieldsOf(
  { run }: Connection,
  config: OdooConfig,
  model: string,
  only: readonly string[] | null = null,
): Promise<ModelFields> {
  const { result, about } = await run({
    model,
    method: 'fields_get',
    params: { allfields: only ?? [], attributes: ['type', 'readonly', 'relation'] },
    context: contextOf(config),
    write: false,
  });
  if (!isObject(result)) throw notUnderstood(about, 'the answer holds no fields');
  return Object.fromEntries(
    Object.entries(result).flatMap(([name, field]): [string, ModelField][] => {
      if (!isObject(field) || typeof field.type !== 'string') return [];
      const relation = typeof field.relation === 'string' ? field.relation : null;
      return [[name, { type: field.type, readonly: field.readonly === true, relation }]];
    }),
  );
}
