/** Times as Udesk writes them (udesk/api.md §4 "Times"), as ISO 8601 in UTC. */

const WRITTEN = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?\s*(Z|[+-]\d{2}:?\d{2})?$/;

/** A time without a zone is Beijing's: that is how the vendor's IM records are written. */
const DEFAULT_ZONE = '+08:00';

/** Null when it is no time, or one that no calendar has. */
export function isoTime(raw: unknown): string | null {
  if (typeof raw !== 'string') return null;
  const [, date, clock, fraction = '', zone = DEFAULT_ZONE] = WRITTEN.exec(raw.trim()) ?? [];
  if (date === undefined || clock === undefined) return null;
  // `Date` takes 30 February for 2 March: the day must come back as it went in.
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) return null;
  const offset = zone === 'Z' || zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  const at = new Date(`${date}T${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${offset}`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
