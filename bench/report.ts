/** From measurements to the rows of the printed table. Pure. */
import { figure, ratios, spreadOf, spreadText } from './measure.ts';
import type { Cost } from './timed.ts';

export interface Row {
  readonly figure: string;
  readonly ours: string;
  readonly limit: string;
  readonly ratio: string;
  /** Empty: printed for information. */
  readonly aim: string;
  readonly met: boolean | null;
}

export interface Aim {
  readonly bound: number;
  readonly atMost: boolean;
}

/** Both as a rate per second; the ratio is ours to the limit, so that less than 1 is slower. */
export function rateRow(
  name: string,
  count: number,
  ours: readonly Cost[],
  limit: readonly Cost[],
  aim: Aim,
): Row {
  const rates = (costs: readonly Cost[]) => costs.map(({ wallMs }) => (count / wallMs) * 1_000);
  return row(name, 'rows/s', rates(ours), rates(limit), aim);
}

/** Both in milliseconds; the ratio says how many times as long ours takes. */
export function timeRow(
  name: string,
  kind: keyof Cost,
  ours: readonly Cost[],
  limit: readonly Cost[],
  aim: Aim | null,
): Row {
  const times = (costs: readonly Cost[]) => costs.map((cost) => cost[kind]);
  return row(name, 'ms', times(ours), times(limit), aim);
}

function row(
  name: string,
  unit: string,
  ours: readonly number[],
  limit: readonly number[],
  aim: Aim | null,
): Row {
  const ratio = spreadOf(ratios(ours, limit));
  return {
    figure: name,
    ours: `${spreadText(spreadOf(ours))} ${unit}`,
    limit: `${spreadText(spreadOf(limit))} ${unit}`,
    ratio: spreadText(ratio),
    ...judge(ratio.median, aim),
  };
}

/** How much more memory the larger number needs, against how much more its ids alone need. */
export function growthRow(
  name: string,
  bytes: { readonly small: number; readonly large: number },
  ids: { readonly small: number; readonly large: number },
  aim: Aim,
): Row {
  const grown = bytes.large - bytes.small;
  const allowed = ids.large - ids.small;
  return {
    figure: name,
    ours: `${megabytes(bytes.small)} → ${megabytes(bytes.large)}`,
    limit: `ids: ${megabytes(ids.small)} → ${megabytes(ids.large)}`,
    ratio: figure(grown / allowed),
    ...judge(grown / allowed, aim),
  };
}

/** Printed for information, against no limit. */
export function noteRow(name: string, ours: string, limit = ''): Row {
  return { figure: name, ours, limit, ratio: '', aim: '', met: null };
}

export function cells({ figure: name, ours, limit, ratio, aim, met }: Row): string[] {
  return [name, ours, limit, ratio, aim, met === null ? '' : met ? 'yes' : 'NO'];
}

function judge(ratio: number, aim: Aim | null): Pick<Row, 'aim' | 'met'> {
  if (aim === null) return { aim: '', met: null };
  return {
    aim: `${aim.atMost ? '≤' : '≥'} ${aim.bound}`,
    met: aim.atMost ? ratio <= aim.bound : ratio >= aim.bound,
  };
}

export function megabytes(bytes: number): string {
  return `${figure(bytes / 1024 / 1024)} MB`;
}
