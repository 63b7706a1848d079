/** What a patch makes of a row's fields, and whether the row is still the one that was planned on. Pure. */
import { equalValues } from '../../core/equivalence.ts';
import type { FieldWrite, Manifest, Patch, SideRecord } from '../../core/record.ts';
import type { Equivalence, FieldSpec } from '../../core/spec.ts';
import { type Element, isSet, type Value } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import type { UpdateRequest } from '../adapter.ts';
import { seenBy } from '../compare.ts';
import type { MappedField } from '../definition.ts';
import { editSet } from '../set-edit.ts';

export interface PatchContext {
  readonly manifest: Manifest;
  readonly fields: readonly MappedField[];
  readonly region: string;
}

/** The fields that a patch leaves behind. Throws `rejected` (read-only, no room) and `stale`. */
export function applyPatch(
  context: PatchContext,
  patch: Patch,
  before: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const { manifest } = context;
  const after: Record<string, Value> = {};
  for (const [field, fieldWrite] of Object.entries(patch)) {
    if (manifest.readOnlyFields.includes(field)) {
      throw new SyncError('rejected', `"${field}" cannot be written`, { side: 'crm', field });
    }
    after[field] = manifest.setFields.includes(field)
      ? setAfter(context, field, fieldWrite, before[field] ?? null)
      : fieldWrite.after;
  }
  return after;
}

function setAfter(context: PatchContext, field: string, fieldWrite: FieldWrite, before: Value): Value {
  const { manifest, region } = context;
  const held = isSet(before) ? before : [];
  const edit = editSet(held, fieldWrite, specOf(context, field).equivalence, region);
  if (!edit.ok) throw new SyncError('stale', `an element of "${field}" moved`, { side: 'crm', field });
  const kept = held.flatMap((element, at): Element[] => {
    const value = edit.changed.get(at);
    if (value === null) return [];
    return [value === undefined ? element : { id: element.id, value }];
  });
  const after = [...kept, ...edit.added.map((value) => ({ id: null, value }))];
  const room = manifest.capacity[field];
  if (room !== undefined && after.length > room && after.length > held.length) {
    throw new SyncError('rejected', `"${field}" has room for ${room}`, {
      side: 'crm',
      field,
      code: 'capacity',
    });
  }
  return after;
}

function specOf({ fields, manifest }: PatchContext, field: string): FieldSpec {
  const mapped = fields.find((candidate) => candidate.name === field);
  const shape = manifest.setFields.includes(field) ? 'set' : 'scalar';
  const equivalence: Equivalence = mapped?.equivalence ?? 'text';
  const rest = { direction: 'both', policy: 'hold', onBlocked: 'hold', map: null } as const;
  return { udesk: field, crm: field, shape, equivalence, ...rest };
}

/** Throws `stale` when the record is not what the plan saw. */
export function compare(context: PatchContext, request: UpdateRequest, now: SideRecord): void {
  const { manifest, region } = context;
  if (!manifest.compareAndSet) return;
  const { version } = request.current;
  if (version !== null && version !== now.version) {
    throw new SyncError('stale', 'the record has a newer version', { side: 'crm', record: request.id });
  }
  for (const [field, before] of Object.entries(seenBy(request))) {
    if (!equalValues(specOf(context, field), before, now.fields[field] ?? null, region)) {
      throw new SyncError('stale', `"${field}" moved since it was read`, {
        side: 'crm',
        record: request.id,
        field,
      });
    }
  }
}

/** A record is deleted as it was seen, or not at all. Throws `stale`. */
export function compareWhole(context: PatchContext, seen: SideRecord, now: SideRecord): void {
  const moved = Object.entries(seen.fields).find(
    ([field, before]) =>
      !equalValues(specOf(context, field), before, now.fields[field] ?? null, context.region),
  );
  if (moved === undefined && (seen.version === null || seen.version === now.version)) return;
  throw new SyncError('stale', 'the record moved since it was to be deleted', {
    side: 'crm',
    record: seen.id,
  });
}
