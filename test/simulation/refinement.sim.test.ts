/** P9 word by word: the same world with and without a kill, at moments all through one cycle, comes to rest in the same state. */
import { describe, expect, test } from 'vitest';
import { type Bare, cycle, does, placeForWorlds, scriptOf } from './by-hand.ts';
import { restOf } from './rest.ts';
import { type Outcome, runScript } from './run.ts';
import type { Interrupt, Setting, Step } from './script.ts';

const place = placeForWorlds();

/** A create can be looked for by its marker here: where it cannot, a kill may leave a question to a person. */
const SETTING: Setting = {
  policy: 'hold',
  deletes: 'propagate',
  crm: {
    compareAndSet: false,
    changeCursor: true,
    visibleDeletes: true,
    elementIds: true,
    externalId: true,
    normalises: false,
    lookupLagMs: 0,
  },
  shapes: false,
  createUpdates: false,
  people: 6,
};

/** It keeps texts in capitals, which no declared equivalence calls equal. */
const REWRITING: Setting = { ...SETTING, crm: { ...SETTING.crm, normalises: true } };

const edit = (side: 'udesk' | 'crm', pick: number, field: 'name' | 'note') =>
  does({ do: 'edit', side, pick, linked: true, field, clear: false });

/** Of everything something: edits of one side and of both, sets, new customers on both sides, a deletion, a phone that changes hands. */
const WORK: readonly Bare<Step>[] = [
  edit('udesk', 0, 'note'),
  edit('crm', 1, 'note'),
  edit('udesk', 2, 'name'),
  edit('crm', 2, 'name'),
  does({ do: 'element', side: 'udesk', pick: 0, linked: true, set: 'emails', how: 'add', which: 0 }),
  does({ do: 'element', side: 'crm', pick: 0, linked: true, set: 'emails', how: 'add', which: 0 }),
  does({ do: 'move', side: 'crm', pick: 0, linked: true, set: 'phones', into: 2, swap: true }),
  does({ do: 'create', side: 'udesk', contacts: true }),
  does({ do: 'create', side: 'crm', contacts: true }),
  // Nothing of it tells whether it was created already, once the answer is lost, but a complete list.
  does({ do: 'create', side: 'crm', contacts: false }),
  does({ do: 'delete', side: 'udesk', pick: 3, linked: true }),
];

/** The cycle that is killed: the one that finds two sides with people, or the one that finds what they did since. */
type Where = 'first' | 'work';

interface End extends Outcome {
  readonly rest: readonly string[];
  readonly killedAt: number;
}

async function end(setting: Setting, where: Where, kill: readonly Interrupt[]): Promise<End> {
  const [first, work] = where === 'first' ? [kill, []] : [[], kill];
  const steps = [cycle(...first), cycle(), ...WORK, cycle(...work), cycle()];
  let rest: readonly string[] = [];
  let killedAt = 0;
  const outcome = await runScript(scriptOf('refined', setting, steps), place.database.db, {
    atRest: async (world) => {
      rest = await restOf(world);
      killedAt = world.killedAt;
    },
  });
  return { ...outcome, rest, killedAt };
}

interface Ends {
  readonly whole: readonly string[];
  /** By the moment of the kill. */
  readonly killed: ReadonlyMap<number, readonly string[]>;
}

/** The same world without a kill, with one after each write before its answer is stored, and with one at other moments. */
async function ends(setting: Setting, where: Where): Promise<Ends> {
  const whole = await end(setting, where, []);
  expect(whole.violations).toEqual([]);
  const killed = new Map<number, readonly string[]>();
  for (const near of [undefined, 'update', 'create', 'delete'] as const) {
    for (let at = 1; ; ) {
      const one = await end(setting, where, [{ at, what: 'kill', ...(near === undefined ? {} : { near }) }]);
      if (one.inside === 0) break;
      expect(one.violations, `killed at moment ${at}`).toEqual([]);
      killed.set(one.killedAt, one.rest);
      at = near === undefined ? at + STRIDE : one.killedAt + 1;
    }
  }
  process.stdout.write(
    `P9: ${killed.size} kills in the ${where} cycle: after each write, and at each ${STRIDE}th moment\n`,
  );
  expect(killed.size).toBeGreaterThan(5);
  return { whole: whole.rest, killed };
}

describe('P9 crash refinement', () => {
  test.each<Where>(['first', 'work'])(
    'a kill at any moment of the %s cycle ends where no kill would have ended',
    async (where) => {
      const { whole, killed } = await ends(SETTING, where);
      expect(whole.filter((line) => line.startsWith('conflict edit/edit'))).toHaveLength(1);
      expect(whole.filter((line) => line.startsWith('broken '))).toHaveLength(1);
      for (const [at, rest] of killed) expect(rest, `killed at moment ${at}`).toEqual(whole);
    },
    900_000,
  );

  test('a side that rewrites what it is sent: a kill ends there, too, or with one question more to a person', async () => {
    const { whole, killed } = await ends(REWRITING, 'work');
    for (const [at, rest] of killed) {
      const more = questions(rest).length - questions(whole).length;
      expect(more, `killed at moment ${at}`).toBeLessThanOrEqual(1);
      if (more <= 0) expect(rest, `killed at moment ${at}`).toEqual(whole);
    }
    // Whether it rewrote what was sent, or a person did it, nobody can tell once the answer is lost; mostly none is.
    const asked = [...killed.values()].filter((rest) => questions(rest).length > questions(whole).length);
    expect(asked.length).toBeLessThan(killed.size / 4);
  }, 900_000);
});

function questions(rest: readonly string[]): string[] {
  return rest.filter((line) => line.startsWith('conflict '));
}

/** Moments are calls, answers, statements and commits; neighbours seldom differ. P9_STRIDE=1 takes each. */
const STRIDE = Number(process.env.P9_STRIDE ?? 31);
