import { afterEach, describe, expect, test } from 'vitest';
import { confirmLink, unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { createWorld, type World } from '../../support/world.ts';
import { reopen, syncPair } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const at = new Date();
const db = () => world.database.db;
const names = () => world.simulator.tenant.list().map(({ nick_name }) => nick_name);

describe('P6: nothing is out of reach for ever', () => {
  test('a customer who was deleted and entered anew can be linked to the person again', async () => {
    world = await createWorld({
      customers: [1, 2, 3].map((n) => ({ nick_name: `N${n}`, email: `n${n}@example.com` })),
    });
    await world.sync();
    const [old] = world.simulator.tenant.list();
    world.simulator.tenant.delete(old?.id ?? '');
    await world.sync();
    const fresh = world.simulator.tenant.create({ nick_name: old?.nick_name ?? '', email: old?.email ?? '' });
    await world.sync();

    const linked = async () =>
      (await listLinks(db(), { state: 'confirmed', limit: 10 })).some(({ udeskId }) => udeskId === fresh.id);
    if (!(await linked())) {
      for (const { id } of await listLinks(db(), { state: 'broken', limit: 10 })) {
        await unlink(db(), { linkId: id, who: 'li', at });
      }
      for (const { id } of await listLinks(db(), { state: 'candidate', limit: 10 })) {
        await confirmLink(db(), { linkId: id, who: 'li', at });
      }
      await world.sync();
    }

    expect(await linked()).toBe(true);
  });

  test('a yes to the question about somebody entered anew takes the survivor over from the flagged link', async () => {
    world = await createWorld({
      customers: [1, 2, 3].map((n) => ({ nick_name: `N${n}`, email: `n${n}@example.com` })),
    });
    await world.sync();
    const [old] = world.simulator.tenant.list();
    world.simulator.tenant.delete(old?.id ?? '');
    await world.sync();
    const fresh = world.simulator.tenant.create({ nick_name: old?.nick_name ?? '', email: old?.email ?? '' });
    await world.sync();
    const [question] = await listLinks(db(), { state: 'candidate', limit: 10 });

    const answer = await confirmLink(db(), { linkId: question?.id ?? '', who: 'li', at });

    expect(answer).toMatchObject({ outcome: 'confirmed', udeskId: fresh.id });
    expect(await listLinks(db(), { state: 'broken', limit: 10 })).toMatchObject([
      { udeskId: old?.id, decidedBy: 'unlink' },
    ]);
    await world.sync();
    world.simulator.tenant.edit(fresh.id, { nick_name: 'Known again' });
    await world.sync();
    expect((await world.people()).map(({ name }) => name)).toContain('Known again');
  });

  test('a CRM row that comes back under its id after a propagated deletion is seen by somebody', async () => {
    world = await createWorld({
      customers: [1, 2, 3].map((n) => ({ nick_name: `N${n}`, email: `n${n}@example.com` })),
      pair: { deletes: 'propagate' },
    });
    await world.sync();
    const [gone] = world.simulator.tenant.list();
    const id = (await world.people()).find(({ udesk_id }) => udesk_id === gone?.id)?.id ?? '';
    world.simulator.tenant.delete(gone?.id ?? '');
    await world.sync();
    expect(await world.people()).toHaveLength(2);
    await world.crm`insert into contact (id, name, emails) overriding system value
      values (${id}, 'Back again', array['back@example.com'])`;
    await world.sync();
    await world.sync();

    const questions = await listLinks(db(), { state: 'candidate', limit: 10 });
    const seen = names().includes('Back again') || questions.length + (await world.conflicts()).length > 0;
    expect(seen).toBe(true);
  });

  test('edits of people whose customers are gone do not keep the edits of others waiting', async () => {
    const total = 515;
    const customers = Array.from({ length: total }, (_, n) => ({
      nick_name: `N${n}`,
      email: `n${n}@example.com`,
    }));
    world = await createWorld({
      customers,
      people: customers.map(({ nick_name, email }) => ({ name: nick_name, emails: [email] })),
      pair: {
        fields: '[{ udesk: nick_name, crm: name }, { udesk: emails, crm: emails }]',
        guards: '{ updates: { share: 1 } }',
      },
    });
    await world.sync();
    // The links that were made first lose their customers.
    const links = await listLinks(db(), { state: 'confirmed', limit: 1000 });
    for (const { udeskId } of links.slice(0, 505)) world.simulator.tenant.delete(udeskId ?? '');
    for (let n = 0; n < 4; n += 1) await world.sync();
    expect(await listLinks(db(), { state: 'broken', limit: 1000 })).toHaveLength(505);

    await world.crm`update contact set name = name || ' edited'`;
    await world.sync();

    expect(names().filter((name) => name.endsWith('edited'))).toHaveLength(10);
  });
});

describe('identity', () => {
  test('P1: two pairs of one tenant do not take each other’s ids for their own', async () => {
    world = await createWorld({ people: [{ name: 'Zhang of the shop', emails: ['zhang@example.com'] }] });
    await world.sync();
    await world.crm`create table client (like contact including all)`;
    await world.crm`insert into client (name, emails) values ('Li of the factory', array['li@example.com'])`;
    const pairs = await reopen(world, (yaml) => {
      const pair = yaml.slice(yaml.indexOf('  - name: main'));
      return `${yaml}${pair.replace('name: main', 'name: other').replace('table: contact', 'table: client')}`;
    });
    const other = pairs.find(({ spec }) => spec.name === 'other');
    if (other === undefined) throw new Error('no pair');

    await syncPair(world, other);
    await Promise.all(pairs.map((pair) => pair.close()));

    const [li] = await world.crm`select emails from client where name = 'Li of the factory'`;
    expect(li?.emails).toEqual(['li@example.com']);
    expect(world.simulator.tenant.find('email', 'zhang@example.com')?.other_emails).toEqual([]);
  });
});
