import { afterEach, describe, expect, test } from 'vitest';
import type { CustomerSeed } from '../../../src/simulator/customer.ts';
import { type Analyst, addAgents, addFeeds, createAnalyst, readFeedsOf } from '../../support/reporting.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let analyst: Analyst;
afterEach(async () => {
  await analyst.close();
  await world.close();
});

/** @returns the customers' ids, in the order of the seeds. */
async function start(...customers: CustomerSeed[]): Promise<string[]> {
  return await startWith({}, customers);
}

async function startWith(
  switches: Readonly<Record<string, string>>,
  customers: readonly CustomerSeed[],
): Promise<string[]> {
  world = await createWorld({ customers, switches });
  analyst = await createAnalyst(world.database);
  await world.sync();
  const byName = new Map(world.simulator.tenant.list().map(({ id, nick_name }) => [nick_name, id]));
  return customers.map(({ nick_name }) => byName.get(nick_name ?? '') ?? '');
}

const FULL: CustomerSeed = {
  nick_name: '王小明',
  email: 'main@example.com',
  other_emails: ['second@example.com'],
  cellphones: ['13800138000'],
  level: 'vip',
  description: 'a mark \uf8ff0000',
  tags: ['old', 'gold'],
  owner_id: 12,
  organization_id: 2,
  custom_fields: { TextField_1: 'nul\u0000, half \ud83d', TextField_2: '贸易', SelectField_1: ['1'] },
  is_blocked: true,
};

describe('report.customer', () => {
  test('shows a customer as Udesk holds it, with the names of its people', async () => {
    const [id] = await start(FULL);
    await addAgents(world.database);
    const [person] = await world.people();
    const rows = await analyst.ask('select * from report.customer');
    expect(rows).toMatchObject([
      {
        pair: 'main',
        udesk_id: id,
        crm_id: person?.id,
        nick_name: '王小明',
        email: 'main@example.com',
        emails: ['main@example.com', 'second@example.com'],
        cellphones: ['13800138000'],
        level: 'vip',
        is_blocked: true,
        tags: ['old', 'gold'],
        owner_id: '12',
        owner_name: '王芳',
        owner_email: '12@example.com',
        organization_id: '2',
        description: 'a mark \uf8ff0000',
      },
    ]);
    expect(JSON.parse(rows[0]?.custom)).toEqual({
      TextField_1: 'nul␀, half �',
      TextField_2: '贸易',
      SelectField_1: ['1'],
    });
  });

  test('says up to when each row is known to be right', async () => {
    const [edited] = await start({ nick_name: 'Edited' }, { nick_name: 'Quiet' });
    const ages = () =>
      analyst.ask<{ nick_name: string; certified: boolean; seen: boolean; fresh: boolean }>(`
        select c.nick_name, c.verified_at = g.certified_at as certified, c.verified_at = c.changed_at as seen,
          c.age = now() - c.verified_at and c.age >= interval '0' as fresh
        from report.customer c join report.coverage g on g.pair = c.pair and g.side = 'udesk' order by c.nick_name desc`);
    // Both were seen within the first enumeration, that is after its begin.
    expect(await ages()).toMatchObject([
      { seen: true, fresh: true },
      { seen: true, fresh: true },
    ]);
    world.simulator.tenant.edit(edited ?? '', { nick_name: 'Edited again' });
    await world.sync();
    expect(await ages()).toEqual([
      { nick_name: 'Quiet', certified: true, seen: false, fresh: true },
      { nick_name: 'Edited again', certified: false, seen: true, fresh: true },
    ]);
    const before = await analyst.ask('select verified_at from report.customer order by udesk_id');
    await world.sync({ observe: { udesk: 'head', crm: 'none' } });
    expect(await analyst.ask('select verified_at from report.customer order by udesk_id')).toEqual(before);
  });

  test('a deleted customer leaves it, stays in the history, and can be read as of before', async () => {
    const [id, other] = await start(
      { nick_name: 'Leaving', email: 'l@example.com' },
      { nick_name: 'Staying' },
    );
    world.simulator.tenant.edit(id ?? '', { nick_name: 'Leaving soon' });
    await world.sync();
    const [{ then } = {}] = await analyst.ask<{ then: string }>('select clock_timestamp()::text as then');
    world.simulator.tenant.delete(id ?? '');
    await world.sync();
    expect(await analyst.ask('select udesk_id from report.customer')).toEqual([{ udesk_id: other }]);
    expect(
      await analyst.ask(`select field, old, new, crm_id from report.customer_history
        where udesk_id = '${id}' and side = 'udesk' order by observation_id nulls first`),
    ).toEqual([
      { field: '*', old: null, new: 'live', crm_id: '1' },
      { field: 'nick_name', old: 'Leaving', new: 'Leaving soon', crm_id: '1' },
      { field: '*', old: 'live', new: 'deleted', crm_id: '1' },
    ]);
    const asOf = await analyst.ask(
      `select udesk_id, nick_name, crm_id from report.customer_asof('${then}') where udesk_id = '${id}'`,
    );
    expect(asOf).toEqual([{ udesk_id: id, nick_name: 'Leaving soon', crm_id: '1' }]);
    expect(await analyst.ask('select udesk_id from report.customer_asof(now())')).toEqual([
      { udesk_id: other },
    ]);
  });

  test('a customer whose CRM record was deleted stays, without a CRM id', async () => {
    const [id] = await start(
      { nick_name: 'A', email: 'a@example.com' },
      { nick_name: 'B', email: 'b@example.com' },
    );
    await world.crm`delete from contact where name = 'A'`;
    await world.sync();
    expect(await analyst.ask(`select crm_id, link_id from report.customer where udesk_id = '${id}'`)).toEqual(
      [{ crm_id: null, link_id: null }],
    );
  });
});

describe('report.customer_history', () => {
  const HISTORY = `select side, field, old, new, who, edited_at is not null as dated from report.customer_history
    where observation_id is not null order by observation_id, field`;

  test('tells who made a change: an agent by the feed, ourselves, or nobody known for the CRM', async () => {
    const [id = ''] = await start({ nick_name: 'Old', email: 'a@example.com', owner_id: 1 });
    world.simulator.tenant.edit(id, { nick_name: 'New' }, { id: 12, nick_name: '王芳' });
    await world.sync();
    await world.crm`update contact set note = 'from the CRM'`;
    await world.sync();
    await readFeedsOf(world, id);
    expect(await analyst.ask(HISTORY)).toEqual([
      { side: 'udesk', field: 'nick_name', old: 'Old', new: 'New', who: '王芳', dated: true },
      { side: 'crm', field: 'name', old: 'Old', new: 'New', who: 'udesk-sync', dated: false },
      { side: 'crm', field: 'note', old: null, new: 'from the CRM', who: null, dated: false },
      {
        side: 'udesk',
        field: 'description',
        old: null,
        new: 'from the CRM',
        who: 'udesk-sync',
        dated: false,
      },
    ]);
  });

  test('names nobody while the feed was not read, and when two people edited and none of them fits', async () => {
    const [id = ''] = await start({ nick_name: 'Old', owner_id: 1 });
    world.simulator.tenant.edit(id, { owner_id: 8 });
    await world.sync();
    expect(await analyst.ask(HISTORY)).toMatchObject([{ field: 'owner', old: '1', new: '8', who: null }]);
    const [{ at = '' } = {}] = await analyst.ask<{ at: string }>(
      'select max(valid_from)::text as at from report.customer_history',
    );
    const change = (feedId: string, name: string) => ({
      kind: 'Alteration',
      id: feedId,
      udeskId: id,
      at,
      author: { id: name, name },
      data: { summary: 'something else' },
    });
    await addFeeds(world.database, [change('1', 'Tom')]);
    expect(await analyst.ask(HISTORY)).toMatchObject([{ who: 'Tom', dated: true }]);
    await addFeeds(world.database, [change('2', 'Jerry')]);
    expect(await analyst.ask(HISTORY)).toMatchObject([{ who: null, dated: false }]);
    await addFeeds(world.database, [{ ...change('3', 'Alex'), data: { summary: '将负责人设置为 8' } }]);
    expect(await analyst.ask(HISTORY)).toMatchObject([{ who: 'Alex', dated: true }]);
  });

  test('takes an author only from between the look before and this one, and at most from the day before', async () => {
    const [id = ''] = await start({ nick_name: 'One' });
    for (const name of ['Two', 'Three']) {
      world.simulator.tenant.edit(id, { nick_name: name });
      await world.sync();
    }
    const LAST = `select valid_from, who from report.customer_history where side = 'udesk' and new = 'Three'`;
    const onlyItem = async (distance: string) => {
      await world.database.sql`delete from udesk_sync.feed`;
      await world.database.sql`
        insert into udesk_sync.feed (pair, kind, feed_id, udesk_id, at, author_id, author_name, data, first_seen_at, kept_at)
        select 'main', 'Alteration', '1', ${id}, valid_from + ${distance}::interval, '8', 'Tom', '{"summary": "Three"}', now(),
          valid_from + ${distance}::interval
        from report.customer_history where side = 'udesk' and new = 'Three'`;
      return (await analyst.ask(LAST))[0]?.who;
    };
    const lookBefore = (distance: string) =>
      world.database.sql`
        update udesk_sync.observation set at = at - ${distance}::interval where delta -> 'nick_name' ->> 1 = 'Two'`;
    await lookBefore('1 hour');
    expect(await onlyItem('-30 minutes')).toBe('Tom');
    expect(await onlyItem('1 minute')).toBe('Tom');
    expect(await onlyItem('3 minutes')).toBeNull();
    expect(await onlyItem('-70 minutes')).toBeNull();
    await lookBefore('7 days');
    expect(await onlyItem('-70 minutes')).toBe('Tom');
    expect(await onlyItem('-25 hours')).toBeNull();
  });

  test('names whom the whole way of the value names, not our own write that began where that edit ended', async () => {
    const [id = ''] = await startWith({ 'feeds.api_writes': 'shown' }, [
      { nick_name: 'Old', email: 'a@example.com', cellphones: ['13800000001'] },
    ]);
    const TOM = { id: 12, nick_name: 'Tom' };
    world.simulator.tenant.edit(id, { nick_name: 'New', cellphones: ['13800000001', '13800000002'] }, TOM);
    await world.sync();
    await world.crm`update contact set name = 'Newest', phones = array['13800000001']`;
    await world.sync();
    await readFeedsOf(world, id);
    // The feed tells whole seconds. Of two records of one second nobody knows the order, and it is not asked here.
    await world.database.sql`
      update udesk_sync.feed set at = at + case author_name when 'Tom' then interval '0' else interval '2 seconds' end`;
    // Both within the tolerance of one look, and both quote what the first one wrote.
    const found = await analyst.ask(`${HISTORY.replace('where', "where side = 'udesk' and")}`);
    expect(found.map(({ field, new: now, who }) => [field, now, who])).toEqual([
      ['cellphones', '13800000001, 13800000002', 'Tom'],
      ['nick_name', 'New', 'Tom'],
      ['cellphones', '13800000001', 'udesk-sync'],
      ['nick_name', 'Newest', 'udesk-sync'],
    ]);
    // Where two records tell the way alike, the last one before the look made what was seen.
    const way = '将昵称从“Old”设置为 “New”';
    const records = [
      ['-20 seconds', 'Ann'],
      ['-10 seconds', 'Eve'],
      ['10 seconds', 'Bob'],
    ] as const;
    await world.database.sql`delete from udesk_sync.feed`;
    for (const [n, [distance, name]] of records.entries()) {
      await world.database.sql`
        insert into udesk_sync.feed (pair, kind, feed_id, udesk_id, at, author_id, author_name, data, first_seen_at, kept_at)
        select 'main', 'Alteration', ${String(n)}, ${id}, valid_from + ${distance}::interval, ${name}, ${name},
          jsonb_build_object('summary', ${way}::text), now(), valid_from + ${distance}::interval
        from report.customer_history where side = 'udesk' and new = 'New'`;
    }
    expect(
      await analyst.ask(`select who from report.customer_history where side = 'udesk' and new = 'New'`),
    ).toEqual([{ who: 'Eve' }]);
  });

  test('does not take for our own what somebody else changed while we were writing', async () => {
    // Nobody is named by the history: a write of ours is not in it.
    const [id = ''] = await startWith({ 'feeds.api_writes': 'hidden' }, [
      { nick_name: 'Old', email: 'a@example.com' },
    ]);
    await world.crm`update contact set note = 'ours'`;
    await world.sync();
    // As if somebody had made the customer a VIP between our last look and the answer to our write.
    await world.database.sql`
      update udesk_sync.observation set delta = delta || '{"level": ["normal", "vip"]}'
      where side = 'udesk' and lane = 'write' and remote_id = ${id}`;
    expect(await analyst.ask(`${HISTORY.replace('where', "where side = 'udesk' and")}`)).toMatchObject([
      { field: 'description', who: 'udesk-sync' },
      { field: 'level', who: null },
    ]);
  });

  test('a change ends when the next one of its field begins, and the last one when the record goes', async () => {
    const [id = ''] = await start({ nick_name: 'One', level: 'normal' }, { nick_name: 'Canary' });
    world.simulator.tenant.edit(id, { nick_name: 'Two' });
    await world.sync();
    world.simulator.tenant.edit(id, { level: 'vip' });
    await world.sync();
    world.simulator.tenant.edit(id, { nick_name: 'Three' });
    await world.sync();
    world.simulator.tenant.delete(id);
    await world.sync();
    const rows = await analyst.ask<{ field: string; new: string; from: string; to: string | null }>(`
      select field, new, valid_from::text as from, valid_to::text as to from report.customer_history
      where side = 'udesk' and record_id = '${id}' order by observation_id nulls first`);
    const [first, two, vip, three, gone] = rows;
    expect(rows.map(({ new: value }) => value)).toEqual(['live', 'Two', 'vip', 'Three', 'deleted']);
    expect([first?.to, two?.to, vip?.to, three?.to, gone?.to]).toEqual([
      gone?.from,
      three?.from,
      gone?.from,
      gone?.from,
      null,
    ]);
  });
});
