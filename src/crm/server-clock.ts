/** What the answers of a CRM tell of its clock (the `Date` header). */
import type { Reply } from '../http/exchange.ts';

export interface ServerClock {
  /**
   * Of an answer that has just come, to a request sent at `sentAtMs` by our clock.
   * @returns a time by the server's clock at which the request had not been answered yet; by ours where it tells none
   */
  read(reply: Pick<Reply, 'headers'>, sentAtMs: number): number;
  /** The server's clock minus ours by its last answer; null before one told a time. */
  skewMs(): number | null;
}

export function createServerClock(clock: () => number): ServerClock {
  let skewMs: number | null = null;
  return {
    read({ headers }, sentAtMs) {
      const answeredAtMs = clock();
      const toldMs = Date.parse(headers.date ?? '');
      if (Number.isNaN(toldMs)) return sentAtMs;
      // The header is cut to the second: half a second more is the best guess of the clock, and none is safe for a limit.
      skewMs = Math.round(toldMs + 500 - (sentAtMs + answeredAtMs) / 2);
      return toldMs - Math.max(0, answeredAtMs - sentAtMs);
    },
    skewMs: () => skewMs,
  };
}
