/** Walks the chain of decisions and compares it with the decisions and rules that are stored (promise P12). */
import { type DecisionEntry, faultOf, type LogEntry, salted } from '../core/decision-chain.ts';
import { lastDecisionId, readChain, type StoredDecision, storedDecisions } from '../store/decision-log.ts';
import type { Db } from '../store/tx.ts';
import { RuleLog } from './verify-rules.ts';

export interface LogVerdict {
  readonly entries: number;
  /** Of the last entry; keep it elsewhere, and a chain that was cut short or made anew is found out, too. */
  readonly head: string | null;
  /** What is wrong, first things first; empty: the log and the decisions are as they were written. */
  readonly faults: readonly string[];
  /** Decisions from before there was a log. */
  readonly older: number;
  /** The digest that was asked for is in the chain; null when none was. */
  readonly expected: boolean | null;
}

interface Logged {
  readonly entry: DecisionEntry;
  readonly salt: string | null;
}

const CHUNK = 2_000;

export async function verifyLog(db: Db, expect: string | null): Promise<LogVerdict> {
  const faults: string[] = [];
  const logged = new Map<string, Logged>();
  const forgotten = new Set<string>();
  const rules = new RuleLog();
  let expected = expect === null ? null : false;
  let previous: Parameters<typeof faultOf>[0] = null;
  let entries = 0;
  for (;;) {
    const chunk = await readChain(db, previous?.seq ?? 0, CHUNK);
    for (const link of chunk) {
      const fault = faultOf(previous, link);
      if (fault !== null) faults.push(fault);
      if (link.hash === expect) expected = true;
      const entry = readEntry(link.entry);
      if (entry?.action === 'decide') logged.set(entry.decisionId, { entry, salt: link.salt ?? null });
      rules.add(entry);
      // What a forgetting names after it may be erased: `link 12 decisions 3,4`.
      if (entry?.action === 'forget') {
        const [, ids] = / decisions ([\d,]+)$/.exec(entry.subject) ?? [];
        for (const id of ids?.split(',') ?? []) forgotten.add(id);
      }
      previous = link;
      entries += 1;
    }
    if (chunk.length < CHUNK) break;
  }
  const compared = await compare(db, logged, forgotten);
  if (expected === false) faults.push('the digest that was asked for is not in the chain');
  return {
    entries,
    head: previous?.hash ?? null,
    faults: [...faults, ...compared.faults, ...(await rules.faults(db))],
    older: compared.older,
    expected,
  };
}

async function compare(
  db: Db,
  logged: ReadonlyMap<string, Logged>,
  forgotten: ReadonlySet<string>,
): Promise<{ faults: string[]; older: number }> {
  const faults: string[] = [];
  const last = await lastDecisionId(db);
  const firstLogged = [...logged.keys()].reduce(
    (least, id) => (BigInt(id) < least ? BigInt(id) : least),
    BigInt(Number.MAX_SAFE_INTEGER),
  );
  const missing = new Set(logged.keys());
  let older = 0;
  for (let from = 1n; last !== null && from <= BigInt(last); from += BigInt(CHUNK)) {
    for (const stored of await storedDecisions(db, String(from), String(from + BigInt(CHUNK) - 1n))) {
      missing.delete(stored.id);
      const entry = logged.get(stored.id);
      if (entry !== undefined) {
        if (stored.erased && !forgotten.has(stored.id)) {
          faults.push(`decision ${stored.id} was erased, and no forgetting says so`);
        } else if (!same(stored, entry)) faults.push(`decision ${stored.id} is not what was logged`);
      } else if (BigInt(stored.id) < firstLogged) older += 1;
      else faults.push(`decision ${stored.id} was never logged`);
    }
  }
  for (const id of missing) faults.push(`decision ${id} was logged, and is not there any more`);
  return { faults, older };
}

/** Null for what is no entry any more; the chain has told of it. */
function readEntry(text: string): LogEntry | null {
  try {
    return JSON.parse(text) as LogEntry;
  } catch {
    return null;
  }
}

/** Of an erased one everything but the value is held against the log. */
function same(stored: StoredDecision, { entry, salt }: Logged): boolean {
  const plain = (['conflictId', 'who', 'take', 'at'] as const).every((key) => stored[key] === entry[key]);
  return plain && (stored.erased || salted(salt, stored.value) === entry.value);
}
