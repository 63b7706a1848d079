/** The tenant's rate limit: so many calls in any sliding window, each key on its own (udesk/api.md §6.4). */
export class Quota {
  readonly #calls = new Map<string, number[]>();

  /** Counts the call when it is within the limit; a refused call is not counted. `limit` 0: no limit. */
  take(key: string, limit: number, windowMs: number, now: number): boolean {
    if (limit === 0) return true;
    const calls = this.#calls.get(key) ?? [];
    let expired = 0;
    for (const at of calls) {
      if (now - at < windowMs) break;
      expired++;
    }
    if (expired > 0) calls.splice(0, expired);
    this.#calls.set(key, calls);
    if (calls.length >= limit) return false;
    calls.push(now);
    return true;
  }
}
