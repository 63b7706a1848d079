/** Texts and formats of a language. Pure. */
import { formatFor } from '../../report/sync/format.ts';
import { en, type WordKey } from './en.ts';
import { zhCn } from './zh-cn.ts';

export type Locale = 'zh-CN' | 'en';

/** In the order of the language menu, each by its own name. */
export const LOCALES: readonly (readonly [locale: Locale, name: string])[] = [
  ['zh-CN', '中文'],
  ['en', 'English'],
];

const DICTIONARIES: Readonly<Record<Locale, Readonly<Record<WordKey, string>>>> = { 'zh-CN': zhCn, en };

const PLACE = /\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g;

export type Params = Readonly<Record<string, string | number>>;
export type Translate = (key: WordKey, params?: Params) => string;

/**
 * `{name}` in a text is replaced by the parameter of that name, and `{name|write|writes}` by the first where that is 1, else by
 * the second. Numbers must have been formatted by the caller.
 */
export function translator(locale: Locale): Translate {
  const words = DICTIONARIES[locale];
  return (key, params = {}) =>
    words[key].replace(PLACE, (whole, name: string, one?: string, many?: string) => {
      const value = params[name];
      if (value === undefined) return whole;
      return one === undefined ? String(value) : String(value) === '1' ? one : (many ?? '');
    });
}

/** What of a language can be asked for: a cookie or a query, from outside. */
export function localeOf(text: string | undefined): Locale | null {
  return LOCALES.find(([locale]) => locale === text)?.[0] ?? null;
}

export interface Formats {
  /** `25 Nov 2026, 21:43`, in the configured time zone. */
  time(iso: string): string;
  /** With seconds and the zone, for a tooltip. */
  exact(iso: string): string;
  /** `3 hours ago`. */
  ago(iso: string, now: Date): string;
  number(n: number): string;
  /** `2026-11-25` as a short label: `Nov 25`. */
  day(day: string): string;
  /** The same in full: `Nov 25, 2026`. */
  date(day: string): string;
}

export function formats(locale: Locale, timeZone: string): Formats {
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone });
  const exact = new Intl.DateTimeFormat(locale, {
    dateStyle: 'full',
    timeStyle: 'long',
    timeZone,
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const { number, day, date } = formatFor(locale, timeZone);
  return {
    time: (iso) => time.format(new Date(iso)),
    exact: (iso) => exact.format(new Date(iso)),
    ago(iso, now) {
      const seconds = Math.round((Date.parse(iso) - now.getTime()) / 1000);
      const [size, unit] = STEPS.find(([step]) => Math.abs(seconds) >= step) ?? [1, 'second'];
      return relative.format(Math.trunc(seconds / size), unit);
    },
    number,
    day,
    date,
  };
}

const STEPS: readonly (readonly [seconds: number, unit: Intl.RelativeTimeFormatUnit])[] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
];
