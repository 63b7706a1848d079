/**
 * Figures that take a pass over every record of a large pair: the one that was counted some seconds ago is shown, and
 * counted anew behind it. Nobody is shown one that is older than a minute, and of a small pair each look counts anew.
 */
export type Remember = <T>(
  key: string,
  count: () => Promise<T>,
  /** How many rows the counting went through. */
  rowsOf: (counted: T) => number,
) => Promise<T>;

const LARGE_ROWS = 20_000;
const FRESH_MS = 15_000;
const OLDEST_MS = 60_000;

interface Known {
  readonly counted: unknown;
  readonly at: number;
}

/** @param now milliseconds that only grow */
export function createRemember(now: () => number): Remember {
  const known = new Map<string, Known>();
  const underWay = new Map<string, Promise<unknown>>();
  return async <T>(key: string, count: () => Promise<T>, rowsOf: (counted: T) => number): Promise<T> => {
    const anew = async (): Promise<T> => {
      const at = now();
      try {
        const counted = await count();
        if (rowsOf(counted) >= LARGE_ROWS) known.set(key, { counted, at });
        else known.delete(key);
        return counted;
      } finally {
        underWay.delete(key);
      }
    };
    const once = (): Promise<T> => {
      const running = (underWay.get(key) as Promise<T> | undefined) ?? anew();
      underWay.set(key, running);
      return running;
    };
    const last = known.get(key);
    if (last === undefined) return await anew();
    const ageMs = now() - last.at;
    if (ageMs >= OLDEST_MS) return await once();
    // Whoever looks next is told when it keeps failing: by then the last figure is too old to be shown.
    if (ageMs >= FRESH_MS) once().catch(() => undefined);
    return last.counted as T;
  };
}
