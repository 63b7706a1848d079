/**
 * What the demo claims, and the check behind each claim. Everything here is judged from facts that were counted or
 * read outside the engine, and nothing is taken as held that was not measured.
 */
import type { ItemView } from '../simulator/handle.ts';
import type { Comparison } from './compare.ts';
import type { Words } from './words.ts';

/** Requests at Udesk that change customers, and the sum of the row versions of the CRM's table. */
export interface WriteCount {
  readonly udesk: number;
  readonly crm: number;
}

/** One live edit: how long it took to be seen on the other side; null when it did not come in time. */
export interface Arrival {
  readonly what: string;
  readonly ms: number | null;
}

export interface Facts {
  readonly firstRun: {
    readonly before: WriteCount;
    readonly after: WriteCount;
    readonly linked: number;
    readonly questions: number;
    readonly hash: string;
    readonly expected: { readonly links: number; readonly questions: number };
  };
  readonly accepted: {
    readonly hash: string;
    readonly expectedConflicts: number;
    readonly openConflicts: number;
  };
  readonly agreed: Comparison;
  readonly quiet: { readonly before: WriteCount; readonly after: WriteCount };
  readonly arrivals: readonly Arrival[];
  /** Values of one person whose two fields were edited on two sides at once. */
  readonly crossing: {
    readonly wanted: readonly string[];
    readonly udesk: readonly string[];
    readonly crm: readonly string[];
  };
  readonly fourthEmail: {
    readonly before: readonly ItemView[];
    readonly after: readonly ItemView[];
    readonly added: string;
  };
  readonly phone: {
    readonly before: readonly ItemView[];
    readonly after: readonly ItemView[];
    readonly from: string;
    readonly to: string;
  };
  readonly lostReply: {
    /** Creates that were carried out and whose reply was dropped. */
    readonly dropped: number;
    /** Creates of this person that reached Udesk. */
    readonly sent: number;
    readonly customers: number;
    /** The CRM's row knows the id of its customer. */
    readonly linked: boolean;
  };
  readonly conflict: {
    /** Open rows of this person. */
    readonly rows: number;
    readonly field: string | null;
    readonly values: { readonly base: string; readonly udesk: string; readonly crm: string } | null;
    readonly wanted: { readonly base: string; readonly udesk: string; readonly crm: string };
    /** What both sides really hold while it is open. */
    readonly held: { readonly udesk: string; readonly crm: string };
    readonly restFlowed: boolean;
  };
  readonly resolved: {
    readonly state: string;
    readonly udesk: string;
    readonly crm: string;
    readonly wanted: string;
  };
  /** Addresses and numbers that customers had at the start, and how many of these are gone or have another id. */
  readonly kept: { readonly elements: number; readonly lost: number; readonly newIds: number };
  readonly end: { readonly comparison: Comparison; readonly before: WriteCount; readonly after: WriteCount };
  readonly parked: number;
  readonly quota: { readonly perMinute: number; readonly busiest: number; readonly refused: number };
}

export interface Claim {
  readonly claim: string;
  /** What was counted or compared, with the figures. */
  readonly check: string;
  readonly held: boolean;
}

/** The slowest that "within seconds" may be. */
export const SECONDS_LIMIT_MS = 10_000;

export function judge(facts: Facts, words: Words): Claim[] {
  const { claims: say } = words;
  const { firstRun, accepted, agreed, quiet, crossing, fourthEmail, phone, lostReply, conflict, resolved } =
    facts;
  const { kept, end, quota } = facts;
  const times = facts.arrivals.map(({ ms }) => ms).filter((ms) => ms !== null);
  const ids = (items: readonly ItemView[]) => items.map(({ id, content }) => `${id} ${content}`);
  return [
    {
      claim: say.firstRunWritesNothing,
      check: say.writes(firstRun.before, firstRun.after),
      held: unchanged(firstRun.before, firstRun.after) && firstRun.before.crm > 0,
    },
    {
      claim: say.matching,
      check: say.matched(
        firstRun.linked,
        firstRun.expected.links,
        firstRun.questions,
        firstRun.expected.questions,
      ),
      held: firstRun.linked === firstRun.expected.links && firstRun.questions === firstRun.expected.questions,
    },
    {
      claim: say.samePlan,
      check: say.hashes(firstRun.hash, accepted.hash),
      held: firstRun.hash !== '' && firstRun.hash === accepted.hash,
    },
    {
      claim: say.differencesHeld,
      check: say.conflictsOpen(accepted.openConflicts, accepted.expectedConflicts),
      held: accepted.openConflicts === accepted.expectedConflicts,
    },
    { claim: say.sidesAgree, check: say.compared(agreed), held: agrees(agreed) },
    {
      claim: say.noEcho,
      check: say.writes(quiet.before, quiet.after),
      held: unchanged(quiet.before, quiet.after),
    },
    {
      claim: say.editsCross,
      check: say.arrived(times.length, facts.arrivals.length, Math.max(...times, 0)),
      held:
        times.length > 0 &&
        times.length === facts.arrivals.length &&
        times.every((ms) => ms <= SECONDS_LIMIT_MS),
    },
    {
      claim: say.bothSurvive,
      check: say.holds(crossing.udesk, crossing.crm),
      held: sameList(crossing.wanted, crossing.udesk) && sameList(crossing.wanted, crossing.crm),
    },
    {
      claim: say.fourthEmail,
      check: say.elements(fourthEmail.before, fourthEmail.after),
      held:
        fourthEmail.before.length === 3 &&
        fourthEmail.after.length === 4 &&
        sameList(ids(fourthEmail.before), ids(fourthEmail.after).slice(0, 3)) &&
        fourthEmail.after[3]?.content === fourthEmail.added,
    },
    {
      claim: say.phoneInPlace,
      check: say.elements(phone.before, phone.after),
      held:
        phone.before.some(({ content }) => content === phone.from) &&
        sameList(
          ids(
            phone.before.map((item) => (item.content === phone.from ? { ...item, content: phone.to } : item)),
          ),
          ids(phone.after),
        ),
    },
    {
      claim: say.lostReply,
      check: say.lost(lostReply.dropped, lostReply.sent, lostReply.customers),
      held: lostReply.dropped === 1 && lostReply.sent === 1 && lostReply.customers === 1 && lostReply.linked,
    },
    {
      claim: say.oneConflict,
      check: say.conflictRow(conflict.rows, conflict.values),
      held:
        conflict.rows === 1 &&
        conflict.field === 'nick_name' &&
        sameList(valuesOf(conflict.wanted), valuesOf(conflict.values)),
    },
    {
      claim: say.nothingOverwritten,
      check: say.stillHeld(conflict.held, conflict.restFlowed),
      held:
        conflict.held.udesk === conflict.wanted.udesk &&
        conflict.held.crm === conflict.wanted.crm &&
        conflict.restFlowed,
    },
    {
      claim: say.resolved,
      check: say.decided(resolved),
      held:
        resolved.state === 'resolved' &&
        resolved.udesk === resolved.wanted &&
        resolved.crm === resolved.wanted,
    },
    {
      claim: say.nothingLost,
      check: say.keptElements(kept),
      held: kept.elements > 0 && kept.lost === 0 && kept.newIds === 0,
    },
    {
      claim: say.agreeAtEnd,
      check: say.compared(end.comparison),
      held: agrees(end.comparison),
    },
    {
      claim: say.quietAtEnd,
      check: say.writes(end.before, end.after),
      held: unchanged(end.before, end.after),
    },
    { claim: say.nothingParked, check: say.parked(facts.parked), held: facts.parked === 0 },
    {
      claim: say.quotaKept(quota.perMinute),
      check: say.busiest(quota.busiest, quota.refused),
      held: quota.busiest > 0 && quota.busiest <= quota.perMinute && quota.refused === 0,
    },
  ];
}

function agrees(comparison: Comparison): boolean {
  return comparison.people > 0 && comparison.problems.length === 0;
}

function unchanged(before: WriteCount, after: WriteCount): boolean {
  return before.udesk === after.udesk && before.crm === after.crm;
}

function sameList(one: readonly string[], two: readonly string[]): boolean {
  return one.length === two.length && one.every((value, index) => value === two[index]);
}

function valuesOf(values: Facts['conflict']['values']): string[] {
  return values === null ? [] : [values.base, values.udesk, values.crm];
}
