/** How much of a page jumps while a person reads it, as the browser measures it (the sum behind Core Web Vitals' CLS). */
import type { Page } from 'playwright-core';

/** Below it a page is good (https://web.dev/articles/cls); the sum of a whole document is stricter than its windows. */
export const JUMP_LIMIT = 0.1;

export interface Shift {
  /** Differs for each load. */
  readonly document: string;
  readonly value: number;
  readonly moved: readonly string[];
}

/** Runs in every document. What follows a person's own click or key within half a second is meant. */
export const OBSERVE = `
  const nameOf = (node) => node === null ? '' : (node.id ? '#' + node.id : node.nodeName + '.' + (node.className ?? ''));
  const tell = (entries) => {
    for (const { value, hadRecentInput, sources } of entries) {
      if (!hadRecentInput)
        window.told({ document: location.pathname + ' ' + performance.timeOrigin, value, moved: sources.map((s) => nameOf(s.node)) });
    }
  };
  const observer = new PerformanceObserver((list) => tell(list.getEntries()));
  observer.observe({ type: 'layout-shift', buffered: true });
  window.tellShifts = () => tell(observer.takeRecords());
`;

export function createJumps() {
  const shifts: Shift[] = [];
  return {
    add: (shift: Shift) => void shifts.push(shift),
    /** What the browser knows and has not told yet. */
    async settled(page: Page): Promise<void> {
      await page.evaluate('window.tellShifts?.()').catch(() => {});
    },
    /** The sum of each document, with what moved. */
    perDocument(): Record<string, number> {
      const sums = new Map<string, { sum: number; moved: Set<string> }>();
      for (const { document, value, moved } of shifts) {
        const one = sums.get(document) ?? { sum: 0, moved: new Set<string>() };
        one.sum += value;
        for (const name of moved) one.moved.add(name);
        sums.set(document, one);
      }
      return Object.fromEntries(
        [...sums].map(([key, { sum, moved }]) => [`${key}: ${[...moved].join(', ')}`, sum]),
      );
    },
  };
}
