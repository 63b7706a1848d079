/**
 * A small seeded generator of numbers, so that one seed always gives one tenant and one sequence of faults.
 * Not for secrets.
 */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** Whole number in [0, below). */
  int(below: number): number;
  /** True with this probability (0..1). */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** `seed` is hashed as text, so 1 and '1' are the same seed. */
export function seededRandom(seed: number | string): Random {
  let state = hash32(String(seed));
  const next = (): number => {
    // mulberry32: 32 bits of state are enough for test data, and it is fast.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    int: (below) => Math.floor(next() * below),
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError('pick from an empty list');
      return item;
    },
  };
}

/** 32-bit FNV-1a of the text's UTF-16 units. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
