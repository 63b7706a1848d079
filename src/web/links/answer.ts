/** What becomes of an answer about identity, in words and as a status. */
import type { Html } from '../../report/html.ts';
import { Refusal } from '../refusal.ts';
import { notice } from '../ui/notice.ts';
import type { Visit } from '../visit.ts';
import type { LinkResult } from './service.ts';

export interface Answer {
  readonly said: Html;
  readonly status: 200 | 409 | 422;
  readonly done: boolean;
}

export function answerOf(visit: Visit, result: LinkResult): Answer {
  const { t, format } = visit;
  const bad = (said: Html, status: 409 | 422 = 409): Answer => ({ said, status, done: false });
  switch (result.outcome) {
    case 'not-found':
      throw new Refusal('not-found');
    case 'confirmed':
      return {
        said: notice('good', t('link.done.confirmed'), t('link.confirm-effect')),
        status: 200,
        done: true,
      };
    case 'rejected':
      return {
        said: notice('good', t('link.done.rejected'), t('link.reject-effect')),
        status: 200,
        done: true,
      };
    case 'unlinked': {
      const closed = t('link.closed', { n: format.number(result.closedConflicts) });
      return { said: notice('good', t('link.done.unlinked'), closed), status: 200, done: true };
    }
    case 'wrong-state':
      return bad(notice('warn', t('link.late'), t('link.late-detail')));
    case 'choose':
      return bad(notice('warn', t('link.choose'), t('link.choose-detail')), 422);
    case 'not-live':
      return bad(notice('warn', t('link.not-live', { side: t(`side.${result.side}`), id: result.id })));
    case 'linked': {
      const params = { side: t(`side.${result.side}`), id: result.id, link: result.by.id };
      return bad(notice('warn', t('link.taken', params), t('link.taken-detail')));
    }
    case 'in-flight':
      return bad(notice('warn', t('link.in-flight', { n: format.number(result.intents) })));
  }
}
