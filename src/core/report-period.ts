/** Which days a scheduled report is about, and when it is due. Pure: days are texts such as `2026-11-25`. */
export const REPORT_EVERY = ['day', 'week', 'month'] as const;
export type ReportEvery = (typeof REPORT_EVERY)[number];

export interface DuePeriod {
  /** First day; the day after the last report's. */
  readonly since: string;
  /** The day after the last one. */
  readonly until: string;
}

/**
 * A period is due once, on the day after its end from `at` on. After a time in which nothing was sent it is one report, late,
 * which begins where the last one ended: nothing is told twice, and nothing is left out. What ended before the first look
 * counts as told: who starts in the afternoon wants no report of the morning.
 * @param lastUntil `until` of the last report; null before the first look
 * @param now day and time of day (`09:30`) where the report is read
 */
export function reportDue(
  lastUntil: string | null,
  now: { readonly day: string; readonly time: string },
  every: ReportEvery,
  at: string,
): { readonly until: string; readonly send: DuePeriod | null } | null {
  const current = periodStart(now.day, every);
  const early = now.day === current && now.time < at;
  const until = early ? periodStart(shift(current, -1), every) : current;
  if (lastUntil === null) return { until, send: null };
  return until > lastUntil ? { until, send: { since: lastUntil, until } } : null;
}

/** The first day of the day, week (Monday) or month in which `day` lies. */
export function periodStart(day: string, every: ReportEvery): string {
  if (every === 'day') return day;
  if (every === 'month') return `${day.slice(0, 7)}-01`;
  return shift(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));
}

/** So many days later. */
export function shift(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
