/** What a decided conflict waits for: its page and the API say it in each case, with the reason where there is one. */
import { afterEach, describe, expect, test } from 'vitest';
import { TRIPS_AT } from '../../../src/core/breaker.ts';
import type { Side } from '../../../src/crm/adapter.ts';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { createBreakers } from '../../../src/http/breakers.ts';
import { DEFAULT_RETRY } from '../../../src/http/retry.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { answerFromAnotherTable, askedHash } from '../../support/another-table.ts';
import type { Visitor } from '../../support/visitor.ts';
import { openWeb, type RunningWeb, signedIn } from '../../support/web.ts';
import { createWorld, ourRows, type World, type WorldOptions } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let reviewer: Visitor;
let id: string;

afterEach(async () => {
  await web.close();
  await world.close();
});

const TWO_NAMES = {
  customers: [{ nick_name: 'U', email: 'p@example.com' }],
  people: [{ name: 'C', emails: ['p@example.com'] }],
} satisfies WorldOptions;

/** A world after its first cycle; what happens then leaves one conflict open. */
async function open(options: WorldOptions = TWO_NAMES, then: () => Promise<void> = async () => {}) {
  world = await createWorld(options);
  await world.sync();
  await then();
  web = await openWeb(world, { users: true });
  reviewer = await signedIn(web, 'reviewer');
  const [row] = (await world.conflicts()).filter(({ state }) => state === 'open');
  id = row?.id ?? '';
}

async function decide(take: 'udesk' | 'crm'): Promise<void> {
  const row = (await world.conflicts()).find((one) => one.id === id);
  const answer = await reviewer.post(`/conflicts/${id}/decide`, {
    take,
    seen: row?.changedAt ?? '',
    emptying: '1',
  });
  expect(answer.status, answer.text).toBe(303);
}

/** What the daemon does when it is told of a decision: nothing is read from either side. */
const carryOut = () => world.sync({ trigger: 'run', observe: { udesk: 'none', crm: 'none' } });

interface Told {
  readonly step: string;
  readonly undo: boolean;
  readonly waitingFor: string | null;
  readonly reason: string | null;
}

/** As the API says it, with what stands on the page; both languages must have words for it. */
async function told(): Promise<Told & { readonly page: string }> {
  const { progress } = JSON.parse((await reviewer.get(`/api/v1/conflicts/${id}`)).text) as { progress: Told };
  const status = (await reviewer.get(`/conflicts/${id}/status`)).text;
  return { ...progress, page: status.replaceAll(/\s+/g, ' ') };
}

/** The pair's CRM is one without an external id, in which somebody renames whoever is created at once. */
async function withMemoryCrm(pair = {}) {
  world = await createWorld({ pair, customers: [{ nick_name: 'Linked', email: 'linked@example.com' }] });
  const crm = createMemoryCrm({ manifest: { externalId: null } });
  const create: Side['create'] = async (...request) => {
    try {
      return await crm.side.create(...request);
    } finally {
      const made = crm.table.list().find(({ fields }) => fields.name === 'New');
      if (made !== undefined) crm.table.edit(made.id, { name: 'Renamed' });
    }
  };
  const sides = { udesk: world.pair.sides.udesk, crm: { ...crm.side, create } };
  const syncMemory = () =>
    runCycle(
      world.engine,
      { spec: world.pair.spec, sides },
      { trigger: 'sync', observe: { udesk: 'full', crm: 'full' } },
    );
  await syncMemory();
  return { syncMemory, crm };
}

describe('a decision waits', () => {
  test('for the next cycle', async () => {
    await open();
    await decide('crm');
    expect(await told()).toMatchObject({
      step: 'under-way',
      undo: true,
      waitingFor: 'waiting',
      reason: null,
    });
    expect((await told()).page).toContain('waits for the next cycle, which starts in a moment');
  });

  test('for the next cycle, after one that failed: why it did', async () => {
    await open();
    world.simulator.tenant.faults.push({ kind: 'status', status: 401, times: 100 });
    await expect(world.sync()).rejects.toThrow();
    await decide('crm');
    const now = await told();
    expect(now).toMatchObject({ step: 'under-way', waitingFor: 'waiting' });
    const [run] = await ourRows(world, 'select error from udesk_sync.run order by id desc limit 1');
    expect(now.reason).toBe(run?.error);
    expect(now.page).toContain('The last one failed:');
  });

  test('for a person who looks at what was set aside: the words of the side that refused it', async () => {
    await open();
    await world.crm.unsafe(`alter table contact add constraint no_u check (name <> 'U')`);
    await decide('udesk');
    await carryOut();
    const now = await told();
    expect(now).toMatchObject({ step: 'stuck', waitingFor: 'parked', undo: false });
    expect(now.reason).toContain('no_u');
    expect(now.page).toMatch(/It was refused, and set aside:.*no_u/);
  });

  test('for a side that does not answer, and then for its endpoint that is left alone', async () => {
    // One try per call, so that the test does not wait; ten failures in a row, and the endpoint is left alone.
    const retry = { ...DEFAULT_RETRY, retries: 0 };
    const breakers = createBreakers({ monotonic: () => performance.now(), now: Date.now });
    await open({ ...TWO_NAMES, udesk: { retry, breakers } });
    world.simulator.tenant.faults.push({ kind: 'status', status: 503, match: { method: 'GET' }, times: 1e9 });
    await decide('crm');
    await carryOut();
    const failing = await told();
    expect(failing).toMatchObject({ step: 'under-way', waitingFor: 'pending' });
    expect(failing.reason).toContain('503');
    expect(failing.page).toMatch(/is tried again:.*503/);
    for (let n = 0; n < TRIPS_AT; n += 1) {
      await ourRows(world, 'update udesk_sync.intent set not_before = null returning id');
      await carryOut();
    }
    const leftAlone = await told();
    expect(leftAlone).toMatchObject({ step: 'under-way', waitingFor: 'pending' });
    expect(leftAlone.reason).toMatch(/left alone/);
    expect(leftAlone.page).toContain('is tried again:');
  });

  test('for an answer that was lost to be read back', async () => {
    await open();
    const { faults } = world.simulator.tenant;
    faults.push({ kind: 'reset-after-commit', match: { method: 'PUT' } });
    faults.push({ kind: 'status', status: 500, match: { method: 'GET' }, skip: 1, times: 100 });
    await decide('crm');
    await carryOut().catch(() => {});
    expect(await told()).toMatchObject({ step: 'under-way', waitingFor: 'unknown', undo: false });
    expect((await told()).page).toContain('The answer was lost');
  });

  test('for an operator, where a guard holds it: why, and where the plan is', async () => {
    const deletes = { deletes: 'propagate', guards: '{ deletes: { max: 0, share: 0 } }' };
    const customers = ['U', 'V', 'W'].map((name) => ({ nick_name: name, email: `${name}@example.com` }));
    await open({ customers, pair: deletes }, async () => {
      const [customer] = world.simulator.tenant.list();
      world.simulator.tenant.delete(customer?.id ?? '');
      await world.crm`update contact set note = 'important' where udesk_id = ${customer?.id ?? ''}`;
      await world.sync();
    });
    const [row] = (await world.conflicts()).filter((one) => one.id === id);
    const asked = await reviewer.post(`/conflicts/${id}/decide`, {
      take: 'udesk',
      seen: row?.changedAt ?? '',
    });
    expect([asked.status, asked.text.includes('This would delete the record')]).toEqual([422, true]);
    await decide('udesk');
    await carryOut();
    const [guard] = await ourRows(world, `select hash from udesk_sync.guard where state = 'waiting'`);
    const now = await told();
    expect(now).toMatchObject({ step: 'stuck', waitingFor: 'held' });
    expect(now.reason).toContain('The plan deletes 1 record, 0 were deleted in the last day');
    expect(now.page).toContain('A guard holds it until an operator approves the plan.');
    expect(now.page).toContain(`href="/plans/${guard?.hash}"`);
  });

  test('for a person who looks at what was set aside, also where a policy decided', async () => {
    await open(
      { ...TWO_NAMES, pair: { fields: `[{ udesk: nick_name, crm: name, policy: udesk }]` } },
      async () => {
        await world.crm.unsafe(`alter table contact add constraint no_u check (name <> 'U2')`);
        world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { nick_name: 'U2' });
        await world.crm`update contact set name = 'C2'`;
        await world.sync();
      },
    );
    const row = (await world.conflicts()).find(({ state }) => state === 'resolving');
    expect(row).toMatchObject({ resolvedBy: 'policy' });
    id = row?.id ?? '';
    const now = await told();
    expect(now).toMatchObject({ step: 'stuck', waitingFor: 'parked' });
    expect(now.page).toMatch(/It was refused, and set aside:.*no_u/);
  });

  test('for a customer who was deleted, which is only flagged, to come back', async () => {
    const others = ['V', 'W'].map((name) => ({ nick_name: name, email: `${name}@example.com` }));
    const note = '{ udesk: description, crm: note, direction: to-crm, onBlocked: hold }';
    await open(
      {
        customers: [{ nick_name: 'U', email: 'p@example.com', description: 'same' }, ...others],
        pair: { fields: `[{ udesk: nick_name, crm: name }, { udesk: emails, crm: emails }, ${note}]` },
      },
      async () => {
        await world.crm`update contact set note = 'edited in the CRM' where name = 'U'`;
        await world.sync();
      },
    );
    await decide('udesk');
    await world.crm`delete from contact where name = 'U'`;
    for (let n = 0; n < 2; n += 1) await world.sync();
    const now = await told();
    expect(now).toMatchObject({ step: 'stuck', waitingFor: 'ended', undo: true });
    expect(now.page).toContain('It is carried out if they come back');
  });

  test('for the customer’s own create, of which nobody knows what it made', async () => {
    const mapped = '{ udesk: description, crm: note, map: { a: A } }';
    const after = await withMemoryCrm({
      fields: `[{ udesk: nick_name, crm: name }, { udesk: emails, crm: emails }, ${mapped}]`,
    });
    world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com', description: 'c' });
    after.crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
    await after.syncMemory();
    const [row] = (await world.conflicts()).filter(({ state }) => state === 'open');
    expect(row).toMatchObject({ field: 'description' });
    id = row?.id ?? '';
    web = await openWeb(world, { users: true });
    reviewer = await signedIn(web, 'reviewer');
    const choice = { conflictId: id, who: 'ann', take: 'value', value: 'a', at: new Date() } as const;
    expect(await decideConflict(world.database.db, choice)).toBe(true);
    await after.syncMemory();
    const now = await told();
    expect(now).toMatchObject({ step: 'stuck', waitingFor: 'own-create' });
    expect(now.reason).toContain('a record with one of its e-mails or phones');
    expect(now.page).toContain('is to be created on the other side first');
  });

  test('for the first plan of the pair', async () => {
    await open();
    await decide('crm');
    await ourRows(world, `update udesk_sync.pair set first_run = 'pending'`);
    expect(await told()).toMatchObject({ step: 'stuck', waitingFor: 'first-run', reason: null });
    expect((await told()).page).toContain('the first plan of this pair has not been accepted yet');
  });

  describe('for what a person says about a create with the same phone that was set aside', () => {
    const waits = { step: 'stuck', waitingFor: 'other-create' };
    let parked: Readonly<Record<string, unknown>> | undefined;
    let after: Awaited<ReturnType<typeof withMemoryCrm>>;

    /** The phone of the create is another customer's by now, who is deleted in the CRM: about them a person is asked, too. */
    async function setAside(): Promise<void> {
      const shared = '13800000001';
      after = await withMemoryCrm();
      const { crm, syncMemory } = after;
      const { tenant } = world.simulator;
      const customer = tenant.create({ nick_name: 'New', cellphones: [shared] });
      crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
      await syncMemory();
      [parked] = await ourRows(world, `select id, message from udesk_sync.parked where state = 'parked'`);
      expect(parked?.message).toContain('a record with one of its e-mails or phones');
      const linked = tenant.find('email', 'linked@example.com');
      tenant.edit(customer.id, { cellphones: [] });
      tenant.edit(linked?.id ?? '', { cellphones: [shared] });
      crm.table.delete(crm.table.list().find(({ fields }) => fields.name === 'Linked')?.id ?? '');
      await syncMemory();
      id = (await world.conflicts()).find(({ state }) => state === 'open')?.id ?? '';
      web = await openWeb(world, { users: true });
      reviewer = await signedIn(web, 'reviewer');
    }

    test('and leads there; their answer ends the wait', async () => {
      await setAside();
      await decide('udesk');
      for (let n = 0; n < 2; n += 1) await after.syncMemory();
      const now = await told();
      expect(now).toMatchObject({ ...waits, reason: parked?.message });
      expect(now.page).toContain('a create with the same e-mail or phone was set aside');
      expect(now.page).toContain(`href="/parked#parked-${parked?.id}"`);
      // It had made somebody, who has the phone over there: a person deletes that one.
      const { table } = after.crm;
      table.delete(table.list().find(({ fields }) => fields.name === 'Renamed')?.id ?? '');
      await reviewer.post(`/parked/${parked?.id}/retry`);
      for (let n = 0; n < 2; n += 1) await after.syncMemory();
      expect(await told()).toMatchObject({ step: 'done', waitingFor: null });
    });

    test('also where a program decided; and once they left it alone, says when that is asked about again', async () => {
      await setAside();
      const [row] = await world.conflicts();
      const choice = {
        conflictId: id,
        who: 'a program',
        byProgram: true,
        take: 'udesk',
        value: null,
      } as const;
      expect(await decideConflict(world.database.db, { ...choice, at: new Date() })).toBe(true);
      expect(row?.id).toBe(id);
      await after.syncMemory();
      expect(await told()).toMatchObject(waits);
      expect((await reviewer.post(`/parked/${parked?.id}/drop`)).status).toBeLessThan(400);
      await after.syncMemory();
      const now = await told();
      expect(now).toMatchObject(waits);
      expect(now.page).toContain('was left alone, and is asked about again once that customer is edited');
      expect(now.page).toMatch(/href="\/customers\/[0-9]+\?pair=main"/);
      expect(now.page).not.toContain('/parked#');
    });
  });

  test('for what is decided about the whole customer, who was deleted meanwhile, and leads there; then it is carried out', async () => {
    const others = ['V', 'W'].map((name) => ({ nick_name: name, email: `${name}@example.com` }));
    await open({ ...TWO_NAMES, customers: [...TWO_NAMES.customers, ...others] });
    const field = id;
    const { tenant } = world.simulator;
    tenant.delete(tenant.find('email', 'p@example.com')?.id ?? '');
    await world.crm`update contact set note = 'important' where name = 'C'`;
    await world.sync();
    const [whole] = (await world.conflicts()).filter((one) => one.field === '*');
    await decide('crm');
    await world.sync();
    const waits = { step: 'stuck', undo: true, waitingFor: 'whole', reason: null };
    const asked = await told();
    expect(asked).toMatchObject(waits);
    expect(asked.page).toContain('whether the whole customer stays comes first');
    expect(asked.page).toContain(`href="/conflicts/${whole?.id}"`);
    // Also while that decision is on its way; and it waits for nothing but a cycle itself.
    id = whole?.id ?? '';
    await decide('crm');
    expect(await told()).toMatchObject({ step: 'under-way', waitingFor: 'waiting' });
    id = field;
    expect(await told()).toMatchObject(waits);
    for (let n = 0; n < 2; n += 1) await world.sync();
    expect(await told()).toMatchObject({ step: 'done', waitingFor: null });
    expect(tenant.find('email', 'p@example.com')?.nick_name).toBe('C');
  });

  test('for a yes to another account that answers, and leads to the question', async () => {
    await open();
    await answerFromAnotherTable(world, 'same');
    await expect(world.sync()).rejects.toThrow('is not the account or table');
    await decide('udesk');
    const now = await told();
    expect(now).toMatchObject({ step: 'stuck', waitingFor: 'account', reason: null });
    expect(now.page).toContain(`href="/plans/${await askedHash(world)}"`);
  });
});

test('a decision that came to nothing says why, and asks again', async () => {
  await open();
  await decide('crm');
  await world.crm`update contact set name = 'C2'`;
  await world.sync();
  const reason = 'crm changed after the decision was made';
  const [again] = (await world.conflicts()).filter(({ state }) => state === 'open');
  const ended = await told();
  expect(ended).toMatchObject({ step: 'void', undo: false, waitingFor: null, reason });
  expect(ended.page).toContain('An earlier decision did not take effect.');
  expect(ended.page).toContain(`href="/conflicts/${again?.id}"`);
  id = again?.id ?? '';
  expect(await told()).toMatchObject({ step: 'void', waitingFor: null, reason });
  expect((await reviewer.get('/conflicts')).text).toContain('An earlier decision did not take effect.');
});
