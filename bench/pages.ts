/**
 * `npm run bench:pages [customers] [open conflicts] [rounds]`: how long the server takes for each page of the site, asked over
 * HTTP one after the other on a database of that size. Prints p50, p95 and the load; the aim is a p95 below 100 ms.
 */
import { loadavg } from 'node:os';
import { pino } from 'pino';
import { sleep } from '../src/lib/sleep.ts';
import { fileConflicts } from '../src/store/conflict-search.ts';
import { openDatabase } from '../src/store/database.ts';
import { createWeb } from '../src/web/app.ts';
import { createThrottle } from '../src/web/auth/throttle.ts';
import { createEvents } from '../src/web/events/events.ts';
import { serve } from '../src/web/health.ts';
import { figure, table } from './measure.ts';
import { configOf, machine, startCluster } from './stage.ts';

const [customers = 200_000, open = 10_000, rounds = 60] = process.argv.slice(2).map(Number);
const CLOSED = 50_000;
/** The hash of a plan that a guard holds. */
const PLAN = 'ab'.repeat(32);
/** Has past decisions: half of what is closed. */
const GROUP = new URLSearchParams({
  pair: 'bench',
  field: 'nick_name',
  kind: 'edit/edit',
  pattern: 'v1.person.other.crm-later',
}).toString();

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
  events: createEvents({ pulse: async () => new Map(), sleep, stopping: new AbortController().signal }),
  refresh: async () => ({ seen: 'unknown' }),
  specOf: () => null,
  wake: () => {},
});
const server = await serve(web, '127.0.0.1', 0);
try {
  const first = await (await fetch(`${server.url}/api/v1/conflicts?limit=25`)).json();
  const { next } = first as { next: string };
  const loadBefore = loadavg()[0] ?? 0;
  const pages: Readonly<Record<string, Asked>> = {
    'the overview': '/',
    '… what of it refreshes itself': '/overview/now',
    '… and with every event': '/overview/lately',
    'the inbox': '/conflicts',
    '… its second page': `/conflicts?cursor=${encodeURIComponent(next)}`,
    '… newest first': '/conflicts?sort=newest',
    '… by field': '/conflicts?sort=field',
    '… by customer': '/conflicts?sort=customer',
    '… one field, one kind, older than a week': '/conflicts?field=nick_name&kind=edit%2Fedit&age=older',
    '… one owner, one author, one policy': `/conflicts?owner=7&author=${encodeURIComponent('客服 7')}&policy=hold`,
    '… what is assigned to me': '/conflicts?assigned=me',
    '… what is closed (50,000)': '/conflicts?state=closed',
    '… closed, one field, newest first': '/conflicts?state=closed&field=nick_name&sort=newest',
    '… all, by customer': '/conflicts?state=all&sort=customer',
    'search for a name that many have': `/conflicts?q=${encodeURIComponent('王')}`,
    'search for a name that one has': `/conflicts?q=${encodeURIComponent('王 4321')}`,
    '… among what is closed': `/conflicts?state=closed&q=${encodeURIComponent('王 4321')}`,
    'search for two characters that few have': `/conflicts?q=${encodeURIComponent('李伟')}`,
    'search for what nobody has': `/conflicts?state=all&q=${encodeURIComponent('龘龘')}`,
    'search for a part of an e-mail': '/conflicts?q=p2321%40exam',
    'search for a number': '/conflicts?q=%234321',
    'similar conflicts': '/conflicts/similar',
    '… the largest group of them': `/conflicts/similar/group?${GROUP}`,
    '… the inbox with it': `/conflicts?${GROUP}`,
    'one conflict': '/conflicts/4321',
    'one that was decided': `/conflicts/${open + 321}`,
    'what deciding 500 at once would write': {
      path: '/api/v1/decisions/preview',
      json: { take: 'udesk', filter: {} },
    },
    'who is the same person (2,000 to answer)': '/links',
    'links that are confirmed': '/links?state=confirmed',
    'one link': '/links/4321',
    'records set aside (1,000)': '/parked',
    'cycles (20,000)': '/runs',
    'what waits for a yes': '/plans',
    'a plan of 10,000 writes': `/plans/${PLAN}`,
    '… its last page': `/plans/${PLAN}?from=9999`,
    '… all of it as a table': `/plans/${PLAN}/export?format=csv`,
    'one customer': '/customers/4321?pair=bench',
    'the API, 200 conflicts': '/api/v1/conflicts?limit=200',
  };
  const lines: string[][] = [];
  for (const [name, path] of Object.entries(pages)) lines.push([name, ...(await measure(path))]);
  console.log(`\n${machine(cluster)}`);
  console.log(
    `${figure(customers)} customers, ${figure(open)} open and ${figure(CLOSED)} closed conflicts; ${rounds} requests each; load average ${loadBefore.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after\n`,
  );
  console.log(table(['page', 'p50', 'p95', 'size', 'p95 < 100 ms'], lines));
} finally {
  await server.close();
  await database.close();
  await cluster.close();
}

/** A path, or what is posted to one. */
type Asked = string | { readonly path: string; readonly json: unknown };

async function measure(asked: Asked): Promise<string[]> {
  const url = server.url + (typeof asked === 'string' ? asked : asked.path);
  const posted =
    typeof asked === 'string'
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked.json) };
  const times: number[] = [];
  let bytes = 0;
  for (let n = 0; n < rounds + 5; n++) {
    const start = performance.now();
    const response = await fetch(url, posted);
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
        'level', 'vip', 'owner', (n % 40)::text, 'emails', jsonb_build_array(jsonb_build_object('id', null, 'value', 'p' || n || '@example.com')),
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
    update udesk_sync.record set fields = fields || '{"nick_name": "李伟"}' where side = 'udesk' and remote_id::bigint % 1000 = 7;
    insert into udesk_sync.conflict (pair, link_id, field, kind, state, base, udesk, crm, reason, pattern, unclassified, opened_at, changed_at, authors, assignee)
    select 'bench', 1 + n / 3, (array['nick_name', 'description', 'level'])[1 + n % 3],
      (array['edit/edit', 'first-link'])[1 + n % 2], 'open', jsonb_build_object('udesk', '王', 'crm', '王', 'accepted', false),
      to_jsonb('王 ' || n), to_jsonb('汪 ' || n), 'both sides hold their own value, and the policy of the field is hold',
      'v1.' || (array['person', 'automation', 'unknown'])[1 + n / 6 % 3] || '.' ||
        (array['other', 'same-text', 'crm-contains-udesk', 'udesk-longer'])[1 + n / 18 % 4] || '.crm-later', false,
      now() - (${open} - n) * interval '4 minutes', now(),
      array['客服 ' || n % 40], (array['bench', 'ann'])[n % 20] from generate_series(0, ${open - 1}) n;
    insert into udesk_sync.conflict (pair, link_id, field, kind, state, udesk, crm, reason, resolved_by, pattern, unclassified, person_take, decision_id, opened_at, changed_at, closed_at)
    select 'bench', 1 + n, 'nick_name', 'edit/edit', 'resolved', to_jsonb('王 ' || n), to_jsonb('汪 ' || n), 'a person took udesk',
      'ann', (array['v1.person.other.crm-later', 'v1.person.same-text.crm-later'])[1 + n % 2], false,
      case when n % 200 < 2 then 'crm' else 'udesk' end, 1 + n, now() - interval '40 days', now(), now()
      from generate_series(0, ${CLOSED - 1}) n;
    insert into udesk_sync.decision (pair, conflict_id, who, take, at)
    select 'bench', id, 'ann', person_take, now() from udesk_sync.conflict where person_take is not null order by id;
    insert into udesk_sync.pair (name, first_run) values ('bench', 'accepted');
    insert into udesk_sync.link (pair, state, evidence, candidates, candidate_key, score, reason, dirty, decided_by, created_at, changed_at)
    select 'bench', 'candidate', '[]', jsonb_build_object('udesk', array[n::text], 'crm', array['c' || n, 'c' || n + 1]), n::text, '0.8',
      'several records share an e-mail', false, 'match', now(), now() from generate_series(1, 2000) n;
    insert into udesk_sync.parked (pair, link_id, side, remote_id, kind, message, state, at)
    select 'bench', n, 'crm', 'c' || n, 'rejected', 'the value is too long', 'parked', now() from generate_series(1, 1000) n;
    insert into udesk_sync.run (pair, trigger, started_at, finished_at, outcome, stats)
    select 'bench', 'run', now() - n * interval '1 minute', now() - n * interval '1 minute', 'done', jsonb_build_object('observed', jsonb_build_object('udesk', jsonb_build_object('seen', 9, 'changed', 1), 'crm', jsonb_build_object('seen', 3, 'changed', 0)),
      'plan', jsonb_build_object('creates', '{"udesk":0,"crm":0}'::jsonb, 'updates', '{"udesk":0,"crm":1}'::jsonb, 'deletes', '{"udesk":0,"crm":0}'::jsonb)) from generate_series(20000, 1, -1) n;
    insert into udesk_sync.observation (pair, side, remote_id, delta, lane, at)
    select 'bench', 'udesk', '4321', jsonb_build_object('description', jsonb_build_array('seen ' || n, 'seen ' || n + 1)), 'sweep',
      now() - (60 - n) * interval '1 hour' from generate_series(1, 50) n;
    insert into udesk_sync.feed (pair, kind, feed_id, udesk_id, at, author_id, author_name, data, first_seen_at, kept_at)
    select 'bench', 'Alteration', n::text, '4321', now() - (60 - n) * interval '1 hour', '7', '客服 7',
      jsonb_build_object('summary', 'seen ' || n + 1), now(), now() - (60 - n) * interval '1 hour' from generate_series(1, 50) n;
    insert into udesk_sync.guard (pair, hash, state, tripped, writes, sample, opened_at)
    select 'bench', '${PLAN}', 'waiting', '[{"guard": "updates", "message": "10000 of 20,000 links"}]', 10000,
      jsonb_build_object('conflicts', '[]'::jsonb, 'writes', jsonb_agg(jsonb_build_object('guardClass', 'update', 'side', 'crm', 'op', 'update',
        'udeskId', n::text, 'crmId', 'c' || n, 'fields', jsonb_build_array(jsonb_build_object('field', 'nick_name', 'before', '汪',
        'after', '王', 'reason', 'propagate'))))), now() from generate_series(1, 10000) n`);
  const links = Array.from({ length: CLOSED }, (_, n) => String(n + 1));
  for (let from = 0; from < links.length; from += 1_000) {
    await fileConflicts(database.db, 'bench', links.slice(from, from + 1_000));
  }
  // As in an installation that has been running for a while.
  await database.sql.unsafe('vacuum analyze');
}
