import { afterEach, describe, expect, test } from 'vitest';
import type { SideRecord } from '../../../src/core/record.ts';
import type { Page } from '../../../src/crm/adapter.ts';
import { confirmLink, unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
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

  test('P7: a CRM id with an unusual character is not taken for a deleted record', async () => {
    world = await createWorld({ pair: { deletes: 'propagate' } });
    await world.crm`create table client (id text primary key, name text, emails text[] not null default '{}',
      phones text[] not null default '{}', tier text, industry text, note text, udesk_id text unique,
      updated_at timestamptz not null default clock_timestamp())`;
    for (const id of ['plain', 'apple \uf8ff', 'quote \' " \\ \n', '大']) {
      await world.crm`insert into client (id, name, emails) values (${id}, ${id}, ${[`${id.charCodeAt(0)}@example.com`]})`;
    }
    const [pair] = await reopen(world, (yaml) => yaml.replace('table: contact', 'table: client'));
    if (pair === undefined) throw new Error('no pair');

    await syncPair(world, pair);
    await syncPair(world, pair);
    const quiet = world.simulator.counts().writes;
    await syncPair(world, pair);
    expect(world.simulator.counts().writes).toBe(quiet);
    const apple = world.simulator.tenant.list().find(({ nick_name }) => nick_name === 'apple \uf8ff');
    world.simulator.tenant.edit(apple?.id ?? '', { description: 'edited' });
    await syncPair(world, pair);
    await pair.close();

    expect(await world.crm`select id from client where note = 'edited'`).toEqual([{ id: 'apple \uf8ff' }]);
    expect(apple?.open_api_token).toBe('apple \uf8ff');
    expect(world.simulator.tenant.count).toBe(4);
    expect(await ourRows(world, `select remote_id from udesk_sync.record where state = 'deleted'`)).toEqual(
      [],
    );
  });

  test('a record whose id the database cannot keep is left out and told of; the others go on', async () => {
    world = await createWorld({ people: [{ name: 'Plain', emails: ['p@example.com'] }] });
    const odd = (record: SideRecord, id: string): SideRecord => ({ ...record, id, fields: {} });
    const crm = new Proxy(world.pair.sides.crm, {
      get(side, key) {
        const member = Reflect.get(side, key) as unknown;
        if (typeof member !== 'function') return member;
        if (key !== 'enumerate') return member.bind(side) as unknown;
        return async function* (): AsyncGenerator<Page> {
          for await (const page of side.enumerate()) {
            const records = page.records.flatMap((record) => [
              odd(record, 'nul \0'),
              { ...record, externalId: 'nul \0', updatedAt: 'lone \ud800' },
              odd(record, 'lone \ud800'),
            ]);
            yield { ...page, records };
          }
        };
      },
    });
    const pair = { spec: world.pair.spec, sides: { udesk: world.pair.sides.udesk, crm } };

    const report = await syncPair(world, pair);

    expect(report.observed.crm).toMatchObject({ seen: 1, dropped: 2 });
    expect(names()).toEqual(['Plain']);
  });
});
