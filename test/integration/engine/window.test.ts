import { expect, test } from 'vitest';
import { runWindowEdits } from '../../support/window-edits.ts';

/** WINDOW_EDITS=10000 runs as many. */
const EDITS = Number(process.env.WINDOW_EDITS ?? 120);
const LINKS = Math.min(250, EDITS / 4);

test(`P2: of ${EDITS} edits that fall between verify and send, each ends on both sides or in a conflict`, {
  timeout: 120_000 + EDITS * 200,
}, async () => {
  const rounds = Math.ceil(EDITS / LINKS);
  const counts = await runWindowEdits({
    links: LINKS,
    rounds,
    seed: 1,
    onRound: (round, { injected, merged, kept, vanished }) => {
      if (EDITS > 1000)
        process.stdout.write(
          `round ${round}: ${injected} edits, ${merged} on both sides, ${kept} kept, ${vanished.length} vanished\n`,
        );
    },
  });

  expect(counts.vanished).toEqual([]);
  expect(counts.injected).toBe(LINKS * rounds);
  expect(counts.merged + counts.kept).toBe(counts.injected);
  expect(Math.min(counts.merged, counts.kept)).toBeGreaterThan(counts.injected / 5);
});
