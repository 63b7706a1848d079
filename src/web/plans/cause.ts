/** By whom a write of a plan was caused: from the same history that `explain` tells. */
import { toFieldSpec } from '../../config/pair-spec.ts';
import type { SampledWrite } from '../../core/plan-sample.ts';
import { otherSide } from '../../core/record.ts';
import { type StoryEvent, tellStory } from '../../core/value-story.ts';
import { loadHistory } from '../../store/history.ts';
import type { Visit } from '../visit.ts';

/** A sentence; of a write that a history says nothing about, the kind of reason. */
export async function causeText(visit: Visit, pair: string, write: SampledWrite): Promise<string> {
  const { t, services, format } = visit;
  const from = otherSide(write.side);
  const decided = write.fields.some(({ reason }) => reason === 'decision' || reason === 'revert');
  const id = from === 'udesk' ? write.udeskId : write.crmId;
  const fields = services.config.pairs.find(({ name }) => name === pair)?.fields ?? [];
  const history = id === null ? null : await loadHistory(services.db, pair, from, id);
  if (history !== null && !decided) {
    const { events } = tellStory(history, fields.map(toFieldSpec), true);
    const event = events.findLast((one) => isCause(one, write, from));
    if (event !== undefined) {
      const params = { side: t(`side.${from}`), time: format.time(event.at) };
      if (event.kind === 'observed' && event.author !== null) {
        const { name, at, knownBy } = event.author;
        const time = format.time(at ?? event.at);
        const key = knownBy === 'record' ? 'cause.edited-last-by' : 'cause.edited-by';
        return t(key, { ...params, who: name ?? '', time });
      }
      return t(
        event.kind === 'record' ? 'cause.deleted' : event.kind === 'observed' ? 'cause.edited' : 'cause.new',
        params,
      );
    }
  }
  const reason = write.op === 'delete' ? 'delete' : (write.fields[0]?.reason ?? 'propagate');
  return t(`reason.${reason}`);
}

function isCause(event: StoryEvent, write: SampledWrite, from: 'udesk' | 'crm'): boolean {
  if (!('side' in event) || event.side !== from) return false;
  if (write.op === 'delete') return event.kind === 'record' && event.state === 'deleted';
  if (write.op === 'create') return event.kind === 'first-sight';
  return event.kind === 'observed' && write.fields.some(({ field }) => field === event.field);
}
