/** `plan --approve` and `plan --reject`: the yes or no to exactly one plan, as on its page; the next cycle carries it out. */
import type { Config } from '../config/schema.ts';
import { SyncError } from '../errors.ts';
import { judgePlan } from '../store/approvals.ts';
import { loadGuardedPlan } from '../store/guards.ts';
import { loadFirstPlan } from '../store/pairs.ts';
import type { Db } from '../store/tx.ts';
import type { CliContext } from './context.ts';
import { decider } from './who.ts';
import { withRuntime } from './with-runtime.ts';

export interface PlanAnswer {
  readonly verdict: 'approve' | 'reject';
  readonly hash: string;
  readonly who: string | undefined;
}

type Kind = 'first-plan' | 'guard';

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
    const result = plan === null ? 'late' : await judgePlan(db, { ...plan, hash, verdict, ...by });
    if (plan === null || result === 'late') {
      throw new SyncError('stale', 'no plan with this hash waits any more, or there never was one', {
        code: 'plan-gone',
        advice: '`udesk-sync status` names the plans that wait now.',
      });
    }
    const { pair, kind } = plan;
    const answered = { hash, pair, kind, verdict };
    if (context.json) context.printJson({ plan: answered });
    else context.print(text(pair, verdict));
  });
}

function text(pair: string, verdict: PlanAnswer['verdict']): string {
  return verdict === 'approve'
    ? `Approved. The next cycle of ${pair} releases it if the plan is still exactly this one: the running daemon's, or \`udesk-sync sync\`.`
    : `Rejected. ${pair} goes on holding exactly these writes, and nobody is asked about them again.`;
}

async function findPlan(db: Db, config: Config, hash: string): Promise<{ pair: string; kind: Kind } | null> {
  const pairs = config.pairs.map(({ name }) => name);
  for (const pair of pairs) {
    if ((await loadFirstPlan(db, pair))?.hash === hash) return { pair, kind: 'first-plan' };
  }
  const guard = await loadGuardedPlan(db, hash);
  return guard === null || !pairs.includes(guard.pair) ? null : { pair: guard.pair, kind: 'guard' };
}
