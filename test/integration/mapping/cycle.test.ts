/** Each kind of rule through the whole engine: it converges, is quiet, carries edits both ways, and what it cannot carry is told. */
import { afterEach, expect, test } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { createMappedWorld, type MappedWorld } from '../../support/mapped-world.ts';
import { ourRows } from '../../support/world.ts';

let world: MappedWorld;
afterEach(() => world.close());

const ANN = {
  nick_name: 'Mary Ann Lee',
  email: 'Ann@Example.com',
  cellphones: ['13800138000'],
  level: 'vip',
  description: null,
  custom_fields: { TextField_1: '29/02/2024', TextField_2: '2026-03-01 08:00:00', TextField_3: '上海' },
} as const;

const ann = () => world.customer('Ann@Example.com');
const writes = async () => [world.simulator.counts().writes, (await world.row()).changes];

/** One more cycle writes nothing anywhere (P4). */
async function expectQuiet(): Promise<void> {
  const before = await writes();
  await world.sync();
  expect(await writes()).toEqual(before);
}

test('P6, P4: a customer is created in the CRM in its forms, and the next cycle is quiet', async () => {
  world = await createMappedWorld({ customers: [ANN] });
  await world.sync();
  expect(await world.row()).toMatchObject({
    first_name: 'Mary Ann',
    last_name: 'Lee',
    born: '2024-02-29',
    seen: '2026-03-01 00:00:00.000',
    address: { home: { city: '上海' } },
    note: '-',
    tier: 'gold',
    emails: ['ann@example.com'],
    phones: ['+8613800138000'],
    source: 'udesk',
  });
  await expectQuiet();
  expect(await world.conflicts()).toEqual([]);
});

test('P6, P4: a contact is created in Udesk in its forms, and what the CRM holds besides stays', async () => {
  world = await createMappedWorld({
    rows: [
      {
        first_name: 'Bo',
        last_name: 'Chen',
        born: '1990-05-06',
        seen: '2026-03-01T10:20:30.456Z',
        address: { home: { city: '北京', zip: 100000 }, work: null },
        tier: 'platinum',
        note: '-',
        emails: ['bo@example.com'],
        phones: ['+8613900139000'],
      },
    ],
  });
  await world.sync();
  await expectQuiet();
  expect(world.customer('bo@example.com')).toMatchObject({
    nick_name: 'Bo Chen',
    level: 'vip',
    description: null,
    custom_fields: { TextField_1: '06/05/1990', TextField_2: '2026-03-01 18:20:30', TextField_3: '北京' },
  });
  expect(world.customer('bo@example.com').cellphones.map(({ content }) => content)).toEqual(['13900139000']);
  // What Udesk knows less of is not overwritten with less: the milliseconds, and which kind of vip.
  expect(await world.row()).toMatchObject({
    seen: '2026-03-01 10:20:30.456',
    tier: 'platinum',
    source: 'udesk',
  });
  expect(await world.conflicts()).toEqual([]);
});

test('an edit on either side of every kind of field arrives in the other side’s form, and then it is quiet', async () => {
  world = await createMappedWorld({ customers: [ANN] });
  await world.sync();

  await world.edit({
    first_name: 'Anne',
    born: '2024-03-02',
    seen: '2026-03-03T00:00:00Z',
    address: { home: { city: '深圳', zip: 518000 }, lang: 'zh' },
    tier: 'standard',
    source: 'somebody',
  });
  await world.sync();
  expect(ann()).toMatchObject({
    nick_name: 'Anne Lee',
    level: 'normal',
    custom_fields: { TextField_1: '02/03/2024', TextField_2: '2026-03-03 08:00:00', TextField_3: '深圳' },
  });
  expect((await world.row()).source).toBe('udesk');
  await expectQuiet();

  world.simulator.tenant.edit(ann().id, {
    nick_name: 'Anne Li',
    level: 'vip',
    description: 'longer than twelve characters',
    cellphones: ['13800138000', '13900139000'],
    custom_fields: { TextField_1: '01/03/2024', TextField_2: '2026-03-02 00:30:00', TextField_3: '广州' },
  });
  await world.sync();
  expect(await world.row()).toMatchObject({
    first_name: 'Anne',
    last_name: 'Li',
    born: '2024-03-01',
    seen: '2026-03-01 16:30:00.000',
    address: { home: { city: '广州', zip: 518000 }, lang: 'zh' },
    note: 'longer than',
    tier: 'gold',
    phones: ['+8613800138000', '+8613900139000'],
  });
  await expectQuiet();
  expect((await world.conflicts()).filter(({ state }) => state === 'open')).toEqual([]);
});

test('P2: a value that has no image is an incident of its field, with nothing lost and the rest going on', async () => {
  world = await createMappedWorld({ customers: [ANN] });
  await world.sync();

  await world.edit({ tier: 'iron', born: null, note: 'an edit' });
  world.simulator.tenant.edit(ann().id, {
    nick_name: 'Cher',
    custom_fields: { TextField_2: 'next week' },
    cellphones: ['13800138000', '12'],
  });
  await world.sync();

  const held = (await world.conflicts()).filter(({ state }) => state === 'open');
  expect(held.map(({ field, kind }) => [field, kind]).sort()).toEqual([
    ['cellphones', 'unmappable'],
    ['custom.TextField_2', 'unmappable'],
    ['level', 'unmappable'],
  ]);
  expect(held.find(({ field }) => field === 'level')?.reason).toBe(
    "the value that the CRM holds in level is not in the field's map",
  );
  expect(ann()).toMatchObject({ level: 'vip', description: 'an edit' });
  expect(ann().custom_fields.TextField_2).toBe('next week');
  // One word goes to the first of the fields.
  expect(await world.row()).toMatchObject({ tier: 'iron', first_name: 'Cher', last_name: null });
  await expectQuiet();
  expect(await ourRows(world, 'select 1 from udesk_sync.parked')).toEqual([]);

  await world.edit({ tier: 'standard' });
  world.simulator.tenant.edit(ann().id, { custom_fields: { TextField_2: '2026-04-01 00:00:00' } });
  await world.sync();
  expect(ann().level).toBe('normal');
  expect((await world.row()).seen).toBe('2026-03-31 16:00:00.000');
});

test('truncation is declared and never silent: an edit of the cut text waits for a person, because the rest would be lost', async () => {
  world = await createMappedWorld({ customers: [{ ...ANN, description: 'longer than twelve characters' }] });
  await world.sync();
  expect((await world.row()).note).toBe('longer than');
  await world.edit({ note: 'shorter' });
  await world.sync();
  expect(ann().description).toBe('longer than twelve characters');
  expect(await world.conflicts()).toMatchObject([
    { field: 'description', kind: 'unmappable', state: 'open' },
  ]);
  await expectQuiet();

  const [row] = await world.conflicts();
  const cli = commandLine(world);
  expect((await cli.run('conflicts', 'resolve', String(row?.id), '--take', 'crm', '--yes')).code).toBe(0);
  cli.close();
  await world.sync();
  expect([ann().description, (await world.row()).note]).toEqual(['shorter', 'shorter']);
  await expectQuiet();

  // Cleared in Udesk, the CRM shows what stands for a blank there.
  world.simulator.tenant.edit(ann().id, { description: null });
  await world.sync();
  expect((await world.row()).note).toBe('-');
  await expectQuiet();
});

test('two places of one JSON document are written in one write, and a document that is none is left alone', async () => {
  world = await createMappedWorld({
    customers: [ANN],
    fields: `[
      { udesk: emails, crm: emails },
      { udesk: nick_name, crm: address, path: name },
      { udesk: custom.TextField_3, crm: address, path: 'home[0].city' },
      { crm: address, path: source, constant: udesk }
    ]`,
  });
  await world.sync();
  expect((await world.row()).address).toEqual({
    name: 'Mary Ann Lee',
    home: [{ city: '上海' }],
    source: 'udesk',
  });
  await world.table`update person set address = '[1]'`;
  world.simulator.tenant.edit(ann().id, { nick_name: 'Ann' });
  await world.sync();
  expect((await world.row()).address).toEqual([1]);
  await world.table`update person set address = '{"name": "Ann", "home": [], "n": 1}'`;
  await world.sync();
  await expectQuiet();
});
