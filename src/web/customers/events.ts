/** The timeline of a customer in the visitor's words: the same events that `explain` prints. */
import type { Value } from '../../core/value.ts';
import type { StoryEvent } from '../../core/value-story.ts';
import { type Html, html } from '../../report/html.ts';
import type { FeedItem } from '../../store/feeds.ts';
import {
  type FieldLabels,
  fieldName,
  keptText,
  kindName,
  reasonText,
  tookText,
  valueText,
} from '../conflicts/show.ts';
import { en, type WordKey } from '../i18n/en.ts';
import { decidedByText } from '../links/evidence.ts';
import { whoText } from '../similar/who.ts';
import { time } from '../ui/time.ts';
import type { Visit } from '../visit.ts';

export type TimelineEvent = StoryEvent | (FeedItem & { readonly kind: string; readonly feed: true });

interface Told {
  readonly pair: string;
  readonly labels: FieldLabels;
}

/** One line of the timeline. */
export function eventItem(visit: Visit, told: Told, event: TimelineEvent): Html {
  const kind = 'feed' in event ? 'feed' : event.kind;
  return html`<li class="event ${kind}"><span class="when">${time(visit, event.at)}</span><div>${'feed' in event ? feedText(visit, event) : eventText(visit, told, event)}</div></li>`;
}

function feedText(visit: Visit, { kind, author, summary }: FeedItem): Html {
  return html`<span class="badge">${wordOr(visit, `feed.${kind}`, kind)}</span> ${summary}${author !== null && html` <span class="muted">${author}</span>`}`;
}

function eventText(visit: Visit, told: Told, event: StoryEvent): Html {
  const { t } = visit;
  const show = (field: string, value: Value | null) => valueText(visit, { field }, value);
  const name = (field: string) => html`<b>${fieldName(visit, told.labels, told.pair, field)}</b>`;
  const arrow = (field: string, old: Value | null, now: Value | null) =>
    html`<del>${show(field, old)}</del> → <ins>${show(field, now)}</ins>`;
  switch (event.kind) {
    case 'first-sight':
      return html`${t('event.first-sight', { side: t(`side.${event.side}`), id: event.recordId })}`;
    case 'linked':
      return html`<a href="/links/${event.linkId}">${t('event.linked')}</a> <span class="muted">${decidedByText(visit, event.by)}</span>`;
    case 'observed': {
      const { author } = event;
      const key = author?.knownBy === 'record' ? 'event.last-by' : 'event.by';
      const by = author === null ? null : t(key, { who: author.name ?? '' });
      return html`<span class="badge side-${event.side}">${t(`side.${event.side}`)}</span> ${name(event.field)} ${arrow(event.field, event.old, event.new)}${by !== null && html` <span class="muted">${by}</span>`}`;
    }
    case 'record':
      return html`<span class="badge side-${event.side}">${t(`side.${event.side}`)}</span> ${t(event.state === 'deleted' ? 'event.deleted' : 'event.live', { id: event.recordId })}`;
    case 'conflict-opened':
      return html`<a href="/conflicts/${event.conflictId}">${t('event.conflict-opened')}</a> ${name(event.field)} <span class="badge">${kindName(visit, event.conflict)}</span> <span class="muted">${reasonText(visit, event.reason)}</span>`;
    case 'conflict-closed':
      return html`<a href="/conflicts/${event.conflictId}">${t('event.conflict-closed')}</a> ${name(event.field)} <span class="muted">${closedByText(visit, event.by ?? '')}</span>`;
    case 'decision':
      return html`<b>${whoText(visit, event.who)}</b> ${tookText(visit, event.take)} ${name(event.field)}${event.take === 'value' && html` <ins>${show(event.field, event.value)}</ins>`}`;
    case 'write': {
      const state = wordOr(visit, `intent.${event.state}`, event.state);
      return html`<span class="badge write">${t(`parked.op.${event.op as 'create'}`, { side: t(`side.${event.side}`) })}</span> ${event.field !== '*' && html`${name(event.field)} ${arrow(event.field, event.before, event.sent)} `}<span class="muted">${wordOr(visit, `reason.${event.why}`, event.why)} ${state}</span>${event.error !== null && html`<br><q class="muted">${keptText(visit, event.error)}</q>`}`;
    }
    case 'revert-asked':
    case 'revert-closed':
      return html`<b>${event.who}</b> ${t(`event.${event.kind}`)} ${name(event.field)}${event.reason !== null && html` <span class="muted">${reasonText(visit, event.reason)}</span>`}`;
    case 'change-record':
      return html`<span class="badge">${t('feed.Alteration')}</span> ${event.summary}${event.author !== null && html` <span class="muted">${event.author}</span>`}`;
  }
}

/** Who, or what of its own closed it. */
function closedByText(visit: Visit, by: string): Html {
  return ['policy', 'link ended', 'mapping changed'].includes(by)
    ? html`${keptText(visit, by)}`
    : whoText(visit, by);
}

function wordOr({ t }: Visit, key: string, other: string): string {
  return Object.hasOwn(en, key) ? t(key as WordKey) : other;
}
