import { afterEach, describe, expect, test } from 'vitest';
import { markFeedsDue } from '../../../src/store/feeds.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let cli: CommandLine | null = null;
afterEach(async () => {
  cli?.close();
  cli = null;
  await world.close();
});

const FEEDS = '/open_api_v1/customers/feeds';

const readFeeds = () => world.sync({ observe: { udesk: 'none', crm: 'none' }, readFeeds: true });
const calls = () => world.simulator.log.filter(({ path }) => path === FEEDS).length;
const idOf = (name: string) =>
  world.simulator.tenant.list().find((customer) => customer.nick_name === name)?.id ?? '';
const shown = () =>
  ourRows(
    world,
    'select udesk_id, kind, feed_id, author_name, summary, at from report.feed order by kind, feed_id',
  );
const due = async () =>
  (await ourRows(world, 'select remote_id from udesk_sync.record where feed_due order by 1')).map(
    (row) => row.remote_id,
  );

const hint = () =>
  markFeedsDue(
    world.database.db,
    'main',
    world.simulator.tenant.list().map(({ id }) => id),
  );

const TWELVE = Array.from({ length: 12 }, (_, n) => ({ nick_name: `C${n}`, email: `c${n}@example.com` }));

describe('the history of a customer', () => {
  test('is read after a write of ours, and each item is stored once, whatever the shape', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'Ann', email: 'ann@example.com' }],
      switches: { 'shape.feeds': 'mixed' },
    });
    await world.sync();
    const ann = idOf('Ann');
    await readFeeds();
    expect(await due()).toEqual([]);

    await world.crm`update contact set note = 'called'`;
    world.simulator.tenant.happened(ann, 'Ticket', { subject: 'help', status_zh_name: '开启' });
    await world.sync();
    // The witness of the write has read it; so does whoever is hinted at.
    expect(await due()).toEqual([]);
    await hint();
    expect(await due()).toEqual([ann]);
    await readFeeds();
    const first = await shown();
    await readFeeds();

    expect(await due()).toEqual([]);
    expect(first.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Alteration', 'Ticket']));
    expect(first.map(({ summary }) => summary)).toContainEqual(expect.stringContaining('called'));
    expect(await shown()).toEqual(first);
    expect(await ourRows(world, 'select count(*)::int as n from report.ticket')).toEqual([{ n: 1 }]);
  });

  test('is read for everybody in time, a few at once', async () => {
    world = await createWorld({ customers: TWELVE });
    await world.sync();
    await hint();
    expect(await due()).toHaveLength(12);
    world.simulator.clearLog();

    await readFeeds();
    expect(calls()).toBe(10);
    for (let n = 0; n < 4; n += 1) await readFeeds();

    expect(await due()).toEqual([]);
    const unread = `select 1 from udesk_sync.record where side = 'udesk' and feed_read_at is null`;
    expect(await ourRows(world, unread)).toEqual([]);
    // Nothing is due any more: only the slow round in the background goes on.
    world.simulator.clearLog();
    await readFeeds();
    expect(calls()).toBe(2);
  });

  test('goes back over a long absence, and no further than it must', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
    await world.sync();
    const ann = idOf('Ann');
    for (let n = 0; n < 45; n += 1)
      world.simulator.tenant.happened(ann, 'CustomerFollowUp', { content: `${n}` });
    world.simulator.clearLog();

    await readFeeds();
    expect(calls()).toBe(3);
    expect(
      await ourRows(world, `select count(*)::int as n from report.feed where kind = 'CustomerFollowUp'`),
    ).toEqual([{ n: 45 }]);
    world.simulator.clearLog();
    await readFeeds();

    expect(calls()).toBe(1);
  });

  test('that cannot be read stays due, and stops nothing', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
    await world.sync();
    await hint();
    const [ann] = await due();
    // The history of a customer who is gone is refused.
    world.simulator.tenant.delete(String(ann));

    const report = await readFeeds();

    expect(report.outcome).toBe('done');
    expect(await due()).toEqual([ann]);
  });
});

describe('the history of a customer with a conflict', () => {
  test('tells who made the edit in Udesk, and when', async () => {
    world = await createWorld({
      customers: [
        { nick_name: 'Ann', email: 'ann@example.com' },
        { nick_name: 'Bob', email: 'bob@example.com' },
      ],
    });
    cli = commandLine(world);
    await world.sync();
    await readFeeds();
    const ann = idOf('Ann');
    world.simulator.tenant.edit(ann, { nick_name: 'Anna' }, { id: 12, nick_name: '王芳' });
    await world.crm`update contact set name = 'Annie' where name = 'Ann'`;
    await world.sync();
    const [feed] = world.simulator.tenant.feeds(ann);
    const at = new Date(feed?.time ?? '').toISOString();
    const before = (await world.conflicts())[0];

    await readFeeds();

    const [conflict] = await world.conflicts();
    expect(conflict).toMatchObject({ field: 'nick_name', state: 'open', udeskAt: at });
    expect(before?.udeskAt).not.toBe(at);
    const shownOnes = (await cli.run('conflicts', 'list', '--json')).json() as unknown as {
      conflicts: unknown[];
    };
    expect(shownOnes.conflicts).toEqual([
      expect.objectContaining({ authors: { udesk: { name: '王芳', at, knownBy: 'history' }, crm: null } }),
    ]);
    const text = (await cli.run('conflicts', 'show', conflict?.id ?? '')).stdout;
    expect(text).toContain(`(changed ${at} by 王芳)`);
  });
});
