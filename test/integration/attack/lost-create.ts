/** A create of which only a complete list can tell: the answer was lost, and there is nothing to look it up by. */
import type { Side } from '../../../src/crm/adapter.ts';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { createWorld } from '../../support/world.ts';

/**
 * New, without e-mail or phone, in a CRM without marker, which writes names in capitals.
 * @param setting how far our clock was ahead when it left, and what stands before the CRM
 * @returns `sync` with the clock so much ahead; the caller closes the world
 */
export async function createLost(
  setting: { readonly aheadMs?: number; readonly before?: (side: Side) => Side } = {},
) {
  const world = await createWorld({ customers: [{ nick_name: 'Linked', email: 'linked@example.com' }] });
  const crm = createMemoryCrm({
    manifest: { externalId: null },
    normalise: (field, value) => (field === 'name' ? value.toUpperCase() : value),
  });
  const sides = { udesk: world.pair.sides.udesk, crm: setting.before?.(crm.side) ?? crm.side };
  const sync = (lane: 'full' | 'changes' = 'full', aheadMs = 0) =>
    runCycle(
      { ...world.engine, clock: () => new Date(Date.now() + aheadMs) },
      { spec: world.pair.spec, sides },
      { trigger: 'sync', observe: { udesk: 'full', crm: lane } },
    );
  await sync();
  world.simulator.tenant.create({ nick_name: 'New' });
  crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
  await sync('full', setting.aheadMs);
  return { world, crm, sync };
}
