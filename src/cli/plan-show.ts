/** `plan --show`: the list of one plan that waits, as on its page; reads neither side. */

import { resolve } from 'node:path';
import { SyncError } from '../errors.ts';
import { counted } from '../lib/counted.ts';
import {
  loadPlanRows,
  type PlanHead,
  type PlanRow,
  planCsv,
  planHeadOf,
  planJson,
} from '../report/plan-list.ts';
import { type FoundPlan, findPlan } from '../store/waiting-plans.ts';
import type { CliContext } from './context.ts';
import { printTable } from './output.ts';
import { saveFile } from './save-file.ts';
import { showValue } from './show-value.ts';
import { withRuntime } from './with-runtime.ts';

export interface PlanShow {
  readonly hash: string;
  /** Without one: a table for reading, or JSON with `--json`. */
  readonly format: 'csv' | 'json' | undefined;
  readonly out: string | undefined;
}

export async function showPlan(context: CliContext, { hash, format, out }: PlanShow): Promise<void> {
  if (context.json && format === 'csv') {
    throw new SyncError('config', '--json and --format differ', { code: 'usage', advice: 'Leave one out.' });
  }
  await withRuntime(context, 'plan', async ({ config, database: { db } }) => {
    const pairs = config.pairs.map(({ name }) => name);
    const found = await findPlan(db, pairs, hash);
    const head = found === null ? null : planHeadOf(found);
    if (found === null || head === null) throw nothingKept(found);
    const rows = await loadPlanRows(db, config, head);
    const told = format ?? (context.json || out !== undefined ? 'json' : 'table');
    if (told === 'table') return printPlan(context, found, head, rows);
    const text = context.redact(told === 'csv' ? planCsv(rows) : planJson(head, rows));
    if (out === undefined) context.stdout.write(text);
    else saveFile(resolve(context.cwd, out), text);
    if (out !== undefined) context.say(`${countText(head)} The list is in ${out}.`);
  });
}

function nothingKept(found: FoundPlan | null): SyncError {
  if (found?.kind === 'account')
    return new SyncError('config', 'this is the hash of a changed account, which has no list of writes', {
      pair: found.pair,
      code: 'usage',
      advice: '`udesk-sync status` shows the account that answered until now, and the one that does instead.',
    });
  return new SyncError('stale', 'no plan with this hash waits any more, or there never was one', {
    code: 'plan-gone',
    advice: '`udesk-sync status` names the plans that wait now.',
  });
}

function printPlan(context: CliContext, found: FoundPlan, head: PlanHead, rows: readonly PlanRow[]): void {
  const why = found.kind === 'guard' ? found.guard.tripped.map(({ message }) => message) : [];
  context.print([`${head.pair}: ${countText(head)}`, ...why].join('\n'));
  printTable(context, rows, [
    { title: 'side', value: ({ side }) => side },
    { title: 'op', value: ({ op }) => op },
    { title: 'udesk', value: ({ udeskId }) => udeskId ?? 'new' },
    { title: 'crm', value: ({ crmId }) => crmId ?? 'new' },
    { title: 'name', value: ({ name }) => name ?? '' },
    { title: 'field', value: ({ field }) => field },
    { title: 'now', value: ({ before }) => showValue(before) },
    { title: 'then', value: ({ after }) => showValue(after), flexible: true },
    { title: 'why', value: ({ reason }) => reason },
  ]);
}

/** How many there are, and how many of them can be looked at here. */
function countText({ kind, writes, kept }: PlanHead): string {
  const what = counted(writes, 'write');
  const waits = kind === 'guard' ? `a guard holds ${what}.` : `the first plan makes ${what}.`;
  return kept >= writes
    ? waits
    : `${waits} ${kept} of them ${kept === 1 ? 'is' : 'are'} kept to be looked at; a yes covers all ${writes}, and \`udesk-sync plan\` lists every one.`;
}
