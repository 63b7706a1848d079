/** Plans that wait for a person, as lines that lead to them. */
import { type Html, html } from '../../report/html.ts';
import { openAccountChanges } from '../../store/account-changes.ts';
import { waitingGuards } from '../../store/guards.ts';
import { loadFirstPlan } from '../../store/pairs.ts';
import type { Visit } from '../visit.ts';

/** First plans that nobody accepted yet; null when there are none. */
export async function firstPlanNotices(visit: Visit): Promise<Html | null> {
  const { t, format, services } = visit;
  const found = await Promise.all(
    services.config.pairs.map(async ({ name }) => ({ name, first: await loadFirstPlan(services.db, name) })),
  );
  const lines = found.flatMap(({ name, first }) => {
    if (first === null) return [];
    const { creates, updates, held } = first.plan;
    const counts = t('plan.first-counts', {
      creates: format.number(creates.udesk + creates.crm),
      updates: format.number(updates.udesk + updates.crm),
      held: format.number(held),
    });
    return html`<div class="notice warn waits"><span><strong>${t('plan.first-waits', { pair: name })}</strong> ${counts}</span> <a class="button" href="/plans/${first.hash}">${t('plan.look')}</a></div>`;
  });
  return lines.length === 0 ? null : html`${lines}`;
}

export async function guardNotices(visit: Visit): Promise<Html | null> {
  const { t, format, services } = visit;
  const found = await Promise.all(
    services.config.pairs.map(async ({ name }) => ({
      name,
      guards: await waitingGuards(services.db, name),
    })),
  );
  const lines = found.flatMap(({ name, guards }) =>
    guards.map(
      ({ hash, writes }) =>
        html`<div class="notice warn waits"><span><strong>${writes === 1 ? t('plan.guard-waits-one', { pair: name }) : t('plan.guard-waits', { pair: name, n: format.number(writes) })}</strong></span> <a class="button" href="/plans/${hash}">${t('plan.look')}</a></div>`,
    ),
  );
  return lines.length === 0 ? null : html`${lines}`;
}

/** Accounts and tables that answer in the place of what a pair was made with, and that nobody said anything about. */
export async function accountNotices(visit: Visit): Promise<Html | null> {
  const { t, services } = visit;
  const names = services.config.pairs.map(({ name }) => name);
  const lines = (await openAccountChanges(services.db, names))
    .filter(({ state }) => state !== 'rejected')
    .map(
      ({ pair, side, hash }) =>
        html`<div class="notice warn waits"><span><strong>${t('account.waits', { pair, side: t(`side.${side}`) })}</strong></span> <a class="button" href="/plans/${hash}">${t('plan.look')}</a></div>`,
    );
  return lines.length === 0 ? null : html`${lines}`;
}

/** What was answered with no and still waits: it can be thought better of. */
export async function refusedList({ t, format, services }: Visit): Promise<Html | null> {
  const found = await Promise.all(
    services.config.pairs.map(async ({ name: pair }) => {
      const accounts = await openAccountChanges(services.db, [pair]);
      const guards = await waitingGuards(services.db, pair, ['rejected']);
      return [
        ...accounts
          .filter(({ state }) => state === 'rejected')
          .map(({ hash, side }) => ({
            hash,
            text: t('plans.refused-account', { pair, side: t(`side.${side}`) }),
          })),
        ...guards.map(({ hash, writes }) => ({
          hash,
          text:
            writes === 1
              ? t('plans.refused-guard-one', { pair })
              : t('plans.refused-guard', { pair, n: format.number(writes) }),
        })),
      ];
    }),
  );
  const lines = found.flat();
  if (lines.length === 0) return null;
  return html`<section class="card"><h2>${t('plans.refused')}</h2><ul class="plain">${lines.map(({ hash, text }) => html`<li><a href="/plans/${hash}">${text}</a></li>`)}</ul></section>`;
}
