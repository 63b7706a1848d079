/** `links confirm`, `links reject` and `links unlink`: what people say about identity. */
import type { Command } from 'commander';
import type { SideName } from '../core/record.ts';
import { SyncError } from '../errors.ts';
import { linkDocument } from '../report/link-document.ts';
import { candidatesOf, confirmLink, isEndable, rejectLink, unlink } from '../store/link-decisions.ts';
import { type LinkRow, loadLink } from '../store/links.ts';
import type { CliContext } from './context.ts';
import { noSuchRow, rowId } from './ids.ts';
import type { Runtime } from './runtime.ts';
import { decider, WHO } from './who.ts';
import { withRuntime } from './with-runtime.ts';

interface Who {
  readonly who?: string;
}

export function registerConfirm(links: Command, context: CliContext): void {
  links
    .command('confirm')
    .argument('<id>', 'id of the question (links list --state candidate)', rowId)
    .description('the same person: the two are kept in step from the next cycle on')
    .option('--udesk <id>', 'which customer, where several might be meant')
    .option('--crm <id>', 'which record of the CRM, where several might be meant')
    .option(...WHO)
    .action((id: string, options: Who & { udesk?: string; crm?: string }) =>
      withRuntime(context, 'links confirm', (runtime) => runConfirm(context, runtime, id, options)),
    );
}

async function runConfirm(
  context: CliContext,
  { database: { db } }: Runtime,
  id: string,
  options: Who & { udesk?: string; crm?: string },
): Promise<void> {
  const who = decider(context, options.who);
  const at = new Date();
  const result = await confirmLink(db, { linkId: id, who, at, udeskId: options.udesk, crmId: options.crm });
  switch (result.outcome) {
    case 'not-found':
      throw noSuchLink(id);
    case 'in-flight':
      throw writesOnTheWay(result.link.id, result.intents, 'confirm');
    case 'wrong-state':
      throw wrongState(result.link, 'only a question can be answered with yes');
    case 'choose':
      throw ambiguous(result.link, options);
    case 'not-live':
      throw new SyncError('stale', `the record is not there any more`, {
        side: result.side,
        record: result.id,
        code: 'not-live',
        advice: 'Run `udesk-sync sync`: it looks again, and asks anew if there is still a question.',
      });
    case 'linked':
      throw new SyncError(
        'rejected',
        `the record is linked already, by link ${result.by.id} (${result.by.state})`,
        {
          side: result.side,
          record: result.id,
          code: 'linked',
          advice: `Look at \`udesk-sync links show ${result.by.id}\`; if that one is wrong, end it first: \`udesk-sync links unlink ${result.by.id}\`.`,
        },
      );
    case 'confirmed': {
      const text = `Link ${id}: Udesk ${result.udeskId} and CRM ${result.crmId} are one person. The next cycle unites them: blanks are filled, what differs becomes conflicts.`;
      await say(context, db, id, text);
    }
  }
}

export function registerReject(links: Command, context: CliContext): void {
  links
    .command('reject')
    .argument('<id>', 'id of the question', rowId)
    .description('none of them is the same person: not asked again, each goes its own way')
    .option(...WHO)
    .action((id: string, options: Who) =>
      withRuntime(context, 'links reject', async ({ database: { db } }) => {
        const result = await rejectLink(db, {
          linkId: id,
          who: decider(context, options.who),
          at: new Date(),
        });
        if (result.outcome === 'not-found') throw noSuchLink(id);
        if (result.outcome === 'wrong-state')
          throw wrongState(result.link, 'only a question can be answered with no');
        const text = `Link ${id} is rejected and will not be asked again. The next cycle treats the records as different people: where the pair creates missing records, they are created on the other side.`;
        await say(context, db, id, text);
      }),
    );
}

export function registerUnlink(links: Command, context: CliContext): void {
  links
    .command('unlink')
    .argument('<id>', 'id of the confirmed or flagged link', rowId)
    .description('not the same person after all: both records stay as they are and go their own ways')
    .option('--yes', 'really')
    .option(...WHO)
    .action((id: string, options: Who & { yes?: boolean }) =>
      withRuntime(context, 'links unlink', (runtime) => runUnlink(context, runtime, id, options)),
    );
}

const ENDABLE = 'only a confirmed link, or a flagged one whose record was deleted, can be ended';

async function runUnlink(
  context: CliContext,
  { database: { db } }: Runtime,
  id: string,
  options: Who & { yes?: boolean },
): Promise<void> {
  const link = await loadLink(db, id);
  if (link === null) throw noSuchLink(id);
  if (!isEndable(link)) throw wrongState(link, ENDABLE);
  if (options.yes !== true) {
    throw new SyncError(
      'config',
      `link ${id} joins Udesk ${link.udeskId ?? '–'} and CRM ${link.crmId ?? '–'}, and nothing was done`,
      {
        code: 'confirm',
        advice: 'Add --yes to end it. No record is deleted; its open conflicts are closed.',
      },
    );
  }
  const result = await unlink(db, { linkId: id, who: decider(context, options.who), at: new Date() });
  switch (result.outcome) {
    case 'not-found':
      throw noSuchLink(id);
    case 'wrong-state':
      throw wrongState(result.link, ENDABLE);
    case 'in-flight':
      throw writesOnTheWay(id, result.intents, 'unlink');
    case 'unlinked': {
      const closed =
        result.closedConflicts === 0 ? '' : ` Its ${result.closedConflicts} open conflicts are closed.`;
      const after =
        link.state === 'confirmed'
          ? `the two are not linked again by themselves, nor created anew. \`udesk-sync links confirm ${id}\` takes it back.`
          : 'the one that is left can be linked to somebody else, and is not created anew.';
      await say(context, db, id, `Link ${id} is ended.${closed} No record was touched; ${after}`);
    }
  }
}

async function say(
  context: CliContext,
  db: Runtime['database']['db'],
  id: string,
  text: string,
): Promise<void> {
  const link = context.json ? await loadLink(db, id) : null;
  if (link === null) context.print(text);
  else context.printJson({ links: [linkDocument(link)] });
}

function ambiguous(link: LinkRow, given: { udesk?: string; crm?: string }): SyncError {
  const needs = (['udesk', 'crm'] as const).filter((side: SideName) => {
    const among = candidatesOf(link, side);
    const wanted = given[side];
    return wanted === undefined ? among.length !== 1 : !among.includes(wanted);
  });
  const ways = needs.map((side) => `--${side} ${candidatesOf(link, side).join(' | ')}`);
  return new SyncError(
    'config',
    `link ${link.id} has several candidates, and it has to be known who is meant`,
    {
      code: 'choose',
      advice: `Say which with ${ways.join(' and ')}; \`udesk-sync links show ${link.id}\` shows them side by side.`,
    },
  );
}

function writesOnTheWay(id: string, intents: number, again: string): SyncError {
  return new SyncError(
    'stale',
    `link ${id} has ${intents} ${intents === 1 ? 'write' : 'writes'} on the way`,
    {
      code: 'in-flight',
      advice: `Run \`udesk-sync sync\` first, so that their outcome is known; then ${again} again.`,
    },
  );
}

function noSuchLink(id: string): SyncError {
  return noSuchRow('link', id, 'udesk-sync links list');
}

function wrongState(row: LinkRow, wanted: string): SyncError {
  return new SyncError('stale', `link ${row.id} is ${row.state} (by ${row.decidedBy}), and ${wanted}`, {
    code: 'wrong-state',
    advice: `\`udesk-sync links show ${row.id}\` tells its story.`,
  });
}
