/**
 * The rules of `src/core/freshness` alone, call by call, against the same edits: no program, no database, no wire. What the
 * real lanes lose against it are the pauses between their cycles.
 */
import { emptyList, planOf, withPage, withSweep } from '../src/core/freshness/pages.ts';
import { isSweepsTurn, nextVisit } from '../src/core/freshness/visits.ts';

export interface ModelOptions {
  readonly customers: number;
  readonly pageRows: number;
  /** Milliseconds between two pages that the quota lets the background read. */
  readonly callMs: number;
  readonly headEveryMs: number;
  readonly sweepEveryMs: number;
  readonly untilMs: number;
  /** In order of their times; `place` newest first. */
  readonly edits: readonly { readonly at: number; readonly place: number }[];
}

/** How long each edit waited, in their order; null: until the end. With `withVisits` false one sweep follows the other. */
export function modelDelays(options: ModelOptions, withVisits: boolean): (number | null)[] {
  const { customers, pageRows, callMs, headEveryMs, sweepEveryMs, untilMs, edits } = options;
  const count = Math.ceil(customers / pageRows);
  const waiting: Map<number, number[]>[] = Array.from({ length: count }, () => new Map());
  const delays: (number | null)[] = edits.map(() => null);
  let list = emptyList(0);
  let told = 0;
  let sweep: { place: number; startedAt: number } | null = null;
  let sweptAt: number | null = null;

  const look = (place: number, at: number, free: boolean): void => {
    for (const numbers of waiting[place]?.values() ?? []) {
      for (const n of numbers) delays[n] = at - (edits[n]?.at ?? at);
    }
    const changed = waiting[place]?.size ?? 0;
    waiting[place]?.clear();
    const shown = { records: pageRows, changed, fresh: 0, repeats: false, lowId: null };
    list = withPage(list, { page: place + 1, at, total: customers, ...shown, free });
  };

  let nextHead = 0;
  let nextSweep = 0;
  for (let now = 0; now < untilMs; now += callMs) {
    for (let edit = edits[told]; edit !== undefined && edit.at <= now; edit = edits[told]) {
      const page = waiting[Math.floor(edit.place / pageRows)];
      page?.set(edit.place, [...(page.get(edit.place) ?? []), told]);
      told += 1;
    }
    if (now >= nextHead) {
      if (list.pages.length > 0) look(0, now, true);
      nextHead += headEveryMs;
    }
    if (sweep === null && (!withVisits || now >= nextSweep)) {
      sweep = { place: 0, startedAt: now };
      list = withSweep(list, now);
      nextSweep += sweepEveryMs;
    }
    const plan = withVisits ? planOf(list, now, sweptAt) : [];
    if (sweep !== null) {
      const asked = { place: sweep.place, startedMs: now - sweep.startedAt };
      if (!withVisits || isSweepsTurn(plan, list.floorMs, asked)) {
        look(sweep.place, now, false);
        sweep.place += 1;
        if (sweep.place < count) continue;
        sweptAt = sweep.startedAt;
        sweep = null;
        // The proof reads the head again, and the check of the account a page.
        now += 2 * callMs;
        continue;
      }
    }
    const visit = nextVisit(plan, list.floorMs);
    if (visit !== null) look(visit, now, false);
  }
  return delays;
}
