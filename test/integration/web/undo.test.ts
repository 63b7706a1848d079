import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Visitor } from '../../support/visitor.ts';
import { openWeb, type RunningWeb, signedIn } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let reviewer: Visitor;
let id: string;

/** Two conflicts over names, of which both were decided for the CRM, and carried out. */
beforeEach(async () => {
  world = await createWorld({
    customers: [0, 1].map((n) => ({ nick_name: `U${n}`, email: `p${n}@example.com` })),
    people: [0, 1].map((n) => ({ name: `C${n}`, emails: [`p${n}@example.com`] })),
  });
  await world.sync();
  web = await openWeb(world, { users: true });
  reviewer = await signedIn(web, 'reviewer');
  for (const row of await world.conflicts())
    await reviewer.post(`/conflicts/${row.id}/decide`, { take: 'crm', seen: row.changedAt });
  for (let n = 0; n < 2; n += 1) await world.sync();
  const [first] = await world.conflicts();
  id = first?.id ?? '';
  expect(inUdesk()).toEqual(['C0', 'C1']);
});
afterEach(async () => {
  await web.close();
  await world.close();
});

const inUdesk = () =>
  world.simulator.tenant
    .list()
    .map(({ nick_name }) => nick_name)
    .sort();
const states = async () => (await world.conflicts()).map(({ state, kind }) => `${state} ${kind}`);
const wishes = async () =>
  await ourRows(
    world,
    'select who, state from udesk_sync.revert join udesk_sync.revert_field f on f.revert_id = revert.id',
  );

describe('a decision that was carried out', () => {
  test('is undone while what it wrote stands: the side gets back what it held, and the field is asked about again', async () => {
    expect(await states()).toEqual(['resolved first-link', 'resolved first-link']);
    const shown = (await reviewer.get(`/conflicts/${id}`)).text;
    expect(shown).toContain(`action="/conflicts/${id}/undo"`);
    // Nobody is asked any more.
    expect([shown.includes('How it ended'), shown.includes('Why nobody but you can say')]).toEqual([
      true,
      false,
    ]);
    const undone = await reviewer.post(`/conflicts/${id}/undo`);
    expect(undone.status).toBe(200);
    expect(undone.text).toContain('It is being undone');
    expect(undone.text).not.toContain(`action="/conflicts/${id}/undo"`);
    expect((await reviewer.post(`/conflicts/${id}/undo`)).status).toBe(409);
    expect(await wishes()).toEqual([{ who: 'reviewer', state: 'waiting' }]);
    for (let n = 0; n < 2; n += 1) await world.sync();
    expect(inUdesk()).toEqual(['C1', 'U0']);
    expect(await states()).toEqual(['resolved first-link', 'resolved first-link', 'open reverted']);
    expect((await world.people()).map(({ name }) => name)).toEqual(['C0', 'C1']);
  });

  test('is undone from the list of what is closed, with its button and its key, while what it wrote stands', async () => {
    const other = (await world.conflicts()).find((row) => row.id !== id)?.id ?? '';
    const customer = world.simulator.tenant.list().find(({ nick_name }) => nick_name === 'C1');
    world.simulator.tenant.edit(customer?.id ?? '', { nick_name: 'Anna' });
    await world.sync();
    for (const state of ['closed', 'all']) {
      const { text } = await reviewer.get(`/conflicts?state=${state}`);
      expect(text).toContain(`action="/conflicts/${id}/undo"`);
      expect(text).toContain('data-key="u"');
      expect(text).not.toContain(`action="/conflicts/${other}/undo"`);
    }
    const progressOf = async (one: string) =>
      JSON.parse((await reviewer.get(`/api/v1/conflicts/${one}`)).text).progress;
    const done = { step: 'done', waitingFor: null, reason: null };
    expect([await progressOf(id), await progressOf(other)]).toEqual([
      { ...done, undo: true },
      { ...done, undo: false },
    ]);
    const viewer = await signedIn(web, 'viewer');
    expect((await viewer.get('/conflicts?state=closed')).text).not.toContain('/undo"');
  });

  test('tells programs what a decision waits for, and that it can be taken back', async () => {
    await reviewer.post(`/conflicts/${id}/undo`);
    for (let n = 0; n < 2; n += 1) await world.sync();
    const row = (await world.conflicts()).find(({ state }) => state === 'open');
    const progress = async () =>
      JSON.parse((await reviewer.get(`/api/v1/conflicts/${row?.id}`)).text).progress;
    await reviewer.post(`/conflicts/${row?.id}/decide`, { take: 'crm', seen: row?.changedAt ?? '' });
    const waits = { step: 'under-way', undo: true, waitingFor: 'waiting', reason: null };
    expect(await progress()).toEqual(waits);
  });

  test('is not undone once somebody changed what it wrote, and nothing of that is touched', async () => {
    const customer = world.simulator.tenant.list().find(({ nick_name }) => nick_name === 'C0');
    world.simulator.tenant.edit(customer?.id ?? '', { nick_name: 'Anna' });
    await world.sync();
    expect((await reviewer.get(`/conflicts/${id}`)).text).not.toContain(`action="/conflicts/${id}/undo"`);
    const refused = await reviewer.post(`/conflicts/${id}/undo`);
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('It cannot be undone any more');
    for (let n = 0; n < 2; n += 1) await world.sync();
    expect(inUdesk()).toEqual(['Anna', 'C1']);
    expect(await wishes()).toEqual([]);
  });

  test('is undone by reviewers, from forms of ours, and together with others', async () => {
    const viewer = await signedIn(web, 'viewer');
    expect((await viewer.post(`/conflicts/${id}/undo`)).status).toBe(403);
    expect((await viewer.get(`/conflicts/${id}`)).text).not.toContain('/undo"');
    const ids = (await world.conflicts()).map((row) => row.id).join(',');
    expect((await reviewer.post('/conflicts/bulk/undo', { ids, csrf: 'x' })).status).toBe(403);
    expect(await wishes()).toEqual([]);
    // At an address of its own: looking again takes nothing back a second time.
    const undone = await reviewer.post('/conflicts/bulk/undo', { ids });
    expect([undone.status, undone.location]).toEqual([303, '/conflicts/bulk/undone?n=2&left=0']);
    expect((await reviewer.get(undone.location ?? '')).text).toContain('2 were taken back');
    expect((await reviewer.get('/conflicts/bulk/undone?n=%3Cb%3E')).status).toBe(400);
    for (let n = 0; n < 2; n += 1) await world.sync();
    expect(inUdesk()).toEqual(['U0', 'U1']);
  });
});
