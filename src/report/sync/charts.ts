/**
 * Charts as SVG inside the page: no script, nothing loaded. Each has a title and a sentence that say what it shows, and
 * the page has the same figures as a table. Colours are classes of the style sheet, for light, dark and print.
 */
import { scaleBand, scaleLinear, scaleLog } from 'd3-scale';
import { type Html, html } from '../html.ts';

export interface ChartFrame {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  /** What it shows, for those who do not see it. */
  readonly summary: string;
  readonly width: number;
}

export interface DayColumns {
  readonly label: string;
  readonly opened: number;
  readonly closed: number;
  readonly open: number;
}

const HEIGHT = 230;
const TOP = 14;
const BOTTOM = 26;
/** Room that one label of the axis needs. */
const LABEL_WIDTH = 62;

/** Two columns per day, and a line of what is open at its end. */
export function dayChart(
  frame: ChartFrame,
  days: readonly DayColumns[],
  number: (n: number) => string,
): Html {
  const left = 34;
  const x = bands(days.length, left, frame.width);
  const most = Math.max(1, ...days.map((day) => Math.max(day.opened, day.closed, day.open)));
  const y = scaleLinear()
    .domain([0, most])
    .nice(4)
    .range([HEIGHT - BOTTOM, TOP]);
  // Whole conflicts only.
  const ticks = y.ticks(4).filter(Number.isInteger);
  const bar = Math.max(1, Math.min(26, x.bandwidth() / 2));
  const columns = days.map((day, n) => {
    const middle = (x(n) ?? 0) + x.bandwidth() / 2;
    return html`${column(middle - bar, bar, y(day.opened), 'opened')}${column(middle, bar, y(day.closed), 'closed')}`;
  });
  const points = days.map((day, n) => [(x(n) ?? 0) + x.bandwidth() / 2, y(day.open)] as const);
  const dots =
    days.length > 45
      ? []
      : points.map(([cx, cy]) => html`<circle class="backlog" cx="${r(cx)}" cy="${r(cy)}" r="3"/>`);
  return svg(
    frame,
    html`${grid(
      ticks.map((tick) => [y(tick), number(tick)]),
      left,
      frame.width,
    )}${columns}
<polyline class="backlog" points="${points.map((point) => point.map(r).join(',')).join(' ')}"/>${dots}
${dayLabels(
  days.map((day) => day.label),
  x,
)}`,
  );
}

export interface DayLag {
  readonly label: string;
  /** Milliseconds; null on days without edits. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

const DECADES_MS = [100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 21_600_000, 86_400_000, 604_800_000];

/** From the median to the 95th percentile of each day, on a logarithmic axis: seconds and days in one picture. */
export function lagChart(frame: ChartFrame, days: readonly DayLag[], duration: (ms: number) => string): Html {
  const left = 62;
  const x = bands(days.length, left, frame.width);
  const values = days.flatMap((day) => [day.p50Ms, day.p95Ms]).filter((ms) => ms !== null);
  const low = lastBelow(Math.min(...values, 1_000));
  const high = DECADES_MS.find((ms) => ms >= Math.max(...values, 10_000)) ?? 604_800_000 * 4;
  const y = scaleLog()
    .domain([low, high])
    .range([HEIGHT - BOTTOM, TOP])
    .clamp(true);
  const ticks = DECADES_MS.filter((ms) => ms >= low && ms <= high);
  const marks = days.map((day, n) => {
    if (day.p50Ms === null || day.p95Ms === null) return html``;
    const middle = r((x(n) ?? 0) + x.bandwidth() / 2);
    const [p50, p95] = [r(y(Math.max(low, day.p50Ms))), r(y(Math.max(low, day.p95Ms)))];
    return html`<line class="range" x1="${middle}" x2="${middle}" y1="${p50}" y2="${p95}"/><circle class="p50" cx="${middle}" cy="${p50}" r="4"/><circle class="p95" cx="${middle}" cy="${p95}" r="4"/>`;
  });
  return svg(
    frame,
    html`${grid(
      ticks.map((tick) => [y(tick), duration(tick)]),
      left,
      frame.width,
    )}${marks}
${dayLabels(
  days.map((day) => day.label),
  x,
)}`,
  );
}

/** A bar within a table row; the number stands beside it, so it says nothing to a screen reader. */
export function bar(value: number, most: number): Html {
  const width = most === 0 ? 0 : Math.max(value > 0 ? 1.5 : 0, (100 * value) / most);
  return html`<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="8" class="track"/><rect width="${r(width)}" height="8" class="fill"/></svg>`;
}

function lastBelow(ms: number): number {
  return DECADES_MS.filter((each) => each <= ms).at(-1) ?? 1;
}

function bands(count: number, left: number, width: number) {
  return scaleBand<number>()
    .domain([...Array(count).keys()])
    .range([left, width - 6])
    .paddingInner(0.25)
    .paddingOuter(0.1);
}

function column(x: number, width: number, top: number, name: string): Html {
  const height = HEIGHT - BOTTOM - top;
  return height <= 0
    ? html``
    : html`<rect class="${name}" x="${r(x + 0.5)}" y="${r(top)}" width="${r(Math.max(0.5, width - 1))}" height="${r(height)}" rx="${Math.min(2, width / 4)}"/>`;
}

function grid(lines: readonly (readonly [y: number, label: string])[], left: number, width: number): Html {
  return html`${lines.map(
    ([y, label]) =>
      html`<line class="grid" x1="${left}" x2="${width - 6}" y1="${r(y)}" y2="${r(y)}"/><text x="${left - 6}" y="${r(y + 4)}" text-anchor="end">${label}</text>`,
  )}`;
}

/** As many as have room, the last day always among them; that one ends where the chart does. */
function dayLabels(labels: readonly string[], x: ReturnType<typeof bands>): Html {
  const each = Math.max(1, Math.ceil(LABEL_WIDTH / x.step()));
  const end = x.range()[1] + 4;
  return html`${labels.map((label, n) => {
    if ((labels.length - 1 - n) % each !== 0) return html``;
    const middle = (x(n) ?? 0) + x.bandwidth() / 2;
    const cut = middle + LABEL_WIDTH / 2 > end + 6;
    return html`<text x="${r(cut ? end : middle)}" y="${HEIGHT - 8}" text-anchor="${cut ? 'end' : 'middle'}">${label}</text>`;
  })}`;
}

function svg({ id, title, summary, width }: ChartFrame, content: Html): Html {
  return html`<svg class="chart" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${title}</title><desc id="${id}-d">${summary}</desc>
${content}
</svg>`;
}

function r(n: number): number {
  return Math.round(n * 10) / 10;
}

/** The same chart for wide screens and print, and for phones, where a scaled one could not be read. */
export function responsive(id: string, draw: (frame: { id: string; width: number }) => Html): Html {
  return html`<div class="wide">${draw({ id: `${id}-wide`, width: 860 })}</div><div class="narrow">${draw({ id: `${id}-narrow`, width: 340 })}</div>`;
}
