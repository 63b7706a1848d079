/** What has become of a decision: on its way, both sides agree, or why not. */
import { type Html, html } from '../../report/html.ts';
import type { CreateFirst, DecisionProgress, PastDecision } from '../../store/conflict-progress.ts';
import type { ConflictRow } from '../../store/conflicts.ts';
import type { IntentState } from '../../store/schema/intent.ts';
import { whoText } from '../similar/who.ts';
import type { Visit } from '../visit.ts';
import { keptText, reasonText, tookText } from './show.ts';

export interface Progress {
  readonly step: 'open' | 'void' | 'under-way' | 'stuck' | 'done';
  readonly text: Html | null;
  /** It can be taken back: nothing was sent yet, or what was written still stands. */
  readonly undo: boolean;
  /** What the decision waits for (the state of its write, `waiting` for a cycle, `first-run`, `account`, `other-create`, `own-create`, `whole`, `ended`); null: nothing. */
  readonly waitingFor: string | null;
  /** The vendor's words for a write that was refused or has to be tried again, why a guard holds it, or why the decision is void. */
  readonly reason: string | null;
}

const NOTHING = { undo: false, waitingFor: null, reason: null } as const;

/** @param next the conflict that asks again in the place of a void one */
export function progressOf(
  visit: Visit,
  row: ConflictRow,
  progress: DecisionProgress | null,
  decisions: readonly PastDecision[],
  next: string | null = null,
): Progress {
  const { t } = visit;
  const [last] = decisions;
  if (isVoid(row)) {
    const asked =
      next !== null && html` <a href="/conflicts/${next}">${t('detail.conflict', { id: next })}</a>`;
    const text = html`${t('progress.void')} ${reasonText(visit, row.reason)}${asked}`;
    return { step: 'void', text, ...NOTHING, reason: row.reason };
  }
  if (row.state === 'open') return { step: 'open', text: null, ...NOTHING };
  const who = byWhom(visit, row, last);
  if (row.state === 'converged') return { step: 'done', text: html`${t('progress.converged')}`, ...NOTHING };
  if (row.state === 'resolved')
    return { step: 'done', text: html`${t('progress.resolved')} ${who}`, ...NOTHING };
  const parked = progress?.writes.find(({ state }) => state === 'parked');
  if (parked !== undefined) {
    return {
      step: 'stuck',
      text: html`${t('progress.parked')} <span class="said">${keptText(visit, parked.error ?? '')}</span>`,
      ...NOTHING,
      waitingFor: 'parked',
      reason: parked.error,
    };
  }
  const sent = progress?.writes.some(({ state }) => !['planned', 'held', 'pending'].includes(state)) ?? false;
  const { waits, reason, plan, behind, first, isStuck } = waitOf(progress);
  const step = isStuck ? 'stuck' : 'under-way';
  const failed = reason !== null && (waits === 'pending' || waits === 'waiting');
  const told = failed
    ? t(`progress.again-${waits}`)
    : t(behind === null ? `progress.${waits}` : wordsFor(behind));
  const look =
    (plan !== null && html` <a href="/plans/${plan}">${t('plan.look')}</a>`) ||
    (behind !== null && lookAt(visit, row, behind)) ||
    (first !== null && html` <a href="/conflicts/${first}">${t('detail.conflict', { id: first })}</a>`);
  const why = reason !== null && html` <span class="said">${keptText(visit, reason)}</span>`;
  return {
    step,
    text: html`${told}${look}${why} ${who}`,
    undo: last !== undefined && !sent,
    waitingFor: waits,
    reason,
  };
}

function wordsFor({ parkedId, isLeftAlone }: CreateFirst) {
  if (parkedId === null) return 'progress.other-first';
  return isLeftAlone ? 'progress.left-alone' : 'progress.other-create';
}

/** Where the create is that comes first: among what was set aside, or else at the customer whose edit has it asked about again. */
function lookAt(
  { t }: Visit,
  { pair }: ConflictRow,
  { parkedId, isLeftAlone, udeskId }: CreateFirst,
): Html | false {
  if (parkedId === null) return false;
  if (!isLeftAlone) return html` <a href="/parked#parked-${parkedId}">${t('progress.look-parked')}</a>`;
  return (
    udeskId !== null &&
    html` <a href="/customers/${udeskId}?pair=${encodeURIComponent(pair)}">${t('progress.look-customer')}</a>`
  );
}

/** The row of a void decision ends with the reason, and the row that asks again begins with it (src/core/reconcile.ts). */
export function isVoid({ state, reason }: Pick<ConflictRow, 'state' | 'reason'>): boolean {
  return (state === 'open' || state === 'resolved') && reason.endsWith('changed after the decision was made');
}

interface Wait {
  /** The state of the write that it waits for; `waiting`: for a cycle. */
  readonly waits:
    | Exclude<IntentState, 'dropped'>
    | 'first-run'
    | 'account'
    | 'other-create'
    | 'own-create'
    | 'whole'
    | 'ended'
    | 'waiting';
  readonly reason: string | null;
  /** What a person has to say yes to, by its hash. */
  readonly plan: string | null;
  /** The create that it waits for. */
  readonly behind: CreateFirst | null;
  /** The conflict that it waits for. */
  readonly first: string | null;
  /** A person has to do something first, or somebody to come back. */
  readonly isStuck: boolean;
}

const WAITS = { reason: null, plan: null, behind: null, first: null, isStuck: false } as const;
const STUCK = { ...WAITS, isStuck: true } as const;

function waitOf(progress: DecisionProgress | null): Wait {
  const { writes = [], firstRunPending = false, behind = null, first: whole = null } = progress ?? {};
  const { held = null, account = null, failure = null, create = null, hasEnded = false } = progress ?? {};
  const first = writes.find(({ state }) => state !== 'settled') ?? writes[0];
  const state = first === undefined || first.state === 'dropped' ? null : first.state;
  // Nothing is sent to an account that nobody said yes to, and no cycle plans with it.
  if (account !== null && (state === null || state === 'pending' || state === 'planned'))
    return { ...STUCK, waits: 'account', plan: account };
  if (state === 'held')
    return { ...STUCK, waits: state, reason: held?.messages.join(' ') ?? null, plan: held?.hash ?? null };
  if (state !== null) return { ...WAITS, waits: state, reason: first?.error ?? null };
  if (firstRunPending) return { ...STUCK, waits: 'first-run' };
  if (behind !== null) {
    const isStuck = behind.parkedId !== null;
    return { ...WAITS, waits: 'other-create', reason: behind.message, behind, isStuck };
  }
  if (whole !== null) return { ...STUCK, waits: 'whole', first: whole };
  if (create !== null) {
    return { ...WAITS, waits: 'own-create', reason: create.error, isStuck: create.state === 'parked' };
  }
  if (hasEnded) return { ...STUCK, waits: 'ended' };
  return { ...WAITS, waits: 'waiting', reason: failure };
}

function byWhom(visit: Visit, row: ConflictRow, last: PastDecision | undefined): Html {
  const { t } = visit;
  if (row.resolvedBy === 'policy') return html`<span class="muted">${t('progress.policy')}</span>`;
  if (last === undefined) return html``;
  const [before = '', after = ''] = t('progress.by', {
    who: '\u0000',
    took: tookText(visit, last.take),
  }).split('\u0000');
  return html`<span class="muted">${before}${whoText(visit, last.who)}${after}</span>`;
}
