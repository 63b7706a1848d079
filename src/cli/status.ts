/** `udesk-sync status`: is all well, what waits for me? From our database alone; works beside the daemon. */
import type { Command } from 'commander';
import { counted } from '../lib/counted.ts';
import { loadPairsView, type PairView, statusDocument } from '../report/status-document.ts';
import type { ReplicaRow } from '../store/replicas.ts';
import { type KeptFrom, keptSince } from '../store/retention.ts';
import type { KeptKind } from '../store/schema/run.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './errors.ts';
import { choosePairs } from './runtime.ts';
import { overviewText } from './status-overview.ts';
import { pairText } from './status-text.ts';
import { withRuntime } from './with-runtime.ts';

interface StatusOptions {
  readonly pair?: string | undefined;
  readonly strict?: boolean;
}

export function registerStatus(program: Command, context: CliContext): void {
  program
    .command('status')
    .description('whether all is well, and what waits for a person')
    .argument('[pair]', 'only this pair, and as a whole')
    .option('--pair <name>', 'the same')
    .option(
      '--strict',
      'exit with 1 when a pair is unhealthy, 3 when a guard waits, 4 when conflicts are open or records parked',
    )
    .action((pair: string | undefined, options: StatusOptions) =>
      runStatus(context, { ...options, pair: pair ?? options.pair }),
    );
}

async function runStatus(context: CliContext, options: StatusOptions): Promise<void> {
  await withRuntime(context, 'status', async ({ config, database }) => {
    const now = new Date();
    const { replicas, views } = await loadPairsView(database.db, choosePairs(config, options.pair), now);
    if (context.json) {
      context.printJson({
        database: database.description,
        history: await keptSince(database.db),
        replicas: replicas.map(({ owner, silentMs, pairs }) => ({ owner, silentMs, pairs })),
        pairs: views.map((one) => statusDocument(one, now)),
      });
    } else {
      const [first] = views;
      const texts =
        views.length === 1 && first !== undefined ? [pairText(first, now)] : overviewText(views, now);
      // One daemon alone is told with each pair.
      const history = historyText(await keptSince(database.db));
      if (history !== null) texts.push(history);
      if (replicas.length > 1) texts.push(replicas.map(replicaText).join('\n'));
      context.print(texts.join('\n\n'));
    }
    if (options.strict === true) context.exitCode = strictCode(views);
  });
}

function strictCode(views: readonly PairView[]): number {
  const some = (holds: (one: PairView) => boolean) => views.some(holds);
  if (some(({ health }) => health.health === 'unhealthy')) return EXIT.failed;
  if (
    some(({ status }) => status.accounts.length + status.guards.length > 0 || status.firstRun === 'pending')
  )
    return EXIT.guard;
  return some(({ status }) => status.conflicts.open + status.parked > 0) ? EXIT.openWork : EXIT.done;
}

/** Nothing is said while all of it is there. */
function historyText(kept: Readonly<Record<KeptKind, KeptFrom>>): string | null {
  const begins = (['observation', 'feed', 'run'] as const).flatMap((kind) => {
    const { keptSince: since, held } = kept[kind];
    const waiting =
      held === 0
        ? ''
        : ` (${counted(held, 'month')} ${held === 1 ? 'waits' : 'wait'} for \`udesk-sync retention --apply\`)`;
    return since === null && held === 0
      ? []
      : [`${kind}s since ${since?.slice(0, 10) ?? 'the beginning'}${waiting}`];
  });
  return begins.length === 0 ? null : `history is kept of ${begins.join(', ')}`;
}

function replicaText({ owner, pairs }: ReplicaRow): string {
  return `daemon ${owner} works on ${counted(pairs.length, 'pair')}`;
}
