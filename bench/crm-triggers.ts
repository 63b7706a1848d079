/**
 * `npm run bench:triggers [edits]`: how long after a commit in the CRM's database a listener knows of the record, by the
 * triggers of `udesk-sync crm triggers`; and what the triggers cost the statement itself. Beside it: what the schedule
 * gives, which is half of its step on average (15 s with the usual one) and all of it at worst.
 */
import postgres from 'postgres';
import type { Side } from '../src/crm/adapter.ts';
import type { AdapterContext } from '../src/crm/definition.ts';
import { postgresAdapter } from '../src/crm/postgres/adapter.ts';
import { parsePostgresUrl } from '../src/lib/postgres-url.ts';
import { table } from './measure.ts';
import { machine, startCluster } from './stage.ts';

const [edits = 300] = process.argv.slice(2).map(Number);
const BULK_ROWS = 20_000;

const cluster = await startCluster();
const place = await cluster.place('triggers');
const sql = postgres({ ...parsePostgresUrl(place.crm), max: 1, onnotice: () => {} });
const context: AdapterContext = {
  pair: 'bench',
  clock: Date.now,
  fields: [{ name: 'name', shape: 'scalar', equivalence: 'text' }],
  region: 'CN',
};
const config = postgresAdapter.schema.parse({
  adapter: 'postgres',
  url: place.crm,
  table: 'watched',
  version: 'xmin',
});
let side: Side | null = null;
const stop = new AbortController();
try {
  await sql.unsafe(`create table watched (id bigint generated always as identity primary key, name text);
    insert into watched (name) select 'n' || n from generate_series(1, ${BULK_ROWS}) n`);
  const without = [await one(), await bulk()];
  const tool = await postgresAdapter.triggers?.(config, context);
  await tool?.run('install');
  await tool?.close();
  side = await postgresAdapter.create(config, context);
  let heard: (() => void) | null = null;
  await side.watch?.(() => heard?.(), stop.signal);
  const delays: number[] = [];
  for (let n = 1; n <= edits; n++) {
    const known = new Promise<void>((resolve) => {
      heard = resolve;
    });
    await sql`update watched set name = ${`edit ${n}`} where id = ${n}`;
    const committedAt = performance.now();
    await known;
    delays.push(Math.max(0, performance.now() - committedAt));
  }
  heard = null;
  const withThem = [await one(), await bulk()];
  delays.sort((a, b) => a - b);
  const at = (share: number) => `${(delays[Math.floor(share * (delays.length - 1))] ?? 0).toFixed(1)} ms`;
  console.log(machine(cluster));
  console.log(
    `known after the commit was acknowledged, ${edits} edits: p50 ${at(0.5)}, p95 ${at(0.95)}, worst ${at(1)}`,
  );
  console.log(
    table(
      ['', 'without', 'with triggers'],
      [
        ['an update of one row (median of 200)', ms(without[0]), ms(withThem[0])],
        [`an update of ${BULK_ROWS} rows (median of 5)`, ms(without[1]), ms(withThem[1])],
      ],
    ),
  );
} finally {
  stop.abort();
  await side?.close();
  await sql.end();
  await cluster.close();
}

async function one(): Promise<number> {
  return median(200, (n) => sql`update watched set name = ${`one ${n}`} where id = ${n + 1}`);
}

async function bulk(): Promise<number> {
  return median(5, (n) => sql`update watched set name = ${`bulk ${n}`}`);
}

async function median(rounds: number, work: (n: number) => PromiseLike<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < rounds; n++) {
    const from = performance.now();
    await work(n);
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
}

function ms(value: number | undefined): string {
  return `${(value ?? 0).toFixed(1)} ms`;
}
