import { afterEach, describe, expect, test } from 'vitest';
import { createWorld, type World, writesSoFar } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const li = {
  nick_name: 'Li Lei',
  email: 'li@example.com',
  cellphones: ['13800000001'],
  level: 'vip' as const,
};

describe('P6 convergence', () => {
  test('a customer that only Udesk has is created in the CRM, and a person that only the CRM has in Udesk', async () => {
    world = await createWorld({
      customers: [li],
      people: [
        { name: 'Han Meimei', emails: ['han@example.com', 'h2@example.com'], phones: ['13900000002'] },
      ],
    });

    const report = await world.sync();

    expect(report.outcome).toBe('done');
    const people = await world.people();
    const [customer] = world.simulator.tenant
      .list({ limit: 10 })
      .filter(({ nick_name }) => nick_name === 'Li Lei');
    expect(people.find(({ name }) => name === 'Li Lei')).toMatchObject({
      emails: ['li@example.com'],
      phones: ['13800000001'],
      tier: 'gold',
      udesk_id: customer?.id,
    });
    const created = world.simulator.tenant.find('email', 'han@example.com');
    expect(created).toMatchObject({ nick_name: 'Han Meimei', email: 'han@example.com' });
    expect(created?.other_emails.map(({ content }) => content)).toEqual(['h2@example.com']);
    expect(created?.cellphones.map(({ content }) => content)).toEqual(['13900000002']);
    expect(created?.open_api_token).toBe(people.find(({ name }) => name === 'Han Meimei')?.id);
  });

  test('the same person on both sides is linked, blanks are filled and sets united', async () => {
    world = await createWorld({
      customers: [{ ...li, description: 'calls on Mondays' }],
      people: [
        {
          name: 'Li Lei',
          emails: ['LI@example.com'],
          phones: ['+86 138 0000 0001', '010-12345678'],
          tier: 'gold',
        },
      ],
    });

    await world.sync();

    expect(world.simulator.tenant.count).toBe(1);
    const people = await world.people();
    expect(people).toHaveLength(1);
    expect(people[0]).toMatchObject({ name: 'Li Lei', note: 'calls on Mondays', tier: 'gold' });
    const customer = world.simulator.tenant.find('email', 'li@example.com');
    expect(customer?.cellphones.map(({ content }) => content)).toEqual(['13800000001', '010-12345678']);
    expect(await world.conflicts()).toEqual([]);
  });

  test('a default that a new customer comes with, in a field that may not flow there, is no conflict', async () => {
    world = await createWorld({ people: [{ name: 'Gold', emails: ['gold@example.com'], tier: 'gold' }] });

    await world.sync();
    expect(await world.conflicts()).toEqual([]);
    expect((await world.people())[0]).toMatchObject({ tier: 'gold' });

    world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { level: 'vip' });
    await world.sync();
    world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { level: 'normal' });
    await world.sync();
    expect((await world.people())[0]).toMatchObject({ tier: 'standard' });
  });

  test('an edit on one side reaches the other, in both directions', async () => {
    world = await createWorld({ customers: [li] });
    await world.sync();
    const id = world.simulator.tenant.list()[0]?.id ?? '';

    world.simulator.tenant.edit(id, { nick_name: 'Li Lei (2)' });
    await world.crm`update contact set note = 'prefers mail'`;
    await world.sync();

    expect((await world.people())[0]).toMatchObject({ name: 'Li Lei (2)', note: 'prefers mail' });
    expect(world.simulator.tenant.get(id)).toMatchObject({
      nick_name: 'Li Lei (2)',
      description: 'prefers mail',
    });
  });
});

describe('P4 no echo', () => {
  test('after convergence a further sync writes nothing to either side (T23)', async () => {
    world = await createWorld({
      customers: 60,
      people: [
        { name: 'Only here', emails: ['only@example.com'] },
        { name: 'No contact', note: 'walk-in' },
      ],
      switches: { 'shape.emails': 'mixed', 'shape.other_emails': 'mixed', 'shape.cellphones': 'mixed' },
    });
    await world.sync();
    const before = await writesSoFar(world);

    const report = await world.sync();

    expect(await writesSoFar(world)).toEqual(before);
    expect(report.plan).toMatchObject({
      creates: { udesk: 0, crm: 0 },
      updates: { udesk: 0, crm: 0 },
      held: 0,
    });
    expect(report.push?.settled).toBe(0);
  });
});

describe('P2 accounting', () => {
  test('different fields of one person edited on both sides between two cycles both survive', async () => {
    world = await createWorld({ customers: [li] });
    await world.sync();
    const id = world.simulator.tenant.list()[0]?.id ?? '';

    world.simulator.tenant.edit(id, {
      nick_name: 'Renamed in Udesk',
      cellphones: ['13800000001', '13800000009'],
    });
    await world.crm`update contact set note = 'noted in the CRM', emails = emails || 'second@example.com'::text`;
    await world.sync();

    const customer = world.simulator.tenant.get(id);
    expect(customer).toMatchObject({ nick_name: 'Renamed in Udesk', description: 'noted in the CRM' });
    expect(customer?.other_emails.map(({ content }) => content)).toEqual(['second@example.com']);
    expect((await world.people())[0]).toMatchObject({
      name: 'Renamed in Udesk',
      note: 'noted in the CRM',
      phones: ['13800000001', '13800000009'],
    });
    expect(await world.conflicts()).toEqual([]);
  });

  test('the same field edited on both sides becomes one conflict with base, both values and times, and nothing is overwritten (T17)', async () => {
    world = await createWorld({ customers: [li] });
    await world.sync();
    const id = world.simulator.tenant.list()[0]?.id ?? '';

    world.simulator.tenant.edit(id, { nick_name: 'Name by Udesk' });
    await world.crm`update contact set name = 'Name by CRM', note = 'flows on'`;
    await world.sync();
    const before = await writesSoFar(world);
    await world.sync();

    expect(await writesSoFar(world)).toEqual(before);
    expect(world.simulator.tenant.get(id)).toMatchObject({
      nick_name: 'Name by Udesk',
      description: 'flows on',
    });
    expect((await world.people())[0]).toMatchObject({ name: 'Name by CRM' });
    const conflicts = await world.conflicts();
    expect(conflicts).toHaveLength(1);
    expect(conflicts[0]).toMatchObject({
      field: 'nick_name',
      kind: 'edit/edit',
      state: 'open',
      base: { udesk: 'Li Lei', crm: 'Li Lei' },
      udesk: 'Name by Udesk',
      crm: 'Name by CRM',
      udeskId: id,
    });
    expect(conflicts[0]?.crmAt).not.toBeNull();
  });
});
