/** `udesk-sync sync`: one full cycle of each pair, then exit. */

import type { Command } from 'commander';
import { createKeeper } from '../daemon/keeper.ts';
import type { Cycle } from '../engine/context.ts';
import { addUp, type CycleReport, runCycle } from '../engine/cycle.ts';
import type { ObserveScope } from '../engine/observe-sides.ts';
import { counted } from '../lib/counted.ts';
import { firstPlanShown, type RunRow } from '../store/pairs.ts';
import { findPlan, judgeFound } from '../store/waiting-plans.ts';
import { duration } from './age.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './errors.ts';
import { progress } from './output.ts';
import { keptMonths } from './retention.ts';
import { choosePairs, openPair, openRuntime, type Runtime } from './runtime.ts';
import { decider } from './who.ts';

interface SyncOptions {
  readonly pair?: string;
  readonly acceptFirstPlan?: boolean;
  readonly approve?: string;
  readonly strict?: boolean;
}

export function registerSync(program: Command, context: CliContext): void {
  program
    .command('sync')
    .description('one full cycle: read both sides, plan, write what the guards allow, then exit')
    .option('--pair <name>', 'only this pair')
    .option('--accept-first-plan', 'enable writes for a pair whose first plan you have looked at')
    .option('--approve <hash>', 'yes to exactly the plan or the changed account that waits with this hash')
    .option('--strict', 'exit with 4 when records are parked or conflicts are open')
    .action((options: SyncOptions) => runSync(context, options));
}

async function runSync(context: CliContext, options: SyncOptions): Promise<void> {
  const runtime = await openRuntime(context, 'sync');
  const reports: CycleReport[] = [];
  try {
    for (const config of choosePairs(runtime.config, options.pair)) {
      const pair = await openPair(runtime, config);
      const line = progress(context, config.name);
      try {
        if (options.approve !== undefined) await keepYes(context, runtime, config.name, options.approve);
        const shown =
          options.acceptFirstPlan === true ? await firstPlanShown(runtime.database.db, config.name) : null;
        const report = await untilFilled((observe) =>
          runCycle(runtime.engine, pair, {
            trigger: 'sync',
            observe,
            ...(options.acceptFirstPlan === true
              ? { acceptFirstPlan: { who: decider(context, undefined) } }
              : {}),
            ...(options.approve === undefined ? {} : { approve: options.approve }),
            signal: context.signal,
            progress: (...now) => line.update(progressText(...now)),
          }),
        );
        reports.push(report);
        line.stop();
        if (!context.json) context.print(describeCycle(report));
        if (!context.json && shown !== null) context.print(describeAcceptance(report, shown));
      } finally {
        line.stop();
        await pair.close();
      }
    }
    await createKeeper({ ...runtime.engine, months: keptMonths(runtime.config) }).tick(context.signal);
  } finally {
    await runtime.close();
  }
  if (context.json) context.printJson({ pairs: reports });
  if (reports.some((report) => report.outcome === 'waiting')) context.exitCode = EXIT.guard;
  else if (options.strict === true && reports.some((report) => report.openConflicts + report.parked > 0)) {
    context.exitCode = EXIT.openWork;
  }
}

/** A yes to what waits with this hash is kept like one on its page, with who said it; a hash that nothing waits with is for the cycle alone. */
async function keepYes(
  context: CliContext,
  { database: { db } }: Runtime,
  pair: string,
  hash: string,
): Promise<void> {
  const found = await findPlan(db, [pair], hash);
  if (found === null) return;
  await judgeFound(db, found, { verdict: 'approve', who: decider(context, undefined), at: new Date() });
}

/**
 * One full cycle; where it begins to fill a side with many records, as many further ones as bring that on. Between two
 * of them edits and people's decisions have their turn.
 */
async function untilFilled(cycle: (observe: ObserveScope) => Promise<CycleReport>): Promise<CycleReport> {
  const first = await cycle({ udesk: 'full', crm: 'full' });
  let whole = first;
  let last = first;
  while (last.backfill?.more === true) {
    last = await cycle({ udesk: last.backfill.mirrorIncomplete ? 'full' : 'none', crm: 'changes' });
    const push = last.push === null ? whole.push : addUp(whole.push, last.push);
    const { observed, matched, plan } = first;
    whole = { ...last, observed, matched, plan, push, backfill: last.backfill ?? whole.backfill };
  }
  return whole;
}

/** `creating in udesk 1200 of 20000, about 9 min left` */
function progressText(...[text, done, total, leftMs]: Parameters<Cycle['progress']>): string {
  const of = total === null ? '' : ` of ${total}`;
  const left = leftMs === undefined || leftMs === null ? '' : `, about ${duration(leftMs)} left`;
  return `${text} ${done}${of}${left}`;
}

/** Whether what was accepted is the first plan that a person last saw: the sides may have moved since. */
function describeAcceptance(report: CycleReport, shown: RunRow): string {
  const seen = shown.stats.plan as CycleReport['plan'];
  if (seen.hash === report.plan.hash)
    return `  accepted: exactly the first plan that was shown at ${shown.startedAt}`;
  return `  accepted: the first plan has changed since it was shown at ${shown.startedAt}; then it would ${planText(seen)}`;
}

function planText({ creates, updates, deletes }: CycleReport['plan']): string {
  return `create ${creates.udesk} in Udesk and ${creates.crm} in the CRM, update ${updates.udesk} in Udesk and ${updates.crm} in the CRM, delete ${deletes.udesk + deletes.crm}`;
}

/** A cycle in a few lines for a person. */
export function describeCycle(report: CycleReport): string {
  const { plan, push, observed } = report;
  const lines = [
    `${report.pair}: read ${observed.udesk.seen} from Udesk (${observed.udesk.changed} changed) and ${observed.crm.seen} from the CRM (${observed.crm.changed} changed); ${report.matched.linked} newly linked, ${report.matched.reviews} to review`,
  ];
  const planned = planText(plan);
  if (report.firstPlan) {
    lines.push(
      `  first run, nothing was written. It would ${planned}; ${counted(plan.held, 'field')} would wait as ${plan.held === 1 ? 'a conflict' : 'conflicts'}.`,
      '  Look at `udesk-sync plan` and `udesk-sync links list --state candidate`, then say yes to exactly this plan:',
      `  udesk-sync sync --pair ${report.pair} --approve ${plan.hash}`,
    );
    return lines.join('\n');
  }
  lines.push(`  planned: ${planned}`);
  if (push !== null) {
    const paused =
      push.pausedSides.length === 0
        ? ''
        : `; ${push.pausedSides.join(' and ')} did not answer, the rest waits`;
    lines.push(`  written: ${push.settled}; parked now: ${push.parked}; waiting: ${push.waiting}${paused}`);
  }
  if (report.backfill !== null) {
    const { side, done, total, unknown, left } = report.backfill;
    const rest =
      left === 0
        ? ''
        : `; ${left - unknown} still to be sent, ${unknown} sent and not seen yet: the next cycle goes on`;
    lines.push(`  backfill: ${done} of ${total} created in ${side}${rest}`);
  }
  for (const side of ['udesk', 'crm'] as const) {
    const { uncertified, dropped } = observed[side];
    if (uncertified !== null)
      lines.push(`  ${side} was not read completely (${uncertified}): nothing is taken as deleted`);
    if (dropped > 0)
      lines.push(
        `  ${counted(dropped, 'record')} of ${side} could not be read and ${dropped === 1 ? 'was' : 'were'} left out`,
      );
  }
  lines.push(`  open conflicts: ${report.openConflicts}; parked records: ${report.parked}`);
  if (report.waiting !== null) {
    for (const tripped of report.waiting.tripped) lines.push(`  guard ${tripped.guard}: ${tripped.message}`);
    lines.push(
      `  To look at it: udesk-sync plan --show ${report.waiting.hash}`,
      `  To let exactly this through: udesk-sync sync --pair ${report.pair} --approve ${report.waiting.hash}`,
    );
  }
  return lines.join('\n');
}
