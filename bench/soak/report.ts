/** What a soak says at its end, from its samples alone. */
import { figure, table } from '../measure.ts';
import { constancyOf, slopePerHour } from '../trend.ts';
import type { Sample } from './sample.ts';

/** What is judged by its slope, in the second half: code is compiled, and pages are taken, for longer than any warm-up. */
const MB_PER_HOUR = { rssMb: 24, liveMb: 4 } as const;
/** Pools open and close connections as the work comes. */
const SLACK = { resources: 4, fds: 4, connections: 3 } as const;
const COLUMNS: readonly (readonly [title: string, of: (sample: Sample) => number | null])[] = [
  ['minute', ({ minute }) => minute],
  ['RSS MB', ({ rssMb }) => rssMb],
  ['heap MB', ({ heapMb }) => heapMb],
  ['live MB', ({ liveMb }) => liveMb],
  ['loop p99 ms', ({ loopP99Ms }) => loopP99Ms],
  ['loop max ms', ({ loopMaxMs }) => loopMaxMs],
  ['handles', ({ resources }) => resources],
  ['fds', ({ fds }) => fds],
  ['connections', ({ connections }) => connections],
  ['outbox', ({ outbox }) => outbox],
  ['lag p95 s', ({ lagP95S }) => lagP95S],
  ['edits', ({ edits }) => edits],
];

export function samplesTable(samples: readonly Sample[]): string {
  const rows = samples.map((sample) =>
    COLUMNS.map(([, of]) => {
      const value = of(sample);
      return value === null ? '' : Number.isInteger(value) ? String(value) : figure(value);
    }),
  );
  return table(
    COLUMNS.map(([title]) => title),
    rows,
  );
}

export interface Verdict {
  readonly text: string;
  readonly constant: boolean;
}

/** @param warm minutes; what came before is told, and not judged */
export function verdictOf(watched: readonly Sample[], warm: number): Verdict {
  const samples = watched.filter(({ minute }) => minute > warm);
  const points = (of: (sample: Sample) => number | null) =>
    samples.flatMap((sample) => {
      const value = of(sample);
      return value === null ? [] : [{ minute: sample.minute, value }];
    });
  const trendOf = (key: keyof typeof NAMES, from = 0): Trend => {
    const all = points((sample) => sample[key]);
    const found = all.slice(Math.floor(from * all.length));
    return { first: found[0]?.value, last: found.at(-1)?.value, slope: slopePerHour(found) };
  };
  const settled = (['rssMb', 'liveMb'] as const).map((key) => {
    const trend = trendOf(key, 1 / 2);
    // Too short a run for a slope says nothing; the handles are judged all the same.
    return { key, trend, holds: trend.slope === null ? null : trend.slope <= MB_PER_HOUR[key] };
  });
  const counts = (['resources', 'fds', 'connections'] as const).map((key) => ({
    key,
    found: constancyOf(
      points((sample) => sample[key]),
      SLACK[key],
    ),
  }));
  const head = ['figure', 'first', 'last', 'growth an hour', 'constant'];
  const rows = [
    [
      'RSS at the end of minute 1, with the start and the first reading in it, MB',
      text(watched[0]?.rssMb),
      '',
      '',
      '',
    ],
    ...(['rssMb', 'heapMb', 'liveMb'] as const).map((key) => trendRow(NAMES[key], trendOf(key))),
    ...settled.map(({ key, trend, holds }) => trendRow(`${NAMES[key]}, second half`, trend, holds)),
    ...counts.map(({ key, found }) => [
      { resources: 'handles', fds: 'file descriptors', connections: 'Postgres connections' }[key],
      text(found?.from),
      text(found?.to),
      found === null ? '' : `at most ${found.most}`,
      yes(found?.constant === true),
    ]),
  ];
  return {
    text: table(head, rows),
    constant: settled.every(({ holds }) => holds !== false) && counts.every(({ found }) => found?.constant),
  };
}

const NAMES = { rssMb: 'RSS, MB', heapMb: 'heap used, MB', liveMb: 'heap after a collection, MB' } as const;

interface Trend {
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** Growth an hour; null: too few points. */
  readonly slope: number | null;
}

/** @param holds null: it is not judged */
function trendRow(name: string, { first, last, slope }: Trend, holds: boolean | null = null): string[] {
  return [name, text(first), text(last), text(slope), holds === null ? '' : yes(holds)];
}

const text = (value: number | null | undefined) =>
  value === null || value === undefined ? '' : Number.isInteger(value) ? String(value) : figure(value);
const yes = (holds: boolean) => (holds ? 'yes' : 'NO');
