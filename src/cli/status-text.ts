/** How a pair stands, in words for a terminal. Pure. */
import type { FreshnessBound } from '../core/freshness/pages.ts';
import { counted } from '../lib/counted.ts';
import type { PairHealth } from '../report/pair-health.ts';
import { type PairView, RUNS_SHOWN, runDurationMs } from '../report/status-document.ts';
import type { PairStatus } from '../store/pair-status.ts';
import type { RunRow } from '../store/pairs.ts';
import type { Coverage } from '../store/reach.ts';
import { ago, duration } from './age.ts';

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

/** How a pair stands, as a whole. */
export function pairText(view: PairView, now: Date): string {
  const { status, freshness, quota, replica } = view;
  const { runs, sides, links, conflicts, outbox, parked, lease } = status;
  const lines = [...callText(view)];
  if (runs.length === 0) return lines.join('\n');
  const line = (title: string, text: string) => lines.push(titled(title, text));
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
  if (freshness !== null) line('freshness', freshnessText(freshness, status, now));
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
  lines.push(...leftAloneText(view, now));
  return lines.join('\n');
}

/** What is wrong, what waits for a person (and the command that answers), and what to know. */
export function callText({ pair, health }: PairView): string[] {
  const lines = [`${pair}: ${WORDS[health.health]}`];
  for (const problem of health.problems) lines.push(`  ! ${problem}`);
  if (health.health === 'new') lines.push('  Begin with `udesk-sync check`, then `udesk-sync plan`.');
  for (const { what, command } of health.todos) lines.push(`  > ${what}`, `      ${command}`);
  for (const note of health.notes) lines.push(`  - ${note}`);
  return lines;
}

/** Endpoints and lanes that failed too often in a row; no line where there are none. */
export function leftAloneText({ breakers, deadLetters }: PairView, now: Date): string[] {
  const lines: string[] = [];
  const line = (title: string, text: string) => lines.push(titled(title, text));
  for (const { endpoint, side, waitMs } of breakers) {
    line('left alone', `${endpoint} (${side}) failed too often in a row; ${triedText(waitMs)}`);
  }
  for (const { lane, count, since, last, reason } of deadLetters) {
    const times = count === 1 ? 'once' : `${count} times`;
    const why = reason === null ? '' : ` (${reason})`;
    const when = `since ${ago(since, now)}, last ${ago(last, now)}`;
    line('dead letters', `${lane} was given up ${times} ${when}${why}; every tick tries it again`);
  }
  return lines;
}

function titled(title: string, text: string): string {
  return `  ${title.padEnd(13)} ${text}`;
}

function triedText(waitMs: number): string {
  return waitMs === 0 ? 'it is being tried now' : `tried again in ${duration(waitMs)}`;
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

/** Ages that nothing exceeds: of listed customers, of those beyond the end of the list (read one by one), of the CRM's records. */
export interface Bounds {
  /** Null, like the others, where it is not known, or nobody is of that kind. */
  readonly listedMs: number | null;
  readonly beyondMs: number | null;
  readonly crmMs: number | null;
}

export function boundsOf(
  freshness: FreshnessBound | null,
  { coverage, sides }: Pick<PairStatus, 'coverage' | 'sides'>,
  now: Date,
): Bounds {
  const ageMs = (at: string | null) => (at === null ? null : now.getTime() - Date.parse(at));
  return {
    listedMs: freshness?.boundMs ?? null,
    beyondMs: coverage.unlisted === 0 ? null : ageMs(coverage.oldestVerifiedAt),
    // Whoever is known there was in the last complete list, or was seen since.
    crmMs: ageMs(sides.crm.certifiedAt),
  };
}

function freshnessText({ boundMs, active }: FreshnessBound, status: PairStatus, now: Date): string {
  const { beyondMs, crmMs } = boundsOf(null, status, now);
  return [
    `every listed customer is at most ${duration(boundMs, 'up')} old`,
    `the most active tenth of the list at most ${duration(active.boundMs, 'up')}`,
    ...(beyondMs === null ? [] : [`those beyond it at most ${duration(beyondMs, 'up')}`]),
    ...(crmMs === null ? [] : [`every record of the CRM at most ${duration(crmMs, 'up')}`]),
  ].join(', ');
}

function cycleText(run: RunRow, owned: boolean, now: Date): string {
  const started = `${run.trigger}, ${ago(run.startedAt, now)}`;
  const ms = runDurationMs(run);
  if (ms === null) return `${started}: ${owned ? 'running' : 'cut off'}`;
  const error = run.error === null ? '' : `: ${run.error}`;
  return `${started}, took ${duration(ms)}: ${run.outcome}${error}`;
}
