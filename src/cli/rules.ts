/** `udesk-sync rules`: rules that decide similar conflicts on behalf of the person who turned them on. */

import type { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import { MAX_UNDONE } from '../core/review-rule.ts';
import { SyncError } from '../errors.ts';
import { counted } from '../lib/counted.ts';
import { previewRule, type RulePreview } from '../report/rule-preview.ts';
import {
  type CountedRule,
  decisionsOfRule,
  listRules,
  loadRule,
  type ReviewRule,
  turnOff,
  turnOn,
} from '../store/review-rules.ts';
import { type Disagreement, disagreements } from '../store/similar.ts';
import { type ProposedGroup, patternWords, proposalWords, proposedGroups } from './conflicts-similar.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './errors.ts';
import { noSuchRow, rowId } from './ids.ts';
import { printTable } from './output.ts';
import type { Runtime } from './runtime.ts';
import { decider, WHO } from './who.ts';
import { withRuntime } from './with-runtime.ts';

const LISTED = 1_000;
const SHOWN = 50;

export function registerRules(program: Command, context: CliContext): void {
  const rules = program
    .command('rules')
    .description('rules that decide similar conflicts; each was turned on by a person');
  rules
    .command('list')
    .description('those that are on, then those that are off')
    .action(() => runList(context));
  rules
    .command('show')
    .argument('<id>', 'id of the rule', rowId)
    .description('one rule, and what it decided')
    .action((id: string) => runShow(context, id));
  rules
    .command('on')
    .argument('<group>', 'the group, as `udesk-sync conflicts similar` names it')
    .description('shows what the proposed rule agrees with and would do; with --yes turns it on')
    .option('--open', 'decides also what is open now, not only what opens from now on')
    .option('--yes', 'turn it on')
    .option(...WHO)
    .action((group: string, options: OnOptions) => runOn(context, group, options));
  rules
    .command('off')
    .argument('<id>', 'id of the rule', rowId)
    .description('it decides nothing any more; what it decided stands')
    .option(...WHO)
    .action((id: string, options: { who?: string }) => runOff(context, id, options.who));
}

interface OnOptions {
  readonly open?: boolean;
  readonly yes?: boolean;
  readonly who?: string;
}

const namesOf = (config: Config): string[] => config.pairs.map(({ name }) => name);

async function runList(context: CliContext): Promise<void> {
  await withRuntime(context, 'rules list', async ({ config, database: { db } }) => {
    const rules = await listRules(db, namesOf(config), LISTED);
    if (context.json) context.printJson({ rules });
    else if (rules.length === 0) context.print('No rule was ever turned on: nothing is decided without you.');
    else {
      printTable(context, rules, [
        { title: 'id', value: ({ id }) => id, align: 'right' },
        { title: 'pair', value: ({ pair }) => pair },
        { title: 'field', value: ({ field }) => field },
        { title: 'kind', value: ({ kind }) => kind },
        { title: 'edited by, difference, order', value: ({ pattern }) => patternWords(pattern) },
        { title: 'takes', value: ({ take }) => take },
        { title: 'decided', value: ({ decided }) => String(decided), align: 'right' },
        { title: 'undone', value: ({ undone }) => String(undone), align: 'right' },
        { title: 'state', value: stateText, flexible: true },
      ]);
    }
  });
}

async function runShow(context: CliContext, id: string): Promise<void> {
  await withRuntime(context, 'rules show', async ({ config, database: { db } }) => {
    const rule = await loadRule(db, namesOf(config), id);
    if (rule === null) throw noSuchRow('rule', id, 'udesk-sync rules list');
    const decisions = await decisionsOfRule(db, rule, SHOWN);
    if (context.json) {
      context.printJson({ rules: [{ ...rule, decisions }] });
      return;
    }
    const lines = [
      `rule ${id} of pair ${rule.pair}: ${rule.field} (${rule.kind}; ${patternWords(rule.pattern)}) takes ${rule.take}`,
      `  state        ${stateText(rule)}`,
      `  shown then   it agreed with ${rule.agrees} of ${rule.total} past decisions`,
      `  decides      ${rule.fromConflictId === '0' ? 'what was open then, and what opens since' : 'what opens since then'}`,
      `  decided      ${rule.decided}, of which people undid ${rule.undone} (at ${MAX_UNDONE} it turns itself off)`,
      ...decisions.map(({ conflictId, at, undoneBy, state }) => {
        const undone = undoneBy === null ? '' : `, undone by ${undoneBy}`;
        return `    conflict ${conflictId}  ${at}  ${state}${undone}`;
      }),
    ];
    context.print(lines.join('\n'));
  });
}

function stateText(rule: CountedRule): string {
  const on = `on since ${rule.onAt} by ${rule.onBy}`;
  if (rule.offAt === null) return on;
  const why = rule.offReason === null ? '' : ` (${ENDS[rule.offReason]})`;
  return `off since ${rule.offAt} by ${rule.offBy ?? 'somebody'}${why}; was ${on}`;
}

const ENDS: Readonly<Record<NonNullable<ReviewRule['offReason']>, string>> = {
  person: 'turned off',
  undone: `people undid ${MAX_UNDONE} of its decisions`,
  'mapping-changed': 'the field is mapped in another way now',
  restored: 'the database was restored from a backup',
};

async function runOn(context: CliContext, groupId: string, options: OnOptions): Promise<void> {
  const who = decider(context, options.who);
  await withRuntime(context, 'rules on', async (runtime) => {
    const { db } = runtime.database;
    const group = await findGroup(runtime, groupId);
    const { proposal } = group;
    if (proposal.kind !== 'proposed') {
      throw new SyncError('rejected', `no rule can be turned on: ${proposalWords(proposal)}`, {
        pair: group.pair,
        code: 'not-proposed',
        advice: '`udesk-sync conflicts similar` shows for which groups one is proposed.',
      });
    }
    const preview = await previewRule(db, runtime.config, group, proposal.take);
    const against = await disagreements(db, group, proposal.take, SHOWN);
    if (options.yes !== true) {
      if (context.json) context.printJson({ proposal: { group, preview, against }, rules: [] });
      else context.print(describe(group, preview, against));
      context.say(
        'Nothing was turned on. Add --yes to do it, and --open to have it decide what is open now.',
      );
      return;
    }
    const rule = await turnOn(db, {
      ...group,
      ...proposal,
      kind: group.kind,
      includeOpen: options.open === true,
      who,
      at: new Date(),
    });
    if (rule === null) throw isOnAlready(group);
    if (context.json) context.printJson({ proposal: { group, preview, against }, rules: [rule] });
    else {
      context.print(describe(group, preview, against));
      context.print(
        `Rule ${rule.id} is on, on behalf of ${who}. \`udesk-sync rules off ${rule.id}\` turns it off.`,
      );
    }
  });
}

async function findGroup({ config, database }: Runtime, id: string): Promise<ProposedGroup> {
  const found = (await proposedGroups(database.db, namesOf(config))).find((group) => group.id === id);
  if (found === undefined) throw noSuchRow('group', id, 'udesk-sync conflicts similar');
  return found;
}

function describe(group: ProposedGroup, preview: RulePreview, against: readonly Disagreement[]): string {
  const { writes } = preview;
  return [
    `group ${group.id} of pair ${group.pair}: ${group.field} (${group.kind}; ${patternWords(group.pattern)}), ${group.open} open`,
    `  ${proposalWords(group.proposal)}`,
    ...against.map(
      ({ conflictId, who, take, at }) =>
        `    otherwise: conflict ${conflictId}, ${who} took ${take} at ${at}`,
    ),
    `  of the open ones it would decide ${preview.decides}${preview.capped ? ' and more' : ''}: ${counted(writes.udesk, 'write')} to Udesk, ${writes.crm} to the CRM; ${preview.left} stay with people`,
  ].join('\n');
}

function isOnAlready({ pair }: ProposedGroup): SyncError {
  return new SyncError('rejected', 'a rule for this group is on already', {
    pair,
    code: 'late',
    advice: '`udesk-sync rules list` shows it.',
  });
}

async function runOff(context: CliContext, id: string, given: string | undefined): Promise<void> {
  const who = decider(context, given);
  await withRuntime(context, 'rules off', async ({ config, database: { db } }) => {
    if ((await loadRule(db, namesOf(config), id)) === null)
      throw noSuchRow('rule', id, 'udesk-sync rules list');
    const wasOn = await turnOff(db, { id, who, at: new Date() });
    const rule = await loadRule(db, namesOf(config), id);
    if (!wasOn) context.exitCode = EXIT.failed;
    if (context.json) context.printJson({ rules: rule === null ? [] : [rule] });
    else context.print(wasOn ? `Rule ${id} is off.` : `Rule ${id} was off already.`);
  });
}
