/** `check --live`: the round-trip laws on what both sides hold, and what becomes of a field that breaks one. */
import { afterEach, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createMappedWorld, type MappedWorld } from '../../support/mapped-world.ts';

let world: MappedWorld;
let cli: CommandLine;
afterEach(async () => {
  cli.close();
  await world.close();
});

const FIELDS = (phones: string) => `[
      { udesk: nick_name, crm: [first_name, last_name], join: ' ', split: exact },
      { udesk: emails, crm: emails },
      { udesk: level, crm: tier, map: { vip: gold, normal: standard } },
      { udesk: cellphones, crm: phones, ${phones} }
    ]`;

interface Looked {
  readonly field: string;
  readonly breaks: readonly object[];
  readonly noImage: readonly object[];
}

async function start(): Promise<{ id: string }> {
  world = await createMappedWorld({
    fields: FIELDS('phone: e164, compare: text'),
    customers: [{ nick_name: 'Mary Ann Lee', email: 'ann@example.com', cellphones: ['138-0013-8000'] }],
    rows: [
      {
        first_name: 'Bo',
        last_name: 'Chen',
        tier: 'iron',
        emails: ['bo@example.com'],
        phones: ['+8613900139000'],
      },
    ],
  });
  cli = commandLine(world);
  return { id: String(world.customer('ann@example.com').id) };
}

const declaredAs = (phones: string) => {
  cli.close();
  cli = commandLine({ ...world, configText: world.configText.replace('phone: e164, compare: text', phones) });
};

test('a field that breaks a law is named with law and ids, without a value, and is refused two-way until it is declared in another way', async () => {
  const ann = await start();
  const before = [world.simulator.counts().writes, (await world.row()).changes];

  const live = await cli.run('check', '--live', '--json');
  expect(live.code).toBe(2);
  const { check } = JSON.parse(live.stdout) as { check: { pairs: { laws: Looked[] }[] } };
  const laws = check.pairs[0]?.laws ?? [];
  expect(laws.find(({ field }) => field === 'cellphones')?.breaks).toEqual([
    { side: 'udesk', law: 'PutGet', id: ann.id },
  ]);
  // No image is an incident to come, and breaks no law.
  expect(laws.filter(({ breaks }) => breaks.length > 0)).toHaveLength(1);
  expect(laws.filter(({ noImage }) => noImage.length > 0).map(({ field }) => field)).toEqual([
    'nick_name',
    'level',
  ]);
  const words = await cli.run('check', '--live', '--sample', '5');
  expect(words.stderr).toContain(
    `fields: { udesk: cellphones, crm: phones }: breaks PutGet on customers of Udesk ${ann.id} (2 values looked at): it is refused two-way`,
  );
  for (const value of ['138-0013', 'Mary', 'iron'])
    expect(live.stdout + words.stdout + words.stderr).not.toContain(value);
  expect([world.simulator.counts().writes, (await world.row()).changes]).toEqual(before);

  for (const command of ['check', 'plan', 'sync']) {
    const refused = await cli.run(command);
    expect([command, refused.code]).toEqual([command, 2]);
    expect(refused.stderr).toContain('broke PutGet on customers of Udesk');
  }

  declaredAs('phone: e164, compare: text, direction: to-crm');
  expect((await cli.run('plan')).code).toBe(0);
  declaredAs('phone: e164');
  expect((await cli.run('plan')).code).toBe(0);
  expect((await cli.run('check', '--live')).code).toBe(0);
});

test('it is over when another live check finds nothing', async () => {
  const ann = await start();
  expect((await cli.run('check', '--live')).code).toBe(2);
  world.simulator.tenant.edit(ann.id, { cellphones: ['+8613800138000'] });
  expect((await cli.run('plan')).code).toBe(2);
  const live = await cli.run('check', '--live');
  expect(live.code).toBe(0);
  expect(live.stdout).toContain(
    'the round-trip laws hold in 4 of 4 two-way fields, on 1 customers and 1 records of the CRM',
  );
  expect((await cli.run('plan')).code).toBe(0);
});
