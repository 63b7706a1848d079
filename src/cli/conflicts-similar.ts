/** `udesk-sync conflicts similar`: open conflicts by what kind of difference they are, and what people decided before. */
import type { Command } from 'commander';
import { type Group, MIN_EVIDENCE, MIN_PRECISION, type Proposal, propose } from '../core/review-rule.ts';
import { canonicalJson, sha256 } from '../lib/hash.ts';
import { evidenceOf, type OpenGroup, openGroups } from '../store/similar.ts';
import type { Db } from '../store/tx.ts';
import type { CliContext } from './context.ts';
import { printTable } from './output.ts';
import { choosePairs } from './runtime.ts';
import { withRuntime } from './with-runtime.ts';

/** Groups, not conflicts: nobody has more. */
const ALL = 10_000;

export interface ProposedGroup extends OpenGroup {
  /** Names the group on the command line. */
  readonly id: string;
  readonly proposal: Proposal;
}

export function registerSimilar(conflicts: Command, context: CliContext): void {
  conflicts
    .command('similar')
    .description('open conflicts that differ in the same way, and the rule that past decisions come to')
    .option('--pair <name>', 'only this pair')
    .action((options: { pair?: string }) => run(context, options.pair));
}

/** The largest first. */
export async function proposedGroups(db: Db, pairs: readonly string[]): Promise<ProposedGroup[]> {
  const { groups } = await openGroups(db, pairs, { limit: ALL, offset: 0 });
  const evidence = await evidenceOf(db, groups);
  return groups.flatMap((group, n) => {
    const past = evidence[n];
    return past === undefined ? [] : [{ ...group, id: groupId(group), proposal: propose(group, past) }];
  });
}

function groupId({ pair, field, kind, pattern }: Group): string {
  return sha256(canonicalJson({ pair, field, kind, pattern })).slice(0, 8);
}

/** `v1.person.same-text.crm-later` without its version. */
export function patternWords(pattern: string): string {
  return pattern.split('.').slice(1).join(', ');
}

export function proposalWords(proposal: Proposal): string {
  const { total } = proposal;
  switch (proposal.kind) {
    case 'never':
      return 'never decided by a rule';
    case 'few':
      return `${total} past decisions; a rule is proposed from ${MIN_EVIDENCE} on`;
    case 'divided':
      return `none: ${proposal.take} agrees with only ${proposal.agrees} of ${total}; ${MIN_PRECISION * 100} % are asked for`;
    case 'erases':
      return `none: ${proposal.take} (${proposal.agrees} of ${total}) empties the field`;
    case 'proposed':
      return `take ${proposal.take}: agrees with ${proposal.agrees} of ${total} past decisions`;
  }
}

async function run(context: CliContext, pair: string | undefined): Promise<void> {
  await withRuntime(context, 'conflicts similar', async ({ config, database: { db } }) => {
    const pairs = choosePairs(config, pair).map(({ name }) => name);
    const groups = await proposedGroups(db, pairs);
    if (context.json) {
      context.printJson({ groups });
      return;
    }
    if (groups.length === 0) {
      context.print('No conflict is open, or none was put into a group yet: the next cycle does that.');
      return;
    }
    printTable(context, groups, [
      { title: 'group', value: ({ id }) => id },
      { title: 'open', value: ({ open }) => String(open), align: 'right' },
      { title: 'pair', value: (group) => group.pair },
      { title: 'field', value: ({ field }) => field },
      { title: 'kind', value: ({ kind }) => kind },
      { title: 'edited by, difference, order', value: ({ pattern }) => patternWords(pattern) },
      { title: 'rule', value: ({ proposal }) => proposalWords(proposal), flexible: true },
    ]);
    context.say('`udesk-sync rules on GROUP` shows what a rule would do; nothing is decided without you.');
  });
}
