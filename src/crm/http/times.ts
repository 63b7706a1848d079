/** Times as an API writes them. Pure. */

export const TIME_FORMATS = ['iso', 'unix', 'unix-ms', 'datetime'] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

export interface TimeForm {
  readonly format: TimeFormat;
  /** For `datetime`, which names no zone: `+08:00`. */
  readonly offset: string;
}

/** Milliseconds since 1970; null for what is no time in this form. */
export function parseTime(text: string, form: TimeForm): number | null {
  const trimmed = text.trim();
  if (form.format === 'unix' || form.format === 'unix-ms') {
    if (!/^-?\d{1,15}(\.\d+)?$/.test(trimmed)) return null;
    return form.format === 'unix' ? Math.floor(Number(trimmed) * 1000) : Math.floor(Number(trimmed));
  }
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d:?\d\d)?)?$/.exec(
    trimmed,
  );
  if (match === null) return null;
  const [, day, time = '00:00:00', zone = form.offset] = match;
  const ms = Date.parse(`${day}T${time.length === 5 ? `${time}:00` : time}${zone}`);
  return Number.isNaN(ms) ? null : ms;
}

/** Cut to what the form can say, never rounded up: a later time would miss a change. */
export function formatTime(ms: number, form: TimeForm): string {
  switch (form.format) {
    case 'iso':
      return new Date(ms).toISOString();
    case 'unix':
      return String(Math.floor(ms / 1000));
    case 'unix-ms':
      return String(Math.floor(ms));
    case 'datetime':
      return new Date(ms + offsetMs(form.offset)).toISOString().slice(0, 19).replace('T', ' ');
  }
}

function offsetMs(offset: string): number {
  const match = /^([+-])(\d\d):(\d\d)$/.exec(offset);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === '-' ? -minutes : minutes) * 60_000;
}
