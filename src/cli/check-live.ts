/**
 * `check --live`: the round-trip laws of two-way fields on records that both sides hold today (docs/mapping.md). Reads, and
 * writes to neither side; what it found is kept in our database, because a field that breaks a law is refused two-way.
 */
import { toPairSpec } from '../config/pair-spec.ts';
import type { PairConfig } from '../config/schema.ts';
import { brokenLaw } from '../core/mapping/laws.ts';
import { SIDES, type SideName, type SideRecord } from '../core/record.ts';
import { type FieldSpec, type PairSpec, sideField } from '../core/spec.ts';
import { isBlank } from '../core/value.ts';
import type { Side } from '../crm/adapter.ts';
import { type FieldCheck, type LawBreak, saveFieldChecks } from '../store/mapping-checks.ts';
import type { Db } from '../store/tx.ts';
import { type Found, findingsOf } from './check-side.ts';
import { ADVICE, grouped, idsOf, ofSide } from './lawless-fields.ts';
import { openCrm, openUdesk, type UdeskWorld } from './runtime.ts';

/** The sample is spread over so many records, as the side lists them. */
const REACH = 1_000;

export interface LiveCheck {
  readonly findings: readonly Found[];
  readonly checks: readonly FieldCheck[];
}

export interface LiveWorld {
  readonly spec: PairSpec;
  readonly sides: Readonly<Record<SideName, Side>>;
  readonly db: Db;
  readonly sample: number;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** Connects both sides of a pair and looks at them; what keeps it from that is a finding. */
export async function checkPairLive(
  pair: PairConfig,
  world: UdeskWorld & { readonly db: Db },
  { sample, signal }: { readonly sample: number; readonly signal: AbortSignal },
): Promise<LiveCheck> {
  const open: Side[] = [];
  try {
    const crm = await openCrm(pair, { ledger: world.ledger });
    open.push(crm);
    const udesk = openUdesk(pair, world);
    open.push(udesk);
    await udesk.learnFields();
    const spec = toPairSpec(pair, { udesk: udesk.manifest, crm: crm.manifest });
    return await checkLive({ spec, sides: { udesk, crm }, db: world.db, sample, now: new Date(), signal });
  } catch (error) {
    signal.throwIfAborted();
    return { findings: findingsOf(error), checks: [] };
  } finally {
    // What they held is gone with this process.
    await Promise.allSettled(open.map((side) => side.close()));
  }
}

export async function checkLive(world: LiveWorld): Promise<LiveCheck> {
  const { spec, sides, db, sample, now, signal } = world;
  const records = {
    udesk: await sampleOf(sides.udesk, sample, signal),
    crm: await sampleOf(sides.crm, sample, signal),
  };
  const twoWay = spec.fields.filter(({ direction }) => direction === 'both');
  const checks = twoWay.map((field) => checkField(field, records, spec.match.defaultRegion, now));
  await saveFieldChecks(db, spec.name, twoWay, checks);
  const findings = checks.flatMap(findingsOfField);
  const broken = checks.filter(({ breaks }) => breaks.length > 0).length;
  findings.push({
    level: 'info',
    message: `the round-trip laws hold in ${checks.length - broken} of ${checks.length} two-way fields, on ${records.udesk.length} customers and ${records.crm.length} records of the CRM`,
    config: false,
  });
  return { findings, checks };
}

function checkField(
  field: FieldSpec,
  records: Readonly<Record<SideName, readonly SideRecord[]>>,
  region: string,
  at: Date,
): FieldCheck {
  const breaks: LawBreak[] = [];
  const noImage: { side: SideName; reason: string; id: string }[] = [];
  let checked = 0;
  for (const side of SIDES) {
    for (const record of records[side]) {
      const value = record.fields[sideField(field, side)];
      if (value === undefined || isBlank(value)) continue;
      checked += 1;
      const verdict = brokenLaw(field, side, value, region);
      if (verdict?.kind === 'broken') breaks.push({ side, law: verdict.law, id: record.id });
      if (verdict?.kind === 'no-image') noImage.push({ side, reason: verdict.reason, id: record.id });
    }
  }
  return { field: field.udesk, crm: field.crm, checked, breaks, noImage, checkedAt: at.toISOString() };
}

function findingsOfField({ field, crm, checked, breaks, noImage }: FieldCheck): Found[] {
  const at = `fields: { udesk: ${field}, crm: ${crm} }`;
  const findings: Found[] = [];
  for (const [label, some] of grouped(breaks, ({ side, law }) => `${law} on ${ofSide(side)}`)) {
    findings.push({
      level: 'problem',
      message: `${at}: breaks ${label} ${idsOf(some)} (${checked} values looked at): it is refused two-way`,
      advice: ADVICE,
      config: true,
    });
  }
  for (const [reason, some] of grouped(noImage, ({ reason }) => reason)) {
    findings.push({
      level: 'warning',
      message: `${at}: ${reason}: ${some[0]?.side === undefined ? '' : ofSide(some[0].side)} ${idsOf(some)}`,
      advice:
        'Each becomes an incident of this field when it has to travel. Mend the values, or widen the rule.',
      config: false,
    });
  }
  return findings;
}

/** So many, spread over the first that the side lists. */
async function sampleOf(side: Side, sample: number, signal: AbortSignal): Promise<SideRecord[]> {
  const records: SideRecord[] = [];
  // A side that counts its calls is asked for no more than it takes.
  const reach = side.waitMs === undefined ? Math.max(REACH, sample) : sample;
  for await (const page of side.enumerate({ signal })) {
    records.push(...page.records);
    if (records.length >= reach) break;
  }
  if (records.length <= sample) return records;
  const step = records.length / sample;
  return Array.from({ length: sample }, (_, at) => records[Math.floor(at * step)]).filter(
    (record) => record !== undefined,
  );
}
