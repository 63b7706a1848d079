import { afterEach, describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/errors.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { reopen, rightBefore, syncAt, syncPair } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const at = new Date();
const first = () => world.simulator.tenant.list()[0];
/** Name, e-mails, and the description as the CRM's note. */
const NOTE =
  '[{ udesk: nick_name, crm: name }, { udesk: emails, crm: emails }, { udesk: description, crm: note }]';

/** One cycle with another configuration, as after a restart. */
async function syncWith(edit: (yaml: string) => string): Promise<void> {
  const [changed] = await reopen(world, edit);
  if (changed === undefined) throw new Error('no pair');
  try {
    await syncPair(world, changed);
  } finally {
    await changed.close();
  }
}

const toIndustry = (yaml: string) => yaml.replace('crm: note', 'crm: industry');

describe('P2: another mapping of a field', () => {
  test('to another CRM column does not clear what Udesk holds (T26)', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'A', email: 'a@example.com', description: 'precious' }],
      pair: { fields: NOTE },
    });
    await world.sync();
    expect((await world.people())[0]?.note).toBe('precious');

    await syncWith(toIndustry);

    expect(first()?.description).toBe('precious');
    expect((await world.people())[0]).toMatchObject({ industry: 'precious', note: 'precious' });
  });

  test('does not overwrite what the other column holds already: a person decides', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'A', email: 'a@example.com', description: 'precious' }],
      pair: { fields: NOTE },
    });
    await world.sync();
    await world.crm`update contact set industry = 'steel'`;

    await syncWith(toIndustry);

    expect(await world.conflicts()).toMatchObject([
      { field: 'description', kind: 'first-link', udesk: 'precious', crm: 'steel' },
    ]);
    expect(first()?.description).toBe('precious');
    expect((await world.people())[0]?.industry).toBe('steel');
  });

  test('and back again compares nothing with what was agreed long ago', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'A', email: 'a@example.com', description: 'old' }],
      pair: { fields: NOTE },
    });
    await world.sync();
    const without = (yaml: string) => yaml.replace(/,\s*\{ udesk: description, crm: note \}/, '');
    await syncWith(without);
    // While nobody looks, the column is emptied, as one does with a column that is not used any more.
    await world.crm`update contact set note = null`;
    await syncWith(without);

    await syncWith((yaml) => yaml);

    expect(first()?.description).toBe('old');
    expect((await world.people())[0]?.note).toBe('old');
  });

  test('with other words for its values asks before it rewrites any', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'A', email: 'a@example.com', level: 'vip' }],
      pair: {
        fields:
          '[{ udesk: nick_name, crm: name }, { udesk: emails, crm: emails }, { udesk: level, crm: tier, map: { vip: gold, normal: standard } }]',
      },
    });
    await world.sync();
    expect((await world.people())[0]?.tier).toBe('gold');

    await syncWith((yaml) =>
      yaml.replace('{ vip: gold, normal: standard }', '{ vip: platinum, normal: gold }'),
    );

    expect(await world.conflicts()).toMatchObject([
      { field: 'level', kind: 'first-link', udesk: 'vip', crm: 'gold' },
    ]);
    expect(first()?.level).toBe('vip');
  });

  test('while a write of it has no known outcome: what the old column held is not taken for the new one', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'A', email: 'a@example.com', description: 'old' }],
      pair: { fields: NOTE },
    });
    await world.sync();
    await world.crm`update contact set note = 'precious'`;
    let sent = false;
    await syncAt(world, [
      {
        side: 'udesk',
        call: 'update',
        when: 'after',
        act: () => {
          sent = true;
          throw new SyncError('ambiguous', 'the answer was lost');
        },
      },
      {
        side: 'udesk',
        call: 'read',
        when: 'before',
        act: () => {
          if (sent) throw new SyncError('transient', 'the side does not answer');
        },
      },
    ]);
    expect(await ourRows(world, `select op from udesk_sync.intent where state = 'unknown'`)).toHaveLength(1);
    expect(first()?.description).toBe('precious');

    await syncWith(toIndustry);
    await syncWith(toIndustry);

    expect(first()?.description).toBe('precious');
    expect((await world.people())[0]).toMatchObject({ industry: 'precious', note: 'precious' });
  });

  test.each([
    ['our write was taken', false],
    ['Tom edited on', true],
  ])(
    'while a write of it has no known outcome: it counts as one of which nobody knows what it replaced (%s)',
    async (_, isEditedOn) => {
      world = await createWorld({
        customers: [{ nick_name: 'A', email: 'a@example.com', description: 'old' }],
        pair: { fields: NOTE },
      });
      await world.sync();
      await world.crm`update contact set note = 'ours', name = 'B'`;
      const id = String(first()?.id);
      const byTom = { id: 8, nick_name: 'Tom' };
      let sent = false;
      await syncAt(world, [
        rightBefore('udesk', 'update', () =>
          world.simulator.tenant.edit(id, { description: 'by Tom' }, byTom),
        ),
        {
          ...{ side: 'udesk', call: 'update', when: 'after' },
          act: () => {
            sent = true;
            throw new SyncError('ambiguous', 'the answer was lost');
          },
        },
        {
          ...{ side: 'udesk', call: 'read', when: 'before' },
          act: () => {
            if (sent) throw new SyncError('transient', 'the side does not answer');
          },
        },
      ]);
      if (isEditedOn) world.simulator.tenant.edit(id, { nick_name: 'C' }, byTom);

      await syncWith(toIndustry);
      await syncWith(toIndustry);

      const of = `select witness from udesk_sync.intent where side = 'udesk' and op = 'update' order by id limit 1`;
      expect(await ourRows(world, of)).toEqual([{ witness: 'unclear' }]);
    },
  );

  test('of other fields leaves this one’s bases alone: an edit made meanwhile is an edit', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'A', email: 'a@example.com', description: 'old' }],
      pair: { fields: NOTE },
    });
    await world.sync();
    await world.crm`update contact set name = 'Edited'`;

    await syncWith(toIndustry);

    expect(first()?.nick_name).toBe('Edited');
    expect(await world.conflicts()).toEqual([]);
  });
});

describe('P3: conflicts and the mapping', () => {
  test('a conflict of a field that was taken out of the mapping can be put away', async () => {
    world = await createWorld({ customers: [{ nick_name: 'A', email: 'a@example.com', description: 'x' }] });
    await world.sync();
    world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { description: 'u' });
    await world.crm`update contact set note = 'c'`;
    await world.sync();
    expect((await world.conflicts()).map(({ state }) => state)).toEqual(['open']);
    const [changed] = await reopen(world, (yaml) =>
      yaml.replace(/,\s*\{ udesk: description, crm: note \}/, ''),
    );
    if (changed === undefined) throw new Error('no pair');

    await syncPair(world, changed);
    const [open] = await world.conflicts();
    await decideConflict(world.database.db, {
      conflictId: open?.id ?? '',
      who: 'li',
      take: 'udesk',
      value: null,
      at,
    });
    await syncPair(world, changed);
    await changed.close();

    const active = await ourRows(
      world,
      `select state from udesk_sync.conflict where state in ('open', 'resolving')`,
    );
    expect(active).toEqual([]);
    expect(await world.conflicts()).toMatchObject([{ state: 'resolved', resolvedBy: 'mapping changed' }]);
  });

  test('a choice about a field that is mapped to another column since is not carried out there', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'A', email: 'a@example.com', description: 'base' }],
      pair: { fields: NOTE },
    });
    await world.sync();
    world.simulator.tenant.edit(first()?.id ?? '', { description: 'u' });
    await world.crm`update contact set note = 'c', industry = 'c'`;
    await world.sync();
    const [open] = await world.conflicts();
    await decideConflict(world.database.db, {
      conflictId: open?.id ?? '',
      who: 'li',
      take: 'udesk',
      value: null,
      at,
    });

    await syncWith(toIndustry);

    expect((await world.people())[0]?.industry).toBe('c');
    expect((await world.conflicts()).map(({ kind, state }) => [kind, state])).toEqual([
      ['edit/edit', 'resolved'],
      ['first-link', 'open'],
    ]);
  });
});
