import { afterEach, describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/errors.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { NOTHING, syncAt, syncPair, withMoments } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const down = () => {
  throw new SyncError('transient', 'the side does not answer');
};
const first = () => world.simulator.tenant.list()[0];
const emailsOf = (id: string) => {
  const customer = world.simulator.tenant.get(id);
  return [customer?.email ?? '', ...(customer?.other_emails.map(({ content }) => content) ?? [])]
    .filter(Boolean)
    .sort();
};

describe('P2 accounting', () => {
  test('an agent’s edit of a customer whose create had no answer yet reaches the CRM, or a conflict', async () => {
    world = await createWorld();
    await world.sync();
    await world.insert({ name: 'Orig', emails: ['o@example.com'] });
    world.simulator.tenant.faults.push({
      kind: 'reset-after-commit',
      match: { method: 'POST', path: '/customers' },
    });
    // The look after the lost answer finds Udesk down, the one before the create does not.
    const downAfterwards = () => (world.simulator.counts().committed > 0 ? down() : undefined);
    await syncAt(world, [{ side: 'udesk', call: 'lookup', when: 'before', act: downAfterwards }], {
      observe: { udesk: 'none', crm: 'full' },
    });
    const id = first()?.id ?? '';
    world.simulator.tenant.edit(id, { nick_name: 'Edited by an agent' });

    await world.sync();
    await world.sync();

    const accounted = [
      (await world.people())[0]?.name,
      ...(await world.conflicts()).map(({ udesk }) => udesk),
    ];
    expect(accounted).toContain('Edited by an agent');
  });

  test('an edit between our write and the point read that completes its answer is not taken for the written value', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'Base', email: 'a@example.com', cellphones: ['13800000001'] }],
    });
    await world.sync();
    const id = first()?.id ?? '';
    await world.crm`update contact set name = 'By the CRM'`;
    // Answers of writes do not name the ids of phones here, so the adapter reads the customer once more.
    world.simulator.set('shape.cellphones', 'k5');
    const puts = world.simulator.counts().writes;
    let edited = false;
    const watch = setInterval(() => {
      if (edited || world.simulator.tenant.get(id)?.nick_name !== 'By the CRM') return;
      edited = true;
      world.simulator.tenant.edit(id, { nick_name: 'By an agent, right after' });
    }, 0);
    world.simulator.tenant.faults.push({
      kind: 'latency',
      latencyMs: 200,
      when: 'after',
      match: { method: 'PUT' },
    });
    await world.sync();
    clearInterval(watch);
    expect(world.simulator.counts().writes).toBeGreaterThan(puts);
    expect(edited).toBe(true);
    await world.sync();

    const accounted = [
      (await world.people())[0]?.name,
      ...(await world.conflicts()).map(({ udesk }) => udesk),
    ];
    expect(accounted).toContain('By an agent, right after');
  });

  test('an address that a person takes back in the CRM while its merge is half written stays away', async () => {
    world = await createWorld({
      customers: [
        { nick_name: 'W', email: 'p@example.com', other_emails: ['a@example.com', 'b@example.com'] },
      ],
    });
    await world.sync();
    const id = first()?.id ?? '';
    world.simulator.tenant.edit(id, { other_emails: ['b@example.com', 'c@example.com'] });
    await world.crm`update contact set emails = emails || 'd@example.com'::text`;
    await syncAt(world, [
      {
        side: 'crm',
        call: 'update',
        when: 'before',
        times: 1,
        act: () => world.crm`update contact set emails = array_remove(emails, 'd@example.com')`,
      },
    ]);
    await world.sync();

    const crm = (await world.people())[0]?.emails.toSorted();
    expect(crm).toEqual(['b@example.com', 'c@example.com', 'p@example.com']);
    expect(emailsOf(id)).toEqual(['b@example.com', 'c@example.com', 'p@example.com']);
  });

  test('a value of an earlier round of the same cycle is never taken for the other half of a later merge', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'W', email: 'p@example.com', other_emails: ['a@example.com'] }],
    });
    await world.sync();
    const id = first()?.id ?? '';
    const email = (name: string) => `${name}@example.com`;
    const edit = (...names: string[]) => world.simulator.tenant.edit(id, { other_emails: names.map(email) });
    await world.crm`update contact set emails = emails || 'd@example.com'::text`;
    // Round 1 carries d to Udesk and the note to the CRM; before the note lands there, e is added there.
    world.simulator.tenant.edit(id, { description: 'noted' });
    let reads = 0;
    await syncAt(world, [
      {
        side: 'crm',
        call: 'update',
        when: 'before',
        times: 1,
        act: () => world.crm`update contact set emails = emails || 'e@example.com'::text`,
      },
      {
        side: 'udesk',
        call: 'read',
        when: 'before',
        act: () => {
          reads += 1;
          // Round 2 finds x, round 3 finds y: the Udesk half is dropped both times.
          if (reads === 2) edit('a', 'd', 'x');
          if (reads === 3) edit('a', 'd', 'x', 'y');
        },
      },
    ]);
    await world.sync();
    await world.sync();

    expect(reads).toBeGreaterThanOrEqual(3);
    const all = ['a', 'd', 'e', 'p', 'x', 'y'].map(email);
    expect(emailsOf(id)).toEqual(all);
    expect((await world.people())[0]?.emails.toSorted()).toEqual(all);
  });

  test('a customer entered in Udesk between the sweep and our create of the same person is not overwritten', async () => {
    world = await createWorld({ switches: { 'duplicate.code': 'update' } });
    await world.sync();
    await world.insert({ name: 'By the CRM', emails: ['same@example.com'] });

    await syncAt(world, [
      {
        side: 'udesk',
        call: 'lookup',
        when: 'before',
        times: 1,
        act: () =>
          void world.simulator.tenant.create({ nick_name: 'By an agent', email: 'same@example.com' }),
      },
    ]);
    await world.sync();

    const seen = [first()?.nick_name, ...(await world.conflicts()).map(({ udesk }) => udesk)];
    expect(seen).toContain('By an agent');
  });

  // Found by the simulation (s13a-16).
  test('a customer whose phone is kept as it was typed is not overwritten by a create of somebody with that phone', async () => {
    const typed = '+86 13800000002';
    world = await createWorld({
      switches: { 'duplicate.code': 'update' },
      customers: [
        { nick_name: 'Holder', email: 'holder@example.com', cellphones: [typed] },
        { nick_name: 'Gone', email: 'gone@example.com' },
      ],
    });
    await world.sync();
    const { tenant } = world.simulator;
    // Deleted here and edited there: a person has it created again.
    tenant.delete(tenant.list().find(({ nick_name }) => nick_name === 'Gone')?.id ?? '');
    await world.crm`update contact set phones = array[${typed}]::text[], note = 'edited' where name = 'Gone'`;
    await world.sync();
    const [row] = await world.conflicts();
    expect(row?.kind).toBe('edit/delete');
    const choice = { who: 'li', take: 'crm', value: null, at: new Date() } as const;
    await decideConflict(world.database.db, { conflictId: row?.id ?? '', ...choice });

    await world.sync();
    await world.sync();

    expect(tenant.list().map(({ nick_name }) => nick_name)).toEqual(['Holder']);
    const parked = await ourRows(world, `select message from udesk_sync.parked where state = 'parked'`);
    expect(parked).toEqual([{ message: expect.stringContaining('holds one of its e-mails or phones') }]);
  });
});

describe('P3 durable conflicts', () => {
  test('a choice made while a write of the same field is under way is carried out, not just closed', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'W', email: 'p@example.com', other_emails: ['a@example.com'] }],
    });
    await world.sync();
    const id = first()?.id ?? '';
    const item = first()?.other_emails[0]?.id;
    expect(item).toBeDefined();
    world.simulator.tenant.edit(id, { other_emails: ['b@example.com'] });
    await world.crm`update contact set emails = array['p@example.com', 'c@example.com']`;
    await syncAt(world, [
      {
        side: 'crm',
        call: 'update',
        when: 'after',
        times: 1,
        act: async () => {
          const [flag] = await world.conflicts();
          expect(flag?.kind).toBe('element');
          await decideConflict(world.database.db, {
            conflictId: flag?.id ?? '',
            who: 'li',
            take: 'crm',
            value: null,
            at: new Date(),
          });
        },
      },
    ]);
    await world.sync();
    await world.sync();

    const conflicts = await world.conflicts();
    expect(conflicts).toHaveLength(1);
    // Carried out, or open again because a side moved; but never closed without effect.
    const carriedOut = emailsOf(id).join() === 'c@example.com,p@example.com';
    expect(carriedOut || conflicts[0]?.state === 'open').toBe(true);
  });

  test('a conflict of a create that a guard holds is one row, open until something decides it', async () => {
    world = await createWorld({
      customers: [],
      pair: {
        guards: '{ creates: { perHour: 0 } }',
        fields:
          '[{ udesk: nick_name, crm: name }, { udesk: emails, crm: emails }, { udesk: level, crm: tier, map: { normal: standard } }]',
      },
    });
    await world.sync();
    world.simulator.tenant.create({ nick_name: 'V', email: 'v@example.com', level: 'vip' });

    for (let n = 0; n < 3; n += 1) expect((await world.sync()).outcome).toBe('waiting');

    expect((await world.conflicts()).map(({ state }) => state)).toEqual(['open']);
    // The ones before it must not be left behind, closed by nobody and shown by no list.
    expect(await ourRows(world, `select state from udesk_sync.conflict`)).toEqual([{ state: 'open' }]);
  });

  test('a person’s choice about a create that a guard holds is kept', async () => {
    world = await createWorld({
      pair: {
        guards: '{ creates: { perHour: 0 } }',
        fields:
          '[{ udesk: nick_name, crm: name }, { udesk: emails, crm: emails }, { udesk: level, crm: tier, map: { normal: standard } }]',
      },
    });
    await world.sync();
    world.simulator.tenant.create({ nick_name: 'V', email: 'v@example.com', level: 'vip' });
    await world.sync();
    const [open] = await world.conflicts();
    const decision = {
      conflictId: open?.id ?? '',
      who: 'li',
      take: 'value',
      value: 'normal',
      at: new Date(),
    } as const;
    expect(await decideConflict(world.database.db, decision)).toBe(true);

    const held = await world.sync();

    expect((await world.conflicts()).map(({ state, resolvedBy }) => [state, resolvedBy])).toEqual([
      ['resolving', 'li'],
    ]);
    await world.sync({ approve: held.waiting?.hash ?? '' });
    await world.sync();
    expect(first()?.level).toBe('normal');
    expect((await world.people())[0]?.tier).toBe('standard');
  });
});

describe('P5 idempotence', () => {
  test('a create that no complete list has told of for a day is put to a person, not sent again', async () => {
    world = await createWorld({
      crm: ['table: contact', 'updatedAt: updated_at'],
      customers: [{ nick_name: 'Known', email: 'known@example.com' }],
    });
    await world.sync();
    world.simulator.tenant.create({ nick_name: 'Nameless' });
    const lost = () => {
      throw new SyncError('ambiguous', 'no answer', { side: 'crm' });
    };
    const { crm } = world.pair.sides;
    /** Its lists never prove anything. */
    const pair = {
      spec: world.pair.spec,
      sides: {
        ...world.pair.sides,
        crm: new Proxy(crm, {
          get: (target, key) =>
            key === 'enumerate'
              ? async function* (...args: Parameters<typeof crm.enumerate>) {
                  for await (const page of target.enumerate(...args))
                    yield page.end === null ? page : { ...page, end: { ...page.end, certified: false } };
                }
              : (Reflect.get(target, key) as unknown),
        }),
      },
    };
    await syncPair(world, withMoments(pair, [{ side: 'crm', call: 'create', when: 'after', act: lost }]));
    await world.insert({ name: 'Somebody new', emails: ['new@example.com'] });

    await syncPair(world, pair);
    expect(world.simulator.tenant.count).toBe(2);
    await ourRows(world, `update udesk_sync.intent set sent_at = sent_at - interval '25 hours'`);
    await ourRows(world, `update udesk_sync.run set started_at = started_at - interval '25 hours'`);
    await ourRows(
      world,
      `update udesk_sync.pair set crm_certified_at = crm_certified_at - interval '25 hours'`,
    );
    expect((await syncPair(world, pair)).parked).toBe(1);
    expect(await world.people()).toHaveLength(3);
  });
});

describe('a write of unknown outcome whose record is not found', () => {
  test('waits for the proof that it is gone, and is put to a person where no list has proved it for a day', async () => {
    world = await createWorld({
      crm: ['table: contact', 'updatedAt: updated_at'],
      customers: [{ nick_name: 'Known', email: 'known@example.com' }],
    });
    await world.sync();
    let isHidden = false;
    const lost = () => {
      isHidden = true;
      throw new SyncError('ambiguous', 'no answer', { side: 'crm' });
    };
    const real = world.pair.sides.crm;
    /** As behind row security: nobody finds it, and a list without it proves nothing. */
    async function* lists(...args: Parameters<typeof real.enumerate>) {
      for await (const { records, end, ...page } of real.enumerate(...args)) {
        yield {
          ...page,
          records: isHidden ? [] : records,
          end: end === null ? null : { ...end, certified: !isHidden },
        };
      }
    }
    const crm = new Proxy(real, {
      get(target, key) {
        if (key === 'enumerate') return lists;
        return key === 'read' && isHidden ? async () => null : (Reflect.get(target, key) as unknown);
      },
    });
    world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { nick_name: 'Edited' });
    const pair = { ...world.pair, sides: { ...world.pair.sides, crm } };
    await syncPair(world, withMoments(pair, [{ side: 'crm', call: 'update', when: 'after', act: lost }]));
    const states = () => ourRows(world, `select state from udesk_sync.intent where op = 'update'`);

    await syncPair(world, pair);
    expect(await states()).toEqual([{ state: 'unknown' }]);
    await ourRows(
      world,
      `update udesk_sync.intent set sent_at = sent_at - interval '25 hours', not_before = null where op = 'update'`,
    );
    expect((await syncPair(world, pair)).parked).toBe(1);
    expect(await states()).toEqual([{ state: 'parked' }]);
  });
});

describe('P9 crash refinement', () => {
  test('a create in a CRM without external id, of a customer without e-mail and phone, is not done twice', async () => {
    world = await createWorld({
      crm: ['table: contact', 'updatedAt: updated_at'],
      customers: [{ nick_name: 'Nameless' }],
    });
    // The CRM commits, and we are killed before we can write down that it did.
    await world.sync({ observe: NOTHING });
    await ourRows(
      world,
      `create function die() returns trigger language plpgsql as $$ begin raise exception 'killed'; end $$`,
    );
    await ourRows(
      world,
      `create trigger die before update on udesk_sync.intent for each row when (new.state = 'settled') execute function die()`,
    );
    await expect(world.sync()).rejects.toThrow();
    await ourRows(world, `drop trigger die on udesk_sync.intent`);
    expect(await world.people()).toHaveLength(1);

    await world.sync();
    await world.sync();

    expect(await world.people()).toHaveLength(1);
    expect(world.simulator.tenant.count).toBe(1);
  });
});
