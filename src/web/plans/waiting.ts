/** Everything that waits for a yes, in all pairs: asked for once. */
import { type AccountChange, openAccountChanges } from '../../store/account-changes.ts';
import { type GuardRow, waitingGuards } from '../../store/guards.ts';
import { loadFirstPlans, type WaitingFirstPlan } from '../../store/pairs.ts';
import type { Visit } from '../visit.ts';

export interface Waiting {
  readonly firstPlans: readonly WaitingFirstPlan[];
  /** Those that were answered with no, too. */
  readonly guards: readonly (GuardRow & { readonly pair: string })[];
  /** Those that were answered with no, too. */
  readonly accounts: readonly AccountChange[];
}

export async function loadWaiting({ services: { db, config } }: Pick<Visit, 'services'>): Promise<Waiting> {
  const pairs = config.pairs.map(({ name }) => name);
  const [firstPlans, guards, accounts] = await Promise.all([
    loadFirstPlans(db, pairs),
    Promise.all(
      pairs.map(async (pair) =>
        (await waitingGuards(db, pair, ['waiting', 'rejected'])).map((row) => ({ ...row, pair })),
      ),
    ),
    openAccountChanges(db, pairs),
  ]);
  return { firstPlans, guards: guards.flat(), accounts };
}
