/** What a soak says at its end, from its samples alone. */
import { figure, table } from '../measure.ts';
import { constancyOf, slopePerHour } from '../trend.ts';
import type { Sample } from './sample.ts';

/** Of a heap after a collection: code is compiled for longer than any warm-up, so the second half is judged. */
const LIVE_MB_PER_HOUR = 4;
/** Pools open and close connections as the work comes. */
const SLACK = { resources: 4, fds: 4, connections: 3 } as const;
/** Of the resident set, which takes long to fill, in the second half. */
const RSS_MB_PER_HOUR = 24;

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
export function verdictOf(all: readonly Sample[], warm: number): Verdict {
  const samples = all.filter(({ minute }) => minute > warm);
  const points = (of: (sample: Sample) => number | null) =>
    samples.flatMap((sample) => {
      const value = of(sample);
      return value === null ? [] : [{ minute: sample.minute, value }];
    });
  const memory = (['rssMb', 'heapMb', 'liveMb'] as const).map((key) => {
    const found = points((sample) => sample[key]);
    return { key, first: found[0], last: found.at(-1), slope: slopePerHour(found) };
  });
  const counts = (['resources', 'fds', 'connections'] as const).map((key) => ({
    key,
    found: constancyOf(
      points((sample) => sample[key]),
      SLACK[key],
    ),
  }));
  const secondHalf = <T>(found: readonly T[]) => found.slice(Math.floor(found.length / 2));
  const collected = secondHalf(points(({ liveMb }) => liveMb));
  const live = slopePerHour(collected);
  const resident = secondHalf(points(({ rssMb }) => rssMb));
  const rss = slopePerHour(resident);
  const start = all[0];
  const head = ['figure', 'first', 'last', 'growth an hour', 'constant'];
  const rows = [
    [
      'RSS at the end of minute 1, with the start and the first reading in it, MB',
      text(start?.rssMb),
      '',
      '',
      '',
    ],
    [
      'RSS, second half, MB',
      text(resident[0]?.value),
      text(resident.at(-1)?.value),
      text(rss),
      rss === null ? '' : yes(rss <= RSS_MB_PER_HOUR),
    ],
    ...memory.map(({ key, first, last, slope }) => [
      { rssMb: 'RSS, MB', heapMb: 'heap used, MB', liveMb: 'heap after a collection, MB' }[key],
      text(first?.value),
      text(last?.value),
      text(slope),
      '',
    ]),
    [
      'heap after a collection, second half, MB',
      text(collected[0]?.value),
      text(collected.at(-1)?.value),
      text(live),
      live === null ? '' : yes(live <= LIVE_MB_PER_HOUR),
    ],
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
    // Too short a run for a slope says nothing of the heap; the handles are judged all the same.
    constant:
      (live === null || live <= LIVE_MB_PER_HOUR) &&
      (rss === null || rss <= RSS_MB_PER_HOUR) &&
      counts.every(({ found }) => found?.constant),
  };
}

const text = (value: number | null | undefined) =>
  value === null || value === undefined ? '' : Number.isInteger(value) ? String(value) : figure(value);
const yes = (holds: boolean) => (holds ? 'yes' : 'NO');
