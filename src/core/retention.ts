/**
 * Which months of history have a partition, and which may go. Pure. A clock that is wrong, or a number of months that was
 * mistyped, must not cost the past: time moves slowly here, and more than two months at once are for a person to allow.
 */

/** `2026-11`, in UTC. */
export type Month = string;

/** So many months have a partition before their first row comes. */
export const MONTHS_AHEAD = 3;
/** More than so many months that hold rows do not go without a person's word. */
export const MONTHS_AT_ONCE = 2;

const DAY_MS = 86_400_000;
/** A look that is late by some hours is a daily one, too. */
const LOOK_EVERY_MS = 20 * 3_600_000;
/** A daemon that was away catches up at this pace; a clock that was set a year ahead is believed after half a year. */
const DAYS_A_LOOK = 2;

export function monthOf(at: Date): Month {
  return at.toISOString().slice(0, 7);
}

export function addMonths(month: Month, n: number): Month {
  const at = firstOf(month);
  at.setUTCMonth(at.getUTCMonth() + n);
  return monthOf(at);
}

/** Its first moment. */
export function firstOf(month: Month): Date {
  return new Date(`${month}-01T00:00:00.000Z`);
}

export interface LastLook {
  /** Null before the first one. */
  readonly lookedAt: Date | null;
  readonly clockAt: Date | null;
}

/** Once a day; at once where the clock was set back behind the last look. */
export function isLookDue({ lookedAt }: LastLook, now: Date): boolean {
  if (lookedAt === null) return true;
  const ageMs = now.getTime() - lookedAt.getTime();
  return ageMs >= LOOK_EVERY_MS || ageMs < 0;
}

/** The time by which months are counted: our clock, but never more than two days on from the last look that was due. */
export function slowClock({ lookedAt, clockAt }: LastLook, now: Date): Date {
  if (clockAt === null || lookedAt === null) return now;
  const on = isLookDue({ lookedAt, clockAt }, now) ? DAYS_A_LOOK * DAY_MS : 0;
  return new Date(Math.min(now.getTime(), clockAt.getTime() + on));
}

export interface MonthsKnown {
  /** By `slowClock`. */
  readonly clock: Date;
  readonly now: Date;
  /** How many whole months are kept, beside the one that is under way. */
  readonly months: number;
  readonly partitions: readonly { readonly month: Month; readonly empty: boolean }[];
  /** Months of rows that lie in none of these. */
  readonly stray: readonly Month[];
  /** A person saw what would go, and wants it. */
  readonly allowed: boolean;
}

export interface MonthPlan {
  /** They get a partition, and the stray rows of theirs go there. */
  readonly create: readonly Month[];
  /** Partitions that go with their rows; and stray rows of these months. */
  readonly drop: readonly Month[];
  /** How many months with rows would go, and are left until a person allows it. */
  readonly held: number;
}

/** The first month that is kept. */
export function firstKept(clock: Date, months: number): Month {
  return addMonths(monthOf(clock), -months);
}

export function planMonths({ clock, now, months, partitions, stray, allowed }: MonthsKnown): MonthPlan {
  const since = firstKept(clock, months);
  const known = new Set(partitions.map(({ month }) => month));
  const last = addMonths(monthOf(now), MONTHS_AHEAD);
  const ahead = Array.from({ length: MONTHS_AHEAD + 1 }, (_, n) => addMonths(monthOf(now), n));
  // What lies far ahead was written while a clock was wrong: it waits in the default partition until its time comes.
  const wanted = [...ahead, ...stray].filter((month) => month >= since && month <= last && !known.has(month));
  const past = partitions.filter(({ month }) => month < since);
  const full = past.filter(({ empty }) => !empty);
  // Rows of before, and no partition for them: written while a clock was wrong, or never looked after.
  const left = stray.filter((month) => month < since);
  const isHeld = full.length > MONTHS_AT_ONCE && !allowed;
  const gone = isHeld ? past.filter(({ empty }) => empty) : past;
  return {
    create: [...new Set(wanted)].sort(),
    drop: [...gone.map(({ month }) => month), ...(allowed ? left : [])].sort(),
    held: allowed ? 0 : left.length + (isHeld ? full.length : 0),
  };
}
