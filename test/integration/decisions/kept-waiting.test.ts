/** P6: nobody waits for a create that was set aside without being told of. */
import { afterEach, expect, test } from 'vitest';
import { SyncError } from '../../../src/errors.ts';
import { unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { dropParked, type ParkedDecision, retryParked } from '../../../src/store/parked-decisions.ts';
import { parkedPage, parkedWrites } from '../../../src/store/parked-pages.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { openWeb, signedIn } from '../../support/web.ts';
import { createWorld, customerId, type World } from '../../support/world.ts';
import { syncAt } from '../attack/moments.ts';

let world: World;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

const db = () => world.database.db;
const customers = () =>
  world.simulator.tenant
    .list()
    .map(({ nick_name }) => nick_name)
    .toSorted();
const shown = () => parkedWrites(db(), { pair: 'main', afterId: '0', limit: 10 });
const by = (parkedId: string): ParkedDecision => ({ parkedId, who: 'ann', at: new Date() });

/**
 * First is to be created, the answer is lost, nobody can be looked up, and who was made is given another name and e-mail.
 * @returns the create of which nobody knows what it made
 */
async function uncertain(others: readonly string[] = []): Promise<string> {
  world = await createWorld({
    customers: ['Linked', ...others].map((name) => ({
      nick_name: name,
      email: `${name.toLowerCase()}@example.com`,
    })),
    people: [
      ...['Linked', ...others].map((name) => ({ name, emails: [`${name.toLowerCase()}@example.com`] })),
      { name: 'First', emails: ['line@example.com'] },
    ],
  });
  cli = commandLine(world);
  const { tenant, counts } = world.simulator;
  tenant.faults.push({ kind: 'reset-after-commit', match: { method: 'POST', path: '/customers' } });
  const refuse = () => {
    if (counts().committed > 0) throw new SyncError('contract', 'Udesk refused the call (code 2005)');
  };
  // Before the create, and after its answer was lost.
  await syncAt(world, [{ side: 'udesk', call: 'lookup', when: 'before', times: 2, act: refuse }]);
  tenant.edit(customerId(world, 'First'), { email: 'other@example.com', nick_name: 'Somebody' });
  await world.sync();
  const [row] = await shown();
  expect(row).toMatchObject({ state: 'parked', kind: 'uncertain-create', keeps: null });
  return row?.id ?? '';
}

test('it is told who waits for a create that was set aside, also once it was left alone, until that is tried again', async () => {
  const id = await uncertain();
  const second = await world.insert({ name: 'Second', emails: ['line@example.com'] });
  const keeps = { count: 1, ids: [second] };
  await world.sync();
  expect(customers()).toEqual(['Linked', 'Somebody']);
  expect(await shown()).toMatchObject([{ id, state: 'parked', keeps }]);

  await dropParked(db(), by(id));
  await world.sync();
  expect(customers()).toEqual(['Linked', 'Somebody']);
  expect(await shown()).toMatchObject([{ id, state: 'dropped', keeps }]);
  const totalOf = async (pair: string) => (await parkedPage(db(), { pair, afterId: '0', limit: 10 })).total;
  expect([await totalOf('main'), await totalOf('other')]).toEqual([1, 0]);
  expect((await cli.run('status')).stdout).toContain(
    '1 record not created, for an e-mail or phone in common with a create that was left alone',
  );
  const listed = await cli.run('parked', 'list');
  expect(listed.stdout + listed.stderr).toContain(
    `${id} was left alone, and keeps 1 record of crm from being created in udesk, for an e-mail or phone in common: ${second}.`,
  );
  expect((await cli.run('parked', 'list', '--json')).json()).toMatchObject({
    parked: [{ id, state: 'dropped', keeps }],
  });

  expect((await retryParked(db(), by(id))).outcome).toBe('done');
  expect(await shown()).toEqual([]);
  await world.sync();
  // One of them is there now, so that a person can be asked about the other.
  expect(customers()).toHaveLength(3);
  expect(await listLinks(db(), { state: 'candidate', limit: 10 })).toHaveLength(1);
});

test('so it is where who waits was refused before, and is to be tried again', async () => {
  const id = await uncertain();
  const second = await world.insert({ name: 'Second', emails: ['second@example.com'] });
  const refuse = () => {
    throw new SyncError('rejected', 'Udesk wants a phone');
  };
  await syncAt(world, [{ side: 'udesk', call: 'create', when: 'before', times: 1, act: refuse }]);
  const refused = (await shown()).find(({ kind }) => kind === 'rejected');
  await dropParked(db(), by(id));
  expect((await retryParked(db(), by(refused?.id ?? ''))).outcome).toBe('done');
  await world.crm`update contact set emails = '{line@example.com}' where name = 'Second'`;
  for (let n = 0; n < 2; n += 1) await world.sync();
  expect(customers()).toEqual(['Linked', 'Somebody']);
  expect(await shown()).toMatchObject([{ id, state: 'dropped', keeps: { count: 1, ids: [second] } }]);
});

test('whom a person has parted, and who is created nowhere, does not wait for it', async () => {
  const id = await uncertain(['Apart']);
  const links = await listLinks(db(), { state: 'confirmed', limit: 10 });
  const link = links.find(({ udeskId }) => udeskId === customerId(world, 'Apart'));
  await unlink(db(), { linkId: link?.id ?? '', who: 'li', at: new Date() });
  await world.crm`update contact set emails = '{line@example.com}' where name = 'Apart'`;
  for (let n = 0; n < 2; n += 1) await world.sync();
  expect(await shown()).toMatchObject([{ id, state: 'parked', keeps: null }]);
});

test('the pages tell it, and a reviewer has it tried again there', async () => {
  const id = await uncertain();
  const second = await world.insert({ name: 'Second', emails: ['line@example.com'] });
  await world.sync();
  const web = await openWeb(world, { users: true });
  const reviewer = await signedIn(web, 'reviewer');
  const because = `Because of it 1 record of CRM is not created in Udesk, for an e-mail or phone in common: ${second}`;
  expect((await reviewer.get('/parked')).text).toContain(because);
  expect((await reviewer.get('/')).text).not.toContain('wait for a create that was left alone');
  await reviewer.post(`/parked/${id}/drop`);

  expect((await reviewer.get('/')).text).toContain('Records that wait for a create that was left alone: 1');
  const { text } = await reviewer.get('/parked');
  expect(text).toContain(because);
  expect(text).toContain('left alone');
  expect(text).not.toContain(`/parked/${id}/drop`);
  expect((await reviewer.post(`/parked/${id}/drop`)).status).toBe(409);
  expect((await reviewer.post(`/parked/${id}/retry`)).status).toBe(303);
  expect((await reviewer.get('/parked')).text).toContain('Nothing is set aside');
  await web.close();
});

test('a create that was left alone, and that nobody needs any more, is not tried again', async () => {
  const id = await uncertain();
  await world.crm`delete from contact where name = 'First'`;
  await world.sync();
  await dropParked(db(), by(id));
  expect(await shown()).toEqual([]);
  expect(await retryParked(db(), by(id))).toEqual({ outcome: 'closed', state: 'dropped' });
});
