/** `udesk-sync explain`: why a value stands where it stands, from its first sight to now (promise P12). */
import type { Command } from 'commander';
import { toFieldSpec } from '../config/pair-spec.ts';
import type { PairConfig } from '../config/schema.ts';
import type { SideName } from '../core/record.ts';
import type { FieldSpec } from '../core/spec.ts';
import { tellStory } from '../core/value-story.ts';
import { SyncError } from '../errors.ts';
import { didYouMean } from '../lib/suggest.ts';
import { storyDocument, storyText } from '../report/story-text.ts';
import { loadHistory } from '../store/history.ts';
import type { CliContext } from './context.ts';
import { showValue } from './show-value.ts';
import { pairOfRecord, recordArguments } from './which-pair.ts';
import { withRuntime } from './with-runtime.ts';

export function registerExplain(program: Command, context: CliContext): void {
  recordArguments(program.command('explain'))
    .argument('[field]', 'only this field, by its name in Udesk or in the CRM')
    .description('the whole causal chain of a value, oldest first; asks neither side')
    .option('--pair <name>', 'which pair, where several know the record')
    .action((side: SideName, id: string, field: string | undefined, options: { pair?: string }) =>
      runExplain(context, { side, id, field, pair: options.pair }),
    );
}

async function runExplain(
  context: CliContext,
  asked: {
    readonly side: SideName;
    readonly id: string;
    readonly field: string | undefined;
    readonly pair: string | undefined;
  },
): Promise<void> {
  const { side, id, field } = asked;
  await withRuntime(context, 'explain', async (runtime) => {
    const pair = await pairOfRecord(runtime, side, id, asked.pair);
    const fields = chooseFields(pair, field);
    const history = await loadHistory(runtime.database.db, pair.name, side, id);
    if (history === null) {
      throw new SyncError('rejected', 'this record was never seen', {
        pair: pair.name,
        side,
        record: id,
        code: 'not-found',
        advice: `\`udesk-sync refresh ${side} ${id}\` reads it now.`,
      });
    }
    const story = tellStory(history, fields, field === undefined);
    if (context.json) context.printJson({ explain: storyDocument(pair.name, history, story) });
    else context.print(storyText(pair.name, history, story, showValue));
  });
}

function chooseFields(pair: PairConfig, name: string | undefined): FieldSpec[] {
  const specs = pair.fields.map(toFieldSpec);
  if (name === undefined) return specs;
  const byUdesk = specs.filter(({ udesk }) => udesk === name);
  const chosen = byUdesk.length > 0 ? byUdesk : specs.filter(({ crm }) => crm === name);
  if (chosen.length > 0) return chosen;
  const names = specs.map(({ udesk }) => udesk);
  throw new SyncError('config', `no field "${name}" is mapped.${didYouMean(name, names)}`, {
    pair: pair.name,
    code: 'usage',
    advice: `Mapped fields: ${names.join(', ')}.`,
  });
}
