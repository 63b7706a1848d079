import { afterEach, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

const first = { nick_name: 'U', email: 'a@example.com' };

test('status of a pair that never ran says how to begin, and touches nothing', async () => {
  world = await createWorld({ customers: [first] });
  cli = commandLine(world);
  const before = world.simulator.log.length;
  const ran = await cli.run('status');
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/^main: not started yet\n.*udesk-sync check/);
  expect(await ourRows(world, 'select 1 from udesk_sync.pair')).toEqual([]);
  expect(world.simulator.log.slice(before)).toEqual([]);
});

test('status leads from the first plan over acceptance to healthy, and names what waits', async () => {
  world = await createWorld({
    customers: [first],
    people: [{ name: 'C', emails: ['a@example.com'] }],
    pair: { firstRun: 'review' },
  });
  cli = commandLine(world);
  await world.sync();
  const before = await cli.run('status', '--strict');
  expect(before).toMatchObject({ code: 3 });
  expect(before.stdout).toMatch(/nothing is written before .*\n +udesk-sync sync --pair main\n/);

  await world.sync({ acceptFirstPlan: { who: 'ann' } });
  const after = await cli.run('status', '--strict', '--json');
  expect(after.code).toBe(4);
  const { pairs } = after.json() as unknown as { pairs: Record<string, unknown>[] };
  expect(pairs[0]).toMatchObject({
    pair: 'main',
    health: 'waiting',
    problems: [],
    todos: [{ what: '1 open conflict', command: 'udesk-sync conflicts list --pair main' }],
    firstRun: 'accepted',
    links: { confirmed: 1, candidate: 0 },
    conflicts: { open: 1, resolving: 0 },
    sides: { udesk: { records: 1, lagMs: expect.any(Number) }, crm: { records: 1 } },
    quota: { perMinute: 1000000, used: expect.any(Number) },
    lease: null,
  });
  expect(pairs[0]).toMatchObject({ cycles: [{ outcome: 'done' }, { outcome: 'waiting' }] });

  await cli.run('conflicts', 'resolve', '--pair', 'main', '--take', 'udesk', '--yes');
  await world.sync();
  const well = await cli.run('status', '--strict');
  expect(well.stdout).toMatch(/^main: healthy, nothing waits for you\n/);
  expect(well.code).toBe(0);
});

test('status shows a guard with its hash, and failed cycles with their reason', async () => {
  world = await createWorld({
    customers: Array.from({ length: 30 }, (_, n) => ({ nick_name: `n${n}`, email: `n${n}@example.com` })),
    pair: { deletes: 'propagate' },
  });
  cli = commandLine(world);
  await world.sync();
  await world.crm`delete from contact where id > 3`;
  const report = await world.sync();
  expect(report.waiting).not.toBeNull();
  const held = await cli.run('status');
  expect(held.stdout).toContain(`udesk-sync sync --pair main --approve ${report.waiting?.hash}`);
  expect(held.stdout).toMatch(/a guard holds 27 writes \(deletes: /);

  await ourRows(
    world,
    `insert into udesk_sync.run (pair, trigger, started_at, finished_at, outcome, stats, error)
     select 'main', 'run', now(), now(), 'failed', '{}', 'Udesk does not accept the signature' from generate_series(1, 3)`,
  );
  const ill = await cli.run('status', '--strict');
  expect(ill.code).toBe(1);
  expect(ill.stdout).toMatch(
    /^main: UNHEALTHY\n {2}! the last 3 cycles failed: Udesk does not accept the signature\n/,
  );
});

test('status of thirty pairs: what needs somebody comes first, and the rest is a line each; each can be seen as a whole', async () => {
  world = await createWorld({ customers: [first] });
  const names = Array.from({ length: 30 }, (_, n) => `pair-${String(n + 1).padStart(2, '0')}`);
  const [, block = ''] = world.configText.split('pairs:\n');
  cli = commandLine({
    databaseUrl: world.databaseUrl,
    configText: `pairs:\n${names.map((name) => block.replace('- name: main', `- name: ${name}`)).join('')}`,
  });
  await world.sync();
  await ourRows(
    world,
    `insert into udesk_sync.pair
     select (jsonb_populate_record(p, jsonb_build_object('name', 'pair-' || to_char(n, 'FM00')))).*
     from udesk_sync.pair p, generate_series(1, 30) n`,
  );
  await ourRows(
    world,
    `insert into udesk_sync.run (pair, trigger, started_at, finished_at, outcome, stats, error)
     select 'pair-' || to_char(n, 'FM00'), 'sync', now(), now(), case n when 17 then 'failed' else 'done' end, '{}',
       case n when 17 then 'Udesk does not accept the signature' end
     from generate_series(1, 30) n`,
  );
  await ourRows(world, `update udesk_sync.pair set first_run = 'pending' where name = 'pair-05'`);

  const ran = await cli.run('status', '--strict');
  expect(ran.code).toBe(1);
  const [head, unhealthy, waiting, healthy, hint] = ran.stdout.trimEnd().split('\n\n');
  expect(head).toBe('30 pairs: 28 healthy, 2 need you (1 of them UNHEALTHY)');
  expect(unhealthy).toMatch(
    /^pair-17: UNHEALTHY\n {2}! the last cycle failed: Udesk does not accept the signature\n(.*\n)* {2}quota /,
  );
  expect(waiting?.split('\n')).toEqual([
    'pair-05: healthy, and waits for you',
    expect.stringContaining('  > nothing is written before you accept the first plan'),
    '      udesk-sync sync --pair pair-05',
  ]);
  const rest = names.filter((name) => name !== 'pair-17' && name !== 'pair-05');
  expect(healthy?.split('\n')).toEqual(
    rest.map((name) => expect.stringMatching(`^${name}  healthy, last cycle `)),
  );
  expect(hint).toBe('`udesk-sync status PAIR` shows one as a whole.');

  const one = await cli.run('status', 'pair-05');
  expect(one.stdout).toMatch(/^pair-05: healthy, and waits for you\n(.*\n)* {2}quota /);
  expect((await cli.run('status', '--pair', 'pair-05')).stdout).toMatch(/^pair-05: (.*\n)* {2}quota /);
  const { pairs } = (await cli.run('status', '--json')).json() as unknown as { pairs: { pair: string }[] };
  expect(pairs.map(({ pair }) => pair)).toEqual(names);
  const unknown = await cli.run('status', 'pair-5');
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain('here is no pair "pair-5" Did you mean "pair-05"?');
});

test('status of several pairs claims no age for more than it is about: listed customers, those beyond the list and the CRM each have their own', async () => {
  world = await createWorld({
    customers: ['a', 'b', 'c'].map((name) => ({ nick_name: name, email: `${name}@example.com` })),
  });
  const [, block = ''] = world.configText.split('pairs:\n');
  cli = commandLine({
    databaseUrl: world.databaseUrl,
    configText: `pairs:\n${block}${block.replace('- name: main', '- name: other')}`,
  });
  await world.sync();
  world.simulator.set('list.cap', '2');
  await world.sync();
  // What a daemon has written down of the one page of the list.
  await ourRows(
    world,
    `insert into udesk_sync.listing (pair, page_rows, paid, paid_at, paid_since, free, free_at, free_since, floor_ms, stretch,
       stretched_at, active) values ('main', 100, 1, now(), now(), 1, now(), now(), 60000, 1, now(), '{1}')`,
  );
  await ourRows(
    world,
    `insert into udesk_sync.listing_page (pair, page, edits, watched_ms, looked_at, right_at, hints, hinted_at)
     values ('main', 1, 0, 0, now(), now(), 0, now())`,
  );
  const aged = await ourRows(
    world,
    `update udesk_sync.record set observed_at = now() - interval '170 minutes', verified_at = now() - interval '170 minutes'
     where side = 'udesk' and unlisted returning 1`,
  );
  expect(aged).toHaveLength(1);
  await ourRows(
    world,
    `update udesk_sync.pair set crm_certified_at = now() - interval '39 minutes 30 seconds'`,
  );

  const { stdout } = await cli.run('status');
  expect(stdout).toMatch(
    /^main +healthy, last cycle .*, no listed customer older than \d+ (s|min|h|d), no customer beyond the list older than 3 h, no CRM record older than 40 min$/m,
  );
  expect(stdout).not.toContain('nothing older');
  expect((await cli.run('status', 'main')).stdout).toMatch(
    /every listed customer is at most .* old, .*, those beyond it at most 3 h, every record of the CRM at most 40 min$/m,
  );
});
