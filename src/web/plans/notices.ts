/** Plans that wait for a person, as lines that lead to them. */
import { type Html, html } from '../../report/html.ts';
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
        html`<div class="notice warn waits"><span><strong>${t('plan.guard-waits', { pair: name, n: format.number(writes) })}</strong></span> <a class="button" href="/plans/${hash}">${t('plan.look')}</a></div>`,
    ),
  );
  return lines.length === 0 ? null : html`${lines}`;
}
