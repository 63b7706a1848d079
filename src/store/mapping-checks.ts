/** What `check --live` last found of each two-way field, for as long as the field is declared as it was then. */
import { sql } from 'drizzle-orm';
import type { Law } from '../core/mapping/laws.ts';
import type { SideName } from '../core/record.ts';
import type { FieldSpec } from '../core/spec.ts';
import { canonicalJson, sha256 } from '../lib/hash.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, jsonParam, rows } from './tx.ts';

export interface LawBreak {
  readonly side: SideName;
  readonly law: Law;
  /** Of the record, as its side names it. */
  readonly id: string;
}

export interface FieldCheck {
  readonly field: string;
  readonly crm: string;
  /** Values that were there to be looked at. */
  readonly checked: number;
  readonly breaks: readonly LawBreak[];
  readonly noImage: readonly { readonly side: SideName; readonly reason: string; readonly id: string }[];
  readonly checkedAt: string;
}

export async function saveFieldChecks(
  db: Db,
  pair: string,
  fields: readonly FieldSpec[],
  checks: readonly FieldCheck[],
): Promise<void> {
  await db.transaction(async (tx) => {
    for (const [at, check] of checks.entries()) {
      const field = fields[at];
      if (field === undefined) continue;
      await tx.execute(sql`
        insert into udesk_sync.mapping_check (pair, field, meaning, checked, breaks, checked_at)
        values (${pair}, ${check.field}, ${meaningOf(field)}, ${check.checked}, ${jsonParam(check.breaks)}, ${check.checkedAt})
        on conflict (pair, field) do update set meaning = excluded.meaning, checked = excluded.checked,
          breaks = excluded.breaks, checked_at = excluded.checked_at`);
    }
  });
}

export interface RefusedField {
  readonly field: FieldSpec;
  readonly breaks: readonly LawBreak[];
  readonly checkedAt: Date;
}

/** The two-way fields that broke a law when they were last looked at, and are declared as they were then. */
export async function refusedTwoWay(
  db: Db,
  pair: string,
  fields: readonly FieldSpec[],
): Promise<RefusedField[]> {
  const found = await rows<{ field: string; meaning: string; breaks: string; checked_at: string }>(
    db,
    sql`select field, meaning, breaks, checked_at::text as checked_at from udesk_sync.mapping_check
        where pair = ${pair} and jsonb_array_length(breaks) > 0`,
  );
  return found.flatMap(({ field: name, meaning, breaks, checked_at }) => {
    const field = fields.find(({ udesk, direction }) => udesk === name && direction === 'both');
    if (field === undefined || meaningOf(field) !== meaning) return [];
    return [{ field, breaks: fromJsonb<LawBreak[]>(breaks), checkedAt: new Date(checked_at) }];
  });
}

/** Everything that the laws depend on. */
function meaningOf({ crm, shape, equivalence, map, lenses }: FieldSpec): string {
  return sha256(canonicalJson({ crm, shape, equivalence, map, lenses: lenses ?? null }));
}
