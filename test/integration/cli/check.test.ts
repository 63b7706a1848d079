import { afterEach, describe, expect, test } from 'vitest';
import { type CommandLine, commandLine, type Ran } from '../../support/command-line.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

let world: World;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

/** `check --json`; whatever it finds wrong, anywhere, comes with what to do. */
async function checkJson(): Promise<Ran> {
  const ran = await cli.run('check', '--json');
  const { check } = ran.json() as unknown as {
    check: { findings: { level: string; message: string; advice?: string }[] };
  };
  const helpless = check.findings.filter(({ level, advice = '' }) => level !== 'info' && advice === '');
  expect(helpless).toEqual([]);
  return ran;
}

const DOWN = 'postgres://nobody:secret-word@127.0.0.1:1/none';

describe('check', () => {
  test('tells counts, clocks and capabilities, and writes nothing to either side', async () => {
    world = await createWorld({ customers: 7, people: [{ name: 'C' }] });
    cli = commandLine(world);
    const before = await writesSoFar(world);
    const ran = await checkJson();
    expect(ran.code).toBe(0);
    expect(ran.json()).toMatchObject({
      check: {
        ok: true,
        database: { serverVersion: expect.any(Number) },
        pairs: [
          {
            pair: 'main',
            udesk: { reached: true, count: 7, clockSkewMs: expect.any(Number) },
            crm: { reached: true, adapter: 'postgres', count: 1 },
          },
        ],
      },
    });
    const text = await cli.run('check');
    expect(text.stdout).toMatch(/udesk +7 records, clock as ours\n {4}- every look reads the whole list/);
    expect(text.stdout).toMatch(/Next: udesk-sync plan\n$/);
    expect(await writesSoFar(world)).toEqual(before);
    expect(
      await ourRows(world, 'select 1 from udesk_sync.link union all select 1 from udesk_sync.pair'),
    ).toEqual([]);
  });

  test('is the doctor of its own tables: each finding at once, with a code and what to do', async () => {
    world = await createWorld({ customers: 3 });
    cli = commandLine(world);
    await world.sync();
    type Told = { code?: string; pair?: string; side?: string };
    const own = (printed: unknown) =>
      (printed as { check: { findings: Told[] } }).check.findings.filter(
        ({ code, side }) => code !== undefined && side === undefined,
      );
    // The server of these tests is made for speed.
    const well = own((await checkJson()).json());
    expect(well.map(({ code }) => code)).toEqual(['autovacuum-off']);
    await world.database.sql.unsafe(`
      insert into udesk_sync.pair (name) values ('renamed');
      update udesk_sync.lease set owner = 'host:7', expires_at = now() - interval '2 hours';
      update udesk_sync.intent set state = 'pending', created_at = now() - interval '3 hours' where id = 1;
      update udesk_sync.intent set state = 'unknown', sent_at = now() - interval '3 hours' where id = 2;
      delete from udesk_sync.record where side = 'crm' and link_id = (select min(id) from udesk_sync.link);
      update udesk_sync.record set link_id = 4711 where side = 'udesk' and link_id = (select max(id) from udesk_sync.link);
      update udesk_sync.pair set udesk_total = 12000, udesk_listed = 10000, udesk_capped = true where name = 'main';`);
    const ran = await checkJson();
    expect(ran.code).toBe(1);
    const findings = own(ran.json());
    expect(findings.map(({ code, pair }) => [code, pair])).toEqual([
      ['autovacuum-off', undefined],
      ['pair-unknown', undefined],
      ['outbox-stuck', 'main'],
      ['outbox-unknown', 'main'],
      ['lease-expired', 'main'],
      ['orphans', 'main'],
      ['coverage-capped', 'main'],
    ]);
    const told = await cli.run('check');
    expect(told.stdout).toContain('warning: main: host:7 held the pair');
    expect(told.stderr).toContain(
      'The tables contradict each other: 1 link whose record is not in the mirror',
    );
  });

  test('still looks at everything else when the database, one side, or both are down', async () => {
    world = await createWorld({ customers: 2 });
    cli = commandLine({ ...world, databaseUrl: DOWN });
    const noDatabase = await checkJson();
    expect(noDatabase.code).toBe(1);
    expect(noDatabase.json()).toMatchObject({
      check: {
        ok: false,
        database: { description: null },
        pairs: [{ udesk: { count: 2 }, crm: { count: 0 } }],
      },
    });
    cli.close();

    cli = commandLine({ ...world, configText: world.configText.replace(/url: postgres.*/, `url: ${DOWN}`) });
    const noCrm = await cli.run('check');
    expect(noCrm.code).toBe(1);
    expect(noCrm.stdout).toMatch(/udesk +2 records/);
    expect(noCrm.stdout).toMatch(/crm +NOT REACHED/);
    expect(noCrm.stderr.trim().split('\n')).toHaveLength(1);
    expect(noCrm.stderr).toMatch(/cannot be reached.*\(pair main, side crm\)/);
    expect(noCrm.stdout + noCrm.stderr).not.toContain('secret-word');
  });

  test('lists every problem of the mapping and of the sides in one go, and ends with 2', async () => {
    world = await createWorld();
    const bad = world.configText
      .replace(/crm: name/, 'crm: nmae')
      .replace(/crm: tier/, 'crm: teir')
      .replace(/token: .*/, 'token: wrong-token-of-nobody');
    cli = commandLine({ ...world, configText: bad });
    const ran = await cli.run('check');
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('Did you mean "name"?');
    expect(ran.stderr).toContain('Did you mean "tier"?');
    expect(ran.stderr).toContain('code 2059');
    expect(ran.stdout + ran.stderr).not.toContain('wrong-token-of-nobody');
    // The token stands in the file, which is told, too.
    expect((await checkJson()).stdout).toContain('is written into the file');
  });

  test('an unsafe combination is a problem by its name, and no command that would write starts with it', async () => {
    world = await createWorld();
    const hidden = world.configText
      .replace(/adapter: postgres[\s\S]*?updated_at/, 'adapter: postgres\n      url: x\n      table: y')
      .replace(/crm:[\s\S]*?(?=\n {4}fields)/, 'crm: { adapter: memory }')
      .replace(/fields: \[[\s\S]*?\n {4}\]/, 'fields: [{ udesk: nick_name, crm: name }]')
      .concat('    match: { by: [email] }\n');
    cli = commandLine({ ...world, configText: hidden });
    const checked = await checkJson();
    expect(checked.code).toBe(2);
    expect(checked.json()).toMatchObject({
      check: {
        ok: false,
        findings: expect.arrayContaining([
          expect.objectContaining({ level: 'problem', side: 'crm', code: 'nobody-can-be-matched' }),
        ]),
      },
    });
    for (const command of ['sync', 'plan', 'run']) {
      const ran = await cli.run(command);
      expect(ran.code).toBe(2);
      expect(ran.stderr).toContain('nobody-can-be-matched: ');
      expect(ran.stderr).toContain('Map emails or cellphones');
    }
    expect(await ourRows(world, 'select 1 from udesk_sync.pair')).toEqual([]);
  });

  test('warns of a clock that is off before Udesk refuses it', async () => {
    world = await createWorld({ switches: { 'clock.offset': '120' } });
    cli = commandLine(world);
    const ran = await cli.run('check');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/warning: main udesk: the clock of this machine is off by about 120 s/);
  });
});
