/** P12: where a value came from is told of the record that the link joins, and of nobody whom a person parted from it. */
import { afterEach, expect, test } from 'vitest';
import { traceAll } from '../../../src/core/provenance.ts';
import { loadHistory } from '../../../src/store/history.ts';
import { unlink } from '../../../src/store/link-decisions.ts';
import { createWorld, customerId, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(() => world.close());

test.each(['the same', 'a former'] as const)(
  'a value that the CRM had in both at once goes back to the one that is linked (%s counterpart)',
  async (which) => {
    world = await createWorld({
      customers: [{ nick_name: 'Kim', email: 'kim@example.com' }],
      people: [{ name: 'Kim', emails: ['kim@example.com'] }],
      pair: { create: '{ inUdesk: false, inCrm: false }' },
    });
    await world.sync();
    const id = customerId(world, 'Kim');
    if (which === 'a former') {
      const [link] = await ourRows(world, 'select id from udesk_sync.link');
      await unlink(world.database.db, { linkId: String(link?.id), who: 'li', at: new Date() });
      await world.insert({ name: 'Kim', emails: ['lee@example.com'] });
      world.simulator.tenant.edit(id, { email: 'lee@example.com' });
      await world.sync();
    }
    const [own] = await ourRows(world, `select crm_id from udesk_sync.link where state = 'confirmed'`);
    await world.crm`update contact set note = 'On holiday'`;
    await world.sync();
    expect(world.simulator.tenant.get(id)?.description).toBe('On holiday');

    const history = await loadHistory(world.database.db, 'main', 'udesk', id);
    const traces = history === null ? [] : traceAll(history, world.pair.spec.fields);
    const trace = traces.find(({ side, field }) => side === 'udesk' && field === 'description');
    const { origin } = trace ?? {};
    expect(origin).toMatchObject({ kind: 'observation', side: 'crm' });
    const seen = origin?.kind === 'observation' ? origin.observationId : null;
    expect(await ourRows(world, `select remote_id from udesk_sync.observation where id = ${seen}`)).toEqual([
      { remote_id: own?.crm_id },
    ]);
  },
);
