/** `udesk-sync retention`: how far back the history goes, month by month; and a person's word that old months may go. */

import type { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import { counted } from '../lib/counted.ts';
import { monthPartitions, strayMonths } from '../store/partitions.ts';
import { type KeptMonths, keptSince, lookAfterHistory, TABLES } from '../store/retention.ts';
import type { CliContext } from './context.ts';
import { withRuntime } from './with-runtime.ts';

interface Options {
  readonly apply?: boolean;
}

/** The keys of the configuration are plural, the kinds of the tables are not. */
export function keptMonths({ retention }: Pick<Config, 'retention'>): KeptMonths {
  return { observation: retention.observations, feed: retention.feeds, run: retention.runs };
}

export function registerRetention(program: Command, context: CliContext): void {
  program
    .command('retention')
    .description('how far back the history goes, and how large each month is')
    .option('--apply', 'let everything go that is older than the configuration keeps, however much that is')
    .action((options: Options) => runRetention(context, options));
}

async function runRetention(context: CliContext, { apply = false }: Options): Promise<void> {
  await withRuntime(context, 'retention', async ({ config, engine }) => {
    const { db, clock } = engine;
    const months = keptMonths(config);
    const done = apply
      ? await lookAfterHistory(db, months, {
          now: clock(),
          allowed: true,
          force: true,
          signal: context.signal,
        })
      : [];
    const since = await keptSince(db);
    const kinds = [];
    for (const kind of TABLES) {
      const stray = [...(await strayMonths(db, kind))].map(([month, rows]) => ({ month, rows }));
      kinds.push({
        ...{ kind, months: months[kind], ...since[kind] },
        partitions: await monthPartitions(db, kind),
        stray,
      });
    }
    if (context.json) {
      context.printJson({ retention: kinds, dropped: done });
      return;
    }
    for (const { kind, dropped, deleted } of done) {
      if (dropped.length + deleted > 0) {
        context.print(
          deleted > 0 ? `${counted(deleted, 'cycle', 'is')} gone` : `${kind}: ${dropped.join(', ')} are gone`,
        );
      }
    }
    for (const { kind, months: kept, keptSince: at, held, partitions, stray } of kinds) {
      const begins = at === null ? 'nothing was ever deleted' : `begins ${at.slice(0, 10)}`;
      context.print(`${kind}: ${counted(kept, 'month', 'is')} kept; ${begins}`);
      for (const { month, bytes } of partitions) context.print(`  ${month}  ${(bytes / 1e6).toFixed(1)} MB`);
      for (const { month, rows } of stray)
        context.print(`  ${month}  ${counted(rows, 'row')} without a partition`);
      if (held > 0) {
        context.print(
          `  ${counted(held, 'month', 'is')} due to go, more than go by themselves: look at them, then --apply`,
        );
      }
    }
  });
}
