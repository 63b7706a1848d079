import { afterEach, describe, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { type Analyst, addAgents, addFeeds, createAnalyst } from '../../support/reporting.ts';
import { createWorld, type World, type WorldOptions } from '../../support/world.ts';

let world: World;
let analyst: Analyst;
afterEach(async () => {
  await analyst.close();
  await world.close();
});

async function start(options: WorldOptions = {}): Promise<string> {
  world = await createWorld(options);
  analyst = await createAnalyst(world.database);
  await world.sync();
  return world.simulator.tenant.list().at(-1)?.id ?? '';
}

describe('report.ticket, call, conversation and feed', () => {
  test('show what the history of a customer holds, and when it was read', async () => {
    const udeskId = await start({ customers: [{ nick_name: 'A' }] });
    await addAgents(world.database);
    await world.database.sql`
      update udesk_sync.record set feed_read_at = '2026-05-06T00:00:00Z' where side = 'udesk' and remote_id = ${udeskId}`;
    const ticket = {
      subject: 'Broken',
      content: 'nul\0',
      status_zh_name: '已解决',
      user_id: '8',
      user_group_id: '15',
    };
    await addFeeds(world.database, [
      { kind: 'Ticket', id: '1', udeskId, data: ticket },
      { kind: 'CallLog', id: '1', udeskId, data: { call_type: '呼入', call_result: '接听', duration: 75 } },
      { kind: 'CallLog', id: '2', udeskId, data: { duration: '00:01:15' } },
      {
        kind: 'ImSubSession',
        id: '1',
        udeskId,
        data: { platform: 'weixin', customer_msg_num: 3, agent_msg_num: '4' },
      },
      {
        kind: 'Alteration',
        id: '1',
        udeskId,
        at: '2026-05-04T01:00:00Z',
        author: { id: '8', name: 'Tom' },
        data: { summary: '将昵称设置为“A”' },
      },
      { kind: 'Ticket', id: '2', udeskId: '999999', data: { subject: 'Of somebody deleted long ago' } },
    ]);
    const same = {
      pair: 'main',
      udesk_id: udeskId,
      first_seen_at: '2026-05-05 12:00:00+00',
      read_at: '2026-05-06 00:00:00+00',
    };
    expect(await analyst.ask('select * from report.ticket order by ticket_id')).toMatchObject([
      {
        ...same,
        ticket_id: '1',
        subject: 'Broken',
        content: 'nul␀',
        status: '已解决',
        owner_id: '8',
        owner_name: 'Tom',
        owner_group_id: '15',
        at: null,
      },
      { ticket_id: '2', udesk_id: '999999', content: null, owner_name: null, read_at: null },
    ]);
    expect(await analyst.ask('select * from report.call order by call_id')).toMatchObject([
      { ...same, call_id: '1', call_type: '呼入', call_result: '接听', duration: '75', duration_seconds: 75 },
      { ...same, call_id: '2', call_type: null, duration: '00:01:15', duration_seconds: null },
    ]);
    expect(await analyst.ask('select * from report.conversation')).toMatchObject([
      { ...same, conversation_id: '1', platform: 'weixin', customer_messages: 3, agent_messages: 4 },
    ]);
    const feed = await analyst.ask('select * from report.feed order by kind, feed_id');
    expect(feed).toMatchObject([
      {
        ...same,
        kind: 'Alteration',
        at: '2026-05-04 01:00:00+00',
        author_id: '8',
        author_name: 'Tom',
        summary: '将昵称设置为“A”',
      },
      ...[
        { kind: 'CallLog' },
        { kind: 'CallLog' },
        { kind: 'ImSubSession' },
        { kind: 'Ticket' },
        { kind: 'Ticket' },
      ],
    ]);
    expect(JSON.parse(feed[4]?.data)).toEqual({ ...ticket, content: 'nul␀' });
  });
});

describe('report.conflict and conflict_daily', () => {
  const CONFLICT = `select state, kind, field, base, base_crm, udesk, crm, decided_by, decision,
    decided_at is not null as decided, closed_at is not null as closed,
    age = coalesce(closed_at, now()) - opened_at as aged from report.conflict`;
  const DAILY = 'select field, opened::int, closed::int from report.conflict_daily';

  test('tell what differs while it is open, and who decided it afterwards', async () => {
    const udeskId = await start({ customers: [{ nick_name: 'Base', email: 'a@example.com' }] });
    world.simulator.tenant.edit(udeskId, { nick_name: 'U\0' });
    await world.crm`update contact set name = 'C'`;
    await world.sync();
    const values = {
      kind: 'edit/edit',
      field: 'nick_name',
      base: 'Base',
      base_crm: 'Base',
      udesk: 'U␀',
      crm: 'C',
      aged: true,
    };
    expect(await analyst.ask(CONFLICT)).toEqual([
      { ...values, state: 'open', decided_by: null, decision: null, decided: false, closed: false },
    ]);
    expect(await analyst.ask(DAILY)).toEqual([{ field: 'nick_name', opened: 1, closed: 0 }]);
    const [conflict] = await world.conflicts();
    await decideConflict(world.database.db, {
      conflictId: conflict?.id ?? '',
      who: '李雷',
      take: 'crm',
      value: null,
      at: new Date(),
    });
    await world.sync();
    expect(await analyst.ask(CONFLICT)).toEqual([
      { ...values, state: 'resolved', decided_by: '李雷', decision: 'crm', decided: true, closed: true },
    ]);
    // Midnight may lie in between.
    expect(
      await analyst.ask(
        'select sum(opened)::int as opened, sum(closed)::int as closed from report.conflict_daily',
      ),
    ).toEqual([{ opened: 1, closed: 1 }]);
  });
});

describe('report.sync_lag', () => {
  const LAG = `select target, op, fields, cause, observed_at <= planned_at as seen_first, planned_at <= arrived_at as arrived,
    lag = arrived_at - observed_at as lagged from report.sync_lag order by intent_id`;
  const right = { seen_first: true, arrived: true, lagged: true };

  test('measures each write from the sight, the edit or the decision that caused it', async () => {
    const udeskId = await start({ customers: [{ nick_name: 'Base', email: 'a@example.com' }] });
    world.simulator.tenant.edit(udeskId, { description: 'by an agent' });
    await world.sync();
    await world.crm`update contact set note = 'by a salesman'`;
    await world.sync();
    world.simulator.tenant.edit(udeskId, { nick_name: 'U' });
    await world.crm`update contact set name = 'C'`;
    await world.sync();
    const [conflict] = await world.conflicts();
    await decideConflict(world.database.db, {
      conflictId: conflict?.id ?? '',
      who: 'reviewer',
      take: 'crm',
      value: null,
      at: new Date(),
    });
    await world.sync();
    expect(await analyst.ask(LAG)).toMatchObject([
      { target: 'crm', op: 'create', cause: 'first sight', ...right },
      { target: 'crm', op: 'update', fields: ['description'], cause: 'edit', ...right },
      { target: 'udesk', op: 'update', fields: ['description'], cause: 'edit', ...right },
      { target: 'udesk', op: 'update', fields: ['nick_name'], cause: 'decision', ...right },
    ]);
  });

  test('is not misled by a later edit of another field: the edit that was sent counts', async () => {
    const udeskId = await start({ customers: [{ nick_name: 'Base', email: 'a@example.com' }] });
    world.simulator.tenant.edit(udeskId, { nick_name: 'Sent' });
    await world.sync();
    await world.database.sql`
      insert into udesk_sync.observation (pair, side, remote_id, delta, lane, at)
      select 'main', 'udesk', ${udeskId}, '{"level": ["normal", "vip"]}', 'sweep', created_at
      from udesk_sync.intent where op = 'update'`;
    const [row] = await analyst.ask(`
      select l.observed_at = h.valid_from as right_one from report.sync_lag l
      join report.customer_history h on h.side = 'udesk' and h.field = 'nick_name' where l.op = 'update'`);
    expect(row).toEqual({ right_one: true });
  });
});

describe('report.link, sync_run, coverage and custom_field', () => {
  test('a link that a person is asked about shows its candidates and the evidence', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'A', email: 'same@example.com' }],
      people: [
        { name: 'B', emails: ['same@example.com'] },
        { name: 'C', emails: ['same@example.com'] },
      ],
    });
    analyst = await createAnalyst(world.database);
    await world.sync();
    const [link] = await analyst.ask('select * from report.link');
    expect(link).toMatchObject({ state: 'candidate', crm_id: null, candidates_crm: ['1', '2'] });
    expect(link?.candidates_udesk).toHaveLength(1);
    expect(link?.evidence).toContain('same@example.com');
    expect(Number(link?.score)).toBeGreaterThan(0);
  });

  test('a cycle is shown with what it saw and did', async () => {
    await start({ customers: [{ nick_name: 'A', email: 'a@example.com' }] });
    await world.crm`update contact set name = 'B'`;
    await world.sync();
    expect(await analyst.ask('select * from report.sync_run order by run_id desc limit 1')).toMatchObject([
      {
        pair: 'main',
        trigger: 'sync',
        outcome: 'done',
        error: null,
        udesk_changed: 0,
        crm_changed: 1,
        udesk_certified: true,
        udesk_writes: 1,
        crm_writes: 0,
        settled: 1,
        open_conflicts: 0,
        parked: 0,
      },
    ]);
  });

  test('coverage says how much is known, and why an enumeration proved nothing', async () => {
    await start({
      customers: [{ nick_name: 'A', email: 'a@example.com' }, { nick_name: 'B' }],
      pair: { create: '{ inCrm: false }' },
    });
    const COVERAGE = `select side, certified_at is not null as certified, uncertified_reason, live_records::int, linked_records::int,
      deleted_records::int, total_on_side from report.coverage order by side desc`;
    expect(await analyst.ask(COVERAGE)).toEqual([
      {
        side: 'udesk',
        certified: true,
        uncertified_reason: null,
        live_records: 2,
        linked_records: 0,
        deleted_records: 0,
        total_on_side: 2,
      },
      {
        side: 'crm',
        certified: true,
        uncertified_reason: null,
        live_records: 0,
        linked_records: 0,
        deleted_records: 0,
        total_on_side: null,
      },
    ]);
    await world.database.sql`update udesk_sync.pair set udesk_uncertified = 'the list ends at 10,000'`;
    expect((await analyst.ask(COVERAGE))[0]).toMatchObject({
      certified: true,
      uncertified_reason: 'the list ends at 10,000',
    });
  });

  test('a custom field is shown with what its options mean', async () => {
    await start();
    await world.database.sql`delete from udesk_sync.custom_field`;
    await world.database.sql`
      insert into udesk_sync.custom_field (pair, name, label, content_type, options, pinned, observed_at) values
        ('main', 'SelectField_1', '客户来源', 'droplist', '[{"value":"0","label":"官网"},{"value":"1","label":"展会"}]', '[]', now()),
        ('main', 'custom.TextField_1', '微信号', 'text', '[]', '[]', now())`;
    const rows = await analyst.ask('select name, label, options from report.custom_field order by name');
    expect(rows.map(({ options, ...row }) => ({ ...row, options: JSON.parse(options) }))).toEqual([
      { name: 'SelectField_1', label: '客户来源', options: { 0: '官网', 1: '展会' } },
      { name: 'TextField_1', label: '微信号', options: {} },
    ]);
  });
});
