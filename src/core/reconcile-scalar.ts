/** Scalar fields of a live link (sync design §4): carrying one edit over, and deciding between two. */
import { FIRST_LINK_TABLE } from './decision-table.ts';
import { equalValues, scalarText } from './equivalence.ts';
import {
  adopt,
  closeConverged,
  type DecidedBy,
  equalNow,
  type FieldContext,
  type FieldOutcome,
  hold,
  imageFrom,
  imageOn,
  resolveTo,
} from './field-outcome.ts';
import type { ConflictKind, Reason } from './link.ts';
import { toCommon } from './mapping.ts';
import { applyPolicy } from './policy.ts';
import { otherSide, SIDES, type SideName } from './record.ts';
import { flowsTo } from './spec.ts';
import { isBlank, isSet, type Value } from './value.ts';

/** Only `from` was edited. */
export function carryScalar(field: FieldContext, from: SideName): FieldOutcome {
  return flowsTo(field.spec, otherSide(from)) ? carry(field, from, 'propagate') : blocked(field, from);
}

/** The link is new for this field: blanks are filled, what differs is decided before any write (§4, last row). */
export function linkScalar(field: FieldContext): FieldOutcome {
  const content = (value: Value) => (isBlank(value) ? 'blank' : 'filled');
  const now = equalNow(field) ? 'equal' : 'differs';
  // What stands in the CRM for a blank is one.
  const crm = toCommon(field.spec, 'crm', field.now.crm);
  const crmContent = content(crm.ok ? crm.value : field.now.crm);
  switch (FIRST_LINK_TABLE[content(field.now.udesk)][crmContent][now]) {
    case 'adopt':
      return { base: adopt(field), conflict: closeConverged(field) };
    case 'fill-crm':
      return fill(field, 'udesk');
    case 'fill-udesk':
      return fill(field, 'crm');
    case 'decide':
      return decideScalar(field, 'first-link');
  }
}

/** Both sides hold a value of their own. */
export function decideScalar(
  field: FieldContext,
  kind: 'edit/edit' | 'first-link' | 'restored',
): FieldOutcome {
  const { spec, now, base, region, times } = field;
  for (const side of SIDES) {
    if (!flowsTo(spec, otherSide(side))) continue;
    const image = imageFrom(spec, side, now[side]);
    if (!image.ok) return { conflict: hold(field, 'unmappable', image.reason) };
  }
  if (kind === 'first-link' && holdsAnId(field)) {
    const reason = `the CRM holds an id of Udesk in ${spec.udesk}, which travels by name now`;
    return { conflict: hold(field, kind, reason) };
  }
  const crm = toCommon(spec, 'crm', now.crm);
  const outcome = applyPolicy({
    spec,
    region,
    base: base?.udesk ?? null,
    udesk: now.udesk,
    // Without an image it cannot win over there: the field does not flow to Udesk then.
    crm: crm.ok ? crm.value : now.crm,
    times,
  });
  switch (outcome.kind) {
    case 'undecided':
      return { conflict: hold(field, kind, outcome.reason) };
    case 'take':
      return takeSide(field, outcome.side, { by: 'policy', kind, reason: outcome.reason }, 'policy');
    case 'value': {
      const image = imageOn(spec, 'crm', outcome.value, now.crm);
      if (!image.ok) return { conflict: hold(field, 'unmappable', image.reason) };
      const decided: DecidedBy = { by: 'policy', kind, reason: outcome.reason };
      return resolveTo(field, { udesk: outcome.value, crm: image.value }, decided, 'policy');
    }
  }
}

/** From a time when the field travelled by id: no policy may overwrite it for everybody at once. */
function holdsAnId({ spec, now }: FieldContext): boolean {
  if (spec.names === undefined || isSet(now.crm)) return false;
  const text = scalarText(now.crm)?.trim() ?? '';
  return spec.names.entry(text) !== undefined && spec.names.find(text).kind === 'unknown';
}

function takeSide(field: FieldContext, winner: SideName, decided: DecidedBy, reason: Reason): FieldOutcome {
  const loser = otherSide(winner);
  const own = field.now[winner];
  if (!flowsTo(field.spec, loser)) return resolveTo(field, field.now, decided, reason);
  const image = imageFrom(field.spec, winner, own, field.now[loser]);
  if (!image.ok) return { conflict: hold(field, 'unmappable', image.reason) };
  const target = winner === 'udesk' ? { udesk: own, crm: image.value } : { udesk: image.value, crm: own };
  return resolveTo(field, target, decided, reason);
}

function fill(field: FieldContext, from: SideName): FieldOutcome {
  if (!flowsTo(field.spec, otherSide(from))) return { base: adopt(field) };
  return carry(field, from, 'fill-blank');
}

function carry(field: FieldContext, from: SideName, reason: Reason): FieldOutcome {
  const { spec, now, region } = field;
  const to = otherSide(from);
  const image = imageFrom(spec, from, now[from], now[to]);
  if (!image.ok) return { conflict: hold(field, 'unmappable', image.reason) };
  // What it already holds is not written again, even where the form in which it holds it does not map back.
  if (equalValues(spec, now[to], image.value, region)) return { base: adopt(field) };
  return { writes: { [to]: { after: image.value, ops: null, reason } } };
}

/** An edit on a side that the field is not read from. */
function blocked(field: FieldContext, from: SideName): FieldOutcome {
  const { spec } = field;
  const kind: ConflictKind = 'blocked-by-direction';
  const edited = `${spec.udesk} was edited in ${from}, and the field flows ${spec.direction} only`;
  switch (spec.onBlocked) {
    case 'hold':
      return { conflict: hold(field, kind, edited) };
    case 'ignore':
      return resolveTo(field, field.now, { by: 'policy', kind, reason: `${edited}: ignored` }, 'policy');
    case 'revert':
      return takeSide(
        field,
        otherSide(from),
        { by: 'policy', kind, reason: `${edited}: reverted` },
        'revert-blocked',
      );
  }
}
