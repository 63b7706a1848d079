import { afterEach, describe, expect, test } from 'vitest';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const many = Array.from({ length: 30 }, (_, n) => ({
  nick_name: `Customer ${n}`,
  email: `c${n}@example.com`,
}));

describe('P5 idempotence', () => {
  test('a reply lost after the commit of a create leaves one customer, not two (T10)', async () => {
    world = await createWorld({
      people: [{ name: 'Lost', emails: ['lost@example.com'], phones: ['13700000001'] }],
    });
    world.simulator.tenant.faults.push({
      kind: 'reset-after-commit',
      match: { method: 'POST', path: '/customers' },
    });

    await world.sync();
    await world.sync();

    expect(world.simulator.tenant.list().map(({ nick_name }) => nick_name)).toEqual(['Lost']);
    expect(world.simulator.counts().committed).toBe(1);
    expect(await ourRows(world, `select state from udesk_sync.intent where op = 'create'`)).toEqual([
      { state: 'settled' },
    ]);
    expect(await world.conflicts()).toEqual([]);
  });

  test('a reply lost after the commit of an update is found out by reading, and is not sent again (T10)', async () => {
    world = await createWorld({ customers: many.slice(0, 1) });
    await world.sync();
    const before = world.simulator.counts().committed;
    await world.crm`update contact set name = 'Edited'`;
    world.simulator.tenant.faults.push({ kind: 'reset-after-commit', match: { method: 'PUT' } });

    await world.sync();

    expect(world.simulator.tenant.list()[0]?.nick_name).toBe('Edited');
    expect(world.simulator.counts().committed).toBe(before + 1);
  });

  test('a create whose request never arrived is looked for and then sent again (T13)', async () => {
    world = await createWorld({ people: [{ name: 'Once', emails: ['once@example.com'] }] });
    world.simulator.tenant.faults.push({ kind: 'reset', match: { method: 'POST', path: '/customers' } });

    await world.sync();

    expect(world.simulator.tenant.list().map(({ nick_name }) => nick_name)).toEqual(['Once']);
  });
});

describe('first run', () => {
  test('nothing is written to either side, and nothing is held as a conflict, before the first plan was accepted (T15)', async () => {
    world = await createWorld({
      customers: [...many.slice(0, 3), { nick_name: 'Same', email: 'same@example.com' }],
      people: [
        { name: 'Only CRM', emails: ['crm@example.com'] },
        { name: 'Same!', emails: ['same@example.com'] },
      ],
      pair: { firstRun: 'review' },
    });
    const before = await writesSoFar(world);

    const report = await world.sync();

    expect(report).toMatchObject({
      outcome: 'waiting',
      firstPlan: true,
      matched: { linked: 1, reviews: 0 },
      plan: { creates: { udesk: 1, crm: 3 } },
    });
    expect(await writesSoFar(world)).toEqual(before);
    expect(await world.conflicts()).toEqual([]);

    // What is shown may hold megabytes, and waits for days: the same plan is not written again.
    const shown = () => ourRows(world, `select first_plan ->> 'at' as at from udesk_sync.pair`);
    const first = await shown();
    expect(await world.sync()).toMatchObject({ outcome: 'waiting', plan: { hash: report.plan.hash } });
    expect(await shown()).toEqual(first);

    const accepted = await world.sync({ acceptFirstPlan: { who: 'ann' } });
    expect(accepted.outcome).toBe('done');
    expect(world.simulator.tenant.count).toBe(5);
    expect(await world.people()).toHaveLength(5);
    expect(await world.conflicts()).toMatchObject([
      { kind: 'first-link', field: 'nick_name', state: 'open' },
    ]);
  });
});

describe('deletions', () => {
  test('P7: a customer deleted in Udesk is flagged and nothing is deleted in the CRM', async () => {
    world = await createWorld({ customers: many });
    await world.sync();
    const gone = world.simulator.tenant.list()[4]?.id ?? '';

    world.simulator.tenant.delete(gone);
    const report = await world.sync();

    expect(report.observed.udesk.deleted).toBe(1);
    expect(await world.people()).toHaveLength(30);
    expect(
      await ourRows(
        world,
        `select udesk_id, state, decided_by from udesk_sync.link where state <> 'confirmed'`,
      ),
    ).toEqual([{ udesk_id: gone, state: 'broken', decided_by: 'flag' }]);
    const quiet = await writesSoFar(world);
    await world.sync();
    expect(await writesSoFar(world)).toEqual(quiet);
  });

  test('an edit of the survivor beats the deletion and opens an edit/delete conflict (T16)', async () => {
    world = await createWorld({ customers: many.slice(0, 3) });
    await world.sync();
    const [gone] = world.simulator.tenant.list();

    world.simulator.tenant.delete(gone?.id ?? '');
    await world.crm`update contact set note = 'important' where udesk_id = ${gone?.id ?? ''}`;
    await world.sync();

    expect(await world.people()).toHaveLength(3);
    expect(await world.conflicts()).toMatchObject([{ field: '*', kind: 'edit/delete', state: 'open' }]);
  });

  test('P8: with `deletes: propagate` more deletions than the guard allows wait for approval of exactly that plan (T3)', async () => {
    world = await createWorld({
      customers: many,
      pair: { deletes: 'propagate', guards: '{ deletes: { max: 3, share: 1 } }' },
    });
    await world.sync();
    for (const { id } of world.simulator.tenant.list().slice(0, 5)) world.simulator.tenant.delete(id);

    const held = await world.sync();
    expect(held).toMatchObject({ outcome: 'waiting', plan: { deletes: { crm: 5 } } });
    expect(await world.people()).toHaveLength(30);

    const wrong = await world.sync({ approve: 'another plan' });
    expect(wrong.outcome).toBe('waiting');
    expect(await world.people()).toHaveLength(30);

    const approved = await world.sync({ approve: held.waiting?.hash ?? '' });
    expect(approved.outcome).toBe('done');
    expect(await world.people()).toHaveLength(25);
  });

  test('P7: a side that suddenly shows nothing deletes nothing (T1)', async () => {
    world = await createWorld({ customers: many, pair: { deletes: 'propagate' } });
    await world.sync();

    await world.crm`delete from contact`;
    const report = await world.sync();

    expect(world.simulator.tenant.count).toBe(30);
    expect(report.observed.emptySide).toBe('crm');
    expect(
      await ourRows(world, `select count(*)::int as n from udesk_sync.record where state = 'deleted'`),
    ).toEqual([{ n: 0 }]);
  });
});

describe('bad input loses nothing', () => {
  test('a customer that Udesk refuses is parked with its words, and the rest goes on (T18)', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'Holder', email: 'holder@example.com', cellphones: ['13611111111'] }],
    });
    await world.sync();
    await world.insert({ name: 'Fine', emails: ['fine@example.com'] });
    const [row] = await world.people();
    await world.crm`update contact set phones = array['13611111111'] where id = ${row?.id ?? ''}`;
    world.simulator.tenant.create({ nick_name: 'Other', cellphones: ['13622222222'] });
    await world.sync();
    await world.crm`update contact set phones = array['13622222222'] where udesk_id = ${row?.udesk_id ?? ''}`;

    const report = await world.sync();

    expect(world.simulator.tenant.find('email', 'fine@example.com')).not.toBeNull();
    expect(report.parked).toBe(1);
    expect(await ourRows(world, `select kind, side from udesk_sync.parked where state = 'parked'`)).toEqual([
      { kind: 'rejected', side: 'udesk' },
    ]);
  });

  test('NUL characters, lone surrogates and the escape mark itself survive the mirror', async () => {
    const odd = 'a\u0000b\ud800c\uf8ffd\u{1f600}';
    world = await createWorld({
      customers: [{ nick_name: odd, email: 'odd@example.com' }],
      pair: { create: '{ inCrm: false }' },
    });

    await world.sync();
    const report = await world.sync();

    expect(report.observed.udesk.changed).toBe(0);
  });
});
