import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPair, type Runtime } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import type { Database } from '../../../src/store/database.ts';
import { MIGRATIONS_FOLDER, migrate } from '../../../src/store/migrate.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { createEmptyDatabase } from '../../support/db.ts';
import { createWorld, type World, writesSoFar } from '../../support/world.ts';

interface Journal {
  entries: { tag: string }[];
}

const journalOf = (folder: string) => join(folder, 'meta/_journal.json');
const journal = JSON.parse(readFileSync(journalOf(MIGRATIONS_FOLDER), 'utf8')) as Journal;
/** Every state of the tables that any commit of main ever had. */
const steps = journal.entries.map(({ tag }, index) => ({ tag, count: index + 1 })).slice(0, -1);

let world: World;
/** Table → its rows as JSON, of a pair that has worked for a while. */
let lived: Map<string, string>;

beforeAll(async () => {
  world = await createWorld({
    customers: [
      { nick_name: 'Anna', email: 'anna@example.com', cellphones: ['13700000001'] },
      { nick_name: 'Bo', email: 'bo@example.com' },
      { nick_name: 'Cy', email: 'cy@example.com' },
    ],
    people: [{ name: 'Dee', emails: ['dee@example.com'] }],
    crm: ['table: contact', 'externalId: udesk_id', 'updatedAt: updated_at', 'author: { name: editor }'],
  });
  await world.sync();
  await world.crm`update contact set name = 'Bo of the CRM', editor = 'Chen' where 'bo@example.com' = any(emails)`;
  const bo = world.simulator.tenant.find('email', 'bo@example.com')?.id ?? '';
  world.simulator.tenant.edit(bo, { nick_name: 'Bo of Udesk' });
  world.simulator.tenant.edit(bo, { description: 'a note' });
  await world.sync({ readFeeds: true });
  lived = await rowsOf(world.database);
});
afterAll(() => world.close());

async function rowsOf({ sql }: Database): Promise<Map<string, string>> {
  const tables = await sql`select relname as tablename from pg_class
    where relnamespace = 'udesk_sync'::regnamespace and relkind in ('r', 'p') and not relispartition
    and relname not in ('migration', 'lease', 'quota_call', 'retention') order by oid`;
  const all = new Map<string, string>();
  for (const { tablename } of tables) {
    const [row] = await sql.unsafe(
      `select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text as rows from udesk_sync."${tablename}" t`,
    );
    all.set(tablename, String(row?.rows));
  }
  return all;
}

/** The rows as an older version would have left them: what it had no column for is left out. */
async function putInto({ sql }: Database, rows: ReadonlyMap<string, string>): Promise<string[]> {
  const there = await sql`select relname as tablename from pg_class
    where relnamespace = 'udesk_sync'::regnamespace and relkind in ('r', 'p') and not relispartition
    order by oid`; // what refers to a table came after it
  const filled: string[] = [];
  for (const { tablename } of there) {
    const json = rows.get(tablename);
    if (json === undefined || json === '[]') continue;
    const table = `udesk_sync."${tablename}"`;
    await sql.unsafe(
      `insert into ${table} overriding system value select * from jsonb_populate_recordset(null::${table}, $1::text::jsonb)`,
      [json],
    );
    const [serial] = await sql.unsafe(
      `select pg_get_serial_sequence('${table}', a.attname) as name from pg_attribute a
       where a.attrelid = '${table}'::regclass and a.attidentity <> ''`,
    );
    if (serial?.name != null) {
      await sql.unsafe(`select setval('${serial.name}', (select max(id) from ${table}))`);
    }
    filled.push(tablename);
  }
  return filled;
}

function firstMigrations(count: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-old-'));
  cpSync(MIGRATIONS_FOLDER, folder, { recursive: true });
  writeFileSync(journalOf(folder), JSON.stringify({ ...journal, entries: journal.entries.slice(0, count) }));
  return folder;
}

test.each(steps)(
  'a database left at $tag comes to this version with its rows, writes nothing by itself, and carries the next edit',
  async ({ count }) => {
    const ours = await createEmptyDatabase();
    const folder = firstMigrations(count);
    const config = loadConfig({ env: {}, readFile: () => world.configText, adapters: crmAdapters });
    const [pairConfig] = config.pairs;
    if (pairConfig === undefined) throw new Error('no pair');
    try {
      const database = await ours.open();
      expect((await migrate(database, folder)).applied).toHaveLength(count);
      const filled = await putInto(database, lived);
      expect(filled).toEqual(expect.arrayContaining(['pair', 'record', 'link', 'conflict', 'intent', 'run']));
      const counts = await countsOf(database, filled);

      const { applied } = await migrate(database);

      expect(applied).toHaveLength(journal.entries.length - count);
      expect(await countsOf(database, filled)).toEqual(counts);
      const engine = { ...world.engine, db: database.db };
      const ledger = postgresLedger(database.sql);
      const runtime: Runtime = { config, database, engine, ledger, close: async () => {} };
      const pair = await openPair(runtime, pairConfig);
      const cycle = () =>
        runCycle(engine, pair, { trigger: 'sync', observe: { udesk: 'full', crm: 'full' } });
      try {
        const before = await writesSoFar(world);
        expect((await cycle()).outcome).toBe('done');
        expect(await writesSoFar(world)).toEqual(before);
        await world.crm`update contact set name = ${`Anna ${count}`}, editor = 'Wu' where 'anna@example.com' = any(emails)`;
        expect(await cycle()).toMatchObject({ outcome: 'done', openConflicts: 1 });
        expect(world.simulator.tenant.find('email', 'anna@example.com')?.nick_name).toBe(`Anna ${count}`);
        const [seen] = await database.sql`select who, last_changed_by from report.customer_history
          where side = 'crm' and new = ${`Anna ${count}`}`;
        expect(seen).toMatchObject({ who: 'Wu', last_changed_by: 'Wu' });
      } finally {
        await pair.close();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await ours.drop();
    }
  },
);

async function countsOf({ sql }: Database, tables: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of tables) {
    const [row] = await sql.unsafe(`select count(*)::int as n from udesk_sync."${table}"`);
    counts[table] = Number(row?.n);
  }
  return counts;
}
