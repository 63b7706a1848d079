/**
 * How often the customers of one page of the list are edited, learned from what each look at it found (docs/decisions/0034).
 *
 * A look tells of each record whether it changed since the look before, not how often: one bit per record. So the edits
 * of an interval are those that the likelihood of such bits expects, n·x / (1 − e^−x) for n changed records with x expected
 * edits of each, and not their number, which is biased low where a page is looked at rarely. A Gamma prior from pages of
 * about the same age stands in for looks that were not made yet. Old evidence fades.
 */

export interface Evidence {
  /** Edits that the looks tell of, faded. */
  readonly edits: number;
  /** Milliseconds that they cover, faded in the same way. */
  readonly watchedMs: number;
}

export interface Seen {
  /** Since the look before. */
  readonly gapMs: number;
  readonly records: number;
  /** Records that were not as they were known; new ones are none of them. */
  readonly changed: number;
}

export const NO_EVIDENCE: Evidence = { edits: 0, watchedMs: 0 };

/**
 * After so long a look counts half: a few hours, so that an afternoon is not taken for a morning. What slows all pages
 * down alike, a night, changes no share: only the pages against each other matter.
 */
const HALF_LIFE_MS = 6 * 3_600_000;
/** How many edits of evidence a prior is worth: little where pages of one age differ, much where they look alike. */
const PRIOR_EDITS = { least: 2, most: 200 };
/** Before anything is known: one edit per page and day, worth next to nothing. */
const FIRST = { rate: 1 / 86_400_000, edits: 0.1 };

/** @param rate edits per millisecond, as believed before this look */
export function withLook(known: Evidence, rate: number, { gapMs, records, changed }: Seen): Evidence {
  if (gapMs <= 0) return known;
  const kept = 2 ** (-gapMs / HALF_LIFE_MS);
  // What happened early in a long interval has faded already.
  const weight = ((1 - kept) * HALF_LIFE_MS) / (Math.LN2 * gapMs);
  const edits = changed * timesEdited((rate * gapMs) / Math.max(1, records));
  return {
    edits: kept * known.edits + weight * edits,
    watchedMs: kept * known.watchedMs + weight * gapMs,
  };
}

/** How often a record was edited that was edited at all, with `x` edits expected: x / (1 − e^−x). */
function timesEdited(x: number): number {
  return x < 1e-6 ? 1 : x / -Math.expm1(-x);
}

/**
 * Edits per millisecond of each page, newest first. The prior of a page is the mean of the pages of about its age (the
 * second and third page, the fourth to seventh, …), and theirs is the mean of all. How much a prior is worth is learned, too:
 * where the pages differ no more than chance makes them, it is nearly everything.
 */
export function ratesOf(pages: readonly Evidence[]): number[] {
  const all = believed(pages, FIRST.rate, FIRST.edits);
  const rates: number[] = [];
  for (let first = 0; first < pages.length; first = 2 * first + 1) {
    const stratum = pages.slice(first, 2 * first + 1);
    const mean = believed(stratum, all, PRIOR_EDITS.least);
    const worth = worthOf(stratum, mean);
    for (const page of stratum) rates.push(believed([page], mean, worth));
  }
  return rates;
}

/** Mean of the posterior Gamma distribution: the rate per page of these pages together. */
function believed(pages: readonly Evidence[], prior: number, worth: number): number {
  let edits = worth;
  let watchedMs = worth / prior;
  for (const page of pages) {
    edits += page.edits;
    watchedMs += page.watchedMs;
  }
  return edits / watchedMs;
}

/** Shape of the Gamma distribution of the rates of these pages: 1 over the spread that chance does not explain. */
function worthOf(pages: readonly Evidence[], mean: number): number {
  let spread = 0;
  let expected = 0;
  for (const { edits, watchedMs } of pages) {
    spread += (edits - mean * watchedMs) ** 2;
    expected += mean * watchedMs;
  }
  const chance = expected;
  const squares = pages.reduce((sum, { watchedMs }) => sum + (mean * watchedMs) ** 2, 0);
  if (spread <= chance) return PRIOR_EDITS.most;
  return Math.min(PRIOR_EDITS.most, Math.max(PRIOR_EDITS.least, squares / (spread - chance)));
}
