/** Another account or table answers: which one, what a yes does, and what a no keeps waiting. */
import { type Html, html } from '../../report/html.ts';
import type { AccountChange } from '../../store/account-changes.ts';
import type { AccountFacts } from '../../store/schema/plan.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';
import type { ShownPlan } from './load.ts';

/** So much smaller than what was known is hardly the same account. */
const FEWER = 0.5;

export function accountFacts({ t, format }: SignedVisit, { before, now }: AccountChange): Html {
  const records = (facts: AccountFacts, isKnown: boolean) => {
    if (facts.records === null) return t('account.holds-unknown');
    return t(isKnown ? 'account.known' : 'account.holds', { n: format.number(facts.records) });
  };
  const row = (label: string, facts: AccountFacts, isKnown: boolean) =>
    html`<div><dt>${label}</dt><dd class="which"><b>${facts.name ?? t('account.unnamed')}</b>
<span class="muted">${records(facts, isKnown)} · ${t('account.identity', { id: facts.fingerprint.slice(0, 8) })}</span></dd></div>`;
  const lost =
    now.records === null || before.records === null || now.records >= before.records * FEWER
      ? null
      : notice('warn', t(now.records === 0 ? 'account.empty' : 'account.fewer'));
  return html`<section class="card"><h2>${t('account.changed')}</h2><dl class="fields">${row(t('account.before'), before, true)}${row(t('account.now'), now, false)}</dl>${lost}</section>`;
}

export function accountEffect({ t }: SignedVisit, { side }: AccountChange): Html {
  const named = { side: t(`side.${side}`) };
  return html`<ul><li>${t('account.yes-means')}</li><li>${t('account.yes-when')}</li><li>${t('account.no-means', named)}</li><li>${t('account.other')}</li></ul>`;
}

export function accountStatus({ t }: SignedVisit, { state, said }: ShownPlan, { side }: AccountChange): Html {
  const params = { who: said[0]?.who ?? '', side: t(`side.${side}`) };
  const last = said[0]?.state;
  if (state === 'waiting') return notice('info', t('account.state.waiting', params));
  if (state === 'moved')
    return notice(
      'warn',
      t(last === 'moved' ? 'account.state.moved-approved' : 'account.state.moved', params),
    );
  if (state === 'approved')
    return notice(
      'good',
      t(
        last === 'done' && said[0]?.verdict === 'approve'
          ? 'account.state.approved'
          : 'account.state.approved-cli',
        params,
      ),
    );
  return notice(state === 'approving' ? 'info' : 'warn', t(`account.state.${state}`, params));
}
