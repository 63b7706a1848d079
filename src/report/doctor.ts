/**
 * What is wrong with the state of the program itself, and how to mend it: facts → findings, each with a code that scripts
 * may rely on, a sentence and a fix. Pure. What a side answers is judged where the side is asked (src/cli/check-side.ts).
 */
import { counted } from '../lib/counted.ts';
import type { DatabaseFacts, HistoryFacts, PairFacts } from '../store/doctor.ts';

export interface Finding {
  readonly code:
    | 'database-large'
    | 'database-bloat'
    | 'autovacuum-off'
    | 'database-clock'
    | 'pair-unknown'
    | 'history-months'
    | 'history-stray'
    | 'history-held'
    | 'outbox-stuck'
    | 'outbox-unknown'
    | 'lease-expired'
    | 'dead-letters'
    | 'breaker-open'
    | 'orphans'
    | 'coverage-capped'
    | 'quota-slow';
  readonly level: 'warning' | 'problem';
  readonly sentence: string;
  readonly fix: string;
}

export interface Quota {
  readonly perMinute: number;
  readonly shards: number;
}

const HOUR_MS = 3_600_000;
const LARGE_BYTES = 50 * 1024 ** 3;
/** Leases and fences are judged by the database's clock, edits by ours. */
const CLOCK_MS = 60_000;
/** A write is tried again for some minutes when a side is away; after an hour something else is wrong. */
const STUCK_MS = HOUR_MS;
/** A living process renews its lease every five seconds; one that is gone is followed by the next cycle. */
const LEASE_MS = 5 * 60_000;
/** The largest page of the list (api.md §3), and what a sweep may use of the quota (src/http/quota.ts). */
const PAGE = 100;
const SWEEP_SHARE = 0.75;
const SLOW_MINUTES = 60;
/** Partitions are looked after once a day. */
const STALE_LOOK_HOURS = 48;

export function diagnoseDatabase(facts: DatabaseFacts): Finding[] {
  const { sizeBytes, bloated, autovacuum, clockAheadMs, unknownPairs } = facts;
  const findings: Finding[] = [];
  if (sizeBytes !== null && sizeBytes > LARGE_BYTES) {
    findings.push({
      code: 'database-large',
      level: 'warning',
      sentence: `the database holds ${gigabytes(sizeBytes)} GB`,
      fix: 'Look which table it is (\\dt+ udesk_sync.*), and whether the disk has room for twice as much: an upgrade may copy a table.',
    });
  }
  if (!autovacuum) {
    findings.push({
      code: 'autovacuum-off',
      level: 'warning',
      sentence: 'autovacuum is off: tables only grow, and queries become slow',
      fix: 'Set autovacuum = on in the configuration of the server and reload it.',
    });
  }
  for (const { table, live, dead } of bloated) {
    if (dead <= live) continue;
    findings.push({
      code: 'database-bloat',
      level: 'warning',
      sentence: `${table} holds ${dead} dead rows beside ${live} live ones`,
      fix: `vacuum (analyze) ${table}; and look for a transaction that stays open (pg_stat_activity): it keeps them.`,
    });
  }
  if (Math.abs(clockAheadMs) > CLOCK_MS) {
    findings.push({
      code: 'database-clock',
      level: 'warning',
      sentence: `the clock of the database is ${Math.round(Math.abs(clockAheadMs) / 1000)} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} the clock of this machine`,
      fix: 'Set both by NTP.',
    });
  }
  if (unknownPairs.length > 0) {
    findings.push({
      code: 'pair-unknown',
      level: 'warning',
      sentence: `the database knows ${list(unknownPairs)}, and the configuration does not`,
      fix: 'A pair that was renamed is a new one: give it its old name again, or it will match everybody anew. One that was given up keeps its rows, and needs nothing.',
    });
  }
  return [...findings, ...facts.history.flatMap(diagnoseHistory)];
}

/** The daemon makes the month's partitions three months ahead; a row without one lies in the default partition, and is not lost. */
function diagnoseHistory({ table, monthsAhead, stray, lookedHoursAgo, held }: HistoryFacts): Finding[] {
  const findings: Finding[] = [];
  const isLookedAfter = lookedHoursAgo !== null && lookedHoursAgo < STALE_LOOK_HOURS;
  if (monthsAhead < 1 || (stray !== null && !isLookedAfter)) {
    findings.push({
      code: 'history-months',
      level: 'warning',
      sentence: `udesk_sync.${table} has partitions for ${counted(monthsAhead, 'month')} ahead${stray === null ? '' : `, and ${counted(stray.rows, 'row')} without one`}; ${lookedHoursAgo === null ? 'nobody ever looked after them' : `they were last looked after ${hours(lookedHoursAgo * HOUR_MS)} ago`}`,
      fix: 'Nothing is lost: such rows lie in the default partition. The daemon and every `udesk-sync sync` move them; see in their log why they could not (a long query holds the table?).',
    });
  } else if (stray !== null) {
    findings.push({
      code: 'history-stray',
      level: 'warning',
      sentence: `${counted(stray.rows, 'row')} of udesk_sync.${table} ${stray.rows === 1 ? 'is' : 'are'} of a time without a partition (${stray.from} to ${stray.to})`,
      fix: 'They were written while a clock was wrong, or are older than the history that is kept. Those ahead are moved when their time comes; `udesk-sync retention` shows them, `--apply` lets the old ones go.',
    });
  }
  if (held > 0) {
    findings.push({
      code: 'history-held',
      level: 'warning',
      sentence: `${counted(held, 'month')} of udesk_sync.${table} ${held === 1 ? 'is' : 'are'} due to go, and no more than two go at once by themselves`,
      fix: 'Look at the clock and at `retention` in the configuration. `udesk-sync retention` shows the months, `--apply` lets them go.',
    });
  }
  return findings;
}

export function diagnosePair(facts: PairFacts, quota: Quota, now: Date): Finding[] {
  const findings: Finding[] = [];
  const ageMs = (at: string | null) => (at === null ? 0 : now.getTime() - Date.parse(at));
  if (ageMs(facts.oldestPendingAt) > STUCK_MS) {
    findings.push({
      code: 'outbox-stuck',
      level: 'problem',
      sentence: `${counted(facts.pending, 'write')} ${facts.pending === 1 ? 'waits' : 'wait'} in the outbox, the oldest for ${hours(ageMs(facts.oldestPendingAt))}`,
      fix: 'See that the daemon runs (udesk-sync status), or run one cycle: udesk-sync sync. When a side refuses the credentials, they go on by themselves once these are right.',
    });
  }
  if (ageMs(facts.oldestUnknownAt) > STUCK_MS) {
    findings.push({
      code: 'outbox-unknown',
      level: 'problem',
      sentence: `of ${counted(facts.unknown, 'write')} it has not been known for ${hours(ageMs(facts.oldestUnknownAt))} whether they were made`,
      fix: 'The next cycle finds out by reading: see that the daemon runs and that the side answers (udesk-sync status), or run udesk-sync sync.',
    });
  }
  if (facts.expiredLease !== null && facts.expiredLease.agoMs > LEASE_MS) {
    findings.push({
      code: 'lease-expired',
      level: 'warning',
      sentence: `${facts.expiredLease.owner} held the pair and ended without giving it back ${hours(facts.expiredLease.agoMs)} ago; nobody has worked on it since`,
      fix: 'Start the daemon (udesk-sync run): it takes over and recovers. Why it ended stands at the end of its log.',
    });
  }
  for (const { lane, count, reason } of facts.deadLetters) {
    findings.push({
      code: 'dead-letters',
      level: 'warning',
      sentence: `the lane ${lane} failed so often in a row that ${counted(count, 'job')} of it ${count === 1 ? 'was' : 'were'} put aside${reason === null ? '' : ` (${reason})`}`,
      fix: 'See what its cycles fail of (udesk-sync status). Every tick of the schedule tries it again, and when it works its dead letters are cleared.',
    });
  }
  for (const { side, endpoint } of facts.breakers) {
    findings.push({
      code: 'breaker-open',
      level: 'warning',
      sentence: `the daemon leaves ${endpoint} (${side}) alone for now, because it failed too often in a row`,
      fix: 'See whether the remote is down, or the network to it. It is tried again by itself, once a minute at the latest unless it asks for more.',
    });
  }
  const { linksWithoutRecord, recordsWithoutLink, rowsWithoutLink } = facts;
  if (linksWithoutRecord + recordsWithoutLink + rowsWithoutLink > 0) {
    const parts = [
      ...part(linksWithoutRecord, 'link', 'whose record is not in the mirror'),
      ...part(recordsWithoutLink, 'record', 'of a link that is not there'),
      ...part(rowsWithoutLink, 'open conflict or parked record', 'of a link that is not there'),
    ];
    findings.push({
      code: 'orphans',
      level: 'problem',
      sentence: `the tables contradict each other: ${parts.join(', ')}. The program never writes this, so rows were changed or restored by hand`,
      fix: 'Restore the database from a backup as a whole (docs/operations.md), or stop the daemon and set the mirror up anew in an empty database.',
    });
  }
  if (facts.udeskCapped && facts.udeskTotal !== null && facts.udeskListed !== null) {
    findings.push({
      code: 'coverage-capped',
      level: 'warning',
      sentence: `the list of Udesk reaches ${facts.udeskListed} of ${facts.udeskTotal} customers${quota.shards === 0 ? '' : `, with ${counted(quota.shards, 'filter')}`}`,
      fix: 'Save filters in Udesk of fewer than 10,000 customers each that cover everybody, and name their ids under udesk.shards.',
    });
  }
  const minutes = sweepMinutes(facts.udeskTotal, quota.perMinute);
  if (minutes > SLOW_MINUTES) {
    findings.push({
      code: 'quota-slow',
      level: 'warning',
      sentence: `with ${quota.perMinute} calls a minute, reading all ${facts.udeskTotal} customers takes about ${minutes} min: an edit in Udesk may stay unseen for so long`,
      fix: 'Let Udesk call back (udesk.webhook), so that edits are seen at once; or ask Udesk for a higher quota and set udesk.quota.perMinute.',
    });
  }
  return findings;
}

function sweepMinutes(total: number | null, perMinute: number): number {
  return total === null ? 0 : Math.ceil(Math.ceil(total / PAGE) / (perMinute * SWEEP_SHARE));
}

function part(n: number, what: string, which: string): string[] {
  return n === 0 ? [] : [`${counted(n, what)} ${which}`];
}

function list(names: readonly string[]): string {
  return `the pair${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}

function hours(ms: number): string {
  return ms < HOUR_MS ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / HOUR_MS)} h`;
}

function gigabytes(bytes: number): number {
  return Math.round(bytes / 1024 ** 3);
}
