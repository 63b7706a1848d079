/** What the simulation found, each by the shortest script that shows it; all of it is mended. */
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { rows } from '../../src/store/tx.ts';
import { type Bare, cycle, does, placeForWorlds, scriptOf } from './by-hand.ts';
import { type Outcome, runScript } from './run.ts';
import { type Act, type Interrupt, inOneWrite, type Setting, type Step } from './script.ts';

const place = placeForWorlds();

/** A CRM that takes no external id, and keeps texts in capitals. */
const WITHOUT_MARKER: Setting = {
  policy: 'hold',
  deletes: 'flag',
  crm: {
    compareAndSet: true,
    changeCursor: true,
    visibleDeletes: true,
    elementIds: true,
    externalId: false,
    normalises: true,
    lookupLagMs: 0,
  },
  shapes: false,
  createUpdates: false,
  people: 0,
};

async function played(setting: Setting, steps: readonly Bare<Step>[]): Promise<Outcome> {
  return await runScript(scriptOf('found', setting, steps), place.database.db);
}

async function brokenIn(setting: Setting, steps: readonly Bare<Step>[]): Promise<string[]> {
  const { violations } = await played(setting, steps);
  return violations.map(({ promise, message }) => `${promise}: ${message}`);
}

const killedAfterCreate: Interrupt = { at: 0, near: 'create', what: 'kill' };
const create = (contacts: boolean) => does({ do: 'create', side: 'udesk', contacts });
const rename = does({ do: 'edit', side: 'udesk', pick: 0, field: 'name', clear: false });

describe('P5: a create whose outcome is not known is not sent a second time', () => {
  test('nor is it when nothing but a name in another form could tell it', async () => {
    expect(
      await brokenIn(WITHOUT_MARKER, [cycle(), create(false), cycle(killedAfterCreate), cycle()]),
    ).toEqual([]);
  });

  test('nor when its source is given an e-mail that was not sent', async () => {
    const email = does({ do: 'element', side: 'udesk', pick: 0, set: 'emails', how: 'add', which: 0 });
    const steps = [cycle(), create(false), cycle(killedAfterCreate), email, cycle(), cycle()];
    expect(await brokenIn(WITHOUT_MARKER, steps)).toEqual([]);
  });

  // Seed m20-194: one list without it had been enough.
  test('nor when the next complete list leaves out what it made', async () => {
    const lost: Interrupt = { at: 0, near: 'create', what: 'fault', side: 'crm', fault: 'lost' };
    const hides = { ...cycle(), deceit: { side: 'crm', how: 'hides', pick: 3 } } as Bare<Step>;
    const steps = [cycle(), create(false), cycle(lost), hides, cycle()];
    expect(await brokenIn({ ...WITHOUT_MARKER, people: 3 }, steps)).toEqual([]);
  });

  test('nor when our clock was set back, and an older list looks younger than it', async () => {
    const lost: Interrupt = { at: 0, near: 'create', what: 'fault', side: 'crm', fault: 'lost' };
    const wallClock = (ms: number): Bare<Step> => ({ kind: 'clock', ms, jump: true });
    const before = [cycle(), wallClock(-200_000), create(false), cycle(lost), cycle(), cycle()];
    expect(await brokenIn(WITHOUT_MARKER, before)).toEqual([]);
    const after = [cycle(), create(false), cycle(killedAfterCreate), wallClock(-200_000), cycle(), cycle()];
    expect(await brokenIn(WITHOUT_MARKER, after)).toEqual([]);
  });

  // Seed f0-98: they were asked before any list could show what it had made, and what came with the next was somebody new.
  test('nor when a person leaves it alone in the moment in which they are asked, and our clock was set back', async () => {
    const lost: Interrupt = { at: 0, near: 'create', what: 'fault', side: 'crm', fault: 'lost' };
    const ahead: Bare<Step> = { kind: 'clock', ms: 200_000, jump: true };
    const right: Bare<Step> = { kind: 'clock', ms: 0, jump: true };
    const leave = does({ do: 'leave', pick: 0 });
    for (const waits of [[], [cycle()]]) {
      const steps = [ahead, cycle(), right, create(false), cycle(lost), ...waits, leave, cycle(), cycle()];
      const { violations, trace } = await played(WITHOUT_MARKER, steps);
      expect(violations).toEqual([]);
      expect(trace.filter((line) => / leaves /.test(line))).toHaveLength(waits.length);
    }
  });

  test('nor is what may be its record created back, once somebody gives it an e-mail', async () => {
    const steps = [
      cycle(),
      create(false),
      cycle(killedAfterCreate),
      cycle(),
      does({ do: 'element', side: 'crm', pick: 0, set: 'emails', how: 'add', which: 0 }),
      cycle(),
    ];
    expect(await brokenIn(WITHOUT_MARKER, steps)).toEqual([]);
  });

  test('nor is that created back while nobody knows yet, however early somebody gives it an e-mail', async () => {
    // Changes alone are read: no complete list has told whether the create happened.
    const changes: Bare<Step> = { kind: 'cycle', lanes: ['crm', 'head'], interrupts: [], deceit: null };
    const email = does({ do: 'element', side: 'crm', pick: 0, set: 'emails', how: 'add', which: 0 });
    const lost = [cycle(), create(false), cycle(killedAfterCreate)];
    const seenBefore = [...lost, changes, changes, email, changes];
    expect(await brokenIn(WITHOUT_MARKER, seenBefore)).toEqual([]);
    const seenWithIt = [...lost, email, changes, changes];
    expect(await brokenIn(WITHOUT_MARKER, seenWithIt)).toEqual([]);
    // A person is asked before the record was seen for the first time, as times say nothing here.
    const ahead: Bare<Step> = { kind: 'clock', ms: 3_600_000, jump: true };
    const right: Bare<Step> = { kind: 'clock', ms: 0, jump: true };
    expect(await brokenIn(WITHOUT_MARKER, [ahead, cycle(), right, ...seenBefore])).toEqual([]);
  });

  test('nor is it created back when both of them were given other e-mails and phones while a person is asked', async () => {
    const steps = [
      cycle(),
      create(true),
      cycle(killedAfterCreate),
      cycle(),
      does({ do: 'element', side: 'crm', pick: 0, set: 'emails', how: 'change', which: 0 }),
      does({ do: 'element', side: 'udesk', pick: 0, set: 'phones', how: 'change', which: 0 }),
      cycle(),
      cycle(),
    ];
    // Step 1 gives no phone, step 2 does.
    const withPhone = [cycle(), ...steps];
    expect(await brokenIn(WITHOUT_MARKER, steps)).toEqual([]);
    expect(await brokenIn(WITHOUT_MARKER, withPhone)).toEqual([]);
  });

  test('nor when its source moves while a person is asked about it', async () => {
    const steps = [cycle(), create(true), cycle(killedAfterCreate), cycle(), rename, cycle(), cycle()];
    expect(await brokenIn(WITHOUT_MARKER, steps)).toEqual([]);
  });
});

describe('P5: who waits because its create may have happened is not created again', () => {
  // Seed whole-2.
  test('when its e-mail and that of a linked record change hands', async () => {
    const steps = [
      cycle(),
      create(true),
      cycle(killedAfterCreate),
      cycle(),
      does({ do: 'move', side: 'udesk', pick: 0, set: 'emails', into: 1, swap: true }),
      cycle(),
      cycle(),
    ];
    expect(await brokenIn({ ...WITHOUT_MARKER, people: 2 }, steps)).toEqual([]);
  });
});

describe('P5: who waits because its create may have happened is linked with nobody who cannot be what that made', () => {
  // Seed f1-10: what the create had made was left as a double.
  test('when it takes over the e-mail of a record that came later', async () => {
    const wallClock = (ms: number): Bare<Step> => ({ kind: 'clock', ms, jump: true });
    const steps = [
      create(false),
      cycle(killedAfterCreate),
      cycle(),
      does({ do: 'create', side: 'crm', contacts: true }),
      cycle(),
      does({ do: 'unlink', pick: 2 }),
      does({ do: 'move', side: 'udesk', pick: 2, set: 'emails', into: 1, swap: false }),
      cycle(),
    ];
    const setting: Setting = { ...WITHOUT_MARKER, policy: 'udesk', people: 1 };
    expect(await brokenIn(setting, [cycle(), ...steps])).toEqual([]);
    // Times say nothing here.
    expect(await brokenIn(setting, [wallClock(3_600_000), cycle(), wallClock(0), ...steps])).toEqual([]);
  });
});

describe('P5: what a person parts is not one and the same any more', () => {
  // Seed s13b-72: the checker objected.
  test('so what a create may have made is created where it is missing, once its link was ended by a person', async () => {
    const steps = [
      cycle(),
      create(false),
      cycle(killedAfterCreate),
      cycle(),
      does({ do: 'unlink', pick: 0 }),
      does({ do: 'element', side: 'crm', pick: 0, set: 'emails', how: 'add', which: 0 }),
      cycle(),
    ];
    const { violations, trace } = await played(WITHOUT_MARKER, steps);
    expect(violations).toEqual([]);
    expect(trace).toContain('  daemon 2 writes nick_name of udesk (new): T1X0.');
  });
});

describe('P5: whoever a list hid before anybody had seen them is not created anew', () => {
  // Seed m14-56: a person was asked afterwards which of the two it was.
  test('as when the first list of a CRM leaves one out, and its total agrees', async () => {
    const hides = { ...cycle(), deceit: { side: 'crm', how: 'hides', pick: 0 } } as Bare<Step>;
    const { violations, trace } = await played({ ...WITHOUT_MARKER, people: 5 }, [hides, cycle()]);
    expect(violations).toEqual([]);
    expect(trace.filter((line) => line.endsWith('of crm (new): T90000x0.'))).toEqual([]);
    const links = await rows<{ crm: string; state: string }>(
      place.database.db,
      sql`select crm_id as crm, state from udesk_sync.link where crm_id = '1'`,
    );
    expect(links).toEqual([{ crm: '1', state: 'confirmed' }]);
  });
});

describe('P2: a removal is carried over where for all that we saw nothing happened on the other side', () => {
  // Seed whole-168: the checker objected.
  test('as when the e-mail was moved away there and back again before we looked', async () => {
    const moved = (pick: number): Bare<Step> =>
      does({ do: 'move', side: 'udesk', pick, linked: true, set: 'emails', into: 0, swap: false });
    const steps: Bare<Step>[] = [
      cycle(),
      does({ do: 'element', side: 'crm', pick: 0, linked: true, set: 'emails', how: 'remove', which: 0 }),
      moved(0),
      moved(1),
      cycle(),
    ];
    const { violations, trace } = await played({ ...WITHOUT_MARKER, people: 2 }, steps);
    expect(violations).toEqual([]);
    expect(trace).toContain('  daemon 1 writes emails of udesk 953000001: ');
  });

  // Seed g2-56: the checker objected.
  test('nor when it came back as the one to whom it had been moved was merged into whom it was moved from', async () => {
    const steps: Bare<Step>[] = [
      cycle(),
      does({ do: 'element', side: 'crm', pick: 0, linked: true, set: 'emails', how: 'remove', which: 0 }),
      does({ do: 'move', side: 'udesk', pick: 0, linked: true, set: 'emails', into: 0, swap: false }),
      does({ do: 'merge', side: 'udesk', pick: 1, into: 0 }),
      cycle(),
    ];
    const { violations, trace } = await played({ ...WITHOUT_MARKER, people: 2 }, steps);
    expect(violations).toEqual([]);
    expect(trace.filter((line) => / writes emails of udesk 953000001: /.test(line))).toHaveLength(1);
  });
});

describe('P2: a phone that was taken away stays away', () => {
  // Seed final-20.
  test('also when our clock was set back after it had come, and its coming seems to be news', async () => {
    const phone = (side: 'udesk' | 'crm', how: 'add' | 'remove', which: number): Bare<Step> =>
      does({ do: 'element', side, pick: 0, linked: true, set: 'phones', how, which });
    const steps: Bare<Step>[] = [
      cycle(),
      phone('udesk', 'add', 0),
      cycle(),
      // Our write to Udesk is witnessed: so we know that it came.
      does({ do: 'edit', side: 'crm', pick: 0, linked: true, field: 'name', clear: false }),
      cycle(),
      { kind: 'clock', ms: -200_000, jump: true },
      phone('crm', 'remove', 1),
      cycle(),
      phone('crm', 'add', 0),
      cycle(),
    ];
    const setting: Setting = {
      ...WITHOUT_MARKER,
      crm: { ...WITHOUT_MARKER.crm, normalises: false },
      people: 1,
    };
    const { violations, trace } = await played(setting, steps);
    expect(violations).toEqual([]);
    expect(trace.filter((line) => line.includes('13900000010')).slice(2)).toEqual([
      '  a person removes phones of crm 1: 13900000010 → -',
    ]);
  });
});

describe('P2: a record that takes the place of another keeps what it was given', () => {
  // Seed s13c-11, and the same with the sides swapped.
  test.each([
    { side: 'crm', other: 'udesk', told: '  a person moves phones of crm 1 to 5: +86 13900900000' },
    {
      side: 'udesk',
      other: 'crm',
      told: '  a person moves phones of udesk 953000001 to 953000005: 13900900000',
    },
  ] as const)(
    'in $side, also where the counterpart of the other lost it before anybody looked',
    async ({ side, other, told }) => {
      const steps = [
        cycle(),
        cycle(),
        does({ do: 'create', side, contacts: false }),
        does({ do: 'element', side: other, pick: 0, linked: true, set: 'phones', how: 'remove', which: 0 }),
        // To the one that nobody has seen yet.
        does({ do: 'move', side, pick: 0, linked: true, set: 'phones', into: 3, swap: false }),
        does({ do: 'delete', side, pick: 0, linked: true }),
        cycle(),
        cycle(),
      ];
      const crm = { ...WITHOUT_MARKER.crm, changeCursor: false, visibleDeletes: false };
      const { violations, trace } = await played({ ...WITHOUT_MARKER, crm, people: 4 }, steps);
      expect(trace).toContain(told);
      expect(violations).toEqual([]);
    },
  );
});

describe('P2: what a policy replaced stays in the row that shows it', () => {
  test('also when its write has to be planned again, because the CRM keeps it in a form of its own', async () => {
    const setting: Setting = {
      ...WITHOUT_MARKER,
      policy: 'udesk',
      crm: { ...WITHOUT_MARKER.crm, compareAndSet: false },
      people: 4,
    };
    const edit = (side: 'udesk' | 'crm') =>
      does({ do: 'edit', side, pick: 1, linked: true, field: 'name', clear: false });
    const killed: Interrupt = { at: 0, near: 'update', only: 'crm', what: 'kill' };
    expect(
      await brokenIn(setting, [cycle(), edit('crm'), edit('udesk'), cycle(killed), cycle(), cycle()]),
    ).toEqual([]);
  });
});

describe('P2: an edit that our write of unknown outcome took away is kept, or it is told that nobody can tell', () => {
  const edit = (side: 'udesk' | 'crm'): Act => ({
    ...{ do: 'edit', side, pick: 0, linked: true, field: 'note', clear: false },
  });
  const before: Bare<Step>[] = [
    cycle(),
    does(edit('crm')),
    cycle(
      { at: 0, near: 'update', only: 'udesk', what: 'act', act: edit('udesk') },
      { at: 0, near: 'update', only: 'udesk', what: 'kill' },
    ),
  ];
  const setting: Setting = { ...WITHOUT_MARKER, people: 4 };

  test('when Udesk does not find the customer for a while', async () => {
    const blind: Bare<Step> = { ...cycle(), deceit: { side: 'udesk', how: 'blind', pick: 0 } } as Bare<Step>;
    expect(
      await brokenIn(setting, [...before, blind, { kind: 'clock', ms: 61_000, jump: false }, cycle()]),
    ).toEqual([]);
  });

  test('when somebody edits the customer again before we look, and the history does not tell what the first one replaced', async () => {
    expect(await brokenIn(setting, [...before, does(edit('udesk')), cycle(), cycle()])).toEqual([]);
  });

  test('when somebody goes on from it before the process that sent it looks', async () => {
    expect(
      await brokenIn(setting, [cycle(), does(edit('crm')), cycle(...inOneWrite(0, 'note')), cycle()]),
    ).toEqual([]);
  });

  test('and a policy that leaves it lost does not take what was edited since for agreed on', async () => {
    const name = (side: 'udesk' | 'crm'): Act => ({ ...edit(side), do: 'edit', field: 'name' }) as Act;
    const steps = [
      cycle(),
      does(name('crm')),
      cycle(
        { at: 0, near: 'update', only: 'udesk', what: 'act', act: name('udesk') },
        { at: 0, near: 'update', only: 'udesk', what: 'kill' },
      ),
      does(name('udesk')),
      cycle(),
    ];
    expect(await brokenIn(setting, steps)).toEqual([]);
  });

  test('and what a policy restores is what our write replaced, and nothing older', async () => {
    const name = (side: 'udesk' | 'crm'): Act => ({ ...edit(side), do: 'edit', field: 'name' }) as Act;
    const inWindow: Interrupt = {
      ...{ at: 0, near: 'update', only: 'udesk' },
      ...{ what: 'act', act: name('udesk') },
    } as Interrupt;
    const { violations, trace } = await played(
      { ...setting, policy: 'udesk', crm: { ...setting.crm, normalises: false } },
      [cycle(), does(name('crm')), cycle(inWindow), cycle()],
    );
    expect(violations).toEqual([]);
    expect(trace).toContainEqual(expect.stringMatching(/ writes nick_name of crm \d+: T2x0\./));
    expect(trace.filter((line) => / writes nick_name of \w+ \d+: T90000x0/i.test(line))).toEqual([]);
  });

  test('when our clock is set back before we look', async () => {
    const setBack: Bare<Step> = { kind: 'clock', ms: -200_000, jump: true };
    expect(await brokenIn(setting, [...before, setBack, cycle(), cycle()])).toEqual([]);
  });

  // Seeds s13a-89, s13b-56.
  test.for(['flag', 'propagate'] as const)(
    'when a person deletes the customer, history and all (%s)',
    async (deletes) => {
      const gone = does({ do: 'delete', side: 'udesk', pick: 0, linked: true });
      expect(await brokenIn({ ...setting, deletes }, [...before, gone, cycle(), cycle()])).toEqual([]);
      const counted = await rows<{ state: string; witness: string | null }>(
        place.database.db,
        sql`select state, witness from udesk_sync.intent where op = 'update' and side = 'udesk'`,
      );
      expect(counted).toEqual([{ state: 'dropped', witness: 'unclear' }]);
    },
  );
});

describe('P6: a set holds a value once, however often a person typed it', () => {
  // Seed s13a-151: the checker objected.
  test('as when an e-mail is handed to a record that has it already', async () => {
    const steps = [
      cycle(),
      // Its counterpart is merged into another, so that both records of the CRM come to hold its e-mail.
      does({ do: 'unlink', pick: 0 }),
      does({ do: 'merge', side: 'udesk', pick: 0, into: 0 }),
      cycle(),
      does({ do: 'move', side: 'crm', pick: 0, linked: true, set: 'emails', into: 0, swap: true }),
      cycle(),
    ];
    expect(await brokenIn({ ...WITHOUT_MARKER, people: 3 }, steps)).toEqual([]);
  });
});

describe('P6: what an undo left apart is asked about', () => {
  const setting: Setting = {
    ...WITHOUT_MARKER,
    policy: 'crm',
    crm: { ...WITHOUT_MARKER.crm, compareAndSet: false, normalises: false },
    people: 4,
  };
  const undone = does({ do: 'undo', pick: 0, what: 'run', bothSides: false });
  const inWindow = (act: Act): Interrupt => ({ at: 0, near: 'update', only: 'udesk', what: 'act', act });
  const open = async () =>
    await rows<{ kind: string; field: string }>(
      place.database.db,
      sql`select kind, field from udesk_sync.conflict where state = 'open'`,
    );

  // Seed m30-134: the undo counted as refused, because of the row that its own write had made.
  test('also when a policy leaves an edit lost that our undo had replaced', async () => {
    const name = (side: 'udesk' | 'crm'): Act => ({
      ...{ do: 'edit', side, pick: 0, linked: true, field: 'name', clear: false },
    });
    const steps = [cycle(), does(name('crm')), cycle(), undone, cycle(inWindow(name('udesk'))), cycle()];
    expect(await brokenIn(setting, steps)).toEqual([]);
    expect(await open()).toEqual([{ kind: 'reverted', field: 'nick_name' }]);
  });
});
