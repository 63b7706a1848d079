/**
 * Links of which one side is not there (sync design §4, last rows): creating the missing record, and a deletion
 * against a survivor. Promise P7 is kept before this: `deleted` is a proven deletion, never a mere absence.
 */
import { asElements, equalValues, normalizeText, scalarText } from './equivalence.ts';
import { type FieldContext, hold, imageFrom, noRoom, writeTo } from './field-outcome.ts';
import type {
  ActiveConflict,
  ConflictChange,
  LifeChange,
  LinkPlan,
  LinkState,
  PlannedWrite,
  Reason,
} from './link.ts';
import { type FieldWrite, otherSide, type SideName, type SideRecord } from './record.ts';
import { type FieldSpec, flowsTo, type PairSpec, sideField } from './spec.ts';
import { ABSENT, type Element, isBlank, isSet, type SetValue, type Value } from './value.ts';

/** The field name of a conflict about the whole record. */
export const WHOLE_RECORD = '*';

type Answer = Pick<LinkPlan, 'writes' | 'conflicts' | 'life'>;

const NONE: LifeChange = { action: 'none' };
const QUIET: Answer = { writes: [], conflicts: [], life: NONE };

/** One record is there and the other shall come to be: all of its fields that flow and are not blank. */
export function createRecord(spec: PairSpec, link: LinkState, side: SideName, reason: Reason): Answer {
  const from = otherSide(side);
  const there = link[from];
  if (there.state !== 'live') return QUIET;
  const patch: Record<string, FieldWrite> = {};
  const reasons: Record<string, Reason> = {};
  const source: Record<string, Value> = {};
  const conflicts: ConflictChange[] = [];
  for (const field of spec.fields) {
    const value = there.record.fields[sideField(field, from)];
    if (value === undefined || !flowsTo(field, side)) continue;
    // A blank says nothing, unless something stands for it over there.
    if (isBlank(value) && field.lenses === undefined) continue;
    const context = creating(spec, link, field, from, value);
    const held = (kind: 'unmappable' | 'capacity', why: string) => {
      const change = hold(context, kind, why);
      if (change) conflicts.push(change);
    };
    const image = imageFrom(field, from, value);
    if (!image.ok) {
      held('unmappable', image.reason);
      continue;
    }
    const { after, ops } = writeTo(context, side, image.value, reason);
    if (isBlank(after)) continue;
    if (isSet(after) && after.length > (context.capacity[side] ?? Number.POSITIVE_INFINITY)) {
      held('capacity', noRoom(field, side));
      continue;
    }
    patch[sideField(field, side)] = { field: field.udesk, before: ABSENT, after: withoutIds(after), ops };
    reasons[field.udesk] = reason;
    source[field.udesk] = value;
  }
  // A record of which nothing may be told is not worth creating.
  const writes: PlannedWrite[] =
    Object.keys(patch).length === 0 ? [] : [{ side, op: 'create', patch, reasons, source, halves: {} }];
  return { writes, conflicts, life: NONE };
}

/** `gone` was deleted and the other side is there. An edit outlives a deletion until a person says otherwise. */
export function oneSideDeleted(spec: PairSpec, link: LinkState, gone: SideName): Answer {
  const survivor = otherSide(gone);
  const there = link[survivor];
  if (there.state !== 'live') return QUIET;
  const edited = editedFields(spec, link, survivor, there.record);
  const row = link.conflicts.find((conflict) => conflict.field === WHOLE_RECORD) ?? null;
  if (row?.decision) return decided(spec, link, gone, row, edited);
  if (edited.length > 0 || row !== null) {
    if (row !== null && sameElements(row[survivor], edited)) return QUIET;
    const reason = `deleted in ${gone}, and edited in ${survivor} since both agreed`;
    return { ...QUIET, conflicts: [editDelete(gone, edited, reason, false)] };
  }
  switch (spec.deletes) {
    case 'flag':
      return { ...QUIET, life: { action: 'flag', deletedSide: gone } };
    case 'unlink':
      return { ...QUIET, life: { action: 'unlink', deletedSide: gone } };
    case 'propagate':
      return { ...QUIET, writes: [deletion(survivor, 'delete')] };
  }
}

function decided(
  spec: PairSpec,
  link: LinkState,
  gone: SideName,
  row: ActiveConflict,
  edited: SetValue,
): Answer {
  const survivor = otherSide(gone);
  const take = row.decision?.take;
  const reopen = (reason: string): Answer => ({
    ...QUIET,
    conflicts: [editDelete(gone, edited, reason, true)],
  });
  if (!sameElements(row[survivor], edited)) return reopen(`${survivor} changed after the decision was made`);
  if (take !== gone && take !== survivor) return reopen(`take udesk or crm: a whole record has no ${take}`);
  const settled: ConflictChange = {
    ...editDelete(gone, edited, '', false),
    action: 'decided',
    by: 'person',
    reason: `a person took ${take}`,
    done: false,
  };
  if (take === gone) return { writes: [deletion(survivor, 'decision')], conflicts: [settled], life: NONE };
  const created = createRecord(spec, link, gone, 'decision');
  if (created.writes.length === 0) return reopen(`nothing of the record may flow to ${gone}`);
  return { ...created, conflicts: [settled, ...created.conflicts] };
}

function deletion(side: SideName, reason: Reason): PlannedWrite {
  return { side, op: 'delete', patch: {}, reasons: { [WHOLE_RECORD]: reason }, source: {}, halves: {} };
}

function editDelete(
  gone: SideName,
  edited: SetValue,
  reason: string,
  reopened: boolean,
): Extract<ConflictChange, { action: 'hold' }> {
  const sides = gone === 'udesk' ? { udesk: null, crm: edited } : { udesk: edited, crm: null };
  return { action: 'hold', field: WHOLE_RECORD, kind: 'edit/delete', base: null, ...sides, reason, reopened };
}

/**
 * What the deletion would lose: the survivor's fields that differ from the base, or that were never agreed on.
 * As a set with the field's name for an id, so that a row can show it and a later look can compare it.
 */
function editedFields(spec: PairSpec, link: LinkState, survivor: SideName, record: SideRecord): Element[] {
  const region = spec.match.defaultRegion;
  return spec.fields.flatMap((field) => {
    const value = record.fields[sideField(field, survivor)];
    if (value === undefined) return [];
    const base = link.bases[field.udesk];
    const same = base ? equalValues(field, value, base[survivor], region) : isBlank(value);
    return same ? [] : [{ id: field.udesk, value: shown(field, value, region) }];
  });
}

function shown(field: FieldSpec, value: Value, region: string): string {
  if (!isSet(value)) return normalizeText(field.equivalence, scalarText(value) ?? '', region);
  const texts = asElements(value).map((element) => normalizeText(field.equivalence, element.value, region));
  return texts.sort().join(', ');
}

function sameElements(a: Value, b: SetValue): boolean {
  if (!isSet(a) || a.length !== b.length) return false;
  return a.every((element, i) => element.id === b[i]?.id && element.value === b[i]?.value);
}

function creating(
  spec: PairSpec,
  link: LinkState,
  field: FieldSpec,
  from: SideName,
  value: Value,
): FieldContext {
  const capacity: Partial<Record<SideName, number>> = {};
  const limit = spec.capacity[otherSide(from)][field.udesk];
  if (limit !== undefined) capacity[otherSide(from)] = limit;
  return {
    spec: field,
    region: spec.match.defaultRegion,
    now: from === 'udesk' ? { udesk: value, crm: null } : { udesk: null, crm: value },
    base: link.bases[field.udesk] ?? null,
    row: link.conflicts.find((conflict) => conflict.field === field.udesk) ?? null,
    times: { udeskAt: null, crmAt: null, trusted: false },
    capacity,
  };
}

/** Ids belong to the side that the values came from. */
function withoutIds(value: Value): Value {
  return isSet(value) ? value.map((element) => ({ id: null, value: element.value })) : value;
}
