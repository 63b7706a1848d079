/**
 * What excuses a double or a loss is what happened, and nothing beside it: each world is meddled with as a faulty engine
 * might have done, next to something that is excused, and that must be seen. What stays excused has its tests next door.
 */
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { type Bare, cycle, does, placeForWorlds, scriptOf } from './by-hand.ts';
import { Ledger } from './ledger.ts';
import { Replaced } from './replaced.ts';
import { runScript } from './run.ts';
import type { Act, Interrupt, Setting, Step } from './script.ts';
import type { World } from './world.ts';

const place = placeForWorlds();

const SETTING: Setting = {
  policy: 'hold',
  deletes: 'flag',
  crm: {
    compareAndSet: true,
    changeCursor: true,
    visibleDeletes: true,
    elementIds: true,
    externalId: false,
    normalises: false,
    lookupLagMs: 0,
  },
  shapes: false,
  createUpdates: false,
  people: 5,
};

type Meddle = (world: World) => Promise<void> | void;

const deceived = (how: 'hides' | 'sparse', lanes: readonly ('crm' | 'head')[] = ['crm', 'head']) =>
  ({ ...cycle(), lanes, deceit: { side: 'crm', how, pick: 0 } }) as Bare<Step>;
const edit = (side: 'udesk' | 'crm', field: 'name' | 'note', pick = 0): Act => ({
  ...{ do: 'edit', side, pick, linked: true, field, clear: false },
});
const move = (side: 'udesk' | 'crm', pick: number, into: number) =>
  does({ do: 'move', side, pick, linked: true, set: 'emails', into, swap: false });

/** @param meddle by the number of the step after which it is done. @returns the promises that broke first, with their records */
async function broken(
  steps: readonly Bare<Step>[],
  meddle: Readonly<Record<number, Meddle>>,
  setting: Setting = SETTING,
): Promise<string[]> {
  const { violations } = await runScript(scriptOf('meddled', setting, steps), place.database.db, {
    meddle: async (world, { id }) => await meddle[id]?.(world),
  });
  return violations.map(({ promise, message }) => `${promise}: ${message}`);
}

/** As a second create of the person with this e-mail would; whoever was made last is the pattern. */
const createdAgain =
  (email: string): Meddle =>
  ({ people }) => {
    const held = people.crm.list().findLast(({ emails }) => emails.includes(email));
    if (held !== undefined) people.crm.create({ ...held, note: '' });
  };
/** As a second create whose other values were lost. */
const emailCreatedAgain =
  (id: string): Meddle =>
  ({ people }) => {
    const { emails = [] } = people.crm.get(id) ?? {};
    people.crm.create({ name: '', note: '', emails: emails.slice(-1), phones: [] });
  };
const faultyWitness: Meddle = async ({ db }) => {
  await db.execute(sql`update udesk_sync.intent set witness = 'clean' where witness = 'overwritten'`);
  await db.execute(sql`delete from udesk_sync.conflict where kind = 'overwritten-in-window'`);
};
/** A write that leaves as any other does, of a value that only Udesk ever held, to another customer there. */
const strayWrite =
  (of: 'name' | 'note'): Meddle =>
  async (world) => {
    const field = of === 'name' ? 'nick_name' : 'description';
    const people = world.people.udesk.list();
    const after = people.find(({ [of]: value }) => value.includes('x'))?.[of] ?? '';
    const into = people.find((held) => held[of] !== after);
    const { udesk } = world.pairOf(world.process).sides;
    await udesk
      .update({
        id: into?.id ?? '',
        patch: { [field]: { field, before: '', after, ops: null } },
        current: null as never,
      })
      .catch(() => null);
  };

describe('P5: a double is excused between those who came by the value, and between nobody else', () => {
  test('that a list hid somebody does not excuse that they are created again', async () => {
    expect(await broken([deceived('hides'), cycle()], { 1: createdAgain('e90000x0@example.cn') })).toEqual(
      expect.arrayContaining([expect.stringMatching(/^P5: crm 1 and crm \d+ both hold e90000x0/)]),
    );
  });

  test.each([
    ['once', [move('udesk', 0, 1), cycle()]],
    ['there and back', [move('udesk', 0, 1), cycle(), move('udesk', 1, 0), cycle()]],
  ] as const)(
    'what changed hands (%s) is not excused on a record that had no part in it',
    async (_, moves) => {
      const steps = [cycle(), cycle(), ...moves, cycle()];
      const last = steps.length - 1;
      const holder = moves.length === 2 ? '2' : '1';
      const found = await broken(steps, { [last]: emailCreatedAgain(holder) });
      expect(found).toEqual(
        expect.arrayContaining([expect.stringMatching(/^P5: crm \d+ and crm \d+ both hold e/)]),
      );
    },
  );

  test('whom we cannot know to be one person is two, and neither of them is created again', async () => {
    const change = does({ do: 'element', side: 'udesk', pick: 2, set: 'emails', how: 'change', which: 0 });
    const steps = [change, cycle(), cycle()];
    expect(await broken(steps, {})).toEqual([]);
    expect(await broken(steps, { 2: createdAgain('e90000x3@example.cn') })).toEqual(
      expect.arrayContaining([expect.stringMatching(/^P5: crm 3 and crm \d+ both hold e90000x3/)]),
    );
    // Once they are linked, nothing that is taken away makes them two.
    expect(await broken([cycle(), ...steps], { 3: createdAgain('e1x0@example.cn') })).toEqual(
      expect.arrayContaining([expect.stringMatching(/^P5: crm 3 and crm \d+ both hold e1x0/)]),
    );
  });

  test('whom we could have known to be one person when we created them again are not two by what is taken away later', async () => {
    const note = does({ do: 'edit', side: 'udesk', pick: 0, field: 'note', clear: false });
    const change = does({ do: 'element', side: 'udesk', pick: 2, set: 'emails', how: 'change', which: 0 });
    const again: Meddle = ({ people, ledger }) => {
      const held = people.crm.get('3');
      if (held !== null) ledger.sources.set(`crm ${people.crm.create(held)}`, 'udesk 953000003');
    };
    expect(await broken([note, change, cycle(), cycle()], { 0: again })).toEqual(
      expect.arrayContaining([expect.stringMatching(/^P5: crm 3 and crm 4 both hold t90000x3/)]),
    );
  });

  // Seed g60-821.
  test('of several who may be one person, those whom nobody chose are somebody else, and none of them is created again', async () => {
    const merge = does({ do: 'merge', side: 'udesk', pick: 0, into: 1 });
    const steps = [merge, cycle(), does({ do: 'confirm', pick: 0 }), cycle(), cycle()];
    const { violations, trace } = await runScript(scriptOf('chosen', SETTING, steps), place.database.db);
    expect(violations).toEqual([]);
    expect(trace).toContain('  a person says confirm of link 1: confirmed');
    expect(await broken(steps, { 4: createdAgain('e90000x3@example.cn') })).toEqual(
      expect.arrayContaining([expect.stringMatching(/^P5: crm \d+ and crm \d+ both hold e90000x3/)]),
    );
    const both: Meddle = ({ people, ledger }) => {
      ledger.holds('crm', 'e77x0@example.cn');
      for (const id of ['1', '3']) people.crm.elements(id, 'emails', [[null, 'e77x0@example.cn']]);
    };
    expect(await broken(steps, { 4: both })).toEqual(
      expect.arrayContaining([expect.stringMatching(/^P5: crm 1 and crm 3 both hold e77x0/)]),
    );
  });

  test('who gets back what has been passed on meanwhile shares it with whoever has it by then, and with nobody else', async () => {
    const undo = does({ do: 'undo', what: 'link', pick: 1, bothSides: false });
    const [given, passedOn] = [move('udesk', 0, 1), move('udesk', 1, 1)];
    const steps = [cycle(), cycle(), given, cycle(), undo, passedOn, cycle(), cycle()];
    expect(await broken(steps, {})).toEqual([]);
    expect(await broken(steps, { 7: emailCreatedAgain('4') })).toEqual([
      expect.stringMatching(/^P5: crm 1 and crm \d+ both hold e90000x0/),
    ]);
  });

  test('whoever others were merged into is not excused where they exist twice', async () => {
    const merge = does({ do: 'merge', side: 'udesk', pick: 0, into: 0 });
    const found = await broken([cycle(), cycle(), merge, cycle(), cycle()], {
      4: ({ people }) => {
        // Of those two it is the counterpart of the one who survived.
        const [survivor] = people.udesk.list().filter(({ emails }) => emails.length > 1);
        const into = people.crm.list().find(({ name }) => name === survivor?.name);
        if (into !== undefined) people.crm.create({ ...into, note: '' });
      },
    });
    expect(found).toEqual(
      expect.arrayContaining([expect.stringMatching(/^P5: crm \d+ and crm \d+ both hold/)]),
    );
  });
});

describe('P2: an edit is excused by the write that took it away, and by no other', () => {
  const setting: Setting = { ...SETTING, people: 4 };
  const inWindow: Interrupt = {
    ...{ at: 0, near: 'update', only: 'udesk' },
    ...{ what: 'act', act: edit('udesk', 'note') },
  } as Interrupt;
  const killed: Interrupt = { at: 0, near: 'update', only: 'udesk', what: 'kill' };
  const gone = does({ do: 'delete', side: 'udesk', pick: 0, linked: true });
  const lost = [cycle(), does(edit('crm', 'note')), cycle(inWindow)];

  test('a later write of unknown outcome to the same field does not excuse what an earlier one took', async () => {
    const steps = [...lost, does(edit('crm', 'note')), cycle(killed), gone, cycle(), cycle()];
    expect(await broken(steps, { 2: faultyWitness }, setting)).toEqual([
      expect.stringMatching(/^P2: note "T2x0\." .* gone with its record/),
    ]);
  });

  test('a merge does not make up for what our write took away before it', async () => {
    const merge = does({ do: 'merge', side: 'udesk', pick: 0, into: 0 });
    expect(await broken([...lost, merge, cycle(), cycle()], { 2: faultyWitness }, setting)).toEqual([
      expect.stringMatching(/^P2: note "T2x0\." .* gone with its record/),
    ]);
  });

  test('a row of a set is about what the sides do not share', async () => {
    const email = (side: 'udesk' | 'crm', how: 'add' | 'change' | 'remove') =>
      does({ do: 'element', side, pick: 0, linked: true, set: 'emails', how, which: 0 });
    const steps = [
      cycle(),
      email('udesk', 'add'),
      cycle(),
      email('udesk', 'remove'),
      email('crm', 'change'),
      cycle(),
      cycle(),
    ];
    const found = await broken(
      steps,
      {
        // Away from both sides, as if nobody had ever typed it.
        6: ({ people }) => {
          for (const side of ['udesk', 'crm'] as const)
            for (const { id, emails } of people[side].list())
              if (emails.includes('e1x0@example.cn')) {
                const kept = emails.filter((value) => value !== 'e1x0@example.cn');
                people[side].elements(
                  id,
                  'emails',
                  kept.map((value) => [value, value] as const),
                );
              }
        },
      },
      { ...setting, people: 1 },
    );
    expect(found).toEqual([expect.stringMatching(/^P2: emails "e1x0@example.cn" .* it is gone/)]);
  });

  test('what a person took away from both sides is not back on both', async () => {
    const email = (side: 'udesk' | 'crm', how: 'add' | 'remove', which: number) =>
      does({ do: 'element', side, pick: 0, linked: true, set: 'emails', how, which });
    const steps = [cycle(), email('udesk', 'add', 0), cycle(), email('crm', 'remove', 1), cycle()];
    const back: Meddle = ({ people }) => {
      for (const side of ['udesk', 'crm'] as const) {
        const [held] = people[side].list();
        const kept = held?.emails.map((value) => [value, value] as const) ?? [];
        people[side].elements(held?.id ?? '', 'emails', [...kept, [null, 'e1x0@example.cn']]);
      }
    };
    expect(await broken(steps, { 4: back }, { ...setting, people: 1 })).toEqual([
      'P2: e1x0@example.cn was taken away on crm in step 3, and is on udesk and crm',
    ]);
  });

  // Seed m20-20.
  test('whoever is parted from it before a removal comes to them keeps what was taken away, and nobody else does', () => {
    const ledger = new Ledger();
    const removal = {
      value: 'e1x0',
      side: 'crm',
      record: '1',
      set: 'emails',
      step: 1,
      others: new Set<string>(),
    } as const;
    ledger.agreedOn('e1x0', ['crm 1', 'udesk 1']);
    ledger.removed(removal);
    const holds = (...values: string[]) => [
      { name: 'crm 1', values: [] },
      { name: 'udesk 1', values },
    ];
    ledger.parted(holds('e2x0'));
    ledger.parted([{ name: 'udesk 2', values: ['e1x0'] }]);
    expect(ledger.removals).toEqual([removal]);
    expect(ledger.areParted('udesk 1', 'crm 1')).toBe(true);
    expect(ledger.areParted('udesk 2', 'crm 1')).toBe(false);
    ledger.parted(holds('e1x0'));
    expect(ledger.removals).toEqual([{ ...removal, others: new Set(['udesk 1']) }]);
  });

  // Seed s3-1488.
  test('what a decision replaced is excused by the write that carried it, where we had looked after the edit', () => {
    const decided = new Map([['7', new Set(['note'])]]);
    const edit = (field: 'note' | 'name') =>
      ({ value: 'T1', side: 'crm', record: '1', field, step: 1 }) as const;
    const decidedBy = (field: 'note' | 'name', write: string | null, wasSeen: boolean) => {
      const replaced = new Replaced();
      const one = edit(field);
      replaced.took(one, write, wasSeen);
      return replaced.isDecidedAway(one, decided);
    };
    expect(decidedBy('note', '7', true)).toBe(true);
    expect([
      decidedBy('note', '7', false),
      decidedBy('name', '7', true),
      decidedBy('note', '8', true),
    ]).toEqual([false, false, false]);
    expect(decidedBy('note', null, true)).toBe(false);
    expect(new Replaced().isDecidedAway(edit('note'), decided)).toBe(false);
  });

  // Seed s3-1182.
  describe('what was taken away from two, one after the other', () => {
    const email = (side: 'udesk' | 'crm', pick: number, which: number) =>
      does({ do: 'element', side, pick, linked: false, set: 'emails', how: 'remove', which });
    // Whose counterpart was merged into another loses it by hand; the other has it by the merge, and loses it later.
    const merge = does({ do: 'merge', side: 'udesk', pick: 0, into: 0 });
    const steps = [cycle(), cycle(), merge, email('crm', 0, 0), cycle(), email('udesk', 0, 1), cycle()];
    const one: Setting = { ...setting, people: 3 };

    const undo = does({ do: 'undo', what: 'run', pick: 0, bothSides: true });
    const undone = [...steps, undo, cycle(), cycle()];

    test('comes back to the one of whom a person undoes it', async () => {
      const { violations, trace } = await runScript(scriptOf('undone', one, undone), place.database.db);
      expect(trace.at(trace.findIndex((line) => line.includes('a person undoes')) + 2)).toBe(
        '  daemon 1 writes emails of udesk 953000002: e90000x2@example.cn, e90000x0@example.cn',
      );
      expect(violations).toEqual([]);
    });

    test('and to nobody else', () => {
      const ledger = new Ledger();
      const taken = { value: 'e1x0', set: 'emails', step: 1, others: new Set<string>() } as const;
      ledger.agreedOn('e1x0', ['crm 1', 'udesk 2']);
      ledger.removed({ ...taken, side: 'crm', record: '1' });
      ledger.removed({ ...taken, side: 'udesk', record: '2' });
      ledger.backWith('e2x0', ['udesk 2', 'crm 2']);
      expect(ledger.removals).toHaveLength(2);
      ledger.backWith('E1X0', ['udesk 2', 'crm 2']);
      expect(ledger.removals).toEqual([
        { ...taken, side: 'crm', record: '1', others: new Set(['udesk 2', 'crm 2']) },
      ]);
    });
  });

  // Seed e1-84.
  describe('whoever came out of the bin, and is perhaps the same, keeps what is taken away while a person is asked', () => {
    const taken = does({
      ...{ do: 'element', side: 'udesk', pick: 3, linked: true },
      ...{ set: 'emails', how: 'remove', which: 0 },
    });
    const steps = [
      cycle(),
      does({ do: 'create', side: 'crm', contacts: true }),
      cycle(),
      does({ do: 'delete', side: 'crm', pick: 3, linked: true }),
      cycle(),
      cycle(),
      does({ do: 'confirm', pick: 1 }),
      cycle(),
      does({ do: 'undelete', pick: 0, newest: true }),
      cycle(),
      taken,
      cycle(),
      cycle(),
    ];
    const enteredAnew: Meddle = ({ people }) => {
      people.crm.create({ name: 'T1x0.', note: '', emails: ['e1x0@example.cn'], phones: [] });
    };
    const one: Setting = { ...setting, people: 3 };

    test('as nobody is to carry it there', async () => {
      expect(await broken(steps, { 4: enteredAnew }, one)).toEqual([]);
    });

    test('and whoever it is linked with does not', async () => {
      const back: Meddle = ({ people }) => {
        people.crm.elements('5', 'emails', [[null, 'e1x0@example.cn']]);
      };
      expect(await broken(steps, { 4: enteredAnew, 12: back }, one)).toEqual([
        'P2: e1x0@example.cn was taken away on udesk in step 10, and is on udesk and crm',
      ]);
    });
  });

  // Seed r1-854.
  describe('whose create was set aside keeps what is taken away from what it made, once that is somebody else', () => {
    const phone = (side: 'udesk' | 'crm', how: 'add' | 'remove', pick: number) =>
      does({ do: 'element', side, pick, set: 'phones', how, which: 0 });
    const create: Interrupt = { at: 0, near: 'create', what: 'kill' };
    const steps = [
      cycle(),
      does({ do: 'create', side: 'udesk', contacts: false }),
      phone('udesk', 'add', 3),
      cycle(create),
      does({ do: 'edit', side: 'crm', pick: 3, field: 'name', clear: false }),
      cycle(),
      does({ do: 'merge', side: 'crm', pick: 0, into: 2 }),
      cycle(),
      cycle(),
      phone('crm', 'remove', 2),
      cycle(),
    ];
    const crm = { ...SETTING.crm, changeCursor: false, visibleDeletes: false, normalises: true };
    const three: Setting = { ...SETTING, policy: 'crm', crm, people: 3 };

    test('as it waits for a person', async () => {
      const { violations, trace } = await runScript(scriptOf('set-aside', three, steps), place.database.db);
      expect(violations).toEqual([]);
      expect(trace).toContain('  daemon 2 writes cellphones of udesk 953000001: 13900900000');
    });

    test('and whoever it is linked with does not', async () => {
      const back: Meddle = ({ people }) => {
        people.udesk.elements('953000001', 'phones', [[null, '+86 13900000020']]);
      };
      expect(await broken(steps, { 10: back }, three)).toEqual([
        expect.stringMatching(/^P2: \+86 13900000020 was taken away on crm in step 9, and is on udesk/),
      ]);
    });
  });

  test('a list that hid one record does not excuse that the mirror is wrong about another', async () => {
    const steps = [deceived('hides'), { ...cycle(), lanes: ['crm'] } as Bare<Step>];
    const meddle: Meddle = async ({ db }) => {
      await db.execute(
        sql`update udesk_sync.record set fields = jsonb_set(fields, '{name}', '"another"')
            where side = 'crm' and remote_id = '2'`,
      );
    };
    expect(await broken(steps, { 0: meddle })).toEqual([
      expect.stringMatching(/^P2: the changes of the CRM did not tell of "T90000x1\." of crm 2/),
    ]);
  });
});

describe('P7: a deletion of ours that was refused is none', () => {
  test('so nobody may count that customer as deleted', async () => {
    const refused: Interrupt = { at: 0, near: 'delete', what: 'fault', side: 'udesk', fault: 'refused' };
    const gone = does({ do: 'delete', side: 'crm', pick: 0, linked: true });
    const steps = [cycle(), cycle(), gone, cycle(refused, refused)];
    const meddle: Meddle = async ({ db }) => {
      await db.execute(
        sql`update udesk_sync.record set state = 'deleted' where side = 'udesk' and remote_id in (
              select remote_id from udesk_sync.intent where op = 'delete' and side = 'udesk')`,
      );
    };
    expect(await broken(steps, {}, { ...SETTING, deletes: 'propagate' })).toEqual([]);
    expect(await broken(steps, { 3: meddle }, { ...SETTING, deletes: 'propagate' })).toEqual([
      expect.stringMatching(/^P7: udesk \d+ counts as deleted, and nobody deleted it/),
    ]);
  });
});

describe('P5, P7: a record that was taken out of the bin is whom it was linked with', () => {
  const gone = does({ do: 'delete', side: 'crm', pick: 0, linked: true });
  const back = does({ do: 'undelete', pick: 0, newest: true });
  const customer = ({ people }: World) =>
    people.udesk.list().find(({ emails }) => emails.includes('e90000x0@example.cn'));

  test('so nobody may make its customer a second time', async () => {
    const again: Meddle = (world) => {
      const held = customer(world);
      if (held !== undefined) world.people.udesk.create({ ...held, emails: [], phones: [] });
    };
    const steps = [cycle(), cycle(), gone, cycle(), back, cycle()];
    expect(await broken(steps, {})).toEqual([]);
    expect(await broken(steps, { 5: again })).toEqual(
      expect.arrayContaining([expect.stringMatching(/^P5: udesk \d+ and udesk \d+ both hold t90000x0/)]),
    );
  });

  test('nor carry its deletion over once it was seen to be back', async () => {
    const stray: Meddle = async (world) => {
      await world.pairOf(world.process).sides.udesk.delete(customer(world)?.id ?? '');
    };
    const propagate: Setting = { ...SETTING, deletes: 'propagate' };
    const steps = [cycle(), cycle(), gone, back, cycle()];
    expect(await broken(steps, {}, propagate)).toEqual([]);
    expect(await broken(steps, { 4: stray }, propagate)).toEqual([
      expect.stringMatching(/^P7: udesk \d+ is deleted, and crm 1 had come back$/),
    ]);
  });
});

describe('P1: a choice, or an edit inside of a cycle, excuses the values that it is about', () => {
  test('whoever chose one base has not let anything else be written back', async () => {
    const steps = [
      cycle(),
      does(edit('udesk', 'name')),
      does(edit('crm', 'name')),
      cycle(),
      does({ do: 'decide', pick: 0, take: 'base' }),
      cycle(),
      does(edit('udesk', 'note', 1)),
    ];
    expect(await broken(steps, { 6: strayWrite('note') })).toEqual([
      'P1: "T6x0." is written to udesk, and crm never held it',
    ]);
  });

  test('what was typed inside of a cycle is restored where it was typed', async () => {
    const inside: Interrupt = { at: 40, what: 'act', act: edit('udesk', 'note', 1) };
    const steps = [cycle(), cycle(), cycle(inside)];
    expect(await broken(steps, { 2: strayWrite('note') })).toEqual([
      'P1: "T2x0." is written to udesk, and crm never held it',
    ]);
  });
});

describe('P3: a row that is being carried out', () => {
  const edits = [does(edit('udesk', 'name')), does(edit('crm', 'name')), cycle(), cycle()];
  const steps = [cycle(), cycle(), ...edits];
  // As the second half of a choice that was refused, where nothing is written and nobody asked any more.
  const forgotten: Meddle = async ({ db }) => {
    await db.execute(sql`update udesk_sync.conflict set state = 'resolving' where state = 'open'`);
  };

  test('does not stay so where nothing of it is under way', async () => {
    expect(await broken(steps, {})).toEqual([]);
    expect(await broken(steps, { [steps.length - 1]: forgotten })).toEqual([
      expect.stringMatching(
        /^P3: conflict \d+ of nick_name is being carried out, and nothing of it is under way/,
      ),
    ]);
  });

  // Seed r1-889: nobody is created beside what a create that was set aside may have made.
  describe('waits where somebody is to be created anew beside a create that was set aside', () => {
    const killed: Interrupt = { at: 0, near: 'create', what: 'kill' };
    const renamed = does({ do: 'edit', side: 'crm', pick: 3, field: 'name', clear: false });
    const setAside = [does({ do: 'create', side: 'udesk', contacts: true }), cycle(killed), renamed, cycle()];
    const given = does({ ...{ do: 'move', side: 'udesk', pick: 3, set: 'emails', into: 0, swap: false } });
    const gone = does({ do: 'delete', side: 'crm', pick: 0, linked: true });
    const asked = (before: Bare<Step>) => [cycle(), ...setAside, before, gone, cycle(), cycle()];
    const three: Setting = { ...SETTING, people: 3 };

    test('and has an e-mail in common with it', async () => {
      const steps = [...asked(given), does({ do: 'decide', pick: 0, take: 'udesk' }), cycle(), cycle()];
      const { violations, trace } = await runScript(scriptOf('waits', three, steps), place.database.db);
      expect(violations).toEqual([]);
      const decided = trace.findIndex((line) => line.includes('takes udesk for *'));
      expect(decided).toBeGreaterThan(0);
      expect(trace.slice(decided).filter((line) => line.includes('crm (new)'))).toEqual([]);
    });

    // Seed s3-937.
    test('and so does what was decided about a field of theirs', async () => {
      const decide = does({ do: 'decide', pick: 0, take: 'udesk' });
      const steps = [
        ...asked(given).slice(0, -3),
        ...edits,
        gone,
        cycle(),
        cycle(),
        decide,
        decide,
        cycle(),
        cycle(),
      ];
      const { violations, trace } = await runScript(scriptOf('waits', three, steps), place.database.db);
      expect(violations).toEqual([]);
      const decided = trace.filter((line) => line.includes('takes udesk for'));
      expect(decided).toEqual([expect.stringContaining('nick_name'), expect.stringContaining('*')]);
    });

    test('but not where nobody has decided that they are', async () => {
      const steps = asked(given);
      expect(await broken(steps, {}, three)).toEqual([]);
      expect(await broken(steps, { [steps.length - 1]: forgotten }, three)).toEqual([
        expect.stringMatching(/^P3: conflict \d+ of \* is being carried out, and nothing of it is under way/),
      ]);
    });

    test('nor where they have nothing in common', async () => {
      const steps = asked(does(edit('udesk', 'name')));
      expect(await broken(steps, {}, three)).toEqual([]);
      expect(await broken(steps, { [steps.length - 1]: forgotten }, three)).toEqual([
        expect.stringMatching(/^P3: conflict \d+ of \* is being carried out, and nothing of it is under way/),
      ]);
    });
  });
});
