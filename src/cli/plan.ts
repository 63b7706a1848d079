/** `udesk-sync plan`: what a cycle would write, per record and field; writes nothing to either side. */

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { PlanItem } from '../core/plan.ts';
import { type CycleReport, runCycle } from '../engine/cycle.ts';
import { SyncError } from '../errors.ts';
import { counted } from '../lib/counted.ts';
import type { CliContext } from './context.ts';
import { formatTable, progress } from './output.ts';
import { answerPlan } from './plan-answer.ts';
import { showPlan } from './plan-show.ts';
import { choosePairs, openPair, openRuntime } from './runtime.ts';
import { showValue } from './show-value.ts';
import { WHO } from './who.ts';

interface PlanOptions {
  readonly pair?: string;
  readonly out?: string;
  readonly approve?: string;
  readonly reject?: string;
  readonly show?: string;
  readonly format?: 'csv' | 'json';
  readonly who?: string;
}

interface PairPlan {
  readonly report: CycleReport;
  readonly items: readonly PlanItem[];
}

export function registerPlan(program: Command, context: CliContext): void {
  program
    .command('plan')
    .description(
      'read both sides and print what would be written, with reasons; writes nothing to either side',
    )
    .option('--pair <name>', 'only this pair')
    .option('--out <file>', 'write the plan as JSON to this file')
    .addOption(
      new Option(
        '--show <hash>',
        'the list of the plan that waits with this hash, as on its page; reads neither side',
      )
        .argParser(planHash)
        .conflicts(['approve', 'reject', 'pair']),
    )
    .addOption(
      new Option('--format <format>', 'with --show: csv for spreadsheets, json for programs').choices([
        'csv',
        'json',
      ]),
    )
    .addOption(
      new Option(
        '--approve <hash>',
        'yes to exactly the plan or account that waits with this hash; reads neither side',
      )
        .argParser(planHash)
        .conflicts(['reject', 'out', 'pair']),
    )
    .addOption(
      new Option(
        '--reject <hash>',
        'no: a guard goes on holding exactly these writes, or a pair goes on waiting for its account',
      )
        .argParser(planHash)
        .conflicts(['out', 'pair']),
    )
    .option(...WHO)
    .action((options: PlanOptions) => {
      const { approve, reject, show, who, format, out } = options;
      if (format !== undefined && show === undefined)
        throw new SyncError('config', '--format goes with --show', {
          code: 'usage',
          advice: 'Give the hash of the plan.',
        });
      if (show !== undefined) return showPlan(context, { hash: show, format, out });
      if (approve !== undefined) return answerPlan(context, { verdict: 'approve', hash: approve, who });
      if (reject !== undefined) return answerPlan(context, { verdict: 'reject', hash: reject, who });
      return runPlan(context, options);
    });
}

function planHash(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new InvalidArgumentError('The hash of a plan has 64 characters, as `status` shows it.');
  return text;
}

async function runPlan(context: CliContext, options: PlanOptions): Promise<void> {
  const runtime = await openRuntime(context, 'plan');
  const plans: PairPlan[] = [];
  try {
    for (const config of choosePairs(runtime.config, options.pair)) {
      const pair = await openPair(runtime, config);
      const line = progress(context, config.name);
      try {
        const items: PlanItem[] = [];
        const report = await runCycle(runtime.engine, pair, {
          trigger: 'plan',
          observe: { udesk: 'full', crm: 'full' },
          dry: true,
          onItem: (item) => items.push(item),
          signal: context.signal,
          progress: (text, done, total) =>
            line.update(`${text} ${done}${total === null ? '' : ` of ${total}`}`),
        });
        plans.push({ report, items });
      } finally {
        line.stop();
        await pair.close();
      }
    }
  } finally {
    await runtime.close();
  }
  const document = planDocument(plans);
  if (options.out !== undefined) {
    writeFileSync(resolve(context.cwd, options.out), `${JSON.stringify(document, null, 2)}\n`);
    context.say(`The plan is in ${options.out}.`);
  }
  if (context.json) context.printJson(document);
  else if (options.out === undefined) for (const plan of plans) context.print(describePlan(plan));
}

/** One pair: `{ plan: { hash, changes } }`; several: the changes carry their pair, and each pair has its hash. */
function planDocument(plans: readonly PairPlan[]): unknown {
  const changes = plans.flatMap(({ report, items }) =>
    items.map((item) => ({
      pair: report.pair,
      udeskId: item.udeskId,
      crmId: item.crmId,
      side: item.side,
      op: item.op,
      field: item.field,
      before: item.before,
      after: item.after,
      reason: item.reason,
    })),
  );
  const [only] = plans;
  const hashes = Object.fromEntries(plans.map(({ report }) => [report.pair, report.plan.hash]));
  return { plan: { hash: plans.length === 1 ? only?.report.plan.hash : null, hashes, changes } };
}

function describePlan({ report, items }: PairPlan): string {
  const head = `${report.pair}: ${items.length === 0 ? 'nothing to write' : counted(items.length, 'field write')}, ${counted(report.plan.held, 'field')} would wait as ${report.plan.held === 1 ? 'a conflict' : 'conflicts'}, ${counted(report.matched.reviews, 'match')} to review; plan ${report.plan.hash}`;
  if (items.length === 0) return head;
  const table = formatTable(items, [
    { title: 'side', value: (item) => item.side },
    { title: 'op', value: (item) => item.op },
    { title: 'udesk', value: (item) => item.udeskId ?? 'new' },
    { title: 'crm', value: (item) => item.crmId ?? 'new' },
    { title: 'field', value: (item) => item.field },
    { title: 'now', value: (item) => showValue(item.before) },
    { title: 'then', value: (item) => showValue(item.after), flexible: true },
    { title: 'why', value: (item) => item.reason },
  ]);
  return `${head}\n${table}`;
}
