/**
 * A record took the place of another that a link held (sync design §7): which bases the link goes on with. That the one was
 * merged into the other is mostly a conclusion from an e-mail or a phone, so nothing is taken away from the survivor because
 * it was taken away from the record that is gone. Pure.
 */
import type { ConflictChange, FieldBase } from './link.ts';
import { otherSide, type SideName, type SideRecord } from './record.ts';
import { keptBySurvivor } from './set-merge.ts';
import { flowsTo, type PairSpec, sideField } from './spec.ts';

export interface Taken {
  readonly bases: Readonly<Record<string, FieldBase>>;
  /** Flags: what was taken away is kept, and somebody should know (P2). */
  readonly flags: readonly Extract<ConflictChange, { action: 'hold' }>[];
}

/**
 * @param side where the survivor is
 * @param records the survivor, and its counterpart as it is known
 */
export function takeOver(
  spec: PairSpec,
  bases: Readonly<Record<string, FieldBase>>,
  side: SideName,
  records: Readonly<Record<SideName, SideRecord>>,
): Taken {
  const changed: Record<string, FieldBase> = {};
  const flags: Extract<ConflictChange, { action: 'hold' }>[] = [];
  for (const field of spec.fields) {
    const base = bases[field.udesk];
    const [udesk, crm] = [records.udesk.fields[field.udesk], records.crm.fields[sideField(field, 'crm')]];
    if (base === undefined || udesk === undefined || crm === undefined) continue;
    // Where nothing is read from the survivor, the other side decides alone.
    if (field.shape !== 'set' || !flowsTo(field, otherSide(side))) continue;
    const now = { udesk, crm };
    const kept = keptBySurvivor({ spec: field, region: spec.match.defaultRegion, base, now }, side);
    if (kept === null) continue;
    changed[field.udesk] = { ...base, ...kept };
    const reason = `taken away in ${otherSide(side)}, and held by the ${side} record that took the place of the merged one: it is kept`;
    flags.push({
      ...{ action: 'hold', field: field.udesk, kind: 'element', base, ...now },
      ...{ reason, reopened: false },
    });
  }
  return { bases: { ...bases, ...changed }, flags };
}
