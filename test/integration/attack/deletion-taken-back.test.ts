/** A deletion of ours had to wait, and the one that it follows from is taken back meanwhile. */
import { afterEach, describe, expect, test } from 'vitest';
import { runCycle } from '../../../src/engine/cycle.ts';
import { SyncError } from '../../../src/errors.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { withMoments } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

describe('P7: a deletion that waits is not carried out once the record that was gone is back', () => {
  test('in Udesk, while Udesk could not be asked', async () => {
    world = await createWorld({
      customers: ['Stays', 'Back'].map((name) => ({ nick_name: name, email: `${name}@example.com` })),
      pair: { deletes: 'propagate', guards: '{ deletes: { max: 3, share: 1 } }' },
    });
    let afterMs = 0;
    const pair = withMoments(world.pair, [
      {
        side: 'udesk',
        call: 'delete',
        when: 'before',
        times: 1,
        act: () => {
          throw new SyncError('transient', 'Udesk is away', { side: 'udesk' });
        },
      },
    ]);
    const sync = () =>
      runCycle({ ...world.engine, clock: () => new Date(Date.now() + afterMs) }, pair, {
        trigger: 'sync',
        observe: { udesk: 'full', crm: 'full' },
      });
    await sync();
    const customer = world.simulator.tenant.list().find(({ nick_name }) => nick_name === 'Back');
    await world.crm`create table bin as select * from contact where name = 'Back'`;
    await world.crm`delete from contact where name = 'Back'`;
    await sync();
    expect(await ourRows(world, `select state from udesk_sync.intent where op = 'delete'`)).toEqual([
      { state: 'pending' },
    ]);

    // Somebody takes it out of the bin of the CRM.
    await world.crm`insert into contact overriding system value select * from bin`;
    await sync();
    afterMs = 600_000;
    await sync();
    await sync();

    expect(world.simulator.tenant.list().map(({ id, nick_name }) => [id, nick_name])).toContainEqual([
      customer?.id,
      'Back',
    ]);
  });
});

// Seed v-40: it counted as linked, and nobody ever looked at it again.
test('P2: who was created anew, and is then taken out of the bin, is somebody whom people are asked about', async () => {
  world = await createWorld({
    customers: ['Stays', 'Back'].map((name) => ({ nick_name: name, email: `${name}@example.com` })),
  });
  await world.sync();
  const [customer] = world.simulator.tenant.list().filter(({ nick_name }) => nick_name === 'Back');
  await world.crm`create table bin as select * from contact where name = 'Back'`;
  await world.crm`delete from contact where name = 'Back'`;
  world.simulator.tenant.edit(customer?.id ?? '', { description: 'Called back' });
  await world.sync();
  const [conflict] = await world.conflicts();
  const choice = { conflictId: conflict?.id ?? '', who: 'li', take: 'udesk', value: null } as const;
  await decideConflict(world.database.db, { ...choice, at: new Date() });
  await world.sync();
  expect((await world.people()).map(({ name }) => name).toSorted()).toEqual(['Back', 'Stays']);

  // Without the marker, which the CRM keeps unique, and which the new one has by now.
  await world.crm`update bin set udesk_id = null`;
  const [bin] = await world.crm`insert into contact overriding system value select * from bin returning id`;
  await world.sync();
  const [question] = await listLinks(world.database.db, { state: 'candidate', limit: 10 });
  expect(question?.candidates?.crm).toContain(String(bin?.id));
});
