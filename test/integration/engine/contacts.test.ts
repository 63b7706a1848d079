import { afterEach, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const wang = {
  nick_name: 'Wang',
  email: 'p@example.com',
  other_emails: ['a@example.com', 'b@example.com', 'c@example.com'],
  cellphones: ['13800000001', '13800000002'],
};

describe('Udesk’s id-merge of e-mails and phones', () => {
  test('a customer with three other e-mails gets a fourth from the CRM: all four are there, the old ids unchanged', async () => {
    world = await createWorld({ customers: [wang] });
    await world.sync();
    const before = world.simulator.tenant.list()[0];

    await world.crm`update contact set emails = emails || 'd@example.com'::text`;
    await world.sync();

    const after = world.simulator.tenant.get(before?.id ?? '');
    expect(after?.email).toBe('p@example.com');
    expect(after?.other_emails.slice(0, 3)).toEqual(before?.other_emails);
    expect(after?.other_emails.map(({ content }) => content)).toEqual([
      ...wang.other_emails,
      'd@example.com',
    ]);
  });

  test('a phone edited in the CRM changes in place under its old id', async () => {
    world = await createWorld({ customers: [wang] });
    await world.sync();
    const before = world.simulator.tenant.list()[0];

    await world.crm`update contact set phones = array['13800000001', '13899999999']`;
    await world.sync();

    const after = world.simulator.tenant.get(before?.id ?? '');
    expect(after?.cellphones).toEqual([
      before?.cellphones[0],
      { id: before?.cellphones[1]?.id, content: '13899999999' },
    ]);
  });

  test('an address that an agent adds between our reading and our writing is not dropped', async () => {
    world = await createWorld({ customers: [wang] });
    await world.sync();
    const id = world.simulator.tenant.list()[0]?.id ?? '';

    await world.crm`update contact set emails = emails || 'd@example.com'::text`;
    // The agent's address comes after the sweep has read this customer and before the write.
    world.simulator.tenant.faults.push({
      kind: 'latency',
      latencyMs: 1,
      match: { method: 'GET', path: '/customers/get_customer' },
    });
    const sweep = world.sync();
    world.simulator.tenant.edit(id, { other_emails: [...wang.other_emails, 'agent@example.com'] });
    await sweep;
    await world.sync();

    const emails = world.simulator.tenant.get(id)?.other_emails.map(({ content }) => content);
    expect(emails).toContain('agent@example.com');
    expect(emails).toContain('d@example.com');
    expect((await world.people())[0]?.emails).toContain('agent@example.com');
  });

  test('a phone removed in the CRM is removed from Udesk, and only that one', async () => {
    world = await createWorld({ customers: [wang] });
    await world.sync();
    const id = world.simulator.tenant.list()[0]?.id ?? '';

    await world.crm`update contact set phones = array['13800000002']`;
    await world.sync();

    expect(world.simulator.tenant.get(id)?.cellphones.map(({ content }) => content)).toEqual(['13800000002']);
  });
});
