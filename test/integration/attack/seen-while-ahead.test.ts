/** Whom a create made that left at the right time, and who was first seen while our clock was ahead. */
import { afterEach, expect, test } from 'vitest';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { dropParked } from '../../../src/store/parked-decisions.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { withBin } from './bin.ts';

let world: World;
afterEach(() => world.close());

const { customers } = withBin(() => world);

test.each([0, 200_000])(
  'is not created back once a person left the question alone (clock ahead by %i ms)',
  async (ms) => {
    const { sync } = await createLost();
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
    const { crm, sync } = await createLost();
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

/** A create in a CRM without marker, of somebody without e-mail or phone: its answer was lost. */
async function createLost() {
  world = await createWorld({ customers: [{ nick_name: 'Linked', email: 'linked@example.com' }] });
  const crm = createMemoryCrm({
    manifest: { externalId: null },
    normalise: (field, value) => (field === 'name' ? value.toUpperCase() : value),
  });
  const sides = { udesk: world.pair.sides.udesk, crm: crm.side };
  const sync = (lane: 'full' | 'changes' = 'full', aheadMs = 0) =>
    runCycle(
      { ...world.engine, clock: () => new Date(Date.now() + aheadMs) },
      { spec: world.pair.spec, sides },
      { trigger: 'sync', observe: { udesk: 'full', crm: lane } },
    );
  await sync();
  world.simulator.tenant.create({ nick_name: 'New' });
  crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
  await sync();
  return { crm, sync };
}
