/** The causal chain of a customer, or of one field of it, as a list for reading, oldest first (promise P12). Pure. */
import type { EditAuthor } from './edit-author.ts';
import {
  type CustomerHistory,
  type HistoryConflict,
  type HistoryIntent,
  lostObservations,
} from './history.ts';
import { type Trace, traceValue } from './provenance.ts';
import { SIDES, type SideName } from './record.ts';
import { type FieldSpec, sideField } from './spec.ts';
import { isBlank, isSet, type Value } from './value.ts';

interface Event {
  /** ISO 8601 UTC. */
  readonly at: string;
}

export type StoryEvent = Event &
  (
    | {
        readonly kind: 'first-sight';
        readonly side: SideName;
        readonly recordId: string;
        readonly values: Values;
      }
    | {
        readonly kind: 'linked';
        readonly linkId: string;
        readonly evidence: readonly unknown[];
        readonly by: string;
      }
    | {
        readonly kind: 'observed';
        readonly side: SideName;
        readonly recordId: string;
        readonly field: string;
        readonly old: Value;
        readonly new: Value;
        readonly lane: string;
        readonly runId: string | null;
        /** Whom the side's own change records name, or the record itself; null when nobody does. */
        readonly author: EditAuthor | null;
      }
    | { readonly kind: 'record'; readonly side: SideName; readonly recordId: string; readonly state: string }
    | {
        readonly kind: 'conflict-opened' | 'conflict-closed';
        readonly conflictId: string;
        readonly field: string;
        readonly conflict: string;
        readonly base: { readonly udesk: Value; readonly crm: Value } | null;
        readonly udesk: Value;
        readonly crm: Value;
        readonly reason: string;
        readonly state: string;
        readonly by: string | null;
      }
    | {
        readonly kind: 'decision';
        readonly decisionId: string;
        readonly conflictId: string;
        readonly field: string;
        readonly who: string;
        readonly take: string;
        readonly value: Value;
      }
    | {
        readonly kind: 'write';
        readonly intentId: string;
        readonly runId: string;
        readonly side: SideName;
        readonly op: string;
        readonly field: string;
        readonly why: string;
        readonly before: Value;
        readonly sent: Value;
        /** What the side held afterwards; null while that is not known. */
        readonly held: Value;
        readonly state: string;
        readonly error: string | null;
        readonly sentAt: string | null;
        readonly settledAt: string | null;
      }
    | {
        readonly kind: 'revert-asked' | 'revert-closed';
        readonly revertId: string;
        readonly field: string;
        readonly who: string;
        readonly state: string;
        readonly reason: string | null;
      }
    | { readonly kind: 'change-record'; readonly author: string | null; readonly summary: string }
  );

type Values = Readonly<Record<string, Value>>;

/** What each side holds now, and whether its chain is whole. */
export interface FieldNow {
  readonly field: string;
  /** Null: the side has no live record, or does not tell the field. */
  readonly udesk: Trace | null;
  readonly crm: Trace | null;
  readonly base: { readonly udesk: Value; readonly crm: Value; readonly accepted: boolean } | null;
}

export interface Story {
  /** Observations of this customer that are not there any more: the story begins later than he does. */
  readonly lost: number;
  /** The day before which none are kept; null: they are kept from the beginning. */
  readonly keptSince: string | null;
  readonly events: readonly StoryEvent[];
  readonly now: readonly FieldNow[];
}

/** @param fields those that are asked for: one, or all that are mapped */
export function tellStory(history: CustomerHistory, fields: readonly FieldSpec[], whole: boolean): Story {
  const now = fields.map((spec): FieldNow => {
    const base = history.bases[spec.udesk] ?? null;
    return {
      field: spec.udesk,
      udesk: traceValue(history, spec, 'udesk'),
      crm: traceValue(history, spec, 'crm'),
      base,
    };
  });
  const events = [
    ...SIDES.flatMap((side) => firstSights(history, fields, side)),
    ...links(history),
    ...observations(history, fields),
    ...conflicts(history, fields),
    ...decisions(history, fields),
    ...reverts(history, fields),
    ...history.intents.flatMap((intent) => writes(intent, fields)),
  ];
  const all = [...events, ...changeRecords(history, events, whole)];
  // The sort is stable: of one millisecond, what is listed above comes first.
  return {
    lost: SIDES.flatMap((side) =>
      history.records[side].map((record) => lostObservations(history, side, record)),
    ).reduce((sum, n) => sum + n, 0),
    keptSince: history.keptSince?.slice(0, 10) ?? null,
    events: all.sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at))),
    now,
  };
}

function firstSights(history: CustomerHistory, fields: readonly FieldSpec[], side: SideName): StoryEvent[] {
  return history.records[side].map((record) => {
    const values: Record<string, Value> = {};
    // Where observations are gone, the oldest that is kept does not tell what the first sight showed.
    for (const spec of lostObservations(history, side, record) > 0 ? [] : fields) {
      const name = sideField(spec, side);
      const oldest = history.observations.find(
        (one) => one.side === side && one.recordId === record.id && one.delta[name] !== undefined,
      );
      const value = oldest === undefined ? record.fields[name] : oldest.delta[name]?.[0];
      if (value !== undefined) values[spec.udesk] = value;
    }
    return { at: record.firstSeenAt, kind: 'first-sight', side, recordId: record.id, values };
  });
}

function links({ link }: CustomerHistory): StoryEvent[] {
  if (link === null) return [];
  const { id, evidence, decidedBy, createdAt } = link;
  return [{ at: createdAt, kind: 'linked', linkId: id, evidence, by: decidedBy }];
}

function observations(history: CustomerHistory, fields: readonly FieldSpec[]): StoryEvent[] {
  return history.observations.flatMap((seenOnce) => {
    const { side, recordId, delta, lane, runId, at } = seenOnce;
    const seen = fields.flatMap((spec): StoryEvent[] => {
      const name = sideField(spec, side);
      const change = delta[name];
      if (change === undefined) return [];
      const [old, now] = change;
      const byHistory = side === 'udesk' && lane !== 'write' ? authorOf(history, at, old, now) : null;
      const author = byHistory ?? seenOnce.author ?? null;
      return [
        { at, kind: 'observed', side, recordId, field: spec.udesk, old, new: now, lane, runId, author },
      ];
    });
    const gone = delta['*'] === undefined ? [] : [String(delta['*'][1])];
    return [...seen, ...gone.map((state): StoryEvent => ({ at, kind: 'record', side, recordId, state }))];
  });
}

/** Udesk's clock and ours may differ by so much; its times are cut to the second. */
const CLOCKS_MS = 2 * 60_000;
const LONGEST_MS = 86_400_000;

/**
 * Whom Udesk's own change records name for what was seen at this time: the last record before it that quotes the new
 * value (the old one where it was emptied); else the first right after it. Of those, one that tells the way from the old
 * value to the new one goes first: times are cut to the second. A judgement: the records name no field.
 */
function authorOf({ changes }: CustomerHistory, seenAt: string, old: Value, now: Value): EditAuthor | null {
  const texts = textOf(now).filter((text) => !textOf(old).includes(text));
  const quoted = texts.length > 0 ? texts : textOf(old);
  const seen = Date.parse(seenAt);
  const named = changes.flatMap(({ at, author, summary }) => {
    const ahead = at === null ? Number.NaN : Date.parse(at) - seen;
    const near = ahead <= CLOCKS_MS && ahead >= -LONGEST_MS;
    if (at === null || author === null || !near || !quoted.some((text) => summary.includes(text))) return [];
    return [{ name: author, at, ahead, whole: tellsTheWay(summary, textOf(old), texts) }];
  });
  const whole = named.filter((record) => record.whole);
  const candidates = whole.length > 0 ? whole : named;
  const chosen = candidates.filter(({ ahead }) => ahead <= 0).at(-1) ?? candidates[0];
  return chosen === undefined ? null : { name: chosen.name, at: chosen.at, knownBy: 'history' };
}

/** Whether the sentence has an old value, and after it a new one. */
function tellsTheWay(summary: string, from: readonly string[], to: readonly string[]): boolean {
  return from.some((old) => {
    const at = summary.indexOf(old);
    return at >= 0 && to.some((text) => summary.lastIndexOf(text) > at);
  });
}

function conflicts(history: CustomerHistory, fields: readonly FieldSpec[]): StoryEvent[] {
  return history.conflicts.filter(about(fields)).flatMap((row): StoryEvent[] => {
    const opened = conflictEvent(row, 'conflict-opened', row.openedAt, null);
    if (row.closedAt === null) return [opened];
    return [opened, conflictEvent(row, 'conflict-closed', row.closedAt, row.resolvedBy)];
  });
}

function conflictEvent(
  row: HistoryConflict,
  kind: 'conflict-opened' | 'conflict-closed',
  at: string,
  by: string | null,
): StoryEvent {
  const { id, field, base, udesk, crm, reason, state } = row;
  return { at, kind, conflictId: id, field, conflict: row.kind, base, udesk, crm, reason, state, by };
}

function decisions(history: CustomerHistory, fields: readonly FieldSpec[]): StoryEvent[] {
  return history.decisions.filter(about(fields)).map(({ id, conflictId, field, who, take, value, at }) => ({
    at,
    kind: 'decision',
    decisionId: id,
    conflictId,
    field,
    who,
    take,
    value,
  }));
}

function reverts(history: CustomerHistory, fields: readonly FieldSpec[]): StoryEvent[] {
  return history.reverts.filter(about(fields)).flatMap((wish): StoryEvent[] => {
    const { revertId, field, who, state, reason } = wish;
    const told = { revertId, field, who, state, reason };
    const asked: StoryEvent = { at: wish.at, kind: 'revert-asked', ...told };
    return wish.closedAt === null ? [asked] : [asked, { at: wish.closedAt, kind: 'revert-closed', ...told }];
  });
}

/** The fields that are asked for, and the whole record: its decisions concern every field. */
function about(fields: readonly FieldSpec[]): (row: { readonly field: string }) => boolean {
  const names = new Set(['*', ...fields.map(({ udesk }) => udesk)]);
  return ({ field }) => names.has(field);
}

function writes(intent: HistoryIntent, fields: readonly FieldSpec[]): StoryEvent[] {
  const { id, runId, side, op, state, error, createdAt, sentAt, settledAt } = intent;
  const common = {
    at: createdAt,
    kind: 'write',
    intentId: id,
    runId,
    side,
    op,
    state,
    error,
    sentAt,
    settledAt,
  } as const;
  if (op === 'delete') {
    const why = intent.reasons['*'] ?? 'delete';
    return [{ ...common, field: '*', why, before: null, sent: null, held: null }];
  }
  return Object.values(intent.patch)
    .filter(about(fields))
    .map(({ field, before, after }): StoryEvent => {
      const held = intent.result?.[field] ?? null;
      return { ...common, field, why: intent.reasons[field] ?? '', before, sent: after, held };
    });
}

/** Of one field: the change records that quote a value of its story. */
function changeRecords(
  history: CustomerHistory,
  events: readonly StoryEvent[],
  whole: boolean,
): StoryEvent[] {
  const texts = new Set(events.flatMap(textsOf));
  return history.changes.flatMap(({ at, author, summary }): StoryEvent[] => {
    if (at === null || !(whole || [...texts].some((text) => summary.includes(text)))) return [];
    return [{ at, kind: 'change-record', author, summary }];
  });
}

function textsOf(event: StoryEvent): string[] {
  switch (event.kind) {
    case 'observed':
      return [...textOf(event.old), ...textOf(event.new)];
    case 'write':
      return [...textOf(event.sent), ...textOf(event.held)];
    default:
      return [];
  }
}

function textOf(value: Value): string[] {
  if (isSet(value)) return value.map((element) => element.value);
  return typeof value === 'string' && !isBlank(value) ? [value] : [];
}
