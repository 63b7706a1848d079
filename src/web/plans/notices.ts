/** Plans that wait for a person, as lines that lead to them. */
import { type Html, html } from '../../report/html.ts';
import type { Visit } from '../visit.ts';
import type { Waiting } from './waiting.ts';

/** Accounts first: nothing else of their pairs goes on. Null: nobody is asked anything. */
export function waitingNotices(visit: Visit, waiting: Waiting): Html | null {
  const found = [accountLines(visit, waiting), firstPlanLines(visit, waiting), guardLines(visit, waiting)];
  return found.every((lines) => lines.length === 0) ? null : html`${found}`;
}

/** First plans that nobody accepted yet; null when there are none. */
export function firstPlanNotices(visit: Visit, waiting: Pick<Waiting, 'firstPlans'>): Html | null {
  const lines = firstPlanLines(visit, waiting);
  return lines.length === 0 ? null : html`${lines}`;
}

function firstPlanLines({ t, format }: Visit, { firstPlans }: Pick<Waiting, 'firstPlans'>): Html[] {
  return firstPlans.map(({ pair, hash, creates, updates, held }) => {
    const counts = t('plan.first-counts', {
      creates: format.number(creates.udesk + creates.crm),
      updates: format.number(updates.udesk + updates.crm),
      held: format.number(held),
    });
    return line(t('plan.first-waits', { pair }), hash, t('plan.look'), counts);
  });
}

function guardLines({ t, format }: Visit, { guards }: Waiting): Html[] {
  return guards
    .filter(({ state }) => state === 'waiting')
    .map(({ pair, hash, writes: n }) => {
      const text =
        n === 1 ? t('plan.guard-waits-one', { pair }) : t('plan.guard-waits', { pair, n: format.number(n) });
      return line(text, hash, t('plan.look'));
    });
}

/** Accounts and tables that answer in the place of what a pair was made with, and that nobody said no to. */
function accountLines({ t }: Visit, { accounts }: Waiting): Html[] {
  return accounts
    .filter(({ state }) => state !== 'rejected')
    .map(({ pair, side, hash }) =>
      line(t('account.waits', { pair, side: t(`side.${side}`) }), hash, t('plan.look')),
    );
}

function line(text: string, hash: string, look: string, detail = ''): Html {
  return html`<div class="notice warn waits"><span><strong>${text}</strong>${detail !== '' && ` ${detail}`}</span> <a class="button" href="/plans/${hash}">${look}</a></div>`;
}

/** What was answered with no and still waits: it can be thought better of. */
export function refusedList({ t, format }: Visit, { guards, accounts }: Waiting): Html | null {
  const lines = [
    ...accounts
      .filter(({ state }) => state === 'rejected')
      .map(({ pair, hash, side }) => ({
        hash,
        text: t('plans.refused-account', { pair, side: t(`side.${side}`) }),
      })),
    ...guards
      .filter(({ state }) => state === 'rejected')
      .map(({ pair, hash, writes: n }) => ({
        hash,
        text:
          n === 1
            ? t('plans.refused-guard-one', { pair })
            : t('plans.refused-guard', { pair, n: format.number(n) }),
      })),
  ];
  if (lines.length === 0) return null;
  return html`<section class="card"><h2>${t('plans.refused')}</h2><ul class="plain">${lines.map(({ hash, text }) => html`<li><a href="/plans/${hash}">${text}</a></li>`)}</ul></section>`;
}
