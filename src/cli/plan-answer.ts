/** `plan --approve` and `plan --reject`: the yes or no to exactly one plan or changed account, as on its page; the next cycle carries it out. */
import type { Config } from '../config/schema.ts';
import type { SideName } from '../core/record.ts';
import { SyncError } from '../errors.ts';
import { loadAccountChange } from '../store/account-changes.ts';
import { accountKind, judgePlan, type PlanVerdict, type VerdictResult } from '../store/approvals.ts';
import { loadGuardedPlan } from '../store/guards.ts';
import { loadFirstPlan } from '../store/pairs.ts';
import type { AccountState } from '../store/schema.ts';
import type { Db } from '../store/tx.ts';
import type { CliContext } from './context.ts';
import { decider } from './who.ts';
import { withRuntime } from './with-runtime.ts';

export interface PlanAnswer {
  readonly verdict: 'approve' | 'reject';
  readonly hash: string;
  readonly who: string | undefined;
}

/** What waits with a hash; `kind` is how the API calls it. */
type Found = { readonly pair: string } & (
  | { readonly kind: 'first-plan' | 'guard' }
  | { readonly kind: 'account'; readonly side: SideName; readonly shown: AccountState }
);

export async function answerPlan(context: CliContext, { verdict, hash, who }: PlanAnswer): Promise<void> {
  await withRuntime(context, 'plan', async ({ config, database: { db } }) => {
    const plan = await findPlan(db, config, hash);
    if (plan?.kind === 'first-plan' && verdict === 'reject') {
      throw new SyncError('config', 'a first plan is not rejected: what is not accepted is not carried out', {
        pair: plan.pair,
        code: 'usage',
        advice:
          'Answer the questions of identity and change the configuration; the plan is made anew with every cycle.',
      });
    }
    const by = { who: decider(context, who), at: new Date() };
    const result = plan === null ? 'late' : await judge(db, plan, { hash, verdict, ...by });
    if (plan === null || result === 'late') {
      throw new SyncError('stale', 'no plan with this hash waits any more, or there never was one', {
        code: 'plan-gone',
        advice: '`udesk-sync status` names the plans that wait now.',
      });
    }
    if (result === 'answered') {
      throw new SyncError('stale', 'somebody else has answered about this account already', {
        pair: plan.pair,
        code: 'plan-answered',
        advice: '`udesk-sync status` says what was answered.',
      });
    }
    const { pair, kind } = plan;
    const answered = { hash, pair, kind, verdict };
    if (context.json) context.printJson({ plan: answered });
    else context.print(text(plan, verdict));
  });
}

/** The same verdict as on the page of the plan. */
async function judge(
  db: Db,
  found: Found,
  said: Pick<PlanVerdict, 'hash' | 'verdict' | 'who' | 'at'>,
): Promise<VerdictResult> {
  const { pair } = found;
  return found.kind === 'account'
    ? await judgePlan(db, { ...said, pair, kind: accountKind(found.side), shown: found.shown })
    : await judgePlan(db, { ...said, pair, kind: found.kind });
}

function text(found: Found, verdict: PlanAnswer['verdict']): string {
  const { pair } = found;
  if (found.kind === 'account') {
    const where = found.side === 'udesk' ? 'Udesk' : 'the CRM';
    return verdict === 'approve'
      ? `Approved. The next cycle of ${pair} goes on with what answers in ${where} now, if it is still the same: the running daemon's, or \`udesk-sync sync\`.`
      : `Rejected. Nothing is read from ${where} or written there, and nobody is asked again; ${pair} goes on when the old account answers, or with \`udesk-sync plan --approve\`.`;
  }
  return verdict === 'approve'
    ? `Approved. The next cycle of ${pair} releases it if the plan is still exactly this one: the running daemon's, or \`udesk-sync sync\`.`
    : `Rejected. ${pair} goes on holding exactly these writes, and nobody is asked about them again.`;
}

async function findPlan(db: Db, config: Config, hash: string): Promise<Found | null> {
  const pairs = config.pairs.map(({ name }) => name);
  for (const pair of pairs) {
    if ((await loadFirstPlan(db, pair))?.hash === hash) return { pair, kind: 'first-plan' };
  }
  const account = await loadAccountChange(db, hash);
  if (account !== null && pairs.includes(account.pair)) {
    const { pair, side, state } = account;
    return { pair, kind: 'account', side, shown: state };
  }
  const guard = await loadGuardedPlan(db, hash);
  return guard === null || !pairs.includes(guard.pair) ? null : { pair: guard.pair, kind: 'guard' };
}
