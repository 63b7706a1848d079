/** `udesk-sync status`: is all well, what waits for me? From our database alone; works beside the daemon. */

import type { Command } from 'commander';
import type { FreshnessBound } from '../core/freshness/pages.ts';
import { counted } from '../lib/counted.ts';
import type { PairHealth } from '../report/pair-health.ts';
import {
  loadPairsView,
  type PairView,
  RUNS_SHOWN,
  runDurationMs,
  statusDocument,
} from '../report/status-document.ts';
import type { PairStatus } from '../store/pair-status.ts';
import type { RunRow } from '../store/pairs.ts';
import type { Coverage } from '../store/reach.ts';
import type { ReplicaRow } from '../store/replicas.ts';
import { type KeptFrom, keptSince } from '../store/retention.ts';
import type { KeptKind } from '../store/schema/run.ts';
import { ago, duration } from './age.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './errors.ts';
import { choosePairs } from './runtime.ts';
import { withRuntime } from './with-runtime.ts';

interface StatusOptions {
  readonly pair?: string;
  readonly strict?: boolean;
}

export function registerStatus(program: Command, context: CliContext): void {
  program
    .command('status')
    .description('whether all is well, and what waits for a person')
    .option('--pair <name>', 'only this pair')
    .option(
      '--strict',
      'exit with 1 when a pair is unhealthy, 3 when a guard waits, 4 when conflicts are open or records parked',
    )
    .action((options: StatusOptions) => runStatus(context, options));
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
      const texts = views.map((one) => describe(one, now));
      // One daemon alone is told with each pair.
      const history = historyText(await keptSince(database.db));
      if (history !== null) texts.push(history);
      if (replicas.length > 1) texts.unshift(replicas.map(replicaText).join('\n'));
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

const WORDS: Readonly<Record<PairHealth['health'], string>> = {
  healthy: 'healthy, nothing waits for you',
  waiting: 'healthy, and waits for you',
  unhealthy: 'UNHEALTHY',
  new: 'not started yet',
};

const FIRST_RUN: Readonly<Record<PairStatus['firstRun'], string>> = {
  new: 'not begun',
  pending: 'waits for acceptance',
  accepting: 'accepted; the next cycle begins to write',
  accepted: 'accepted, writes are enabled',
};

function describe(view: PairView, now: Date): string {
  const { pair, status, health, freshness, quota, replica, breakers, deadLetters } = view;
  const { runs, sides, links, conflicts, outbox, parked, lease } = status;
  const lines = [`${pair}: ${WORDS[health.health]}`];
  for (const problem of health.problems) lines.push(`  ! ${problem}`);
  if (health.health === 'new') lines.push('  Begin with `udesk-sync check`, then `udesk-sync plan`.');
  for (const { what, command } of health.todos) lines.push(`  > ${what}`, `      ${command}`);
  for (const note of health.notes) lines.push(`  - ${note}`);
  if (runs.length === 0) return lines.join('\n');
  const line = (title: string, text: string) => lines.push(`  ${title.padEnd(13)} ${text}`);
  line('first run', FIRST_RUN[status.firstRun]);
  runs.slice(0, RUNS_SHOWN).forEach((run, n) => {
    line(n === 0 ? 'last cycles' : '', cycleText(run, lease !== null && n === 0, now));
  });
  line('records', `${sides.udesk.records} in Udesk, ${sides.crm.records} in the CRM`);
  line(
    'read in full',
    `Udesk ${ago(sides.udesk.certifiedAt, now)}, the CRM ${ago(sides.crm.certifiedAt, now)}`,
  );
  line('coverage', coverageText(status.coverage, now));
  if (freshness !== null) line('freshness', freshnessText(freshness, status.coverage, now));
  if (status.audit.links > 0) {
    const { links: sampled, differences } = status.audit;
    line(
      'audit',
      `${counted(sampled, 'link')} looked at in the last day, ${counted(differences, 'record', 'was')} not as known`,
    );
  }
  line(
    'links',
    `${links.confirmed} confirmed, ${links.candidate} to review, ${links.rejected} rejected, ${links.broken} ended`,
  );
  line('conflicts', `${conflicts.open} open, ${conflicts.resolving} decided and on the way`);
  line(
    'outbox',
    `${outbox.pending} to send, ${outbox.held} held by a guard, ${outbox.unknown} of unknown outcome, ${parked} parked`,
  );
  for (const backfill of status.backfills) line('backfill', backfillText(backfill));
  const { due, clean, overwritten, unclear, none } = status.witness;
  if (due + clean + overwritten + unclear + none > 0) {
    line(
      'witness',
      `of the last writes ${clean} replaced what was expected, ${overwritten} an edit that is kept as a conflict, of ${unclear + none} it is not known; ${due} to be looked at`,
    );
  }
  line(
    'quota',
    `${quota.used} of ${counted(quota.perMinute, 'call')} in the last minute${quota.scope === 'endpoint' ? ' (busiest endpoint)' : ''}`,
  );
  line('worked on by', replica ?? lease?.owner ?? 'nobody now');
  for (const { endpoint, side, waitMs } of breakers) {
    line('left alone', `${endpoint} (${side}) failed too often in a row; ${triedText(waitMs)}`);
  }
  for (const { lane, count, since, last, reason } of deadLetters) {
    const times = count === 1 ? 'once' : `${count} times`;
    const why = reason === null ? '' : ` (${reason})`;
    const when = `since ${ago(since, now)}, last ${ago(last, now)}`;
    line('dead letters', `${lane} was given up ${times} ${when}${why}; every tick tries it again`);
  }
  return lines.join('\n');
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

function triedText(waitMs: number): string {
  return waitMs === 0 ? 'it is being tried now' : `tried again in ${duration(waitMs)}`;
}

function replicaText({ owner, pairs }: ReplicaRow): string {
  return `daemon ${owner} works on ${counted(pairs.length, 'pair')}`;
}

/** `4,950 of 20,000 created in udesk, about 6 min left (2,400 a minute)` */
function backfillText(one: PairStatus['backfills'][number]): string {
  const left =
    one.leftMs === null || one.rowsPerMinute === null
      ? 'how long it takes is known after the first batch'
      : `about ${duration(one.leftMs)} left (${one.rowsPerMinute} a minute)`;
  const parked = one.parked === 0 ? '' : `, ${one.parked} parked`;
  return `${one.done} of ${one.total} created in ${one.side}${parked}, ${left}`;
}

/** How much of Udesk is known, and how old the oldest of it is. */
function coverageText(coverage: Coverage, now: Date): string {
  const { total, listed, unlisted, missing, unreachable, oldestVerifiedAt } = coverage;
  if (listed === null) return 'Udesk was never read to the end of its list';
  const gone = missing === 0 ? '' : ` (${missing} of them not found when last asked for)`;
  return [
    `Udesk says ${total ?? 'not how many'}`,
    `its list reaches ${listed}`,
    `${unlisted} more are known and read one by one${gone}`,
    `${unreachable ?? 'an unknown number'} out of reach`,
    `oldest verified ${ago(oldestVerifiedAt, now)}`,
  ].join(', ');
}

/** The age that nothing of what is known of Udesk exceeds. */
function freshnessText({ boundMs, active }: FreshnessBound, coverage: Coverage, now: Date): string {
  const { unlisted, oldestVerifiedAt } = coverage;
  return [
    `every listed customer is at most ${duration(boundMs, 'up')} old`,
    `the most active tenth of the list at most ${duration(active.boundMs, 'up')}`,
    ...(unlisted === 0 || oldestVerifiedAt === null
      ? []
      : [`those beyond it at most ${duration(now.getTime() - Date.parse(oldestVerifiedAt), 'up')}`]),
  ].join(', ');
}

function cycleText(run: RunRow, owned: boolean, now: Date): string {
  const started = `${run.trigger}, ${ago(run.startedAt, now)}`;
  const ms = runDurationMs(run);
  if (ms === null) return `${started}: ${owned ? 'running' : 'cut off'}`;
  const error = run.error === null ? '' : `: ${run.error}`;
  return `${started}, took ${duration(ms)}: ${run.outcome}${error}`;
}
