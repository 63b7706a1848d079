/**
 * `npm run bench:pages [customers] [open conflicts]`: how long the server takes for a page of the inbox, asked over HTTP one
 * after the other on a database of that size. Prints p50 and p95; the aim is a p95 below 100 ms.
 */
import { pino } from 'pino';
import { openDatabase } from '../src/store/database.ts';
import { createWeb } from '../src/web/app.ts';
import { createThrottle } from '../src/web/auth/throttle.ts';
import { serve } from '../src/web/health.ts';
import { figure, table } from './measure.ts';
import { configOf, machine, startCluster } from './stage.ts';

const [customers = 200_000, open = 10_000] = process.argv.slice(2).map(Number);
const CLOSED = 50_000;
const ROUNDS = 60;

const cluster = await startCluster();
const place = await cluster.place('pages');
const database = await openDatabase({ url: place.ours, dataDir: '', applicationName: 'bench' });
console.error(`filling: ${figure(customers)} customers, ${figure(open)} open conflicts …`);
await fill();
const web = createWeb({
  db: database.db,
  config: configOf(place),
  clock: () => new Date(),
  log: pino({ level: 'silent' }),
  machineUser: 'bench',
  signIns: createThrottle(Date.now),
  refresh: async () => ({ seen: 'unknown' }),
  wake: () => {},
});
const server = await serve(web, '127.0.0.1', 0);
try {
  const first = await (await fetch(`${server.url}/api/v1/conflicts?limit=25`)).json();
  const { next } = first as { next: string };
  const pages: Readonly<Record<string, string>> = {
    'the inbox': '/conflicts',
    '… its second page': `/conflicts?cursor=${encodeURIComponent(next)}`,
    '… newest first': '/conflicts?sort=newest',
    '… by field': '/conflicts?sort=field',
    '… by customer': '/conflicts?sort=customer',
    '… one field, one kind, older than a week': '/conflicts?field=nick_name&kind=edit%2Fedit&age=older',
    '… what is closed (50,000)': '/conflicts?state=closed',
    'search for a name that many have': `/conflicts?q=${encodeURIComponent('王')}`,
    'search for a name that one has': `/conflicts?q=${encodeURIComponent('王 4321')}`,
    'search for a number': '/conflicts?q=%234321',
    'one conflict': '/conflicts/4321',
    'the API, 200 conflicts': '/api/v1/conflicts?limit=200',
  };
  const lines: string[][] = [];
  for (const [name, path] of Object.entries(pages)) lines.push([name, ...(await measure(server.url + path))]);
  console.log(`\n${machine(cluster)}`);
  console.log(
    `${figure(customers)} customers, ${figure(open)} open and ${figure(CLOSED)} closed conflicts; ${ROUNDS} requests each\n`,
  );
  console.log(table(['page', 'p50', 'p95', 'size', 'p95 < 100 ms'], lines));
} finally {
  await server.close();
  await database.close();
  await cluster.close();
}

async function measure(url: string): Promise<string[]> {
  const times: number[] = [];
  let bytes = 0;
  for (let n = 0; n < ROUNDS + 5; n++) {
    const start = performance.now();
    const response = await fetch(url);
    bytes = (await response.arrayBuffer()).byteLength;
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
    if (n >= 5) times.push(performance.now() - start); // the first ones warm up
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.ceil(times.length * share) - 1)] ?? 0;
  const ms = (time: number) => `${time.toFixed(1)} ms`;
  return [ms(at(0.5)), ms(at(0.95)), `${Math.round(bytes / 1024)} KiB`, at(0.95) < 100 ? 'yes' : 'no'];
}

/** Linked customers of both sides, the first of them with conflicts over three fields, opened over a month. */
async function fill(): Promise<void> {
  await database.sql.unsafe(`
    insert into udesk_sync.record (pair, side, remote_id, fields, hash, keys, link_id, dirty, observed_at)
    select 'bench', 'udesk', n::text, jsonb_build_object('nick_name', '王 ' || n, 'description', 'asked for a demo ' || n,
        'level', 'vip', 'emails', jsonb_build_array(jsonb_build_object('id', null, 'value', 'p' || n || '@example.com')),
        'cellphones', jsonb_build_array(jsonb_build_object('id', n::text, 'value', '138' || lpad(n::text, 8, '0')))),
      md5(n::text), array['email:p' || n || '@example.com'], n, false, now()
    from generate_series(1, ${customers}) n;
    insert into udesk_sync.record (pair, side, remote_id, fields, hash, keys, link_id, dirty, observed_at)
    select 'bench', 'crm', 'c' || n, jsonb_build_object('name', '汪 ' || n, 'note', 'asked for a price ' || n, 'tier', 'gold',
        'emails', jsonb_build_array(jsonb_build_object('id', null, 'value', 'p' || n || '@example.com'))),
      md5('c' || n), array['email:p' || n || '@example.com'], n, false, now()
    from generate_series(1, ${customers}) n;
    insert into udesk_sync.link (pair, udesk_id, crm_id, state, evidence, bases, dirty, decided_by, created_at, changed_at)
    select 'bench', n::text, 'c' || n, 'confirmed', '[]', '{}', false, 'email', now(), now() from generate_series(1, ${customers}) n;
    insert into udesk_sync.conflict (pair, link_id, field, kind, state, base, udesk, crm, reason, opened_at, changed_at)
    select 'bench', 1 + n / 3, (array['nick_name', 'description', 'level'])[1 + n % 3],
      (array['edit/edit', 'first-link'])[1 + n % 2], 'open', jsonb_build_object('udesk', '王', 'crm', '王', 'accepted', false),
      to_jsonb('王 ' || n), to_jsonb('汪 ' || n), 'both sides hold their own value, and the policy of the field is hold',
      now() - (${open} - n) * interval '4 minutes', now() from generate_series(0, ${open - 1}) n;
    insert into udesk_sync.conflict (pair, link_id, field, kind, state, udesk, crm, reason, resolved_by, opened_at, changed_at, closed_at)
    select 'bench', 1 + n, 'nick_name', 'edit/edit', 'resolved', to_jsonb('王 ' || n), to_jsonb('汪 ' || n), 'a person took udesk',
      'ann', now() - interval '40 days', now(), now() from generate_series(0, ${CLOSED - 1}) n`);
  await database.sql.unsafe('analyze');
}
