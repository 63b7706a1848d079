import { afterEach, describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import type { PairRuntime } from '../../../src/engine/context.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { SyncError } from '../../../src/errors.ts';
import { judgePlan } from '../../../src/store/approvals.ts';
import { loadIntents } from '../../../src/store/intents.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { syncAt } from '../attack/moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const PHONES = ['13800000001', '13800000002', '13800000003'] as const;
const people = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    nick_name: `N${n}`,
    email: `n${n}@example.com`,
    cellphones: [PHONES[n] ?? ''],
  }));
const udeskPhones = () =>
  Object.fromEntries(
    world.simulator.tenant
      .list()
      .map(({ nick_name, cellphones }) => [nick_name, cellphones.map(({ content }) => content)]),
  );
const give = (name: string, ...phones: string[]) =>
  world.crm`update contact set phones = ${phones} where name = ${name}`;
const quiet = async () => {
  const before = world.simulator.counts().writes;
  await world.sync();
  expect(world.simulator.counts().writes).toBe(before);
  expect(await ourRows(world, `select 1 from udesk_sync.parked where state = 'parked'`)).toEqual([]);
  expect(await world.conflicts()).toEqual([]);
};

describe('release before claim', () => {
  test('a phone that moves from one customer to another is given up first', async () => {
    world = await createWorld({ customers: people(2) });
    await world.sync();
    await give('N0', PHONES[0], PHONES[1]);
    await give('N1');
    await world.sync();

    expect(udeskPhones()).toEqual({ N0: [PHONES[0], PHONES[1]], N1: [] });
    await quiet();
  });

  test.each([2, 3])('%i customers who swap their phones in a circle all get theirs', async (count) => {
    world = await createWorld({ customers: people(count) });
    await world.sync();
    for (let n = 0; n < count; n += 1) await give(`N${n}`, PHONES[(n + 1) % count] ?? '');
    await world.sync();

    for (let n = 0; n < count; n += 1) expect(udeskPhones()[`N${n}`]).toEqual([PHONES[(n + 1) % count]]);
    await quiet();
  });

  test('P9: a swap that is cut off after one has given up goes on, and nobody loses a number', async () => {
    world = await createWorld({ customers: people(2) });
    await world.sync();
    await give('N0', PHONES[1]);
    await give('N1', PHONES[0]);
    const cut = new Error('the power is gone');
    const gaveUp = () => {
      if (Object.values(udeskPhones()).some((phones) => phones.length === 0)) throw cut;
    };
    await expect(
      syncAt(world, [{ side: 'udesk', call: 'update', when: 'after', act: gaveUp }]),
    ).rejects.toThrow(cut);
    await world.sync();
    await world.sync();

    expect(udeskPhones()).toEqual({ N0: [PHONES[1]], N1: [PHONES[0]] });
    await quiet();
  });

  test('a swap in two steps, of which the first was refused and parked, is made good by the second', async () => {
    world = await createWorld({ customers: people(2) });
    await world.sync();
    await give('N0', PHONES[1]);
    await world.sync();
    expect(await ourRows(world, `select 1 from udesk_sync.parked where state = 'parked'`)).toHaveLength(1);
    await give('N1', PHONES[0]);
    await world.sync();
    await world.sync();

    expect(udeskPhones()).toEqual({ N0: [PHONES[1]], N1: [PHONES[0]] });
    await quiet();
  });
});

/** One call of a side: what it is, whom it is about, and how to let it through. */
type Pass = (call: string, id: string, go: () => Promise<unknown>) => Promise<unknown>;

/** The side, whose calls about one record pass here. */
const passing = (side: Side, pass: Pass): Side =>
  new Proxy(side, {
    get(target, key) {
      const member = Reflect.get(target, key) as unknown;
      if (typeof member !== 'function' || !['read', 'update', 'delete'].includes(String(key))) return member;
      return (first: string | { readonly id: string }, ...more: unknown[]) =>
        pass(String(key), typeof first === 'string' ? first : first.id, () =>
          Reflect.apply(member, target, [first, ...more]),
        );
    },
  });

/** The pair, of which Udesk's calls pass here. */
const udeskCalls = (pass: Pass): PairRuntime => ({
  spec: world.pair.spec,
  sides: { crm: world.pair.sides.crm, udesk: passing(world.pair.sides.udesk, pass) },
});
const udeskId = (name: string) =>
  String(world.simulator.tenant.list().find(({ nick_name }) => nick_name === name)?.id);
const parked = () => ourRows(world, `select kind from udesk_sync.parked where state = 'parked'`);

test('two writes of one link go one after the other, while those of other links pass them', async () => {
  world = await createWorld({ customers: people(4) });
  await world.sync();
  // The first link has a write on each side.
  await world.crm`update contact set note = 'from the CRM' where name = 'N0'`;
  for (const name of ['N0', 'N1', 'N2', 'N3'])
    world.simulator.tenant.edit(udeskId(name), { nick_name: `${name} edited` });
  const inCrm = (await world.people()).find(({ name }) => name === 'N0')?.id;
  const log: string[] = [];
  const othersDone = Promise.withResolvers<void>();
  const holding =
    (side: string, firstId: string | undefined): Pass =>
    async (call, id, go) => {
      if (call !== 'update') return await go();
      const who = id === firstId ? `first ${side}` : 'other';
      log.push(`${who} begins`);
      // Whichever write of the first link comes first stays until everybody else is written.
      if (who !== 'other' && log.filter((line) => line.startsWith('first')).length === 1)
        await othersDone.promise;
      const result = await go();
      log.push(`${who} ends`);
      if (log.filter((line) => line === 'other ends').length === 3) othersDone.resolve();
      return result;
    };
  const { udesk, crm } = world.pair.sides;
  const pair = {
    spec: world.pair.spec,
    sides: {
      udesk: passing(udesk, holding('udesk', udeskId('N0 edited'))),
      crm: passing(crm, holding('crm', inCrm)),
    },
  };
  await runCycle({ ...world.engine, width: 2 }, pair, {
    trigger: 'sync',
    observe: { udesk: 'full', crm: 'full' },
  });

  const ofFirst = log.filter((line) => line.startsWith('first'));
  expect(ofFirst.map((line) => line.split(' ').at(-1))).toEqual(['begins', 'ends', 'begins', 'ends']);
  expect(log.indexOf('other ends')).toBeLessThan(log.indexOf(ofFirst[1] ?? ''));
  await quiet();
});

describe('a claim does not leave before its release has settled', () => {
  const syncWidely = (pair: PairRuntime, width: number) =>
    runCycle({ ...world.engine, width }, pair, { trigger: 'sync', observe: { udesk: 'full', crm: 'full' } });

  test('not even where the release is slow, and settles between the refusal of the claim and the look for its reason', async () => {
    world = await createWorld({ customers: people(3) });
    await world.sync();
    await give('N1');
    await give('N0', PHONES[0], PHONES[1]);
    await world.crm`update contact set note = 'nothing to do with it' where name = 'N2'`;
    const [claimant, releasing, other] = [udeskId('N0'), udeskId('N1'), udeskId('N2')];
    const sent: string[] = [];
    let refused = false;
    const otherDone = Promise.withResolvers<void>();
    // Of two lanes one is held; in the other one, whoever comes after the claim is done once the claim was tried.
    const pair = udeskCalls(async (call, id, go) => {
      if (call === 'read' && id === claimant && refused) await isSettled(releasing);
      if (call !== 'update') return await go();
      if (id === releasing) await otherDone.promise;
      sent.push(id);
      try {
        return await go();
      } catch (error) {
        refused ||= id === claimant;
        throw error;
      } finally {
        if (id !== releasing) otherDone.resolve();
      }
    });
    const isSettled = async (id: string) => {
      const settled = `select 1 from udesk_sync.intent where remote_id = '${id}' and state = 'settled' and op = 'update' and side = 'udesk'`;
      while ((await ourRows(world, settled)).length === 0);
    };
    await syncWidely(pair, 2);

    expect(await parked()).toEqual([]);
    expect(udeskPhones()).toEqual({ N0: [PHONES[0], PHONES[1]], N1: [], N2: [PHONES[2]] });
    expect(sent).toEqual([other, releasing, claimant]);
    await quiet();
  });

  test('and where its holder gave the value up while the refusal was on its way, it is sent once more', async () => {
    world = await createWorld({ customers: people(2) });
    await world.sync();
    await give('N1');
    await give('N0', PHONES[0], PHONES[1]);
    const [claimant, releasing] = [udeskId('N0'), udeskId('N1')];
    let sent = 0;
    const pair = udeskCalls(async (call, id, go) => {
      if (call !== 'update' || id !== claimant) return await go();
      sent += 1;
      if (sent > 1) return await go();
      await ourRows(
        world,
        `update udesk_sync.intent set settled_at = now() + interval '1 second' where remote_id = '${releasing}' and state = 'settled' and op = 'update'`,
      );
      throw new SyncError('rejected', 'cellphone has already been taken', { side: 'udesk' });
    });
    await syncWidely(pair, 4);

    expect(sent).toBe(2);
    expect(await ourRows(world, 'select 1 from udesk_sync.parked')).toEqual([]);
    expect(udeskPhones()).toEqual({ N0: [PHONES[0], PHONES[1]], N1: [] });
  });

  test('three in a chain write once each, from its end to its beginning', async () => {
    world = await createWorld({ customers: people(3) });
    await world.sync();
    await give('N0', PHONES[1]);
    await give('N1', PHONES[2]);
    await give('N2');
    const sent: string[] = [];
    const before = world.simulator.counts().writes;
    await syncWidely(
      udeskCalls(async (call, id, go) => {
        if (call === 'update') sent.push(id);
        return await go();
      }),
      4,
    );

    expect(sent).toEqual(['N2', 'N1', 'N0'].map(udeskId));
    expect(world.simulator.counts().writes - before).toBe(3);
    expect(udeskPhones()).toEqual({ N0: [PHONES[1]], N1: [PHONES[2]], N2: [] });
    await quiet();
  });
});

describe('a claim waits for a release that waits', () => {
  // Below so many links a share says nothing.
  const crowd = Array.from({ length: 20 }, (_, n) => ({ nick_name: `M${n}`, email: `m${n}@example.com` }));
  const moveUnderGuard = async () => {
    world = await createWorld({
      customers: [...people(3), ...crowd],
      pair: { guards: '{ updates: { share: 0.01 } }' },
    });
    await world.sync();
    await give('N1');
    await give('N0', PHONES[0], PHONES[1]);
    const { waiting } = await world.sync();
    return waiting?.hash ?? '';
  };

  test('for a guard: nothing is parked, no call is spent on asking again, and the yes brings both', async () => {
    const hash = await moveUnderGuard();
    expect(await parked()).toEqual([]);
    const before = world.simulator.counts().writes;
    await world.sync();
    expect(world.simulator.counts().writes).toBe(before);
    expect(await parked()).toEqual([]);
    await world.sync({ approve: hash });

    expect(udeskPhones()).toMatchObject({ N0: [PHONES[0], PHONES[1]], N1: [] });
    await quiet();
  });

  test('after a no the claim is told as what it is, and comes once the value is given up after all', async () => {
    const hash = await moveUnderGuard();
    await judgePlan(world.database.db, {
      ...{ pair: 'main', hash, kind: 'guard', verdict: 'reject', who: 'Ada', at: new Date() },
    });
    await world.sync();
    expect(await parked()).toEqual([{ kind: 'rejected' }]);
    await world.sync({ approve: hash });

    expect(udeskPhones()).toMatchObject({ N0: [PHONES[0], PHONES[1]], N1: [] });
    await quiet();
  });

  test('for a deletion that frees the phone, and that has to be tried again', async () => {
    world = await createWorld({ customers: people(3), pair: { deletes: 'propagate' } });
    await world.sync();
    await world.crm`delete from contact where name = 'N1'`;
    const down = () => {
      throw new SyncError('transient', 'the side does not answer');
    };
    await syncAt(world, [{ side: 'udesk', call: 'delete', when: 'before', act: down }]);
    await give('N0', PHONES[0], PHONES[1]);
    await world.sync();
    expect(await parked()).toEqual([]);
    await ourRows(world, `update udesk_sync.intent set not_before = null`);
    await world.sync();

    expect(udeskPhones()).toEqual({ N0: [PHONES[0], PHONES[1]], N2: [PHONES[2]] });
    await quiet();
  });

  test('for a deletion that a guard holds', async () => {
    world = await createWorld({
      customers: people(3),
      pair: { deletes: 'propagate', guards: '{ deletes: { max: 0, share: 0 } }' },
    });
    await world.sync();
    await world.crm`delete from contact where name = 'N1'`;
    const { waiting } = await world.sync();
    await give('N0', PHONES[0], PHONES[1]);
    await world.sync();
    await world.sync();
    expect(await parked()).toEqual([]);
    await world.sync({ approve: waiting?.hash ?? '' });

    expect(udeskPhones()).toEqual({ N0: [PHONES[0], PHONES[1]], N2: [PHONES[2]] });
    await quiet();
  });
});

describe('a CRM whose column of e-mails is unique', () => {
  const mails = async () =>
    Object.fromEntries(
      (await world.crm`select name, mail from contact`).map(({ name, mail }) => [name, mail]),
    );
  const handOver = async (owners: readonly (string | undefined)[]) => {
    const ids = people(3).map(({ nick_name }) => udeskId(nick_name));
    // Udesk takes nothing from anybody who still has it.
    for (const [n, id] of ids.entries()) world.simulator.tenant.edit(id, { email: `gone${n}@example.com` });
    for (const [n, id] of ids.entries()) world.simulator.tenant.edit(id, { email: owners[n] ?? '' });
  };
  const uniqueMail = async (field: string, crm: readonly string[]) => {
    world = await createWorld({
      customers: people(3),
      pair: { fields: `[{ udesk: nick_name, crm: name }, ${field}]` },
      crm: ['table: contact', 'externalId: udesk_id', 'updatedAt: updated_at', ...crm],
      crmSql: 'alter table contact add column mail text unique;',
    });
    await world.sync();
  };
  const [A, B, C] = people(3).map(({ email }) => email);

  test.each([
    ['one slot', '{ udesk: emails, crm: emails }', ['emails: { columns: [mail] }']],
    ['a single value', '{ udesk: email, crm: mail }', []],
  ])('%s: an e-mail that moves on along a chain arrives', async (_kind, field, crm) => {
    await uniqueMail(field, crm);
    await handOver([B, C, 'new@example.com']);
    await world.sync();

    expect(await parked()).toEqual([]);
    expect(await mails()).toEqual({ N0: B, N1: C, N2: 'new@example.com' });
  });

  test('one slot: two who swap their e-mails get them', async () => {
    await uniqueMail('{ udesk: emails, crm: emails }', ['emails: { columns: [mail] }']);
    await handOver([B, A, C]);
    await world.sync();

    expect(await parked()).toEqual([]);
    expect(await mails()).toEqual({ N0: B, N1: A, N2: C });
  });

  test('a single value that two swap cannot be given up first: they are parked with the words of the CRM, and nothing is asked again', async () => {
    await uniqueMail('{ udesk: email, crm: mail }', []);
    await handOver([B, A, C]);
    await world.sync();
    expect(await parked()).toEqual([{ kind: 'rejected' }, { kind: 'rejected' }]);
    const { push } = await world.sync();

    expect(push?.writes).toEqual({ udesk: 0, crm: 0 });
    expect(await mails()).toEqual({ N0: A, N1: B, N2: C });
  });
});

describe('the order of the outbox', () => {
  test('a person’s decision goes before all that has not waited for a day, and what has waited long overtakes what is new', async () => {
    world = await createWorld({ customers: people(2) });
    const insert = (id: number, priority: number, minutes: number) =>
      `insert into udesk_sync.intent (pair, link_id, run_id, side, op, guard_class, patch, reasons, source, state, priority, created_at)
       values ('main', ${id}, 1, 'udesk', 'update', 'fill', '{}', '{}', '{}', 'pending', ${priority}, now() - interval '${minutes} minutes')`;
    for (const [id, priority, minutes] of [
      [101, 3, 0],
      [102, 2, 0],
      [103, 0, 0],
      [104, 3, 35],
      [105, 3, 25 * 60],
    ] as const) {
      await ourRows(world, insert(id, priority, minutes));
    }
    const order = await loadIntents(world.database.db, 'main', 'pending', { limit: 10, now: new Date() });

    expect(order.map(({ linkId }) => linkId)).toEqual(['105', '103', '104', '102', '101']);
  });
});
