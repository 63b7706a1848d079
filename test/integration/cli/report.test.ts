import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SyncReport } from '../../../src/report/sync/document.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { addFeeds } from '../../support/reporting.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
let evil: string;

/** One edit carried over, one conflict that Ann decided, one that is open with names that would like to run. */
beforeAll(async () => {
  world = await createWorld({
    customers: [
      { nick_name: 'Ann', email: 'a@example.com' },
      { nick_name: 'Eve', email: 'e@example.com' },
    ],
  });
  cli = commandLine(world);
  await world.sync();
  const id = (name: string) =>
    world.simulator.tenant.list().find((customer) => customer.nick_name === name)?.id ?? '';
  evil = id('Eve');
  const ann = id('Ann');
  const editCrm = (email: string, name: string) =>
    world.crm`update contact set name = ${name} where ${email} = any(emails)`;

  world.simulator.tenant.edit(ann, { nick_name: 'Anna' });
  await world.sync();
  world.simulator.tenant.edit(ann, { nick_name: 'Anne' });
  await editCrm('a@example.com', 'Annie');
  await world.sync();
  const [first] = await world.conflicts();
  await decideConflict(world.database.db, {
    conflictId: first?.id ?? '',
    who: 'Ann the lead',
    take: 'crm',
    value: null,
    at: new Date(),
  });
  await world.sync();

  const before = new Date(Date.now() - 1_000).toISOString();
  world.simulator.tenant.edit(evil, { nick_name: '<script>alert(1)</script>' });
  await editCrm('e@example.com', '=HYPERLINK("http://x")');
  await world.sync();
  await addFeeds(world.database, [
    {
      kind: 'Alteration',
      id: '900001',
      udeskId: evil,
      at: before,
      author: { id: '8', name: 'Tom' },
      data: { summary: '将昵称设置为“<script>alert(1)</script>”' },
    },
  ]);
});
afterAll(async () => {
  cli.close();
  await world.close();
});

async function document(...args: string[]): Promise<SyncReport> {
  const ran = await cli.run('report', '--format', 'json', ...args);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  return (ran.json() as unknown as { report: SyncReport }).report;
}

describe('report', () => {
  test('tells of a real week what was opened, decided, carried over and is open', async () => {
    const report = await document();

    expect(report.pairs).toEqual(['main']);
    expect(report.conflicts).toMatchObject({ open: 1, opened: 2, closed: 1 });
    expect(report.conflicts.daily.at(-1)).toMatchObject({ openAtEnd: 1 });
    expect(report.conflicts.byField).toEqual([{ name: 'nick_name', opened: 2, closed: 1, open: 1 }]);
    expect(report.conflicts.byPolicy).toMatchObject([{ name: 'hold' }]);
    expect(report.conflicts.byAuthor).toEqual([{ name: 'Tom', opened: 2, closed: 1, open: 1 }]);
    expect(report.conflicts.closedBy).toEqual([{ name: 'Ann the lead', closed: 1 }]);
    expect(report.conflicts.openList).toMatchObject([
      {
        udeskId: evil,
        field: 'nick_name',
        base: 'Eve',
        udesk: '<script>alert(1)</script>',
        crm: '=HYPERLINK("http://x")',
        authors: { udesk: { name: 'Tom' } },
        policy: 'hold',
      },
    ]);
    const edits = report.lag.find(({ target, cause }) => target === 'crm' && cause === 'edit');
    expect(edits).toMatchObject({ writes: 1, p50Ms: expect.any(Number), maxMs: edits?.p50Ms });
    expect(report.lag.find(({ cause }) => cause === 'decision')).toMatchObject({
      target: 'udesk',
      writes: 1,
    });
    expect(report.lagDaily).toMatchObject([{ writes: 1 }]);
    expect(report.coverage).toMatchObject([
      { side: 'udesk', live: 2, linked: 2, total: 2, uncertified: null, ageMs: expect.any(Number) },
      { side: 'crm', live: 2, linked: 2 },
    ]);
    expect(report.changes.fields[0]).toMatchObject({ field: 'nick_name', edits: expect.any(Number) });
    expect(report.changes.records.map(({ recordId }) => recordId)).toContain(evil);
    expect(report.runs).toMatchObject([{ pair: 'main', cycles: 5, done: 5, failed: 0 }]);
    expect(report.quota).toMatchObject([{ perMinute: 1_000_000, used: expect.any(Number) }]);
  });

  test('counts only the period that was asked for', async () => {
    await world.database.sql`
      insert into udesk_sync.run (pair, trigger, started_at, finished_at, outcome, stats, error)
      values ('main', 'run', now() - interval '3 days', now() - interval '3 days', 'failed', '{}', 'no answer')`;

    expect(await document('--since', '2d')).toMatchObject({ runs: [{ failed: 0 }], failures: [] });
    expect(await document('--since', '4d')).toMatchObject({
      runs: [{ failed: 1 }],
      failures: [{ error: 'no answer', times: 1 }],
    });
  });

  test.each(['html', 'csv'])('as %s leaves what customers are called inert', async (format) => {
    const { code, stderr } = await cli.run('report', '--format', format, '--out', 'r');
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'The report is in r.\n' });
    const text = cli.read('r');

    if (format === 'html') {
      expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(text).not.toContain('<script');
    } else {
      expect(text).toContain(`"'=HYPERLINK(""http://x"")"`);
      expect(text).not.toMatch(/(^|,)"?=HYPERLINK/m);
    }
  });

  test('refuses what it does not understand, with what it would', async () => {
    for (const args of [
      ['--since', 'yesterday'],
      ['--pair', 'mian'],
      ['--json', '--format', 'csv'],
    ]) {
      const ran = await cli.run('report', ...args);
      expect(ran.code, args.join(' ')).toBe(2);
      expect(ran.stdout + ran.stderr).toMatch(/24h|main|Leave one/);
    }
  });
});
