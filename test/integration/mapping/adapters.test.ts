/** The rules of a field are above the port: a CRM with a JSON API has them as a table has. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RestCrm, startRestCrm } from '../../support/rest-crm.ts';
import { createWorld, type World } from '../../support/world.ts';

let crm: RestCrm;
let world: World;
beforeEach(async () => {
  crm = await startRestCrm();
});
afterEach(async () => {
  await world.close();
  await crm.close();
});

test('http: two fields of the API are one in Udesk, and numbers have the form that each side wants', async () => {
  world = await createWorld({
    customers: [{ nick_name: 'Ann / met in Berlin', email: 'ann@example.com', cellphones: ['13800138000'] }],
    crmBlock: crm.block,
    pair: {
      fields: `[
        { udesk: nick_name, crm: [name, note], join: ' / ' },
        { udesk: emails, crm: emails },
        { udesk: cellphones, crm: phones, phone: { crm: e164, udesk: national } }
      ]`,
    },
  });
  const person = () => {
    const [only, ...others] = crm.people.live();
    if (only === undefined || others.length > 0) throw new Error('there is not one person');
    return only;
  };
  const customer = () => world.simulator.tenant.find('email', 'ann@example.com');
  await world.sync();
  expect(person()).toMatchObject({ name: 'Ann', note: 'met in Berlin' });
  expect(
    person()
      .phones.map(({ value }) => value)
      .filter((value) => value !== ''),
  ).toEqual(['+8613800138000']);

  crm.people.edit(person(), { note: 'met in Bonn' });
  await world.sync();
  expect(customer()?.nick_name).toBe('Ann / met in Bonn');
  world.simulator.tenant.edit(customer()?.id ?? '', { nick_name: 'Anne / met in Bonn' });
  await world.sync();
  expect(person()).toMatchObject({ name: 'Anne', note: 'met in Bonn' });

  const writes = () => [world.simulator.counts().writes, crm.people.writes];
  const before = writes();
  await world.sync();
  expect(writes()).toEqual(before);

  world.simulator.tenant.edit(customer()?.id ?? '', { nick_name: 'Anne' });
  await world.sync();
  expect(await world.conflicts()).toMatchObject([{ field: 'nick_name', kind: 'unmappable', state: 'open' }]);
  expect(person().note).toBe('met in Bonn');
});
