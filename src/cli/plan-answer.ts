/** `plan --approve` and `plan --reject`: the yes or no to exactly one plan or changed account, as on its page; the next cycle carries it out. */
import { SyncError } from '../errors.ts';
import { type FoundPlan, findPlan, judgeFound } from '../store/waiting-plans.ts';
import type { CliContext } from './context.ts';
import { decider } from './who.ts';
import { withRuntime } from './with-runtime.ts';

export interface PlanAnswer {
  readonly verdict: 'approve' | 'reject';
  readonly hash: string;
  readonly who: string | undefined;
}

export async function answerPlan(context: CliContext, { verdict, hash, who }: PlanAnswer): Promise<void> {
  await withRuntime(context, 'plan', async ({ config, database: { db } }) => {
    const pairs = config.pairs.map(({ name }) => name);
    const plan = await findPlan(db, pairs, hash);
    if (plan?.kind === 'first-plan' && verdict === 'reject') {
      throw new SyncError('config', 'a first plan is not rejected: what is not accepted is not carried out', {
        pair: plan.pair,
        code: 'usage',
        advice:
          'Answer the questions of identity and change the configuration; the plan is made anew with every cycle.',
      });
    }
    const by = { who: decider(context, who), at: new Date() };
    const result = plan === null ? 'late' : await judgeFound(db, plan, { verdict, ...by });
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

function text(found: FoundPlan, verdict: PlanAnswer['verdict']): string {
  const { pair } = found;
  if (found.kind === 'account') {
    const where = found.account.side === 'udesk' ? 'Udesk' : 'the CRM';
    return verdict === 'approve'
      ? `Approved. The next cycle of ${pair} goes on with what answers in ${where} now, if it is still the same: the running daemon's, or \`udesk-sync sync\`.`
      : `Rejected. Nothing is read from ${where} or written there, and nobody is asked again; ${pair} goes on when the old account answers, or with \`udesk-sync plan --approve\`.`;
  }
  return verdict === 'approve'
    ? `Approved. The next cycle of ${pair} releases it if the plan is still exactly this one: the running daemon's, or \`udesk-sync sync\`.`
    : `Rejected. ${pair} goes on holding exactly these writes, and nobody is asked about them again.`;
}
