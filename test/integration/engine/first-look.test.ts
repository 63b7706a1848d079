import { afterEach, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

describe('P5: nobody is created a second time because a side was not seen yet', () => {
  // Found by the simulation: the first cycle of a pair read one side only, and took everybody there for missing.
  test('the first plan waits until both sides were read to their end', async () => {
    const email = 'same@example.com';
    world = await createWorld({
      customers: [{ nick_name: 'A', email }],
      people: [{ name: 'A', emails: [email] }],
    });

    const half = await world.sync({ observe: { udesk: 'full', crm: 'none' } });
    expect(half).toMatchObject({ outcome: 'done', push: null });
    expect(await world.people()).toHaveLength(1);

    const whole = await world.sync();
    expect(whole.matched.linked + half.matched.linked).toBe(1);
    expect(await world.people()).toHaveLength(1);
    expect(world.simulator.tenant.count).toBe(1);
  });

  test('a first look at the CRM alone creates nothing in Udesk', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Nameless' }], people: [{ name: 'Nobody yet' }] });

    await world.sync({ observe: { udesk: 'none', crm: 'full' } });
    expect(world.simulator.counts().writes).toBe(0);
    await world.sync();
    expect(world.simulator.tenant.count).toBe(2);
  });
});
