/** Whether a pair is well, in words: what is wrong, what waits for a person (and the command that answers), what to know. Pure. */

import { SIDES } from '../core/record.ts';
import { counted } from '../lib/counted.ts';
import type { PairStatus } from '../store/pair-status.ts';
import type { RunRow } from '../store/pairs.ts';
import type { AccountFacts } from '../store/schema/plan.ts';
import { driftWords } from './field-drift.ts';

export type Health = 'healthy' | 'waiting' | 'unhealthy' | 'new';

export interface Todo {
  readonly what: string;
  /** The command that answers. */
  readonly command: string;
}

export type Trouble =
  /** So many cycles in a row. */
  | { readonly kind: 'failed'; readonly times: number; readonly error: string | null }
  | { readonly kind: 'stalled'; readonly minutes: number };

export interface PairHealth {
  readonly health: Health;
  /** What is wrong, for those who say it in their own words. */
  readonly troubles: readonly Trouble[];
  readonly problems: readonly string[];
  readonly todos: readonly Todo[];
  readonly notes: readonly string[];
}

/** A daemon that has finished nothing for so long is stuck or gone: its lanes run every few seconds to minutes. */
const STALLED_MS = 15 * 60_000;

export function judgePair(pair: string, status: PairStatus, now: Date): PairHealth {
  const troubles = troublesOf(status, now);
  const problems = troubles.map(troubleText);
  const todos = todosOf(pair, status);
  const health: Health =
    problems.length > 0
      ? 'unhealthy'
      : status.runs.length === 0
        ? 'new'
        : todos.length > 0
          ? 'waiting'
          : 'healthy';
  return { health, troubles, problems, todos, notes: notesOf(status) };
}

function troublesOf({ runs, lease }: PairStatus, now: Date): Trouble[] {
  const troubles: Trouble[] = [];
  const finished = runs.filter((run) => run.finishedAt !== null && run.outcome !== 'abandoned');
  const failures = finished.findIndex((run) => run.outcome !== 'failed');
  const times = failures < 0 ? finished.length : failures;
  const [last] = finished;
  if (times > 0 && last !== undefined) troubles.push({ kind: 'failed', times, error: last.error });
  const ended = lastEnd(runs);
  if (lease === null && runs[0]?.trigger === 'run' && ended !== null && now.getTime() - ended > STALLED_MS) {
    troubles.push({ kind: 'stalled', minutes: Math.floor((now.getTime() - ended) / 60_000) });
  }
  return troubles;
}

function troubleText(trouble: Trouble): string {
  if (trouble.kind === 'stalled') {
    return `the daemon has finished no cycle for ${trouble.minutes} min: look whether \`udesk-sync run\` runs`;
  }
  const many = trouble.times === 1 ? 'the last cycle' : `the last ${trouble.times} cycles`;
  return `${many} failed: ${trouble.error ?? 'no reason was kept'}`;
}

function lastEnd(runs: readonly RunRow[]): number | null {
  const ends = runs.flatMap((run) => (run.finishedAt === null ? [] : [Date.parse(run.finishedAt)]));
  return ends.length === 0 ? null : Math.max(...ends);
}

function todosOf(pair: string, status: PairStatus): Todo[] {
  const { firstRun, accounts, guards, conflicts, links, parked, keptWaiting, fieldDrift, endedRules } =
    status;
  const todos: Todo[] = [];
  if (firstRun === 'pending') {
    todos.push({
      what: 'nothing is written before you accept the first plan: this tells what it would do, and how to say yes to exactly that',
      command: `udesk-sync sync --pair ${pair}`,
    });
  }
  for (const { hash, side, state, before, now } of accounts) {
    if (state !== 'waiting') continue;
    todos.push({
      what: `another account or table answers in ${side === 'udesk' ? 'Udesk' : 'the CRM'}: nothing is read or written there before you say whether it is meant. Until now: ${accountText(before)}; now: ${accountText(now)}`,
      command: `udesk-sync plan --approve ${hash}`,
    });
  }
  for (const { hash, writes, tripped } of guards) {
    const why = tripped.map(({ guard, message }) => `${guard}: ${message}`).join('; ');
    todos.push({
      what: `a guard holds ${counted(writes, 'write')} (${why}); \`udesk-sync plan --show ${hash}\` lists them`,
      command: `udesk-sync sync --pair ${pair} --approve ${hash}`,
    });
  }
  for (const drift of fieldDrift) {
    // Accepting cannot bring back a field that is gone.
    const command = drift.kind === 'vanished' ? 'check' : 'check --pin-options';
    todos.push({ what: driftWords(drift), command: `udesk-sync ${command} --pair ${pair}` });
  }
  for (const { id, field } of endedRules) {
    todos.push({
      what: `rule ${id} for ${field} has turned itself off: what it decided waits for people again`,
      command: `udesk-sync rules show ${id}`,
    });
  }
  const ask = (n: number, what: string, command: string) => {
    if (n > 0) todos.push({ what: counted(n, what), command: `udesk-sync ${command} --pair ${pair}` });
  };
  ask(conflicts.open, 'open conflict', 'conflicts list');
  ask(links.candidate, 'unanswered match', 'links list --state candidate');
  ask(parked, 'parked record', 'parked list');
  if (keptWaiting > 0) {
    todos.push({
      what: `${counted(keptWaiting, 'record')} not created, for an e-mail or phone in common with a create that was left alone`,
      command: `udesk-sync parked list --pair ${pair}`,
    });
  }
  return todos;
}

/** Fewer writes than these say nothing about a side. */
const WITNESSES_TO_JUDGE = 5;

function notesOf(status: PairStatus): string[] {
  const { sides, accounts, coverage, outbox, runs, lease, witness, restoredAt } = status;
  const notes: string[] = [];
  for (const { hash, side, state } of accounts) {
    const where = side === 'udesk' ? 'Udesk' : 'the CRM';
    if (state === 'approving')
      notes.push(`you said yes to the account that answers in ${where} now: the next cycle goes on with it`);
    if (state === 'rejected')
      notes.push(
        `another account or table answers in ${where}, and somebody said no to it: the pair waits for the old one, or for \`udesk-sync plan --approve ${hash}\``,
      );
  }
  if (restoredAt !== null) {
    notes.push(
      `the database came from a backup (noticed ${restoredAt}): what differs waits as conflicts \`restored\`, and nothing is created or deleted before you say yes to it`,
    );
  }
  for (const side of SIDES) {
    const { uncertified, records, total } = sides[side];
    if (uncertified === null) continue;
    const share =
      total === null || total === 0
        ? ''
        : `; ${records} of ${total} are in the mirror (${Math.floor((100 * records) / total)} %)`;
    notes.push(`${side} was not read completely: ${uncertified}${share}. Nothing is taken as deleted there`);
  }
  const { unreachable, listed, total } = coverage;
  if (unreachable !== null && unreachable > 0) {
    notes.push(
      `${counted(unreachable, 'customer')} of Udesk cannot be reached: the list showed ${listed} of ${total}. Add saved filters to udesk.shards until every customer is in one`,
    );
  }
  if (outbox.unknown > 0) {
    notes.push(`${counted(outbox.unknown, 'write')} of unknown outcome: the next cycle finds out by reading`);
  }
  const blind = witness.unclear + witness.none;
  const judged = blind + witness.clean + witness.overwritten;
  if (judged >= WITNESSES_TO_JUDGE && blind * 2 > judged) {
    const why =
      witness.none > witness.unclear ? 'it keeps no history' : 'its history does not show them clearly';
    notes.push(
      `writes to a side cannot be witnessed (${blind} of the last ${judged}): ${why}. An edit made in the moment between our look and our write would be lost unseen`,
    );
  }
  if (lease === null && runs[0] !== undefined && runs[0].finishedAt === null) {
    notes.push('the last cycle was cut off: the next one goes on where it was');
  }
  return notes;
}

function accountText({ name, fingerprint, records }: AccountFacts): string {
  const many = records === null ? '' : `, ${counted(records, 'record')}`;
  return `${name ?? 'not recorded in words'} (${fingerprint.slice(0, 8)}${many})`;
}
