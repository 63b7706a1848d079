/** The causal chain of a value in words, and as a document. Pure. */
import type { EditAuthor, KnownBy } from '../core/edit-author.ts';
import { type CustomerHistory, currentOf } from '../core/history.ts';
import type { Trace } from '../core/provenance.ts';
import type { SideName } from '../core/record.ts';
import type { Value } from '../core/value.ts';
import type { FieldNow, Story, StoryEvent } from '../core/value-story.ts';

type Show = (value: Value) => string;

/** Who, when, and how surely: "changed by Ann at …", or of the record alone "record last changed by Ann at …". */
export function authorText({ name, at, knownBy }: EditAuthor): string {
  const when = at === null ? '' : ` at ${at}`;
  return `${editVerb(knownBy)} by ${name ?? 'somebody'}${when}`;
}

/** Of a record as a whole it is not said that this field was changed. */
export function editVerb(knownBy: KnownBy): string {
  return knownBy === 'record' ? 'record last changed' : 'changed';
}

export function storyDocument(pair: string, history: CustomerHistory, story: Story): unknown {
  const { link } = history;
  return {
    pair,
    linkId: link?.id ?? null,
    linkState: link?.state ?? null,
    udeskId: currentOf(history, 'udesk')?.id ?? null,
    crmId: currentOf(history, 'crm')?.id ?? null,
    lostObservations: story.lost,
    historyKeptSince: story.keptSince,
    events: story.events,
    now: story.now.map(({ field, udesk, crm, base }) => ({
      field,
      base,
      udesk: udesk === null ? null : chainDocument(udesk),
      crm: crm === null ? null : chainDocument(crm),
      complete: isComplete({ udesk, crm }),
    })),
  };
}

function chainDocument({ value, intents, origin, gap }: Trace): unknown {
  return { value, writes: intents, origin, gap };
}

function isComplete({ udesk, crm }: Pick<FieldNow, SideName>): boolean {
  return [udesk, crm].every((trace) => trace === null || trace.gap === null);
}

/** @param show how a value is put on the screen */
export function storyText(pair: string, history: CustomerHistory, story: Story, show: Show): string {
  const { link } = history;
  const idOf = (side: SideName) => currentOf(history, side)?.id ?? '–';
  const ids = `Udesk ${idOf('udesk')}, CRM ${idOf('crm')}`;
  const why = link === null || link.state === 'confirmed' || link.reason === null ? '' : ` (${link.reason})`;
  const belongs = link === null ? 'no link' : `link ${link.id}, ${link.state}${why}`;
  const lost =
    story.lost === 0
      ? []
      : [
          `  ${story.lost} older observations are not there any more${story.keptSince === null ? '' : `: the history before ${story.keptSince} is not kept (retention.observations)`}`,
        ];
  const lines = story.events.map((event) => `  ${event.at}  ${eventText(event, show)}`);
  return [
    `pair ${pair}: ${ids} (${belongs})`,
    ...lost,
    ...lines,
    ...story.now.map((now) => nowText(now, show)),
  ].join('\n');
}

function nowText(now: FieldNow, show: Show): string {
  const { field, udesk, crm, base } = now;
  const held = (trace: Trace | null) => (trace === null ? 'nothing that is known' : show(trace.value));
  const bases =
    base === null
      ? 'none, the two never agreed'
      : `${show(base.udesk)} in Udesk, ${show(base.crm)} in the CRM${base.accepted ? ' (an accepted difference)' : ''}`;
  const lines = [
    `${field} now: Udesk holds ${held(udesk)}, CRM holds ${held(crm)}, base ${bases}`,
    ...[udesk, crm].flatMap((trace) =>
      trace === null ? [] : [`  ${name(trace.side)}: ${originText(trace)}`],
    ),
  ];
  return lines.join('\n');
}

function originText({ origin, gap, intents }: Trace): string {
  const by =
    intents.length === 0
      ? ''
      : ` by way of our ${intents.length === 1 ? 'write' : 'writes'} ${intents.join(', ')}`;
  if (origin === null) return `the chain is NOT complete${by}: ${gap ?? ''}`;
  if (origin.kind === 'revert')
    return `goes back to undo ${origin.revertId} of ${origin.who} (${origin.at})${by}`;
  if (origin.kind === 'decision')
    return `goes back to decision ${origin.decisionId} of ${origin.who} (${origin.at})${by}`;
  const seen =
    origin.observationId === null ? 'the first sight of' : `observation ${origin.observationId} of`;
  return `goes back to ${seen} ${name(origin.side)} (${origin.at})${by}`;
}

function eventText(event: StoryEvent, show: Show): string {
  switch (event.kind) {
    case 'first-sight': {
      const held = Object.entries(event.values).map(([field, value]) => `${field} ${show(value)}`);
      return `${name(event.side)} ${event.recordId} first seen${held.length === 0 ? '' : `, holding ${held.join('; ')}`}`;
    }
    case 'linked':
      return `link ${event.linkId} made (by ${event.by})`;
    case 'observed': {
      const author = event.author === null ? '' : `, ${authorText(event.author)}`;
      const run = event.runId === null ? '' : `, run ${event.runId}`;
      return `${name(event.side)} ${event.field}: ${show(event.old)} → ${show(event.new)} (seen by ${event.lane}${run}${author})`;
    }
    case 'record':
      return `${name(event.side)} ${event.recordId} seen as ${event.state}`;
    case 'conflict-opened': {
      const base =
        event.base === null
          ? 'never agreed'
          : `last agreed ${show(event.base.udesk)} / ${show(event.base.crm)}`;
      return `conflict ${event.conflictId} about ${event.field} (${event.conflict}): Udesk ${show(event.udesk)}, CRM ${show(event.crm)}, ${base}; ${event.reason}`;
    }
    case 'conflict-closed':
      return `conflict ${event.conflictId} about ${event.field} closed as ${event.state}${event.by === null ? '' : ` by ${event.by}`}`;
    case 'decision':
      return `decision ${event.decisionId} of ${event.who} on conflict ${event.conflictId}: take ${event.take}${event.take === 'value' ? ` ${show(event.value)}` : ''}`;
    case 'revert-asked':
      return `undo ${event.revertId} of ${event.field} asked for by ${event.who}`;
    case 'revert-closed':
      return `undo ${event.revertId} of ${event.field}: ${event.state} (${event.reason ?? ''})`;
    case 'write':
      return writeText(event, show);
    case 'change-record':
      return `Udesk's own record of a change by ${event.author ?? 'somebody'}: ${event.summary}`;
  }
}

function writeText(event: Extract<StoryEvent, { kind: 'write' }>, show: Show): string {
  const head = `our write ${event.intentId} (run ${event.runId}, ${event.why})`;
  const what =
    event.op === 'delete'
      ? `deletes the record in ${name(event.side)}`
      : `${event.op === 'create' ? 'creates' : 'sets'} ${event.field} in ${name(event.side)}: ${show(event.before)} → ${show(event.sent)}`;
  if (event.state === 'settled') {
    const held = event.op === 'delete' ? '' : `, and it held ${show(event.held)}`;
    return `${head} ${what}; settled ${event.settledAt ?? ''}${held}`;
  }
  return `${head} ${what}; ${event.state}${event.error === null ? '' : ` (${event.error})`}`;
}

function name(side: SideName): string {
  return side === 'udesk' ? 'Udesk' : 'CRM';
}
