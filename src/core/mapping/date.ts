/** Dates and times of day, each side in its own form and zone. Pure: nothing is filled in from today. */
import { DateTime } from 'luxon';
import { type Image, image, type Lens, noImage, type Was } from './lens.ts';

export interface DateForm {
  /** `date`, `datetime`, `iso`, `unix`, `unix-ms`, or a pattern such as `dd/MM/yyyy HH:mm`. */
  readonly format: string;
  /** IANA name of the zone in which a form that names none is read and written. */
  readonly zone: string;
}

export const NAMED_FORMS: Readonly<Record<string, string>> = {
  date: 'yyyy-MM-dd',
  datetime: 'yyyy-MM-dd HH:mm:ss',
};

export function dateLens(forms: { readonly udesk: DateForm; readonly crm: DateForm }): Lens {
  // A day without a time of day is no moment: between two such forms no zone may move it.
  const days = isDayOnly(forms.udesk.format) && isDayOnly(forms.crm.format);
  const udesk = days ? { ...forms.udesk, zone: 'utc' } : forms.udesk;
  const crm = days ? { ...forms.crm, zone: 'utc' } : forms.crm;
  const correspond = (inUdesk: DateTime, inCrm: DateTime) =>
    write(inUdesk, crm) === write(inCrm, crm) || write(inUdesk, udesk) === write(inCrm, udesk);
  return {
    toCrm: (text, was) => carried(text, was, [udesk, crm], (own, other) => correspond(own, other)),
    toUdesk: (text, was) => carried(text, was, [crm, udesk], (own, other) => correspond(other, own)),
  };
}

/** As long as what is there tells the same as far as both forms go, it stays: a time of day outlives its date over there. */
function carried(
  text: string | null,
  was: Was,
  [from, to]: readonly [DateForm, DateForm],
  same: (own: DateTime, other: DateTime) => boolean,
): Image {
  if (text === null) return image(null);
  const own = read(text, from);
  if (own === null) return noImage(`is no date of the form ${from.format}`);
  const other = typeof was === 'string' ? read(was, to) : null;
  if (typeof was === 'string' && other !== null && same(own, other)) return image(was);
  return image(write(own, to));
}

/** Null: not of this form, or no day of the calendar. */
function read(text: string, { format, zone }: DateForm): DateTime | null {
  const at = parse(text.trim(), format, zone);
  return at?.isValid ? at : null;
}

function parse(text: string, format: string, zone: string): DateTime | null {
  const options = { zone, locale: 'en-US' };
  switch (format) {
    case 'iso':
      // With the time of day alone, today would be filled in.
      return /^\d{4}-?\d\d/.test(text) ? DateTime.fromISO(text, options) : null;
    case 'unix':
    case 'unix-ms':
      if (!/^-?\d{1,15}(\.\d+)?$/.test(text)) return null;
      return DateTime.fromMillis(Math.floor(Number(text) * (format === 'unix' ? 1000 : 1)), options);
    default:
      return DateTime.fromFormat(text, NAMED_FORMS[format] ?? format, options);
  }
}

function write(at: DateTime, { format, zone }: DateForm): string {
  switch (format) {
    case 'iso':
      return at.toUTC().toISO({ suppressMilliseconds: true }) ?? '';
    case 'unix':
      return String(Math.floor(at.toMillis() / 1000));
    case 'unix-ms':
      return String(at.toMillis());
    default:
      return at
        .setZone(zone)
        .setLocale('en-US')
        .toFormat(NAMED_FORMS[format] ?? format);
  }
}

/** It tells a day and no time of day. */
export function isDayOnly(format: string): boolean {
  if (['iso', 'unix', 'unix-ms'].includes(format)) return false;
  return !/[HhmsSat]/.test(withoutQuoted(NAMED_FORMS[format] ?? format));
}

function withoutQuoted(pattern: string): string {
  return pattern.replace(/'[^']*'/g, '');
}

/** Why this cannot be the form of a date; null when it can. */
export function formTrouble(format: string): string | null {
  if (['date', 'datetime', 'iso', 'unix', 'unix-ms'].includes(format)) return null;
  const pattern = withoutQuoted(format);
  const complete = /y{4}/.test(pattern) && /[ML]{1,2}/.test(pattern) && /d{1,2}/.test(pattern);
  if (!complete) {
    return 'must be date, datetime, iso, unix, unix-ms, or a pattern with yyyy, MM and dd, such as dd/MM/yyyy HH:mm';
  }
  const probe = DateTime.fromObject(
    { year: 2001, month: 11, day: 23, hour: 14, minute: 45 },
    { zone: 'utc' },
  );
  const back = DateTime.fromFormat(probe.toFormat(format, { locale: 'en-US' }), format, {
    zone: 'utc',
    locale: 'en-US',
  });
  return back.isValid && back.hasSame(probe, 'day') ? null : 'is a pattern that cannot be read back';
}
