import { afterEach, describe, expect, test } from 'vitest';
import type { Time } from '../../../src/cli/runtime.ts';
import { SyncError } from '../../../src/errors.ts';
import type { CustomerAttributes } from '../../../src/simulator/customer.ts';
import { confirmLink, unlink } from '../../../src/store/link-decisions.ts';
import { createWorld, ourRows, type World, type WorldOptions, writesSoFar } from '../../support/world.ts';
import { type Moment, NOTHING, rightBefore, syncAt } from '../attack/moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const FIRST = {
  nick_name: 'Base',
  email: 'p@example.com',
  other_emails: ['a@example.com'],
  cellphones: ['13800000001'],
  description: 'before',
};
const ASKS_UDESK = {
  pair: { fields: '[{ udesk: nick_name, crm: name }, { udesk: description, crm: note, policy: udesk }]' },
};
const first = () => world.simulator.tenant.list()[0]?.id ?? '';
const now = () => world.simulator.tenant.get(first());
const begin = async (options: WorldOptions = {}) => {
  world = await createWorld({ customers: [FIRST], ...options });
  await world.sync();
};
/** An agent's edit between our look at the customer and our write. */
const inUdesk = (changes: () => CustomerAttributes): Moment[] => [
  rightBefore('udesk', 'update', () => world.simulator.tenant.edit(first(), changes())),
];
const inWindow = (changes: CustomerAttributes) =>
  syncAt(
    world,
    inUdesk(() => changes),
  );
const unread = () => {
  throw new SyncError('transient', 'the history does not answer');
};
const witnesses = async () =>
  (await ourRows(world, `select witness from udesk_sync.intent where side = 'udesk' order by id`)).map(
    ({ witness }) => witness,
  );

describe('P2 an edit between verify and send', () => {
  test('is kept as a conflict with its value, author and time', async () => {
    await begin();
    await world.crm`update contact set note = 'by the CRM'`;
    await inWindow({ description: 'by Tom' });

    const [row, ...others] = await world.conflicts();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      kind: 'overwritten-in-window',
      state: 'open',
      field: 'description',
      udesk: 'by the CRM',
      crm: 'by the CRM',
      base: { udesk: 'before', crm: 'before' },
      overwritten: [{ side: 'udesk', value: 'by Tom', author: { id: '8', name: 'Tom' } }],
    });
    expect(row?.reason).toContain('Tom');
    expect(row?.reason).toContain('by Tom');
    expect(await witnesses()).toEqual(['overwritten']);
    // It stops nothing, stays until a person decides, and costs no write.
    const writes = await writesSoFar(world);
    await world.sync();
    await world.sync();
    expect(await writesSoFar(world)).toEqual(writes);
    expect((await world.conflicts())[0]?.state).toBe('open');
  });

  test('is kept where somebody empties the field, and our value had been tried there and taken back before', async () => {
    await begin();
    for (const description of ['again', 'before']) world.simulator.tenant.edit(first(), { description });
    await world.crm`update contact set note = 'again'`;
    await inWindow({ description: '' });
    await world.sync();
    expect(now()?.description).toBe('again');
    expect(await world.conflicts()).toMatchObject([{ kind: 'overwritten-in-window', state: 'open' }]);
  });

  test('is put back where the policy of the field says so', async () => {
    await begin(ASKS_UDESK);
    await world.crm`update contact set note = 'by the CRM'`;
    await inWindow({ description: 'by Tom' });
    await world.sync();

    expect(now()?.description).toBe('by Tom');
    expect((await world.people())[0]?.note).toBe('by Tom');
    expect((await world.conflicts()).map(({ state, kind }) => [state, kind])).toEqual([
      ['resolved', 'overwritten-in-window'],
    ]);
  });

  test('loses against the policy in a row that keeps it', async () => {
    await begin({ pair: { fields: '[{ udesk: description, crm: note, policy: crm }]' } });
    await world.crm`update contact set note = 'by the CRM'`;
    await inWindow({ description: 'by Tom' });
    await world.sync();

    expect(now()?.description).toBe('by the CRM');
    expect(await world.conflicts()).toMatchObject([
      { state: 'resolved', overwritten: [{ value: 'by Tom' }] },
    ]);
  });

  /** The policy puts the edit back, and the CRM refuses its half of that. */
  const refusedHalf = async () => {
    await begin(ASKS_UDESK);
    await world.crm`alter table contact add constraint no_tom check (note <> 'by Tom')`;
    await world.crm`update contact set note = 'by the CRM'`;
    await inWindow({ description: 'by Tom' });
    await world.sync();
    expect(now()?.description).toBe('by Tom');
    expect(await world.conflicts()).toMatchObject([{ state: 'resolving', resolvedBy: 'policy' }]);
  };
  const byHand = async (note: string) => {
    world.simulator.tenant.edit(first(), { description: note });
    await world.crm`update contact set note = ${note}`;
    await world.sync();
  };

  test('P3: is asked about again once people have agreed on something else, where a side refused what the policy chose', async () => {
    await refusedHalf();
    await byHand('by both');
    const row = { kind: 'overwritten-in-window', state: 'open', overwritten: [{ value: 'by Tom' }] };
    expect(await world.conflicts()).toMatchObject([row]);
    const writes = await writesSoFar(world);
    await world.sync();
    expect(await writesSoFar(world)).toEqual(writes);
    expect(await world.conflicts()).toMatchObject([row]);
  });

  test('P3: is over once people have carried over by hand what a side refused', async () => {
    await refusedHalf();
    await world.crm`alter table contact drop constraint no_tom`;
    await world.crm`update contact set note = 'by Tom'`;
    await world.sync();
    expect(await world.conflicts()).toMatchObject([
      { state: 'converged', overwritten: [{ value: 'by Tom' }] },
    ]);
  });

  test('of a set is merged: an address that our whole list took away comes back', async () => {
    await begin();
    await world.crm`update contact set emails = emails || 'c@example.com'::text`;
    await inWindow({ other_emails: ['a@example.com', 't@example.com'] });
    await world.sync();

    const all = ['a', 'c', 'p', 't'].map((name) => `${name}@example.com`);
    const held = [now()?.email, ...(now()?.other_emails.map(({ content }) => content) ?? [])];
    expect(held.toSorted()).toEqual(all);
    expect((await world.people())[0]?.emails.toSorted()).toEqual(all);
  });

  test('of a set comes back also where a second one was replaced before anybody had looked', async () => {
    await begin();
    const others = (...names: string[]) => names.map((name) => `${name}@example.com`);
    await world.crm`update contact set emails = emails || 'c@example.com'::text`;
    await syncAt(world, [
      ...inUdesk(() => ({ other_emails: others('a', 't') })),
      { side: 'udesk', call: 'history', when: 'before', act: unread },
    ]);
    expect(await witnesses()).toEqual(['due']);
    await world.crm`update contact set emails = emails || 'd@example.com'::text`;
    await syncAt(world, [
      ...inUdesk(() => ({
        other_emails: [...(now()?.other_emails.map(({ content }) => content) ?? []), 's@example.com'],
      })),
      // Before the second write the history does not answer either.
      { side: 'udesk', call: 'history', when: 'before', times: 1, act: unread },
    ]);
    await world.sync();
    await world.sync();

    const all = others('a', 'c', 'd', 'p', 's', 't');
    const held = [now()?.email, ...(now()?.other_emails.map(({ content }) => content) ?? [])];
    expect(held.toSorted()).toEqual(all);
    expect((await world.people())[0]?.emails.toSorted()).toEqual(all);
    expect(await world.conflicts()).toMatchObject([{ state: 'resolved', overwritten: [{}, {}] }]);
  });

  test('is asked about again when the record, which was gone meanwhile, comes back', async () => {
    // Newest first. A table that shows nobody at all proves no deletion.
    const customers = [{ nick_name: 'Other', email: 'o@example.com' }, FIRST];
    await begin({ customers, pair: { deletes: 'flag' } });
    await world.crm`update contact set note = 'by the CRM' where 'p@example.com' = any(emails)`;
    await inWindow({ description: 'by Tom' });
    await world.crm`create table gone as select * from contact where 'p@example.com' = any(emails)`;
    await world.crm`delete from contact where 'p@example.com' = any(emails)`;
    await world.sync();
    expect(await world.conflicts()).toMatchObject([{ state: 'resolved', resolvedBy: 'link ended' }]);
    await world.crm`insert into contact overriding system value select * from gone`;
    await world.sync();

    const [ended, again, ...more] = await world.conflicts();
    expect(more).toEqual([]);
    expect(ended).toMatchObject({ state: 'resolved', resolvedBy: 'link ended' });
    expect(again).toMatchObject({
      ...{ state: 'open', kind: 'overwritten-in-window', resolvedBy: null },
      overwritten: [{ side: 'udesk', value: 'by Tom', author: { name: 'Tom' } }],
    });
    await world.sync();
    expect(await world.conflicts()).toHaveLength(2);
  });

  test('is asked about again when a person ends the link, and confirms it again', async () => {
    await begin();
    await world.crm`update contact set note = 'by the CRM'`;
    await inWindow({ description: 'by Tom' });
    const [row] = await world.conflicts();
    const decision = { linkId: row?.linkId ?? '', who: 'li', at: new Date() };
    const { db } = world.database;
    expect(await unlink(db, decision)).toMatchObject({ outcome: 'unlinked', closedConflicts: 1 });
    await world.sync();
    expect(await confirmLink(db, decision)).toMatchObject({ outcome: 'confirmed' });
    await world.sync();

    const kept = { kind: 'overwritten-in-window', overwritten: [{ side: 'udesk', value: 'by Tom' }] };
    expect(await world.conflicts()).toMatchObject([
      { ...kept, state: 'resolved', resolvedBy: 'link ended' },
      { ...kept, state: 'open', resolvedBy: null },
    ]);
  });

  test('of a set is carried over where it survived', async () => {
    await begin();
    await world.crm`update contact set phones = phones || '13800000002'::text`;
    await inWindow({ cellphones: ['13800000001', '13800000003'] });
    await world.sync();

    const all = ['13800000001', '13800000002', '13800000003'];
    expect(
      now()
        ?.cellphones.map(({ content }) => content)
        .toSorted(),
    ).toEqual(all);
    const digits = (await world.people())[0]?.phones.map((phone) =>
      phone.replace(/^\+86/, '').replaceAll(' ', ''),
    );
    expect(digits?.toSorted()).toEqual(all);
  });

  test('that makes Udesk refuse our write is planned anew, and nobody has to look', async () => {
    await begin();
    await world.crm`update contact set emails = emails || 'c@example.com'::text`;
    // The address that our whole list names by its id is gone.
    await inWindow({ other_emails: [] });
    await world.sync();

    const all = ['c@example.com', 'p@example.com'];
    const held = [now()?.email, ...(now()?.other_emails.map(({ content }) => content) ?? [])];
    expect(held.toSorted()).toEqual(all);
    expect((await world.people())[0]?.emails.toSorted()).toEqual(all);
    expect(await ourRows(world, `select 1 from udesk_sync.parked where state = 'parked'`)).toEqual([]);
  });

  test('of another field is no conflict', async () => {
    await begin();
    await world.crm`update contact set note = 'by the CRM'`;
    await inWindow({ nick_name: 'Tom was here' });
    await world.sync();

    expect(await world.conflicts()).toEqual([]);
    expect((await world.people())[0]).toMatchObject({ name: 'Tom was here', note: 'by the CRM' });
    expect(await witnesses()).toEqual(['clean']);
  });

  test.each(['shown', 'anonymous', 'hidden'] as const)(
    'is found with API writes %s in the history',
    async (how) => {
      await begin({ switches: { 'feeds.api_writes': how } });
      await world.crm`update contact set note = 'by the CRM'`;
      await inWindow({ description: 'by Tom' });

      expect(await world.conflicts()).toMatchObject([{ overwritten: [{ value: 'by Tom' }] }]);
    },
  );

  test.each(['en', 'strange'] as const)(
    'is found in the wording "%s", as far as it can be read',
    async (wording) => {
      await begin({ switches: { 'feeds.wording': wording } });
      await world.crm`update contact set note = 'by the CRM'`;
      await inWindow({ description: 'by Tom' });

      const [row] = await world.conflicts();
      expect(row).toMatchObject({
        kind: 'overwritten-in-window',
        overwritten: [{ author: { name: 'Tom' } }],
      });
      expect(row?.overwritten[0]?.value).toBe(wording === 'en' ? 'by Tom' : undefined);
      expect(row?.overwritten[0]?.text).toEqual(expect.any(String));
    },
  );

  test('is found by a later process: the mark outlives a history that cannot be read now', async () => {
    await begin();
    await world.crm`update contact set note = 'by the CRM'`;
    let asked = 0;
    await syncAt(world, [
      {
        side: 'udesk',
        call: 'update',
        when: 'before',
        act: () => world.simulator.tenant.edit(first(), { description: 'by Tom' }),
      },
      {
        side: 'udesk',
        call: 'history',
        when: 'before',
        act: () => {
          asked += 1;
          throw new SyncError('transient', 'Udesk does not answer');
        },
      },
    ]);
    // A history that does not answer is left alone for the rest of the cycle.
    expect(asked).toBe(1);
    expect(await witnesses()).toEqual(['due']);
    expect(await world.conflicts()).toEqual([]);

    await syncAt(world, [], { observe: NOTHING });

    expect(await witnesses()).toEqual(['overwritten']);
    expect(await world.conflicts()).toMatchObject([{ overwritten: [{ value: 'by Tom' }] }]);
  });
});

describe('P2 an update of unknown outcome', () => {
  test('that a person set back meanwhile is not sent again', async () => {
    await begin();
    await world.crm`update contact set note = 'by the CRM'`;
    world.simulator.tenant.faults.push({ kind: 'reset-after-commit', match: { method: 'PUT' } });
    let down = false;
    await syncAt(world, [
      {
        side: 'udesk',
        call: 'read',
        when: 'before',
        act: () => {
          if (now()?.description === 'by the CRM') down = true;
          if (down) throw new SyncError('transient', 'Udesk does not answer');
        },
      },
    ]);
    expect(now()?.description).toBe('by the CRM');
    const { writes } = world.simulator.counts();
    world.simulator.tenant.edit(first(), { description: 'before' });

    await world.sync();
    await world.sync();

    expect(world.simulator.counts().writes).toBe(writes);
    expect(now()?.description).toBe('before');
    expect((await world.people())[0]?.note).toBe('before');
  });

  /** An agent's edit after our write, right before the look at what became of it. */
  const beforeTheLook = (changes: CustomerAttributes): Moment => ({
    side: 'udesk',
    call: 'read',
    when: 'before',
    act: () => {
      if (now()?.description === 'by the CRM') world.simulator.tenant.edit(first(), changes);
    },
  });
  const loseTheAnswer = () =>
    world.simulator.tenant.faults.push({ kind: 'reset-after-commit', match: { method: 'PUT' } });

  describe('is traced by the process that sent it', () => {
    test('where a person went on from it: an edit that it replaced unseen is kept', async () => {
      await begin();
      await world.crm`update contact set note = 'by the CRM'`;
      loseTheAnswer();
      await syncAt(world, [
        rightBefore('udesk', 'update', () => world.simulator.tenant.edit(first(), { description: 'by Tom' })),
        beforeTheLook({ description: 'after our write' }),
      ]);

      expect(await world.conflicts()).toMatchObject([{ overwritten: [{ value: 'by Tom' }] }]);
      expect(await witnesses()).toContain('overwritten');
      await world.sync();
      expect(now()?.description).toBe('after our write');
      expect((await world.people())[0]?.note).toBe('after our write');
    });

    test('where a person set it back: it is not sent over them', async () => {
      await begin();
      await world.crm`update contact set note = 'by the CRM'`;
      loseTheAnswer();
      const { writes } = world.simulator.counts();
      await syncAt(world, [beforeTheLook({ description: 'before' })]);
      await world.sync();

      expect(world.simulator.counts().writes).toBe(writes + 1);
      expect(now()?.description).toBe('before');
      expect((await world.people())[0]?.note).toBe('before');
    });
  });

  /** The true time, and how far our wall clock is off. */
  const atAWrongTime = () => {
    let passed = 0;
    let off = 0;
    const truly = () => Date.now() + passed;
    const time: Time = {
      now: () => truly() + off,
      monotonic: truly,
      sleep: async (ms) => {
        passed += ms;
      },
    };
    return {
      options: { time, clock: truly },
      pass: (ms: number) => {
        passed += ms;
      },
      setOff: (ms: number) => {
        off = ms;
      },
    };
  };

  describe.each([200_000, -200_000])('that left while our clock was off by %i ms', (off) => {
    const sentThen = async (switches: Readonly<Record<string, string>> = {}) => {
      const clocks = atAWrongTime();
      await begin({ ...clocks.options, switches, pair: { fields: '[{ udesk: description, crm: note }]' } });
      clocks.pass(3_600_000);
      clocks.setOff(off);
      await world.sync();
      await world.crm`update contact set note = 'by the CRM'`;
      return clocks;
    };

    /** @param call what does not answer when the clocks are compared anew, before anybody has looked */
    const isFound = async (
      clocks: ReturnType<typeof atAWrongTime>,
      call: 'read' | 'history',
      at: Moment[],
    ) => {
      loseTheAnswer();
      let down = false;
      const blind: Moment = {
        side: 'udesk',
        call: 'read',
        when: 'before',
        act: () => {
          down ||= now()?.description === 'by the CRM';
          if (down) unread();
        },
      };
      await syncAt(world, [...at, blind]);
      expect(now()?.description).toBe('by the CRM');
      const { writes } = world.simulator.counts();
      clocks.pass(20_000);
      world.simulator.tenant.edit(first(), { description: 'before' });
      clocks.setOff(0);
      clocks.pass(40_000);
      await syncAt(world, [{ side: 'udesk', call, when: 'before', act: unread }], { readFeeds: true });
      clocks.pass(60_000);

      await world.sync();
      await world.sync();

      expect(world.simulator.counts().writes).toBe(writes);
      expect(now()?.description).toBe('before');
      expect((await world.people())[0]?.note).toBe('before');
    };

    // What was read in between, after the clock was set back, seems to have been known before.
    test.each(['read', 'history'] as const)(
      'is looked for by the clocks of then, after ours was set right (no %s before)',
      async (call) => await isFound(await sentThen(), call, []),
    );

    test('is looked for by the clocks of then, also where ours was set right during our last look', async () => {
      const clocks = await sentThen();
      const setRight = () => clocks.setOff(0);
      await isFound(clocks, 'history', [
        { side: 'udesk', call: 'read', when: 'before', times: 1, act: setRight },
      ]);
    });

    test('is witnessed by the clocks of then, after ours was set right', async () => {
      const clocks = await sentThen({ 'feeds.wording': 'strange' });
      await syncAt(world, [
        ...inUdesk(() => ({ description: 'by Tom' })),
        { side: 'udesk', call: 'history', when: 'before', act: unread },
      ]);
      clocks.setOff(0);
      clocks.pass(3_600_000);
      await syncAt(world, [{ side: 'udesk', call: 'history', when: 'before', act: unread }]);
      expect(await world.conflicts()).toEqual([]);

      await world.sync();

      expect(await world.conflicts()).toMatchObject([{ overwritten: [{ author: { name: 'Tom' } }] }]);
    });
  });

  describe.each([0, -200_000])(
    'after an older edit to the same value, seen before our clock was set by %i ms',
    (off) => {
      const seenBefore = async () => {
        const clocks = atAWrongTime();
        await begin({ ...clocks.options, pair: { fields: '[{ udesk: description, crm: note }]' } });
        clocks.pass(60_000);
        world.simulator.tenant.edit(first(), { description: 'again' });
        await world.sync();
        await world.crm`update contact set note = 'before'`;
        await world.sync();
        expect(now()?.description).toBe('before');
        clocks.pass(30_000);
        clocks.setOff(off);
        await world.crm`update contact set note = 'again'`;
        return clocks;
      };

      // Seed f0-198: the older edit led from what we had seen to what we wrote, and counted as our write.
      test('what it replaces is kept', async () => {
        await seenBefore();
        await inWindow({ description: 'by Tom' });
        await world.sync();

        expect(now()?.description).toBe('again');
        expect(await world.conflicts()).toMatchObject([
          { kind: 'overwritten-in-window', overwritten: [{ value: 'by Tom', author: { name: 'Tom' } }] },
        ]);
      });

      test('that one is not taken for it where it never arrived', async () => {
        const clocks = await seenBefore();
        let sent = false;
        await syncAt(world, [
          rightBefore('udesk', 'update', () => {
            sent = true;
            unread();
          }),
          { side: 'udesk', call: 'read', when: 'before', act: () => sent && unread() },
        ]);
        expect(now()?.description).toBe('before');
        clocks.pass(10_000);
        await ourRows(world, `update udesk_sync.intent set not_before = null`);
        await world.sync();
        await world.sync();

        expect((await world.people())[0]?.note).toBe('again');
        expect(now()?.description).toBe('again');
      });
    },
  );

  test('is counted as one that nobody can witness where it is set aside for a person', async () => {
    await begin();
    await world.crm`update contact set note = 'by the CRM'`;
    loseTheAnswer();
    await syncAt(world, [
      beforeTheLook({ description: 'after our write' }),
      {
        side: 'udesk',
        call: 'history',
        when: 'before',
        act: () => {
          throw new SyncError('rejected', 'Udesk does not show this history');
        },
      },
    ]);
    const writes = () =>
      ourRows(world, `select state, witness from udesk_sync.intent where side = 'udesk' order by id`);
    expect(await writes()).toEqual([{ state: 'parked', witness: 'unclear' }]);

    await world.sync();

    expect(await writes()).toEqual([{ state: 'dropped', witness: 'unclear' }]);
    expect(await world.conflicts()).toMatchObject([{ udesk: 'after our write', crm: 'by the CRM' }]);
  });

  test('that did not happen is sent again', async () => {
    await begin();
    await world.crm`update contact set note = 'by the CRM'`;
    world.simulator.tenant.faults.push({ kind: 'reset', match: { method: 'PUT' } });
    await world.sync();
    await world.sync();

    expect(now()?.description).toBe('by the CRM');
    expect(await world.conflicts()).toEqual([]);
  });
});
