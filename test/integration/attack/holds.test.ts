import { afterEach, expect, test } from 'vitest';
import { SyncError } from '../../../src/errors.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { rightBefore, syncAt } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const down = () => {
  throw new SyncError('transient', 'the side does not answer');
};
const many = Array.from({ length: 30 }, (_, n) => ({
  nick_name: `Customer ${n}`,
  email: `c${n}@example.com`,
}));
const first = () => world.simulator.tenant.list()[0];
const emailsOf = (id: string) => {
  const customer = world.simulator.tenant.get(id);
  return [customer?.email ?? '', ...(customer?.other_emails.map(({ content }) => content) ?? [])]
    .filter(Boolean)
    .sort();
};

test('P2: both sides’ additions survive when one half of the merge is dropped as stale', async () => {
  world = await createWorld({
    customers: [{ nick_name: 'W', email: 'p@example.com', other_emails: ['a@example.com'] }],
  });
  await world.sync();
  const id = first()?.id ?? '';
  world.simulator.tenant.edit(id, { other_emails: ['a@example.com', 'x@example.com'] });
  await world.crm`update contact set emails = emails || 'd@example.com'::text`;
  await syncAt(world, [
    rightBefore('udesk', 'read', () =>
      world.simulator.tenant.edit(id, {
        other_emails: ['a@example.com', 'x@example.com', 'y@example.com'],
      }),
    ),
  ]);
  await world.sync();

  const all = ['a', 'd', 'p', 'x', 'y'].map((name) => `${name}@example.com`);
  expect(emailsOf(id)).toEqual(all);
  expect((await world.people())[0]?.emails.toSorted()).toEqual(all);
});

test('P8: creates that wait for a side that is down count against the limit of the next plan (T14)', async () => {
  world = await createWorld({ customers: many, pair: { guards: '{ creates: { perHour: 6 } }' } });
  await world.sync();
  await ourRows(world, `update udesk_sync.intent set sent_at = sent_at - interval '2 hours'`);
  const downNow = [{ side: 'crm', call: 'create', when: 'before', act: down }] as const;
  // After three failures in a row the rest of a plan waits unsent.
  for (const [batch, size] of [
    ['x', 6],
    ['y', 3],
  ] as const) {
    for (let n = 0; n < size; n += 1) {
      world.simulator.tenant.create({ nick_name: batch + n, email: `${batch}${n}@example.com` });
    }
    await syncAt(world, downNow);
  }
  await ourRows(world, `update udesk_sync.intent set not_before = null`);
  await world.sync();

  expect((await world.people()).length).toBeLessThanOrEqual(36);
});

test('P6: a phone that moves to a person who is written after the one who gives it up arrives', async () => {
  world = await createWorld({
    customers: [
      { nick_name: 'Older', email: 'o@example.com', cellphones: ['13800000001'] },
      { nick_name: 'Newer', email: 'n@example.com', cellphones: ['13800000002'] },
    ],
  });
  await world.sync();
  await world.crm.begin(async (tx) => {
    await tx`update contact set phones = '{}' where name = 'Older'`;
    await tx`update contact set phones = phones || '13800000001'::text where name = 'Newer'`;
  });

  await world.sync();
  await world.sync();

  const phonesOf = (name: string) =>
    world.simulator.tenant
      .list()
      .find(({ nick_name }) => nick_name === name)
      ?.cellphones.map(({ content }) => content);
  expect(phonesOf('Older')).toEqual([]);
  expect(phonesOf('Newer')?.toSorted()).toEqual(['13800000001', '13800000002']);
});

test('P2: an e-mail edit of a customer whose addresses Udesk tells without ids is parked, and not planned again for ever', async () => {
  world = await createWorld({
    customers: [{ nick_name: 'A', email: 'a@example.com', other_emails: ['b@example.com'] }],
  });
  await world.sync();
  await world.crm`update contact set emails = emails || 'c@example.com'::text`;
  world.simulator.set('shape.other_emails', 'o5');
  const count = async () =>
    Number((await ourRows(world, `select count(*)::int as n from udesk_sync.intent`))[0]?.n);
  await world.sync();
  const before = await count();

  const report = await world.sync();

  expect(report.parked + report.openConflicts).toBeGreaterThan(0);
  expect(await count()).toBe(before);
});

test('P5: a person deleted in the CRM is deleted in Udesk within one sync, whatever shapes Udesk answers in', async () => {
  world = await createWorld({
    customers: Array.from({ length: 12 }, (_, n) => ({
      nick_name: `N${n}`,
      email: `n${n}@example.com`,
      other_emails: [`m${n}@example.com`],
      cellphones: [`1380000000${n % 10}`.slice(0, 10) + String(n % 10)].filter(() => n < 10),
    })),
    pair: { deletes: 'propagate' },
    switches: {
      'shape.emails': 'mixed',
      'shape.other_emails': 'mixed',
      'shape.cellphones': 'mixed',
      'shape.tags': 'mixed',
    },
  });
  await world.sync();
  await world.sync();
  await world.crm`delete from contact where name in ('N3', 'N7')`;

  await world.sync();

  expect(world.simulator.tenant.count).toBe(10);
});
