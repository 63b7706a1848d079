/** How many pairs stand, so that it is read in ten seconds: first what is wrong, then what waits for a person, a line for the rest. Pure. */
import type { PairView } from '../report/status-document.ts';
import { ago, duration } from './age.ts';
import { boundsOf, callText, leftAloneText, pairText } from './status-text.ts';

/** Paragraphs: a head line, each pair that needs somebody, the healthy ones together, and how to see more. */
export function overviewText(views: readonly PairView[], now: Date): string[] {
  const of = (...kinds: readonly PairView['health']['health'][]) =>
    views.filter(({ health }) => kinds.includes(health.health));
  const unhealthy = of('unhealthy');
  const healthy = of('healthy');
  const width = Math.max(0, ...healthy.map(({ pair }) => pair.length));
  return [
    headText(views.length, healthy.length, unhealthy.length),
    ...unhealthy.map((view) => pairText(view, now)),
    ...of('waiting', 'new').map((view) => [...callText(view), ...leftAloneText(view, now)].join('\n')),
    ...(healthy.length === 0 ? [] : [healthy.map((view) => healthyText(view, width, now)).join('\n')]),
    '`udesk-sync status PAIR` shows one as a whole.',
  ];
}

function headText(all: number, healthy: number, unhealthy: number): string {
  if (healthy === all) return `${all} pairs: all healthy, nothing waits for you`;
  const wrong = unhealthy === 0 ? '' : ` (${unhealthy} of them UNHEALTHY)`;
  return `${all} pairs: ${healthy} healthy, ${all - healthy} need you${wrong}`;
}

/** What no age exceeds, of each kind that is kept right in a way of its own; of what is not known nothing is said. */
function agesText({ freshness, status }: PairView, now: Date): string[] {
  const { listedMs, beyondMs, crmMs } = boundsOf(freshness, status, now);
  const bound = (what: string, ms: number | null) =>
    ms === null ? [] : [`no ${what} older than ${duration(ms, 'up')}`];
  return [
    ...bound('listed customer', listedMs),
    ...bound('customer beyond the list', beyondMs),
    ...bound('CRM record', crmMs),
  ];
}

/** One line; with what is left alone and what there is to know of it, a line each. */
function healthyText(view: PairView, width: number, now: Date): string {
  const { pair, status, health } = view;
  const [last] = status.runs;
  const parts = [
    'healthy',
    last === undefined ? '' : `last cycle ${ago(last.startedAt, now)}`,
    ...agesText(view, now),
    status.outbox.pending === 0 ? '' : `${status.outbox.pending} to send`,
  ].filter((part) => part !== '');
  const notes = health.notes.map((note) => `  - ${note}`);
  return [`${pair.padEnd(width)}  ${parts.join(', ')}`, ...notes, ...leftAloneText(view, now)].join('\n');
}
