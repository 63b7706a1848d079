/** Days and times of day as they are in a time zone (IANA name). Pure. */

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone);
  if (format === undefined) {
    // Swedish writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: timezone,
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    formats.set(timezone, format);
  }
  return format;
}

/** Whether this machine knows the time zone (IANA name). */
export function isTimeZone(value: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}

/** `2026-11-25` */
export function localDay(at: Date, timezone: string): string {
  return formatOf(timezone).format(at).slice(0, 10);
}

/** `09:30` */
export function localTime(at: Date, timezone: string): string {
  return formatOf(timezone).format(at).slice(11, 16);
}

/** How far the clocks there are ahead of UTC at that moment, in milliseconds. */
export function offsetMs(atMs: number, timezone: string): number {
  const second = Math.floor(atMs / 1000) * 1000;
  return Date.parse(`${formatOf(timezone).format(new Date(second)).replace(' ', 'T')}Z`) - second;
}

/** The first moment of that day there. Where clocks jump over midnight, the moment of the jump. */
export function startOfDay(day: string, timezone: string): Date {
  const wall = Date.parse(`${day}T00:00:00Z`);
  const offsetAt = (ms: number) => offsetMs(ms, timezone);
  // The offset of the day before and after; what fits both wall clock and offset is the moment.
  const first = wall - offsetAt(wall - 86_400_000);
  const second = wall - offsetAt(wall + 86_400_000);
  const early = Math.min(first, second);
  const at = localDay(new Date(early), timezone) === day ? early : Math.max(first, second);
  return new Date(at);
}

/** Both ends included; empty when `last` is earlier. */
export function daysFrom(first: string, last: string): string[] {
  const days: string[] = [];
  for (let ms = Date.parse(first); ms <= Date.parse(last); ms += 86_400_000) {
    days.push(new Date(ms).toISOString().slice(0, 10));
  }
  return days;
}

/** A day `2026-11-25` in full, as the language writes it. It was cut in its time zone already, so none is asked for. */
export function longDay(day: string, locale: string): string {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
  return format.format(new Date(`${day}T00:00:00Z`));
}
