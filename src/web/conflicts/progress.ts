/** What has become of a decision: on its way, both sides agree, or why not. */
import { type Html, html } from '../../report/html.ts';
import type { DecisionProgress, PastDecision } from '../../store/conflict-progress.ts';
import type { ConflictRow } from '../../store/conflicts.ts';
import { whoText } from '../similar/who.ts';
import type { Visit } from '../visit.ts';
import { keptText, reasonText, tookText } from './show.ts';

export interface Progress {
  readonly step: 'open' | 'void' | 'under-way' | 'stuck' | 'done';
  readonly text: Html | null;
  /** It can be taken back: nothing was sent yet, or what was written still stands. */
  readonly undo: boolean;
  /** What the decision waits for (the state of its write, `waiting` for a cycle, `first-run`); null: nothing. */
  readonly waitingFor: string | null;
  /** The vendor's words for a write that was refused, or why the decision is void. */
  readonly reason: string | null;
}

const NOTHING = { undo: false, waitingFor: null, reason: null } as const;

export function progressOf(
  visit: Visit,
  row: ConflictRow,
  progress: DecisionProgress | null,
  decisions: readonly PastDecision[],
): Progress {
  const { t } = visit;
  const [last] = decisions;
  if (row.state === 'open') {
    const isVoid = last !== undefined && row.reason.endsWith('changed after the decision was made');
    return isVoid
      ? {
          step: 'void',
          text: html`${t('progress.void')} ${reasonText(visit, row.reason)}`,
          ...NOTHING,
          reason: row.reason,
        }
      : { step: 'open', text: null, ...NOTHING };
  }
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
  const waits = waitingFor(progress);
  const step = waits === 'held' || waits === 'first-run' ? 'stuck' : 'under-way';
  return {
    step,
    text: html`${t(`progress.${waits}`)} ${who}`,
    ...NOTHING,
    undo: last !== undefined && !sent,
    waitingFor: waits,
  };
}

/** The state of the write that it waits for; `waiting`: for a cycle. */
function waitingFor(progress: DecisionProgress | null) {
  const writes = progress?.writes ?? [];
  const first = writes.find(({ state }) => state !== 'settled') ?? writes[0];
  if (first !== undefined && first.state !== 'dropped') return first.state;
  return progress?.firstRunPending === true ? 'first-run' : 'waiting';
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
