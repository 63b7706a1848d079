/** The conflict and sync report as data: what the JSON shows, and what the page and the CSV are made of. Pure. */
import type { Policy } from '../../core/spec.ts';
import { daysFrom } from '../../lib/zoned-time.ts';
import type { ConflictFact } from '../../store/report-conflicts.ts';
import type {
  CoverageRow,
  FailureRow,
  FieldChanges,
  LagDay,
  LagRow,
  ParkedReason,
  RecordChanges,
  RunsRow,
} from '../../store/report-traffic.ts';
import type { ConflictDocument } from '../conflict-document.ts';
import { periodDays } from './period.ts';

export interface QuotaUse {
  readonly pair: string;
  /** Calls in the last minute; of the busiest endpoint where each has a quota of its own. */
  readonly used: number;
  readonly perMinute: number;
  readonly scope: 'tenant' | 'endpoint';
}

/** Who edited what a conflict is about, by Udesk's histories: conflict id → name. Unknown ones are left out. */
export type Authors = ReadonlyMap<string, string>;

export interface ReportInput {
  readonly since: Date;
  readonly until: Date;
  /** IANA name: days are those of this zone. */
  readonly timezone: string;
  readonly pairs: readonly string[];
  readonly facts: readonly ConflictFact[];
  readonly authors: Authors;
  /** `pair/field` → the policy that the configuration gives the field today. */
  readonly policies: ReadonlyMap<string, Policy>;
  /** The open ones with their values, oldest first. */
  readonly open: readonly ConflictDocument[];
  readonly lag: readonly LagRow[];
  readonly lagDays: readonly LagDay[];
  readonly coverage: readonly CoverageRow[];
  readonly parked: readonly ParkedReason[];
  readonly parkedNow: number;
  readonly fields: readonly FieldChanges[];
  readonly records: readonly RecordChanges[];
  readonly runs: readonly RunsRow[];
  readonly failures: readonly FailureRow[];
  readonly quota: readonly QuotaUse[];
}

/** How many conflicts of one kind of thing were opened and closed in the period, and how many are open at its end. */
export interface Group {
  readonly name: string;
  readonly opened: number;
  readonly closed: number;
  readonly open: number;
}

export interface ConflictDay {
  readonly day: string;
  readonly opened: number;
  readonly closed: number;
  /** At the end of the day, or of the period. */
  readonly openAtEnd: number;
}

export const AGES = ['hour', 'day', 'three-days', 'week', 'older'] as const;
export type Age = (typeof AGES)[number];
const AGE_LIMITS_MS = [3_600_000, 86_400_000, 3 * 86_400_000, 7 * 86_400_000, Number.POSITIVE_INFINITY];

/** How a conflict ended, when no person decided it. */
export const CONVERGED = 'converged';

export interface SyncReport {
  readonly since: string;
  readonly until: string;
  readonly timezone: string;
  readonly pairs: readonly string[];
  readonly conflicts: {
    readonly open: number;
    /** Decided, and not yet on both sides; counted in `open`, too. */
    readonly resolving: number;
    readonly opened: number;
    readonly closed: number;
    /** From opening to closing, of those that were closed in the period. */
    readonly medianOpenMs: number | null;
    readonly oldestOpenMs: number | null;
    readonly daily: readonly ConflictDay[];
    readonly byField: readonly Group[];
    readonly byKind: readonly Group[];
    /** Who made the edit in Udesk; `null` names are counted in `authorUnknown`. */
    readonly byAuthor: readonly Group[];
    readonly authorUnknown: Group;
    /** Whom the CRM names for its edit: its author, or whoever changed the record last. */
    readonly byCrmAuthor: readonly Group[];
    readonly crmAuthorUnknown: Group;
    /** The policy of the field today; `*` for whole records, `-` for fields that are not mapped any more. */
    readonly byPolicy: readonly Group[];
    /** What or who closed them: a person's name, `policy`, `link ended`, `mapping changed`, `converged`. */
    readonly closedBy: readonly { readonly name: string; readonly closed: number }[];
    readonly byAge: readonly { readonly age: Age; readonly open: number }[];
    readonly openList: readonly (ConflictDocument & { readonly ageMs: number; readonly policy: string })[];
  };
  readonly lag: readonly LagRow[];
  readonly lagDaily: readonly LagDay[];
  readonly coverage: readonly (CoverageRow & { readonly ageMs: number | null })[];
  readonly parked: { readonly now: number; readonly reasons: readonly ParkedReason[] };
  readonly changes: { readonly fields: readonly FieldChanges[]; readonly records: readonly RecordChanges[] };
  readonly runs: readonly RunsRow[];
  readonly failures: readonly FailureRow[];
  readonly quota: readonly QuotaUse[];
}

export function syncReport(input: ReportInput): SyncReport {
  const { facts, since, until, open } = input;
  const opened = (fact: ConflictFact) => Date.parse(fact.openedAt) >= since.getTime();
  const closed = (fact: ConflictFact) => fact.closedAt !== null && fact.closedAt <= until.toISOString();
  const ageMs = (at: string) => Math.max(0, until.getTime() - Date.parse(at));
  const policyOf = ({ pair, field }: { pair: string; field: string }) =>
    field === '*' ? '*' : (input.policies.get(`${pair}/${field}`) ?? '-');
  const groups = (key: (fact: ConflictFact) => string, among = facts) => grouped(among, key, opened, closed);
  const stillOpen = facts.filter((fact) => !closed(fact));
  const ended = facts.filter(closed);
  const known = facts.filter(({ id }) => input.authors.has(id));
  const unknown = facts.filter(({ id }) => !input.authors.has(id));
  const none: Group = { name: '', opened: 0, closed: 0, open: 0 };
  const named = facts.filter(({ crmAuthor }) => crmAuthor !== null);
  const unnamed = facts.filter(({ crmAuthor }) => crmAuthor === null);
  return {
    since: since.toISOString(),
    until: until.toISOString(),
    timezone: input.timezone,
    pairs: input.pairs,
    conflicts: {
      open: stillOpen.length,
      resolving: stillOpen.filter(({ state }) => state === 'resolving').length,
      opened: facts.filter(opened).length,
      closed: ended.length,
      medianOpenMs: median(
        ended.map((fact) => Date.parse(fact.closedAt ?? fact.openedAt) - Date.parse(fact.openedAt)),
      ),
      oldestOpenMs: stillOpen.length === 0 ? null : Math.max(...stillOpen.map((f) => ageMs(f.openedAt))),
      daily: daily(input, opened, closed),
      byField: groups((fact) => fact.field),
      byKind: groups((fact) => fact.kind),
      byAuthor: groups((fact) => input.authors.get(fact.id) ?? '', known),
      authorUnknown: groups(() => '', unknown)[0] ?? none,
      byCrmAuthor: groups((fact) => fact.crmAuthor ?? '', named),
      crmAuthorUnknown: groups(() => '', unnamed)[0] ?? none,
      byPolicy: groups(policyOf),
      closedBy: groups((fact) => fact.decidedBy ?? CONVERGED, ended).map((group) => ({
        name: group.name,
        closed: group.closed,
      })),
      byAge: byAge(stillOpen.map((fact) => ageMs(fact.openedAt))),
      openList: open.map((row) => ({ ...row, ageMs: ageMs(row.openedAt), policy: policyOf(row) })),
    },
    lag: input.lag,
    lagDaily: input.lagDays,
    coverage: input.coverage.map((row) => ({
      ...row,
      ageMs: row.certifiedAt === null ? null : ageMs(row.certifiedAt),
    })),
    parked: { now: input.parkedNow, reasons: input.parked },
    changes: { fields: input.fields, records: input.records },
    runs: input.runs,
    failures: input.failures,
    quota: input.quota,
  };
}

type Test = (fact: ConflictFact) => boolean;

/** Most of them first; among equals by name, so that the same rows give the same report. */
function grouped(
  facts: readonly ConflictFact[],
  key: (fact: ConflictFact) => string,
  opened: Test,
  closed: Test,
): Group[] {
  const byName = new Map<string, { opened: number; closed: number; open: number }>();
  for (const fact of facts) {
    const name = key(fact);
    const group = byName.get(name) ?? { opened: 0, closed: 0, open: 0 };
    if (opened(fact)) group.opened += 1;
    if (closed(fact)) group.closed += 1;
    else group.open += 1;
    byName.set(name, group);
  }
  return [...byName]
    .map(([name, counts]) => ({ name, ...counts }))
    .sort(
      (a, b) => b.open - a.open || b.opened - a.opened || b.closed - a.closed || (a.name < b.name ? -1 : 1),
    );
}

/** Per day how many conflicts were opened and closed, and how many were open at its end. */
export function conflictDays(
  input: Pick<ReportInput, 'facts' | 'since' | 'until' | 'timezone'>,
): ConflictDay[] {
  const { since, until } = input;
  return daily(
    input,
    (fact) => Date.parse(fact.openedAt) >= since.getTime(),
    (fact) => fact.closedAt !== null && fact.closedAt <= until.toISOString(),
  );
}

/** Every day of the period has a row, also where nothing happened: a gap in a chart would be read as missing data. */
function daily(
  { facts, since, until, timezone }: Pick<ReportInput, 'facts' | 'since' | 'until' | 'timezone'>,
  opened: Test,
  closed: Test,
): ConflictDay[] {
  const [first, last] = periodDays(since, until, timezone);
  const days = new Map(daysFrom(first, last).map((day) => [day, { opened: 0, closed: 0 }]));
  let open = 0;
  for (const fact of facts) {
    const from = days.get(fact.openedDay);
    if (!opened(fact)) open += 1;
    else if (from !== undefined) from.opened += 1;
    const to = fact.closedDay === null || !closed(fact) ? undefined : days.get(fact.closedDay);
    if (to !== undefined) to.closed += 1;
  }
  return [...days].map(([day, counts]) => {
    open += counts.opened - counts.closed;
    return { day, ...counts, openAtEnd: open };
  });
}

function byAge(agesMs: readonly number[]): { age: Age; open: number }[] {
  const counts = AGES.map(() => 0);
  for (const ms of agesMs) {
    const n = AGE_LIMITS_MS.findIndex((limit) => ms < limit);
    counts[n] = (counts[n] ?? 0) + 1;
  }
  return AGES.map((age, n) => ({ age, open: counts[n] ?? 0 }));
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const high = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? high) + high) / 2 : high;
}
