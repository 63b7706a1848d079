import { toFieldSpec } from '../config/pair-spec.ts';
import type { Config, PairConfig } from '../config/schema.ts';
import type { FieldSpec } from '../core/spec.ts';
import type { ConflictRow } from '../store/conflicts.ts';
import type { PairField } from '../store/inbox-filter.ts';

/** The fields for which a policy is configured. */
export function fieldsOf({ pairs }: Pick<Config, 'pairs'>, policy: string): PairField[] {
  return pairs.flatMap(({ name, fields }) =>
    fields.filter((field) => field.policy === policy).map(({ udesk }) => ({ pair: name, field: udesk })),
  );
}

/** The field as the configuration has it now; null where it is gone. */
export function fieldOf(
  config: Config,
  row: Pick<ConflictRow, 'pair' | 'field'>,
): { pair: PairConfig | null; spec: FieldSpec | null } {
  const pair = config.pairs.find(({ name }) => name === row.pair) ?? null;
  const field = pair?.fields.find(({ udesk }) => udesk === row.field);
  return { pair, spec: field === undefined ? null : toFieldSpec(field) };
}
