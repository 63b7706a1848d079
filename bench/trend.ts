/** Whether something grows, from samples over time. Pure, so that it can be tested. */

export interface Point {
  readonly minute: number;
  readonly value: number;
}

/** Growth per hour by least squares; null with fewer than two moments. */
export function slopePerHour(points: readonly Point[]): number | null {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const at = mean(points.map(({ minute }) => minute));
  const level = mean(points.map(({ value }) => value));
  const spread = points.reduce((sum, { minute }) => sum + (minute - at) ** 2, 0);
  if (!(spread > 0)) return null;
  const together = points.reduce((sum, { minute, value }) => sum + (minute - at) * (value - level), 0);
  return (together / spread) * 60;
}

export interface Constancy {
  /** Medians of the first and of the last quarter. */
  readonly from: number;
  readonly to: number;
  readonly most: number;
  readonly constant: boolean;
}

/** Constant: the last quarter of the samples lies no more than `slack` above the first. Null without a sample. */
export function constancyOf(points: readonly Point[], slack: number): Constancy | null {
  const quarter = Math.max(1, Math.floor(points.length / 4));
  const values = points.map(({ value }) => value);
  const [from, to] = [medianOf(values.slice(0, quarter)), medianOf(values.slice(-quarter))];
  if (from === undefined || to === undefined) return null;
  return { from, to, most: Math.max(...values), constant: to <= from + slack };
}

function medianOf(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
