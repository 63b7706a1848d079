/** `/conflicts/similar` and `/conflicts/rules`: conflicts by group, and the rules that people turn on. */

import type { Group } from '../../core/review-rule.ts';
import type { Html } from '../../report/html.ts';
import { decisionsOfRule } from '../../store/review-rules.ts';
import { fieldLabels } from '../conflicts/show.ts';
import type { Page } from '../page.ts';
import { Refusal } from '../refusal.ts';
import { respondPage } from '../respond.ts';
import { readForm, readGroup, ruleParams } from '../similar/group.ts';
import { groupView } from '../similar/group-view.ts';
import { ruleView } from '../similar/rule-view.ts';
import { findRule, loadGroup, loadSimilar, turnRuleOff, turnRuleOn } from '../similar/service.ts';
import { similarView } from '../similar/view.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';

const SHOWN_DECISIONS = 100;

/** Listed before the inbox, whose `/conflicts/:id` would take these addresses. */
export const similarPage: Page = {
  routes: [
    { method: 'GET', path: '/conflicts/similar', access: 'viewer', handle: list },
    {
      method: 'GET',
      path: '/conflicts/similar/group',
      access: 'viewer',
      handle: (visit) => group(visit, readGroup(visit.url.searchParams)),
    },
    { method: 'POST', path: '/conflicts/rules', access: 'operator', handle: turnOn },
    {
      method: 'GET',
      path: '/conflicts/rules/:id',
      access: 'viewer',
      handle: (visit) => rule(visit, idOf(visit)),
    },
    { method: 'POST', path: '/conflicts/rules/:id/off', access: 'reviewer', handle: turnOff },
  ],
};

const idOf = ({ c }: SignedVisit): string => c.req.param('id') ?? '';

async function list(visit: SignedVisit): Promise<Response> {
  const from = visit.url.searchParams.get('from') ?? '0';
  if (!/^\d{1,9}$/.test(from)) throw new Refusal('bad-request');
  const [page, labels] = await Promise.all([loadSimilar(visit, Number(from)), fieldLabels(visit)]);
  return respondPage(visit, {
    title: visit.t('similar.title'),
    body: similarView(visit, page, labels, Number(from)),
  });
}

async function group(visit: SignedVisit, of: Group, said: Html | null = null): Promise<Response> {
  const [detail, labels] = await Promise.all([loadGroup(visit, of), fieldLabels(visit)]);
  return respondPage(visit, {
    title: visit.t('similar.title'),
    ...(said === null ? {} : { status: 409 }),
    body: groupView(visit, detail, labels, said),
  });
}

async function rule(
  visit: SignedVisit,
  id: string,
  said: Html | null = null,
  status: 200 | 409 = 200,
): Promise<Response> {
  const found = await findRule(visit, id);
  const [decisions, labels] = await Promise.all([
    decisionsOfRule(visit.services.db, found, SHOWN_DECISIONS),
    fieldLabels(visit),
  ]);
  return respondPage(visit, {
    title: visit.t('rule.title', { id }),
    status,
    body: ruleView(visit, found, decisions, labels, said),
  });
}

async function turnOn(visit: SignedVisit): Promise<Response> {
  const { t, form } = visit;
  const seen = readForm(ruleParams, form);
  const done = await turnRuleOn(visit, seen, form.get('open') === '1');
  if (done.outcome === 'on') {
    return await rule(visit, done.rule.id, notice('good', t('rule.turned-on', { id: done.rule.id })));
  }
  const said =
    done.outcome === 'late'
      ? notice('warn', t('rule.late'), t('decide.late-detail'))
      : notice('warn', t('rule.moved'), t('rule.moved-detail'));
  return await group(visit, seen, said);
}

async function turnOff(visit: SignedVisit): Promise<Response> {
  const { t } = visit;
  const id = idOf(visit);
  const wasOn = await turnRuleOff(visit, id);
  const said = wasOn ? notice('good', t('rule.turned-off', { id })) : notice('warn', t('rule.late-off'));
  return await rule(visit, id, said, wasOn ? 200 : 409);
}
