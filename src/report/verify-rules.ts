/** Rules of the review against what the log of decisions says of them: each that is on was turned on by somebody (P12). */
import type { LogEntry } from '../core/decision-chain.ts';
import { ruleSubject } from '../core/review-rule.ts';
import { type ReviewRule, rulesEver } from '../store/review-rules.ts';
import type { Db } from '../store/tx.ts';

/** What the log says: by subject without the reason of an end. */
export class RuleLog {
  readonly #on = new Map<string, string>();
  readonly #off = new Set<string>();

  /** Entries about other things are left out. */
  add(entry: LogEntry | null): void {
    if (entry?.action === 'rule-on') this.#on.set(idOf(entry.subject), `${entry.who} ${entry.subject}`);
    if (entry?.action === 'rule-off') this.#off.add(idOf(entry.subject));
  }

  /** What of the stored rules is not as it was logged. */
  async faults(db: Db): Promise<string[]> {
    const faults: string[] = [];
    const missing = new Set(this.#on.keys());
    for (const rule of await rulesEver(db)) {
      missing.delete(rule.id);
      const fault = this.#faultOf(rule);
      if (fault !== null) faults.push(`rule ${rule.id} ${fault}`);
    }
    return [...faults, ...[...missing].map((id) => `rule ${id} was logged, and is not there any more`)];
  }

  #faultOf(rule: ReviewRule): string | null {
    const logged = this.#on.get(rule.id);
    if (logged === undefined) return 'was never logged';
    if (logged !== `${rule.onBy} ${ruleSubject(rule)}`) return 'is not what was logged';
    const off = this.#off.has(rule.id);
    if (off === (rule.offAt !== null)) return null;
    return off ? 'is on, and the log says that it was turned off' : 'is off, and nobody logged that';
  }
}

/** `rule 7 [...]` */
function idOf(subject: string): string {
  return subject.split(' ')[1] ?? '';
}
