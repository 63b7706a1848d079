/** "Did you mean": the nearest known word to one that was mistyped. */
import { distance } from 'fastest-levenshtein';

/** The candidate that a person most likely meant, or null when none is near enough to be worth naming. */
export function closest(word: string, candidates: readonly string[]): string | null {
  const wanted = fold(word);
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const between = distance(wanted, fold(candidate));
    if (between < bestDistance) {
      best = candidate;
      bestDistance = between;
    }
  }
  // A third of the letters may differ; always at least two slips, never the whole word.
  const limit = Math.min(Math.max(2, Math.floor(wanted.length / 3)), wanted.length - 1);
  return bestDistance <= limit ? best : null;
}

/** ` Did you mean "union"?`, or nothing. Begins with a blank so that it can be appended. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const found = closest(word, candidates);
  return found === null ? '' : ` Did you mean "${found}"?`;
}

/** `baseUrl`, `base_url` and `base-url` are the same slip. */
function fold(word: string): string {
  return word.toLowerCase().replace(/[_\- ]/g, '');
}
