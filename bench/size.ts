/**
 * `npm run bench:size [customers] [changes]`: how much room the mirror takes per customer, and the history per row, indexes
 * included, with the fields of the example configuration. Prints the figures that docs/scaling.md calculates with.
 */
import { loadavg } from 'node:os';
import { openDatabase } from '../src/store/database.ts';
import { figure, table } from './measure.ts';
import { machine, startCluster } from './stage.ts';

const [customers = 10_000, changes = 100_000] = process.argv.slice(2).map(Number);
/** So many rows are put in at once: one statement has two minutes. */
const PORTION = 50_000;

const cluster = await startCluster();
const place = await cluster.place('size');
const database = await openDatabase({ url: place.ours, dataDir: '', applicationName: 'bench', max: 1 });
const { sql } = database;
try {
  const startedAt = performance.now();
  await inPortions(customers, fillMirror);
  await inPortions(changes, fillHistory);
  await sql.unsafe('set statement_timeout = 0');
  await sql.unsafe('vacuum (analyze)');
  const tables = await sql<{ name: string; rows: string; bytes: string }[]>`
    select c.relname as name, c.reltuples::bigint as rows, pg_total_relation_size(c.oid) as bytes from pg_class c
    where c.relnamespace = 'udesk_sync'::regnamespace and c.relkind = 'r' and c.reltuples > 1000 order by 1`;
  const [whole] = await sql<{ bytes: string }[]>`select pg_database_size(current_database()) as bytes`;
  const mirror = tables.filter(({ name }) => name === 'record' || name === 'link');
  const held = mirror.reduce((sum, { bytes }) => sum + Number(bytes), 0);
  console.log(`${machine(cluster)}; load average ${(loadavg()[0] ?? 0).toFixed(1)}`);
  console.log(
    `${figure(customers)} linked customers, ${figure(changes)} rows of each history, filled in ${Math.round((performance.now() - startedAt) / 1000)} s; the database holds ${figure(Math.round(Number(whole?.bytes) / 1e6))} MB`,
  );
  console.log(
    `mirror: ${figure(Math.round(held / customers))} bytes a linked customer (2 records and a link)\n`,
  );
  console.log(
    table(
      ['table', 'rows', 'MB', 'bytes a row'],
      tables.map(({ name, rows, bytes }) => [
        name,
        figure(Number(rows)),
        figure(Math.round(Number(bytes) / 1e6)),
        figure(Math.round(Number(bytes) / Number(rows))),
      ]),
    ),
  );
} finally {
  await database.close();
  await cluster.close();
}

async function inPortions(count: number, fill: (from: number, to: number) => Promise<void>): Promise<void> {
  for (let from = 1; from <= count; from += PORTION) await fill(from, Math.min(count, from + PORTION - 1));
}

async function fillMirror(from: number, to: number): Promise<void> {
  await sql.unsafe(`
    insert into udesk_sync.record (pair, side, remote_id, fields, hash, keys, link_id, dirty, observed_at)
    select 'bench', 'udesk', n::text, jsonb_build_object('nick_name', '王 ' || n, 'description', 'asked for a demo ' || n,
        'level', 'vip', 'owner', 'agent' || n % 40 || '@example.com', 'tags', '[]'::jsonb, 'email', 'p' || n || '@example.com',
        'emails', jsonb_build_array(jsonb_build_object('id', null, 'value', 'p' || n || '@example.com')),
        'cellphones', jsonb_build_array(jsonb_build_object('id', n::text, 'value', '138' || lpad(n::text, 8, '0')))),
      encode(sha256(n::text::bytea), 'hex'), array['email:p' || n || '@example.com', 'phone:+86138' || lpad(n::text, 8, '0')], n, false, now()
    from generate_series(${from}, ${to}) n;
    insert into udesk_sync.record (pair, side, remote_id, fields, hash, keys, link_id, dirty, observed_at)
    select 'bench', 'crm', 'c' || n, jsonb_build_object('name', '王 ' || n, 'note', 'asked for a demo ' || n, 'tier', 'gold',
        'emails', jsonb_build_array(jsonb_build_object('id', null, 'value', 'p' || n || '@example.com')),
        'phones', jsonb_build_array(jsonb_build_object('id', null, 'value', '138' || lpad(n::text, 8, '0')))),
      encode(sha256(('c' || n)::bytea), 'hex'), array['email:p' || n || '@example.com', 'phone:+86138' || lpad(n::text, 8, '0')], n, false, now()
    from generate_series(${from}, ${to}) n;
    insert into udesk_sync.link (pair, udesk_id, crm_id, state, evidence, bases, dirty, decided_by, created_at, changed_at)
    select 'bench', n::text, 'c' || n, 'confirmed', '[{"kind": "email"}]', jsonb_build_object(
        'nick_name', jsonb_build_object('udesk', '王 ' || n, 'crm', '王 ' || n, 'accepted', false),
        'description', jsonb_build_object('udesk', 'asked for a demo ' || n, 'crm', 'asked for a demo ' || n, 'accepted', false),
        'level', jsonb_build_object('udesk', 'vip', 'crm', 'gold', 'accepted', false),
        'emails', jsonb_build_object('udesk', jsonb_build_array(jsonb_build_object('id', null, 'value', 'p' || n || '@example.com')),
          'crm', jsonb_build_array(jsonb_build_object('id', null, 'value', 'p' || n || '@example.com')), 'accepted', false),
        'cellphones', jsonb_build_object('udesk', jsonb_build_array(jsonb_build_object('id', n::text, 'value', '138' || lpad(n::text, 8, '0'))),
          'crm', jsonb_build_array(jsonb_build_object('id', null, 'value', '138' || lpad(n::text, 8, '0'))), 'accepted', false)),
      false, 'match', now(), now() from generate_series(${from}, ${to}) n`);
}

/** One row each of what a change of one field leaves: seen on the one side, written to the other, told by Udesk; and a cycle. */
async function fillHistory(from: number, to: number): Promise<void> {
  await sql.unsafe(`
    insert into udesk_sync.observation (pair, side, remote_id, delta, lane, run_id, at)
    select 'bench', 'udesk', (n % ${customers} + 1)::text, jsonb_build_object('description', jsonb_build_array('asked for a demo ' || n, 'asked for a price ' || n)),
      'sweep', n, now() from generate_series(${from}, ${to}) n;
    insert into udesk_sync.intent (pair, link_id, run_id, side, op, guard_class, remote_id, patch, reasons, source, result, state, priority, created_at, sent_at, settled_at)
    select 'bench', n % ${customers} + 1, n, 'crm', 'update', 'overwrite', 'c' || n % ${customers} + 1,
      jsonb_build_object('note', jsonb_build_object('field', 'description', 'before', 'asked for a demo ' || n, 'after', 'asked for a price ' || n)),
      '{"description": "propagate"}', jsonb_build_object('description', 'asked for a price ' || n),
      jsonb_build_object('description', 'asked for a price ' || n), 'settled', 1, now(), now(), now() from generate_series(${from}, ${to}) n;
    insert into udesk_sync.feed (pair, kind, feed_id, udesk_id, at, author_id, author_name, data, first_seen_at)
    select 'bench', 'Alteration', n::text, (n % ${customers} + 1)::text, now(), '7', '客服 7',
      jsonb_build_object('summary', '将描述从“asked for a demo ' || n || '”设置为 “asked for a price ' || n || '”'), now() from generate_series(${from}, ${to}) n;
    insert into udesk_sync.run (pair, trigger, started_at, finished_at, outcome, stats)
    select 'bench', 'head', now(), now(), 'done', jsonb_build_object('observed', jsonb_build_object(
        'udesk', '{"seen": 100, "changed": 0, "deleted": 0, "dropped": 0, "certified": false}'::jsonb, 'crm', '{"seen": 0, "changed": 0, "deleted": 0, "dropped": 0, "certified": false}'::jsonb),
      'plan', jsonb_build_object('hash', encode(sha256(n::text::bytea), 'hex'), 'creates', '{"udesk":0,"crm":0}'::jsonb, 'updates', '{"udesk":0,"crm":0}'::jsonb, 'deletes', '{"udesk":0,"crm":0}'::jsonb, 'held', 0),
      'matched', '{"linked": 0, "reviews": 0}'::jsonb, 'openConflicts', 0, 'parked', 0) from generate_series(${from}, ${to}) n`);
}
