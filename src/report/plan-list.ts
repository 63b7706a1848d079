/** The writes of a plan that waits, one row per field, for a spreadsheet or a program. */
import type { Config } from '../config/schema.ts';
import type { Reason } from '../core/link.ts';
import type { SampledWrite } from '../core/plan-sample.ts';
import type { SideName } from '../core/record.ts';
import type { Value } from '../core/value.ts';
import { type KeptPlan, keptWrites } from '../store/plan-samples.ts';
import type { Db } from '../store/tx.ts';
import type { FoundPlan } from '../store/waiting-plans.ts';
import { conflictText } from './conflict-document.ts';
import { CSV_START, csvLine } from './csv.ts';
import { namesOf, pairName } from './customer-names.ts';

/** As `plan --json` gives them, and what the customer is called. A delete is one row with the field `*`. */
export interface PlanRow {
  readonly pair: string;
  readonly side: SideName;
  readonly op: SampledWrite['op'];
  readonly udeskId: string | null;
  readonly crmId: string | null;
  readonly name: string | null;
  readonly field: string;
  readonly before: Value | null;
  readonly after: Value | null;
  readonly reason: Reason;
}

/** All writes that are kept of the plan: what takes something away first. */
export async function loadPlanRows(db: Db, config: Config, plan: KeptPlan): Promise<PlanRow[]> {
  const writes = await keptWrites(db, plan, 0, Number.MAX_SAFE_INTEGER);
  const names = await namesOf(db, config, plan.pair, writes);
  return writes.flatMap((write): PlanRow[] => {
    const { side, op, udeskId, crmId } = write;
    const who = { pair: plan.pair, side, op, udeskId, crmId, name: names.get(pairName(write)) ?? null };
    if (op === 'delete') return [{ ...who, field: '*', before: null, after: null, reason: 'delete' }];
    return write.fields.map(({ field, before, after, reason }) => ({ ...who, field, before, after, reason }));
  });
}

/** What is told with the rows: what a yes covers, and how many of its writes are kept. */
export interface PlanHead extends KeptPlan {
  readonly writes: number;
  readonly kept: number;
}

/** Null: it has no writes to be looked at, or they are not kept any more. */
export function planHeadOf(found: FoundPlan): PlanHead | null {
  if (found.kind === 'account') return null;
  const { pair, hash, kind } = found;
  const { writes, kept } = found.kind === 'guard' ? found.guard : found.first;
  return kept === null ? null : { pair, hash, kind, writes, kept };
}

export function planJson({ hash, pair, kind, writes, kept }: PlanHead, changes: readonly PlanRow[]): string {
  return `${JSON.stringify({ plan: { hash, pair, kind, writes, kept, changes } }, null, 2)}\n`;
}

const COLUMNS: readonly (readonly [name: string, value: (row: PlanRow) => string | null])[] = [
  ['pair', (row) => row.pair],
  ['side', (row) => row.side],
  ['op', (row) => row.op],
  ['udeskId', (row) => row.udeskId],
  ['crmId', (row) => row.crmId],
  ['name', (row) => row.name],
  ['field', (row) => row.field],
  ['before', (row) => conflictText(row, row.before)],
  ['after', (row) => conflictText(row, row.after)],
  ['reason', (row) => row.reason],
];

/** The columns have the names of the JSON document. */
export function planCsv(changes: readonly PlanRow[]): string {
  const lines = changes.map((row) => csvLine(COLUMNS.map(([, value]) => value(row) ?? '')));
  return CSV_START + csvLine(COLUMNS.map(([name]) => name)) + lines.join('');
}
