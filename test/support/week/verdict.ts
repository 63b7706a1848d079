/** What the week must have been like for the daemon to be left alone; each broken promise as one sentence. */
import { slopePerHour } from '../../../bench/trend.ts';
import type { AlertItem } from '../../../src/daemon/alert-text.ts';
import type { PairHealth } from '../../../src/daemon/pair-worker.ts';
import type { Fates } from '../accounting.ts';
import type { Line } from './daemon.ts';
import type { Takeover } from './daemons.ts';
import type { Sample } from './measures.ts';
import type { Trouble } from './troubles.ts';

/** A trouble as it went. */
export interface Suffered {
  readonly trouble: Trouble;
  readonly at: number;
  readonly until: number;
}

export interface WeekResult {
  readonly days: number;
  readonly samples: readonly Sample[];
  readonly suffered: readonly Suffered[];
  readonly lines: readonly Line[];
  /** In the order in which they were said. */
  readonly alerts: readonly SaidAlert[];
  readonly perMinute: number;
  readonly busiest: number;
  readonly calls: number;
  /** Writes of the last hour, in which nobody edits. */
  readonly lateWrites: number;
  readonly edits: number;
  readonly fates: Fates;
  readonly differences: readonly string[];
  readonly clashes: readonly string[];
  readonly conflicts: readonly string[];
  readonly hands: Readonly<Record<string, number>>;
  /** Of the daemon that was there at the end. */
  readonly health: Readonly<PairHealth>;
  readonly takeovers: readonly Takeover[];
  /** Daemons that were killed, and are still in memory. */
  readonly deadKept: number;
}

export interface SaidAlert extends AlertItem {
  readonly at: number;
}

/** What fails waits five minutes at most; its end may be said a look later. */
const RECOVERY_MS = 20 * 60_000;
/** From a start to the end of the first cycle, which waits for the lease of the dead (10 s) and reads both sides. */
const TAKEOVER_MS = 2 * 60_000;
/** postgres.js keeps where each statement was first asked for, and so, at times, the daemon that asked. */
const DEAD_KEPT = 1;
const WARN = 40;
/** A week adds a few MB of compiled code and statements at first; it must not go on. From the second day on. */
const HEAP_MB_PER_DAY = 1;
const RSS_MB_PER_DAY = 12;
const SLACK = 4;

export function brokenPromises(result: WeekResult): string[] {
  return [
    ...lost(result),
    ...result.suffered.flatMap((one) => notRecovered(result, one)),
    ...strays(result),
    ...result.takeovers.flatMap(notTakenOver),
    ...needed(result),
    ...grown(result),
  ];
}

/** P2, P4, P5, P6, P10. */
function lost({ fates, edits, differences, perMinute, busiest, lateWrites, clashes, conflicts }: WeekResult) {
  const wanted = clashes.map((place) => `${place} open`).sort();
  const found = [...conflicts].sort();
  return [
    ...fates.lost.map(({ value }) => `${value} is lost`),
    ...(fates.arrived > edits * 0.8 ? [] : [`only ${fates.arrived} of ${edits} edits arrived`]),
    ...differences.map((difference) => `differs: ${difference}`),
    ...(JSON.stringify(wanted) === JSON.stringify(found)
      ? []
      : [`conflicts are ${found.join(', ')}; expected were ${wanted.join(', ')}`]),
    ...(busiest <= perMinute ? [] : [`${busiest} calls in a minute, of ${perMinute}`]),
    ...(busiest > perMinute / 2 ? [] : [`at most ${busiest} calls in a minute: the quota was never near`]),
    ...(lateWrites === 0 ? [] : [`${lateWrites} writes although nobody edits any more`]),
  ];
}

/** Each trouble is noticed as what it is, and is over by itself. */
function notRecovered({ lines, alerts }: WeekResult, { trouble, at, until }: Suffered): string[] {
  const { name, kind, alerts: wanted, may = [] } = trouble;
  const mine = <T extends { readonly at: number }>(all: readonly T[]) =>
    all.filter((one) => one.at >= at && one.at <= until + RECOVERY_MS);
  const failed = mine(lines).filter(({ msg }) => msg === 'the cycle failed');
  const kinds = [...new Set(failed.map((line) => line.kind))];
  const well = mine(lines).filter((line) => line.msg === 'the pair is well again' && line.at >= until);
  const said = (which: string) =>
    mine(alerts)
      .filter((alert) => alert.kind === which)
      .map(({ event, subject }) => `${event}/${subject}`);
  const [raised, recovered] = [said('raised'), said('recovered')];
  const amiss = [
    ...wanted.filter((one) => !raised.includes(one)).map((one) => `${one} was not raised`),
    ...raised
      .filter((one, n) => ![...wanted, ...may].includes(one) || raised.indexOf(one) !== n)
      .map((one) => `${one} was raised, or once more`),
    ...raised.filter((one) => !recovered.includes(one)).map((one) => `${one} is not taken back`),
  ];
  return [
    ...(JSON.stringify(kinds) === JSON.stringify(kind === null ? [] : [kind])
      ? []
      : [
          `${name}: cycles failed with ${kinds.join(', ') || 'nothing'}, expected ${kind ?? 'nothing'}: ${failed[0]?.err}`,
        ]),
    ...(kind === null || well.length > 0 ? [] : [`${name}: the pair did not become well by itself`]),
    ...amiss.map((one) => `${name}: the alert ${one}`),
  ];
}

function notTakenOver({ killedAt, startedAt, goodAt }: Takeover): string[] {
  const name = `the daemon that was killed at ${new Date(killedAt).toISOString()}`;
  if (goodAt === null) return [`nobody went on where ${name} was`];
  const ms = goodAt - startedAt;
  return ms <= TAKEOVER_MS ? [] : [`the next one went on ${ms / 1_000} s late where ${name} was`];
}

/** Outside of troubles nothing is wrong. */
function strays({ lines, alerts, suffered }: WeekResult): string[] {
  const calm = ({ at }: { readonly at: number }) =>
    !suffered.some((one) => at >= one.at && at <= one.until + RECOVERY_MS);
  return [
    ...lines
      .filter((line) => line.level >= WARN && calm(line))
      .map(({ at, msg, err }) => `${new Date(at).toISOString()} out of nothing: ${msg} ${err ?? ''}`),
    ...alerts.filter(calm).map(({ text }) => `an alert out of nothing: ${text}`),
  ];
}

function needed({ hands, health }: WeekResult): string[] {
  const wanting = Object.entries(hands).filter(([, count]) => count > 0);
  return [
    ...wanting.map(([what, count]) => `a person has to look: ${what}: ${count}`),
    ...(health.failures === 0 ? [] : [`the pair is not well at the end: ${health.lastError}`]),
  ];
}

/** Of a run that is too short for a trend the counts alone are judged. */
function grown({ samples, deadKept }: WeekResult): string[] {
  const settled = samples.filter(({ day }) => day >= 1);
  const perDay = (of: (sample: Sample) => number) => {
    const points = settled.map((sample) => ({ minute: sample.day, value: of(sample) }));
    return (slopePerHour(points) ?? 0) / 60;
  };
  const [first, last] = [settled[0], settled.at(-1)];
  if (first === undefined || last === undefined) return ['nothing was sampled'];
  const counts = (['handles', 'fds', 'connections'] as const).filter(
    (key) => (last[key] ?? 0) > (first[key] ?? 0) + SLACK,
  );
  const trend = settled.length >= 4;
  return [
    ...(deadKept <= DEAD_KEPT ? [] : [`${deadKept} daemons that were killed are still in memory`]),
    ...counts.map((key) => `${key} grew from ${first[key]} to ${last[key]}`),
    ...(trend && perDay(({ heapMb }) => heapMb) > HEAP_MB_PER_DAY ? ['the heap grows'] : []),
    ...(trend && perDay(({ rssMb }) => rssMb) > RSS_MB_PER_DAY ? ['the resident set grows'] : []),
  ];
}
