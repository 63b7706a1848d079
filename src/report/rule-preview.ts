/** What a rule would decide of what is open now: before a person turns it on. */
import type { Config } from '../config/schema.ts';
import { type RuleTake, ruleRefusal } from '../core/review-rule.ts';
import type { ConflictRow } from '../store/conflicts.ts';
import { ruleCandidates } from '../store/rule-candidates.ts';
import type { OpenGroup } from '../store/similar.ts';
import type { Db } from '../store/tx.ts';
import { choicesFor, writesOf } from './choices.ts';
import { fieldOf } from './mapped-field.ts';

/** So many are looked at one by one; a cycle decides fewer. */
const LOOKED_AT = 500;
/** Later than any conflict: nothing is left waiting for a history. */
const EVER = new Date('9999-01-01T00:00:00Z');

export interface RulePreview {
  readonly decides: number;
  readonly writes: Readonly<Record<'udesk' | 'crm', number>>;
  /** Of the group, these stay with people. */
  readonly left: number;
  /** More are open than were looked at. */
  readonly capped: boolean;
}

/** Exactly what the rule will look at, its waiting for histories aside. */
export async function previewRule(
  db: Db,
  config: Config,
  group: OpenGroup,
  take: RuleTake,
): Promise<RulePreview> {
  const found = await ruleCandidates(
    db,
    { ...group, fromConflictId: '0' },
    { askedBefore: EVER, now: EVER },
    LOOKED_AT + 1,
  );
  const rows = found
    .slice(0, LOOKED_AT)
    .filter((row) => ruleRefusal(row, fieldOf(config, row).spec, take) === null);
  const writes = { udesk: 0, crm: 0 };
  for (const row of rows) {
    const each = writesFor(config, row, take);
    writes.udesk += each.udesk;
    writes.crm += each.crm;
  }
  const capped = found.length > LOOKED_AT;
  return { decides: rows.length, writes, left: capped ? 0 : group.open - rows.length, capped };
}

function writesFor(config: Config, row: ConflictRow, take: RuleTake): RulePreview['writes'] {
  const { pair, spec } = fieldOf(config, row);
  const region = pair?.match.defaultRegion ?? 'CN';
  const choice = choicesFor(row, spec, region, () => '').find((each) => each.take === take);
  return choice === undefined ? { udesk: 0, crm: 0 } : writesOf(choice);
}
