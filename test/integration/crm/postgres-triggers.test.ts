/** Triggers in the CRM's database: a daemon hears of an edit at once, and what it does not hear of arrives all the same. */
import { afterEach, expect, test, vi } from 'vitest';
import { type OpenPair, openPair } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { createPairWorker, type PairWorker } from '../../../src/daemon/pair-worker.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createMappedWorld, type MappedWorld } from '../../support/mapped-world.ts';

let world: MappedWorld;
let cli: CommandLine;
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  cli.close();
  await world.close();
});

const FIELDS = `[
      { udesk: nick_name, crm: first_name },
      { udesk: description, crm: note },
      { udesk: emails, crm: emails },
      { udesk: cellphones, crm: phones }
    ]`;
const ANN = { nick_name: 'Ann', email: 'ann@example.com', cellphones: ['13800138000'] };

async function start(): Promise<void> {
  world = await createMappedWorld({
    customers: [ANN],
    fields: FIELDS,
    block: {
      changedBy: 'version',
      version: 'xmin',
      phones: { table: 'person_phone', foreignKey: 'person', value: 'number' },
    },
    ddl: `create table person_phone (id serial primary key, person bigint references person on delete cascade, number text)`,
  });
  cli = commandLine(world);
  await world.sync();
}

/** A daemon without a schedule: whatever it does, somebody told it to. */
async function listening(): Promise<{ told: (string | null)[]; worker: PairWorker }> {
  const config = loadConfig({ env: {}, readFile: () => world.configText, adapters: crmAdapters });
  const [pairConfig] = config.pairs;
  if (pairConfig === undefined) throw new Error('no pair');
  const { database, engine } = world;
  const ledger = postgresLedger(database.sql);
  const pair: OpenPair = await openPair(
    { config, database, engine, ledger, close: async () => {} },
    pairConfig,
  );
  const worker = createPairWorker(engine, pair);
  const told: (string | null)[] = [];
  const stop = new AbortController();
  await pair.sides.crm.watch?.((id) => {
    told.push(id);
    if (id === null) worker.due('crm');
    else worker.crmHint(id);
  }, stop.signal);
  const running = worker.run(stop.signal);
  stops.push(async () => {
    stop.abort();
    await running;
    await pair.close();
  });
  return { told, worker };
}

const ann = () => world.customer('ann@example.com');
const arrives = (what: () => unknown, value: unknown) =>
  vi.waitFor(() => expect(what()).toEqual(value), { timeout: 30_000, interval: 50 });

test('they are printed and not made, then made, counted and removed again', async () => {
  await start();
  const printed = await cli.run('crm', 'triggers');
  expect(printed.code).toBe(0);
  expect(printed.stdout).toContain('-- 0 of 6 triggers are there');
  expect((await cli.run('crm', 'triggers', 'main', '--json')).json()).toMatchObject({
    triggers: { installed: 0, of: 6 },
  });
  // What is printed is what is run: a person may paste it.
  await world.table.unsafe(printed.stdout);
  expect((await cli.run('crm', 'triggers', '--json')).json()).toMatchObject({ triggers: { installed: 6 } });
  expect((await cli.run('crm', 'triggers', '--install')).stdout).toContain('6 of 6 triggers are there');
  expect((await cli.run('crm', 'triggers', '--remove')).code).toBe(0);
  const left = await world.table`select 1 from pg_proc where proname like 'udesk\\_sync%'`;
  expect([...left]).toEqual([]);
  expect((await cli.run('crm', 'triggers', '--install', '--remove')).code).toBe(2);
});

test('a login that does not own the tables is told who may, and nothing is made', async () => {
  await start();
  const url = new URL(/"url":"([^"]+)"/.exec(world.configText)?.[1] ?? '');
  const role = `no_owner_${url.pathname.slice(1)}`;
  await world.table.unsafe(
    `create role ${role} login password 'p'; grant all on all tables in schema public to ${role}`,
  );
  const before = url.href;
  url.username = role;
  url.password = 'p';
  cli.close();
  cli = commandLine({ ...world, configText: world.configText.replace(before, url.href) });
  const refused = await cli.run('crm', 'triggers', '--install');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(
    'let the owner of the tables run what `udesk-sync crm triggers main` prints',
  );
  expect((await cli.run('crm', 'triggers', '--json')).json()).toMatchObject({ triggers: { installed: 0 } });
  await world.table.unsafe(`drop owned by ${role}; drop role ${role}`);
});

test('an edit, a new row, an edit of a child row alone and a bulk edit arrive without any schedule; our own writes tell nothing', async () => {
  await start();
  await cli.run('crm', 'triggers', '--install');
  const { told, worker } = await listening();
  const { id } = await world.row();

  await world.edit({ first_name: 'Anne' });
  await arrives(() => ann().nick_name, 'Anne');
  expect(told).toEqual([id]);

  await world.table`update person_phone set number = '13900139000'`;
  await arrives(() => ann().cellphones.map(({ content }) => content), ['13900139000']);

  await world.table`insert into person (first_name, emails) values ('Bo', '{bo@example.com}')`;
  await arrives(() => world.simulator.tenant.find('email', 'bo@example.com')?.nick_name, 'Bo');

  world.simulator.tenant.edit(ann().id, { nick_name: 'Anna' });
  worker.hint(String(ann().id));
  await vi.waitFor(
    async () =>
      expect([...(await world.table`select first_name from person order by id`)][0]).toEqual({
        first_name: 'Anna',
      }),
    { timeout: 30_000, interval: 50 },
  );
  expect(told).toHaveLength(3);

  await world.table`insert into person (first_name) select 'n' || n from generate_series(1, 150) n`;
  await arrives(() => told.at(-1), null);
  expect(told).toHaveLength(4);
});

test('P2: what was not told while nobody listened arrives when the connection is back', async () => {
  await start();
  await cli.run('crm', 'triggers', '--install');
  const { told } = await listening();
  // Lost for certain: the trigger is off while the edit is made, and the connection dies.
  await world.table.unsafe('alter table person disable trigger all');
  await world.edit({ note: 'unheard' });
  await world.table.unsafe('alter table person enable trigger all');
  expect(told).toEqual([]);
  const killed = await world.table`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query ilike 'listen %'`;
  expect(killed.length).toBe(1);
  await arrives(() => ann().description, 'unheard');
  expect(told).toEqual([null]);
});

test('P7: a deletion that was told is followed only after a complete reading', async () => {
  await start();
  await cli.run('crm', 'triggers', '--install');
  await world.table`insert into person (first_name, emails) values ('Bo', '{bo@example.com}')`;
  await world.sync();
  await listening();
  await world.table`delete from person where first_name = 'Ann'`;
  await vi.waitFor(
    async () => {
      const rows = await world.database.db.execute(
        'select state, decided_by from udesk_sync.link order by id limit 1',
      );
      expect([...rows]).toMatchObject([{ state: 'broken', decided_by: 'flag' }]);
    },
    { timeout: 30_000, interval: 100 },
  );
  expect(ann().nick_name).toBe('Ann');
});
