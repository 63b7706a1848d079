/** How a pair is, in the visitor's words: what is wrong, and what waits for a person, each with the page that answers. */
import { type Html, html } from '../../report/html.ts';
import type { PairHealth } from '../../report/pair-health.ts';
import type { PairStatus } from '../../store/pair-status.ts';
import { reasonText } from '../conflicts/show.ts';
import type { Visit } from '../visit.ts';

export function healthList(visit: Visit, pair: string, status: PairStatus, health: PairHealth): Html | null {
  const lines = [...troubles(visit, health), ...todos(visit, pair, status), ...notes(visit, status)];
  return lines.length === 0 ? null : html`<ul class="plain health">${lines}</ul>`;
}

function troubles(visit: Visit, { troubles: found }: PairHealth): Html[] {
  const { t, format } = visit;
  return found.map((trouble) => {
    if (trouble.kind === 'stalled')
      return html`<li class="bad">${t('trouble.stalled', { n: format.number(trouble.minutes) })}</li>`;
    return html`<li class="bad">${t('trouble.failed', { n: format.number(trouble.times) })}${trouble.error !== null && html`<br><q lang="en">${trouble.error}</q>`}</li>`;
  });
}

function todos({ t, format }: Visit, pair: string, status: PairStatus): Html[] {
  const {
    firstRun,
    firstPlanHash,
    accounts,
    guards,
    conflicts,
    links,
    parked,
    keptWaiting,
    fieldDrift,
    endedRules,
  } = status;
  const search = `?pair=${encodeURIComponent(pair)}`;
  const lines: Html[] = [];
  const ask = (n: number, text: string, path: string) => {
    if (n > 0) lines.push(html`<li><a href="${path}">${text}</a></li>`);
  };
  if (firstRun === 'pending') {
    lines.push(
      firstPlanHash === null
        ? html`<li>${t('todo.first-plan-coming')}</li>`
        : html`<li><a href="/plans/${firstPlanHash}">${t('todo.first-plan')}</a></li>`,
    );
  }
  for (const { hash, side, state } of accounts) {
    const key =
      state === 'rejected'
        ? 'note.account-refused'
        : state === 'approving'
          ? 'note.account-approving'
          : 'todo.account';
    ask(1, t(key, { side: t(`side.${side}`) }), `/plans/${hash}`);
  }
  for (const { hash, writes } of guards) {
    ask(1, t('todo.guard', { n: format.number(writes) }), `/plans/${hash}`);
  }
  for (const { id } of endedRules) ask(1, t('todo.rule', { id }), `/conflicts/rules/${id}`);
  ask(conflicts.open, t('todo.conflicts', { n: format.number(conflicts.open) }), `/conflicts${search}`);
  ask(links.candidate, t('todo.links', { n: format.number(links.candidate) }), `/links${search}`);
  ask(parked, t('todo.parked', { n: format.number(parked) }), `/parked${search}`);
  ask(keptWaiting, t('todo.kept-waiting', { n: format.number(keptWaiting) }), `/parked${search}`);
  if (fieldDrift.length > 0) {
    lines.push(
      html`<li>${t('todo.drift', { fields: [...new Set(fieldDrift.map(({ field }) => field))].join(', ') })}</li>`,
    );
  }
  return lines;
}

function notes(visit: Visit, { sides, outbox }: PairStatus): Html[] {
  const { t, format } = visit;
  const lines: Html[] = [];
  for (const side of ['udesk', 'crm'] as const) {
    const { uncertified } = sides[side];
    if (uncertified === null) continue;
    lines.push(
      html`<li class="muted">${t('note.uncertified', { side: t(`side.${side}`) })} ${reasonText(visit, uncertified)}</li>`,
    );
  }
  if (outbox.unknown > 0) {
    lines.push(html`<li class="muted">${t('note.unknown', { n: format.number(outbox.unknown) })}</li>`);
  }
  return lines;
}
