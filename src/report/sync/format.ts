/** Numbers, times and durations as people of the language write them. */
import { longDay } from '../../lib/zoned-time.ts';
import type { Locale } from './words.ts';

export interface Format {
  readonly number: (n: number) => string;
  /** `3 min` */
  readonly duration: (ms: number | null) => string;
  /** Date and time in the time zone. */
  readonly time: (iso: string) => string;
  /** A day `2026-11-25` as a short label of an axis. */
  readonly day: (day: string) => string;
  /** The same in full: `25 Nov 2026` as the language writes it. */
  readonly date: (day: string) => string;
}

const DASH = '–';
const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
  ['millisecond', 1],
] as const;

export function formatFor(locale: Locale, timezone: string): Format {
  const number = new Intl.NumberFormat(locale);
  const time = new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: timezone,
  });
  // A day is none of a moment: it was cut in the time zone already.
  const day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', timeZone: 'UTC' });
  return {
    number: (n) => number.format(n),
    time: (iso) => time.format(new Date(iso)),
    day: (text) => day.format(new Date(`${text}T00:00:00Z`)),
    date: (text) => longDay(text, locale),
    duration(ms) {
      if (ms === null) return DASH;
      const [unit, size] = STEPS.find(([, each]) => ms >= each) ?? STEPS[4];
      const value = ms / size;
      return new Intl.NumberFormat(locale, {
        style: 'unit',
        unit,
        unitDisplay: 'short',
        maximumFractionDigits: value < 10 && unit !== 'millisecond' ? 1 : 0,
      }).format(value);
    },
  };
}
