/** `udesk-sync links`: who is the same person, and who only looks like it (sync design §6). */
import { type Command, Option } from 'commander';
import type { SideName } from '../core/record.ts';
import { linkDocument } from '../report/link-document.ts';
import { candidatesOf, isEndable } from '../store/link-decisions.ts';
import { type LinkRow, type LinkRowState, listLinks, loadLink } from '../store/links.ts';
import { loadRecords } from '../store/records.ts';
import type { Db } from '../store/tx.ts';
import type { CliContext } from './context.ts';
import { limitOption, noSuchRow, rowId } from './ids.ts';
import { registerConfirm, registerReject, registerUnlink } from './links-decide.ts';
import { formatTable, printTable } from './output.ts';
import { choosePairs } from './runtime.ts';
import { showValue } from './show-value.ts';
import { withRuntime } from './with-runtime.ts';

const STATES = ['candidate', 'confirmed', 'rejected', 'broken'] as const satisfies readonly LinkRowState[];
const SCREEN = 200;
const PAGE = 1000;

export function registerLinks(program: Command, context: CliContext): void {
  const links = program.command('links').description('review who is the same person on both sides');
  links
    .command('list')
    .description('links, and the questions that only a person can answer (--state candidate)')
    .option('--pair <name>', 'only this pair')
    .addOption(new Option('--state <state>', 'only links in this state').choices(STATES))
    .option(
      '--limit <number>',
      `at most so many (default: ${SCREEN} on a screen, all with --json)`,
      limitOption,
    )
    .action((options: ListOptions) => runList(context, options));
  links
    .command('show')
    .argument('<id>', 'id of the link', rowId)
    .description('one link with its evidence; of a question, all who might be meant, side by side')
    .action((id: string) => runShow(context, id));
  registerConfirm(links, context);
  registerReject(links, context);
  registerUnlink(links, context);
}

interface ListOptions {
  readonly pair?: string;
  readonly state?: LinkRowState;
  readonly limit?: number;
}

async function runList(context: CliContext, options: ListOptions): Promise<void> {
  await withRuntime(context, 'links list', async ({ config, database: { db } }) => {
    if (options.pair !== undefined) choosePairs(config, options.pair);
    const limit = options.limit ?? (context.json ? Number.POSITIVE_INFINITY : SCREEN);
    const rows = await select(db, options, limit + 1);
    const more = rows.length > limit;
    if (more) rows.pop();
    if (context.json) {
      context.printJson({ links: rows.map(linkDocument) });
      return;
    }
    if (rows.length === 0) {
      context.print(
        options.state === 'candidate' ? 'Nobody has to be told apart.' : 'There are no such links.',
      );
      return;
    }
    printTable(context, rows, [
      { title: 'id', value: (row) => row.id, align: 'right' },
      { title: 'pair', value: (row) => row.pair },
      { title: 'state', value: (row) => row.state },
      { title: 'udesk', value: (row) => idsShown(row, 'udesk') },
      { title: 'crm', value: (row) => idsShown(row, 'crm') },
      { title: 'by', value: (row) => row.decidedBy },
      { title: 'why', value: (row) => row.reason ?? evidenceShown(row), flexible: true },
    ]);
    if (more) context.say(`There are more: --limit ${rows.length * 10} shows them.`);
    if (rows.some((row) => row.state === 'candidate')) {
      context.say(
        '`udesk-sync links show ID` shows who might be meant; `links confirm` and `links reject` answer.',
      );
    }
  });
}

async function select(db: Db, filter: ListOptions, limit: number): Promise<LinkRow[]> {
  const found: LinkRow[] = [];
  const { limit: _, ...rest } = filter;
  for (;;) {
    const want = Math.min(PAGE, limit - found.length);
    const last = found.at(-1);
    const page = await listLinks(db, {
      ...rest,
      ...(last === undefined ? {} : { afterId: last.id }),
      limit: want,
    });
    found.push(...page);
    if (page.length < want || found.length >= limit) return found;
  }
}

async function runShow(context: CliContext, id: string): Promise<void> {
  await withRuntime(context, 'links show', async ({ database: { db } }) => {
    const row = await loadLink(db, id);
    if (row === null) throw noSuchRow('link', id, 'udesk-sync links list');
    if (context.json) context.printJson({ links: [linkDocument(row)] });
    else context.print(await describe(db, row));
  });
}

async function describe(db: Db, row: LinkRow): Promise<string> {
  const lines = [
    `link ${row.id} of pair ${row.pair}: ${row.state}${row.reason === null ? '' : `, ${row.reason}`}`,
    `  made by      ${row.decidedBy}, ${row.createdAt}`,
  ];
  for (const piece of row.evidence) lines.push(`  evidence     ${JSON.stringify(piece)}`);
  const people = [...(await recordsOf(db, row, 'udesk')), ...(await recordsOf(db, row, 'crm'))];
  if (people.length > 0) {
    const names = [...new Set(people.flatMap(({ fields }) => Object.keys(fields)))];
    const table = formatTable(people, [
      { title: 'side', value: ({ side }: Person) => side },
      { title: 'id', value: ({ id }: Person) => id },
      { title: 'is', value: ({ is }: Person) => is },
      ...names.map((field) => ({ title: field, value: (one: Person) => one.fields[field] ?? '' })),
    ]);
    lines.push(table);
  }
  const answers = answersFor(row);
  if (answers !== null) lines.push(answers);
  return lines.join('\n');
}

interface Person {
  readonly side: SideName;
  readonly id: string;
  readonly is: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Only fields that hold something: a person compares, and an empty column helps nobody. */
async function recordsOf(db: Db, row: LinkRow, side: SideName): Promise<Person[]> {
  const ids = candidatesOf(row, side);
  const known = await loadRecords(db, row.pair, side, ids);
  return ids.map((id): Person => {
    const record = known.get(id);
    if (record === undefined) return { side, id, is: 'unknown', fields: {} };
    const linked = record.linkId !== null && record.linkId !== row.id ? `, in link ${record.linkId}` : '';
    const fields = Object.entries(record.record.fields).flatMap(([name, value]): [string, string][] => {
      const text = showValue(value);
      return ['∅', '–', '(none)', '""'].includes(text) ? [] : [[name, text]];
    });
    return { side, id, is: `${record.state}${linked}`, fields: Object.fromEntries(fields) };
  });
}

function answersFor(row: LinkRow): string | null {
  if (row.state === 'confirmed') return `  udesk-sync links unlink ${row.id}   they are not the same person`;
  if (isEndable(row))
    return `  udesk-sync links unlink ${row.id}   the record that is left is free for somebody else`;
  if (row.state !== 'candidate') return null;
  const choose = (['udesk', 'crm'] as const)
    .filter((side) => candidatesOf(row, side).length !== 1)
    .map((side) => ` --${side} ID`);
  return [
    `  udesk-sync links confirm ${row.id}${choose.join('')}   the same person`,
    `  udesk-sync links reject ${row.id}   none of them is the same person`,
  ].join('\n');
}

function idsShown(row: LinkRow, side: SideName): string {
  const ids = candidatesOf(row, side);
  if (ids.length === 0) return 'to be created';
  return ids.length <= 3 ? ids.join(' ') : `${ids.slice(0, 2).join(' ')} and ${ids.length - 2} more`;
}

function evidenceShown(row: LinkRow): string {
  const kinds = row.evidence.map((piece) =>
    typeof piece === 'object' && piece !== null && 'kind' in piece ? String(piece.kind) : '?',
  );
  return [...new Set(kinds)].join(', ');
}
