/**
 * At the end of a cycle: each conflict is told apart by its kind of difference, and rules that people turned on decide what
 * is theirs. A rule decides as a person does: recorded, logged, carried out by the next cycle through the same outbox, and
 * until then it can be taken back.
 */
import { authorKind, patternOf, patternText } from '../core/conflict-pattern.ts';
import { ruleName, ruleRefusal } from '../core/review-rule.ts';
import { decideConflict } from '../store/conflict-decisions.ts';
import { automationNames, savePatterns, unclassifiedConflicts } from '../store/conflict-patterns.ts';
import type { ConflictRow } from '../store/conflicts.ts';
import { editAuthors } from '../store/feeds.ts';
import { endsToTell, type ReviewRule, rulesOn, saveEndsTold } from '../store/review-rules.ts';
import { ruleCandidates } from '../store/rule-candidates.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

const CHUNK = 500;
/** A database from before there were patterns is caught up with over many cycles. */
const BUDGET_MS = 2_000;
/** Per rule and cycle: a person who sees that it goes wrong can still stop it. */
const DECISIONS_PER_CYCLE = 200;
/** Who edited and when is told by Udesk's history; a rule waits so long for it to be read. */
const HISTORY_WAIT_MS = 900_000;

/** How many conflicts each rule decided, by its id. */
export type RuleDecisions = Readonly<Record<string, number>>;

export async function reviewConflicts(cycle: Cycle): Promise<RuleDecisions> {
  await classifyConflicts(cycle);
  await tellEnds(cycle);
  const decided: Record<string, number> = {};
  for (const rule of await rulesOn(cycle.db, cycle.spec.name)) {
    const n = await applyRule(cycle, rule);
    if (n === 0) continue;
    decided[rule.id] = n;
    cycle.log.info({ ruleId: rule.id, decided: n }, 'a rule of the review decided conflicts');
  }
  return decided;
}

/** Nothing here is read by the planner: a pattern that is missing or old keeps rules away, and nothing else. */
async function classifyConflicts(cycle: Cycle): Promise<void> {
  const { db, fence, spec } = cycle;
  const until = cycle.clock().getTime() + BUDGET_MS;
  let automations: ReadonlySet<string> | null = null;
  for (;;) {
    cycle.signal.throwIfAborted();
    const waiting = await unclassifiedConflicts(db, spec.name, CHUNK);
    if (waiting.length === 0) return;
    automations ??= await automationNames(db, spec.name, spec.automations ?? []);
    const authors = await editAuthors(
      db,
      waiting.map(({ id }) => id),
    );
    const names = automations;
    const found = waiting.map((row) => {
      const field = spec.fields.find(({ udesk }) => udesk === row.field) ?? null;
      const author = authorKind(authors.get(row.id)?.name ?? null, names);
      // Whoever changed the record last may have edited something else.
      const inCrm = row.crmAuthor?.knownBy === 'field' ? row.crmAuthor.name : null;
      const crmAuthor = authorKind(inCrm, names);
      const pattern = patternOf(row, author, field, spec.match.defaultRegion, crmAuthor);
      return { id: row.id, pattern: patternText(pattern) };
    });
    await fenced(db, fence, (tx) => savePatterns(tx, spec.name, found));
    if (waiting.length < CHUNK || cycle.clock().getTime() > until) return;
  }
}

async function applyRule(cycle: Cycle, rule: ReviewRule): Promise<number> {
  const { db, spec } = cycle;
  const field = spec.fields.find(({ udesk }) => udesk === rule.field) ?? null;
  const asksHistory = cycle.sides.udesk.history !== undefined;
  const now = cycle.clock();
  const askedBefore = asksHistory ? new Date(now.getTime() - HISTORY_WAIT_MS) : now;
  let decided = 0;
  for (const row of await ruleCandidates(db, rule, { askedBefore, now }, DECISIONS_PER_CYCLE)) {
    cycle.signal.throwIfAborted();
    if (ruleRefusal(row, field, rule.take) === null && (await decide(cycle, rule, row))) decided += 1;
  }
  return decided;
}

async function decide(cycle: Cycle, rule: ReviewRule, row: ConflictRow): Promise<boolean> {
  return await decideConflict(cycle.db, {
    conflictId: row.id,
    who: ruleName(rule.id, rule.onBy),
    take: rule.take,
    value: null,
    at: cycle.clock(),
    seen: row.changedAt,
    ruleId: rule.id,
  });
}

/** A rule that ended by itself is told of once, loudly: somebody relied on it. */
async function tellEnds(cycle: Cycle): Promise<void> {
  const ended = await endsToTell(cycle.db, cycle.spec.name);
  if (ended.length === 0) return;
  for (const { id, offReason } of ended) {
    cycle.log.error(
      { ruleId: id, code: offReason },
      'a rule of the review has turned itself off; `udesk-sync rules show ID` says why',
    );
  }
  await fenced(cycle.db, cycle.fence, (tx) =>
    saveEndsTold(
      tx,
      cycle.spec.name,
      ended.map(({ id }) => id),
    ),
  );
}
