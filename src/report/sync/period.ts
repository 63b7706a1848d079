/** The time that a report is about. */
import { SyncError } from '../../errors.ts';
import { localDay, startOfDay } from '../../lib/zoned-time.ts';

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const DURATION = /^(\d{1,6})\s*([mhdw])$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** With a zone: without one nobody knows which moment is meant. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;
const LONGEST_DAYS = 3_660;

/**
 * The begin of a period: a duration before now (`90m`, `24h`, `7d`, `4w`), a day (`2026-11-01`: its midnight in the time
 * zone), or a moment with its zone (`2026-11-01T09:00:00+08:00`).
 * @throws SyncError `config` (code `usage`) for anything else, for the future, and for more than ten years
 */
export function parseSince(text: string, now: Date, timezone: string): Date {
  const since = read(text.trim(), now, timezone);
  if (since === null) {
    throw usage(`--since "${text}" is neither a duration nor a date`);
  }
  if (since.getTime() > now.getTime()) throw usage(`--since ${text} lies in the future`);
  if (now.getTime() - since.getTime() > LONGEST_DAYS * UNITS_MS.d) {
    throw usage(`--since ${text} is more than ten years ago`);
  }
  return since;
}

function read(text: string, now: Date, timezone: string): Date | null {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count !== undefined && Number(count) > 0) {
    return new Date(now.getTime() - Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]);
  }
  if (DAY.test(text)) {
    // 2026-02-31 is a text, not a day.
    const real = new Date(`${text}T00:00:00Z`);
    const exists = !Number.isNaN(real.getTime()) && real.toISOString().startsWith(text);
    return exists ? startOfDay(text, timezone) : null;
  }
  if (!MOMENT.test(text) || Number.isNaN(Date.parse(text))) return null;
  return new Date(text);
}

function usage(message: string): SyncError {
  return new SyncError('config', message, {
    code: 'usage',
    advice: 'Give a duration such as 24h, 7d or 4w, a day such as 2026-11-01, or 2026-11-01T09:00:00+08:00.',
  });
}

/** The days that a period touches. */
export function periodDays(
  since: Date,
  until: Date,
  timezone: string,
): readonly [first: string, last: string] {
  return [localDay(since, timezone), localDay(until, timezone)];
}
