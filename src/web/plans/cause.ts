/** By whom a write of a plan was caused: from the same history that `explain` tells. */
import { toFieldSpec } from '../../config/pair-spec.ts';
import type { SampledWrite } from '../../core/plan-sample.ts';
import { otherSide, type SideName } from '../../core/record.ts';
import { type StoryEvent, tellStory } from '../../core/value-story.ts';
import { loadHistory } from '../../store/history.ts';
import { whoPlain } from '../similar/who.ts';
import type { Visit } from '../visit.ts';

type Told = Pick<Visit, 't' | 'services' | 'format'>;

/** A sentence for each cause, as of a write some fields may be decided and others edited; without any, the kind of reason. */
export async function causeText(visit: Told, pair: string, write: SampledWrite): Promise<string> {
  const { t, services } = visit;
  const from = otherSide(write.side);
  const ids = { udesk: write.udeskId, crm: write.crmId };
  const asked = ids[from] === null ? write.side : from;
  const id = ids[asked];
  const mapped = services.config.pairs.find(({ name }) => name === pair)?.fields ?? [];
  const history = id === null ? null : await loadHistory(services.db, pair, asked, id);
  const events = history === null ? [] : tellStory(history, mapped.map(toFieldSpec), true).events;
  const said = causesOf(write).map(({ reason, fields }) => {
    const event = events.findLast((one) => isCause(one, write, from, reason, fields));
    return event === undefined ? t(`reason.${reason}`) : eventText(visit, from, event);
  });
  return [...new Set(said)].join(' ');
}

interface Cause {
  readonly reason: SampledWrite['fields'][number]['reason'];
  readonly fields: readonly string[];
}

/** Each choice of a person for itself, and all else together: it comes from the other side. */
function causesOf({ op, fields }: SampledWrite): Cause[] {
  if (op === 'delete') return [{ reason: 'delete', fields: ['*'] }];
  const chosen = fields.filter(({ reason }) => isChoice(reason));
  const others = fields.filter(({ reason }) => !isChoice(reason));
  const [first] = others;
  return [
    ...chosen.map(({ reason, field }) => ({ reason, fields: [field, '*'] })),
    ...(first === undefined ? [] : [{ reason: first.reason, fields: others.map(({ field }) => field) }]),
  ];
}

function isChoice(reason: Cause['reason']): boolean {
  return reason === 'decision' || reason === 'revert';
}

function isCause(
  event: StoryEvent,
  { op }: SampledWrite,
  from: SideName,
  reason: Cause['reason'],
  fields: readonly string[],
): boolean {
  const ofFields = 'field' in event && fields.includes(event.field);
  const decides = ofFields && event.kind === 'decision';
  const undoes = ofFields && event.kind === 'revert-asked';
  if (reason === 'decision') return decides;
  if (reason === 'revert') return undoes;
  if (op === 'delete' && (decides || undoes)) return true;
  if (!('side' in event) || event.side !== from) return false;
  if (op === 'delete') return event.kind === 'record' && event.state === 'deleted';
  if (op === 'create') return event.kind === 'first-sight';
  return event.kind === 'observed' && ofFields;
}

function eventText(visit: Told, from: SideName, event: StoryEvent): string {
  const { t, format } = visit;
  const params = { side: t(`side.${from}`), time: format.time(event.at) };
  switch (event.kind) {
    case 'decision':
      return t('cause.decided', { ...params, who: whoPlain(visit, event.who) });
    case 'revert-asked':
      return t('cause.undone', { ...params, who: event.who });
    case 'record':
      return t('cause.deleted', params);
    case 'observed': {
      if (event.author === null) return t('cause.edited', params);
      const { name, at, knownBy } = event.author;
      const key = knownBy === 'record' ? 'cause.edited-last-by' : 'cause.edited-by';
      return t(key, { ...params, who: name ?? '', time: format.time(at ?? event.at) });
    }
    default:
      return t('cause.new', params);
  }
}
