/** What the user of the integration may see, as far as it may ask that. */
import { isSyncError } from '../../errors.ts';
import type { CallOptions } from '../adapter.ts';
import { type JsonObject, textOf } from '../http/paths.ts';
import { queryBatches, type Reader } from './query.ts';
import { literal } from './soql.ts';

/**
 * Whether no sharing rule hides a record from the user: "View All Records" in one of its permission sets (its profile is
 * one of them). Null: the user may not ask.
 */
export async function seesAllRecords(
  reader: Pick<Reader, 'api' | 'shape'>,
  options: CallOptions = {},
): Promise<boolean | null> {
  const { userId } = await reader.api.session();
  const sets = await rowsOrNull(
    reader,
    `SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = ${literal(userId)}`,
    options,
  );
  const ids = (sets ?? []).flatMap((row) => textOf(row.PermissionSetId) ?? []).map(literal);
  if (ids.length === 0) return null;
  const found = await rowsOrNull(
    reader,
    `SELECT ParentId FROM ObjectPermissions WHERE SobjectType = ${literal(reader.shape.object.name)} AND PermissionsViewAllRecords = true AND ParentId IN (${ids.join(', ')})`,
    options,
  );
  return found === null ? null : found.length > 0;
}

/** Null: this user may not ask that. */
export async function rowsOrNull(
  reader: Pick<Reader, 'api'>,
  soql: string,
  options: CallOptions = {},
): Promise<JsonObject[] | null> {
  try {
    const all: JsonObject[] = [];
    for await (const { rows } of queryBatches(reader, soql, options)) all.push(...rows);
    return all;
  } catch (error) {
    if (isSyncError(error, 'contract') || isSyncError(error, 'auth') || isSyncError(error, 'rejected'))
      return null;
    throw error;
  }
}
