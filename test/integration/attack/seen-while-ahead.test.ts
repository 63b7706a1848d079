/** Whom a create made that left at the right time, and who was first seen while our clock was ahead. */
import { afterEach, expect, test } from 'vitest';
import { dropParked } from '../../../src/store/parked-decisions.ts';
import { ourRows, type World } from '../../support/world.ts';
import { withBin } from './bin.ts';
import { createLost } from './lost-create.ts';

let world: World;
afterEach(() => world.close());

const { customers } = withBin(() => world);

async function begin() {
  const lost = await createLost();
  world = lost.world;
  return lost;
}

test.each([0, 200_000])(
  'is not created back once a person left the question alone (clock ahead by %i ms)',
  async (ms) => {
    const { sync } = await begin();
    await sync('changes', ms);
    await sync();
    const open = await ourRows(world, `select id, kind, at from udesk_sync.parked where state = 'parked'`);
    expect(open.map(({ kind }) => kind)).toEqual(['uncertain-create']);
    await dropParked(world.database.db, { parkedId: String(open[0]?.id), who: 'li', at: new Date() });
    await sync();
    await sync();
    expect(customers()).toEqual(['Linked', 'New']);
  },
);

test.each([0, 200_000])(
  'is not created back while a person is asked, though it was given an e-mail (clock ahead by %i ms)',
  async (ms) => {
    const { crm, sync } = await begin();
    const made = crm.table.list().find(({ fields }) => fields.name === 'NEW');
    crm.table.edit(made?.id ?? '', { emails: [{ id: null, value: 'new@example.com' }] });
    await sync('changes', ms);
    await sync();
    await sync();
    const open = await ourRows(world, `select kind from udesk_sync.parked where state = 'parked'`);
    expect(open).toEqual([{ kind: 'uncertain-create' }]);
    expect(customers()).toEqual(['Linked', 'New']);
  },
);
