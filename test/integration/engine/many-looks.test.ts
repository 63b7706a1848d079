/** Where a CRM can say of many contacts at once whom nobody holds, the creates that come next share one look (decision 0006). */
import { afterEach, describe, expect, test } from 'vitest';
import { asElements } from '../../../src/core/equivalence.ts';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { SyncError } from '../../../src/errors.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const COUNT = 12;
const emailOf = (n: number) => `n${n}@example.com`;
const phoneOf = (n: number) => `138${String(n).padStart(8, '0')}`;

/**
 * Twelve customers of Udesk who are to be created in the CRM, one after the other, by a clock that only the CRM moves: each
 * question takes `askMs`, and each create `createMs`. The first create of any leaves only after `before` has been run.
 */
async function start({ askMs = 100, createMs = 0, before = () => {} } = {}) {
  world = await createWorld({ pair: { create: '{ inCrm: true, inUdesk: false }' } });
  const crm = createMemoryCrm();
  let nowMs = 0;
  const asked = { one: 0, many: 0 };
  const unheld = crm.side.unheld as NonNullable<typeof crm.side.unheld>;
  const sides = {
    udesk: world.pair.sides.udesk,
    crm: {
      ...crm.side,
      lookup: (async (...args) => {
        asked.one += 1;
        nowMs += askMs;
        return await crm.side.lookup(...args);
      }) as typeof crm.side.lookup,
      unheld: (async (...args) => {
        asked.many += 1;
        nowMs += askMs;
        return await unheld(...args);
      }) as typeof unheld,
      create: (async (...args) => {
        before();
        nowMs += createMs;
        return await crm.side.create(...args);
      }) as typeof crm.side.create,
    },
  };
  const sync = (crmLane: 'full' | 'none' = 'full') =>
    runCycle(
      { ...world.engine, monotonic: () => nowMs },
      { spec: world.pair.spec, sides },
      { trigger: 'sync', observe: { udesk: 'full', crm: crmLane } },
    );
  await sync();
  const enter = (...people: { nick_name: string; email: string; cellphones: string[] }[]) => {
    for (const person of people) world.simulator.tenant.create(person);
  };
  const everybody = Array.from({ length: COUNT }, (_, n) => ({
    nick_name: `N${n}`,
    email: emailOf(n),
    cellphones: [phoneOf(n)],
  }));
  const emails = () =>
    crm.table
      .list()
      .flatMap(({ fields }) => asElements(fields.emails ?? null))
      .map(({ value }) => value)
      .sort();
  return { crm, sides, asked, sync, enter, everybody, emails };
}

describe('many creates ask once', () => {
  test('where nobody holds anything of theirs', async () => {
    const { asked, sync, enter, everybody, emails } = await start();
    enter(...everybody);
    await sync('none');
    expect(emails()).toEqual(everybody.map(({ email }) => email).sort());
    expect(asked).toEqual({ one: 0, many: 1 });
  });

  test('and again once that is not fresh any more: after twenty times as long as it took, at most five seconds', async () => {
    const { asked, sync, enter, everybody, emails } = await start({ askMs: 1_000, createMs: 2_000 });
    enter(...everybody);
    await sync('none');
    expect(emails()).toHaveLength(COUNT);
    // Each answer is good for the create right after it, and for two more; the last one has nobody to share with.
    expect(asked).toEqual({ one: 0, many: COUNT / 3 });
  });

  test('not a single one: it asks for its own', async () => {
    const { asked, sync, enter, everybody } = await start();
    enter(...everybody.slice(0, 1));
    await sync('none');
    expect(asked).toEqual({ one: 2, many: 0 });
  });

  test.each(['contract', 'transient'] as const)(
    'and each for its own where the question about many fails: %s',
    async (kind) => {
      const { asked, sides, sync, enter, everybody, emails } = await start();
      sides.crm.unheld = () => Promise.reject(new SyncError(kind, 'too many', { side: 'crm' }));
      enter(...everybody);
      await sync('none');
      expect(emails()).toHaveLength(COUNT);
      expect(asked.one).toBe(2 * COUNT);
    },
  );
});

describe('P5: nobody is made a second time by it', () => {
  test('whoever was entered in the CRM since it was read is linked, and the others are created', async () => {
    const { crm, asked, sync, enter, everybody, emails } = await start();
    enter(...everybody);
    crm.table.insert({ name: 'N7', phones: [{ id: null, value: `+86 ${phoneOf(7)}` }], emails: [] });
    await sync('none');
    await sync();
    expect(emails()).toEqual(everybody.map(({ email }) => email).sort());
    expect(crm.table.list()).toHaveLength(COUNT);
    // Whoever is not free is looked up: the phone of that one.
    expect(asked).toEqual({ one: 1, many: 1 });
  });

  test('whoever is entered after the answer is found once that is not fresh any more', async () => {
    let creates = 0;
    const enterTwin = () => {
      creates += 1;
      if (creates === 1)
        started.crm.table.insert({
          name: 'Twin',
          emails: [{ id: null, value: emailOf(COUNT - 1) }],
          phones: [],
        });
    };
    const started = await start({ askMs: 1_000, createMs: 2_000, before: enterTwin });
    const { sync, enter, everybody, emails } = started;
    enter(...everybody);
    await sync('none');
    await sync();
    expect(emails()).toEqual(everybody.map(({ email }) => email).sort());
  });

  test('what an update of ours takes along meanwhile is looked up', async () => {
    const { crm, sides, sync, enter, everybody } = await start({ askMs: 1_000 });
    const [first, ...others] = everybody.slice(0, 4);
    if (first === undefined) throw new Error('nobody');
    enter(first);
    await sync();
    // Written in another form, so that Udesk takes it for another number.
    const [linked] = world.simulator.tenant.list();
    world.simulator.tenant.edit(Number(linked?.id), { cellphones: [phoneOf(0), `+86 ${phoneOf(3)}`] });
    const { unheld } = sides.crm;
    const landed = Promise.withResolvers<void>();
    sides.crm.unheld = async (...args) => {
      const free = await unheld(...args);
      await landed.promise;
      return free;
    };
    sides.crm.update = async (...args) => {
      const updated = await crm.side.update(...args);
      landed.resolve();
      return updated;
    };
    enter(...others);
    await sync('none');
    const holders = crm.table
      .list()
      .filter(({ fields }) =>
        asElements(fields.phones ?? null).some(({ value }) => value.endsWith(phoneOf(3))),
      );
    expect(holders).toHaveLength(1);
  });
});
