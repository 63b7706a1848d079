/**
 * People are called what they like. Two who are called like code go through everything that shows customers: no name,
 * note, value, word of a side or name of a view becomes markup of a page, or a formula of a table.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addNote } from '../../../src/store/notes.ts';
import { PAGES } from '../../../src/web/pages.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createSimilarWorld, decideOldest } from '../../support/similar.ts';
import type { Answer, Visitor } from '../../support/visitor.ts';
import { openWeb, type RunningWeb, signedIn } from '../../support/web.ts';
import { ourRows, type World } from '../../support/world.ts';

const SCRIPT = '<script>alert(1)</script>';
const FORMULA = '=HYPERLINK("http://x")';
const BOTH = `${SCRIPT} ${FORMULA}`;
/** What each is where it is text of a page. */
const SHOWN = ['&lt;script&gt;alert(1)&lt;/script&gt;', '=HYPERLINK(&quot;http://x&quot;)'];
const asJson = (text: string) => JSON.stringify(text).slice(1, -1);

let world: World;
let web: RunningWeb;
let cli: CommandLine;
let operator: Visitor;
let addresses: Readonly<Record<string, readonly string[]>>;

beforeAll(async () => {
  world = await createSimilarWorld(20, {
    extra: [SCRIPT, FORMULA],
    pair: { deletes: 'propagate', guards: '{ deletes: { max: 1, share: 0.01 } }' },
  });
  cli = commandLine(world);
  const open = (await world.conflicts()).slice(-2).map(({ id }) => id);
  await decideOldest(world, 20, 'udesk', 'reviewer');
  await world.sync();
  await someWhoWait();
  web = await openWeb(world, { users: true });
  operator = await signedIn(web, 'operator');
  for (const [n, id] of open.entries()) {
    await addNote(world.database.db, { conflictId: id, who: BOTH, text: BOTH, at: new Date() });
    await operator.post('/conflicts/views', { name: n === 0 ? SCRIPT : FORMULA, filter: `q=${BOTH}` });
  }
  await ourRows(
    world,
    `insert into udesk_sync.review_rule (pair, field, kind, pattern, take, agrees, total, from_conflict_id, on_by, on_at)
     select pair, field, kind, pattern, 'udesk', 20, 20, 999999, '${BOTH}', now() from udesk_sync.conflict
     where id = ${open[0]}`,
  );
  addresses = await addressesOf(open);
}, 120_000);
afterAll(async () => {
  cli.close();
  await web.close();
  await world.close();
});

/** Questions of identity, a write that the CRM refused in such words, histories, and a plan that waits for a yes. */
async function someWhoWait(): Promise<void> {
  const { tenant } = world.simulator;
  for (const [n, nick_name] of [SCRIPT, FORMULA].entries()) {
    tenant.create({ nick_name, email: `twin${n}@example.com`, description: BOTH });
    for (const name of [SCRIPT, FORMULA]) await world.insert({ name, emails: [`twin${n}@example.com`] });
    tenant.create({ nick_name, email: `parked${n}@example.com` });
    for (const which of ['gone', 'also-gone']) {
      tenant.create({ nick_name, email: `${which}${n}@example.com`, description: BOTH });
    }
  }
  await world.sync();
  await world.crm.unsafe(
    `create function refuse() returns trigger language plpgsql as
       $$ begin if new.note like 'Bad%' then raise exception '${BOTH}' using errcode = '23514'; end if; return new; end $$`,
  );
  await world.crm.unsafe(
    'create trigger refuse before update on contact for each row execute function refuse()',
  );
  for (const { id, email } of tenant.list()) {
    if (email?.startsWith('parked'))
      tenant.edit(id, { description: `Bad ${BOTH}` }, { id: 12, nick_name: BOTH });
  }
  await world.sync();
  await world.sync({ observe: { udesk: 'none', crm: 'none' }, readFeeds: true });
  await ourRows(
    world,
    `insert into udesk_sync.feed (pair, kind, feed_id, udesk_id, author_name, data, first_seen_at, kept_at)
     select 'main', 'Ticket', remote_id, remote_id, '${BOTH}',
       jsonb_build_object('subject', '${BOTH}', 'title', '${BOTH}', 'content', '${BOTH}'), now(), 'infinity'
     from udesk_sync.record where side = 'udesk' and fields ->> 'nick_name' in ('${SCRIPT}', '${FORMULA}')`,
  );
  await world.crm`delete from contact where exists
    (select from unnest(emails) email where email like 'gone%' or email like 'also-gone%')`;
  await world.sync();
}

/** Every route that is read, with every place it shows: what is missing here fails the test below. */
async function addressesOf(open: readonly string[]): Promise<Record<string, string[]>> {
  const all = async (query: string) => (await ourRows(world, query)).map(({ it }) => String(it));
  const links = await all('select id as it from udesk_sync.link');
  const customers = await all(`select remote_id as it from udesk_sync.record where side = 'udesk'`);
  const plans = await all(`select hash as it from udesk_sync.guard where state = 'waiting'`);
  const views = await all('select id as it from udesk_sync.inbox_view');
  const rules = await all('select id as it from udesk_sync.review_rule');
  const [group] = await all(
    `select 'pair=' || pair || '&field=' || field || '&kind=' || kind || '&pattern=' || pattern as it
     from udesk_sync.conflict where id = ${open[0]}`,
  );
  expect([plans.length, views.length, rules.length, open.length]).toEqual([1, 2, 1, 2]);
  const each = (ids: readonly string[], address: (id: string) => string) => ids.map(address);
  const q = encodeURIComponent(BOTH);
  return {
    '/': ['/'],
    '/overview/now': ['/overview/now'],
    '/overview/lately': ['/overview/lately'],
    '/conflicts': ['/conflicts', '/conflicts?state=all', `/conflicts?q=${q}`, `/conflicts?author=${q}`],
    '/conflicts/bulk': ['/conflicts/bulk?late=1'],
    '/conflicts/bulk/undone': ['/conflicts/bulk/undone?n=1&left=1'],
    '/conflicts/bulk/progress': ['/conflicts/bulk/progress?late=1'],
    '/conflicts/views/:id': each(views, (id) => `/conflicts/views/${id}`),
    '/conflicts/:id': each(open, (id) => `/conflicts/${id}`),
    '/conflicts/:id/card': each(open, (id) => `/conflicts/${id}/card`),
    '/conflicts/:id/status': each(open, (id) => `/conflicts/${id}/status`),
    '/conflicts/similar': ['/conflicts/similar'],
    '/conflicts/similar/group': [`/conflicts/similar/group?${group}`],
    '/conflicts/rules/:id': each(rules, (id) => `/conflicts/rules/${id}`),
    '/links': ['/links', '/links?state=candidate', `/links?q=${q}`],
    '/links/:id': each(links, (id) => `/links/${id}`),
    '/parked': ['/parked'],
    '/runs': ['/runs', '/runs?trouble=1'],
    '/plans': ['/plans'],
    '/plans/:hash': each(plans, (hash) => `/plans/${hash}`),
    '/plans/:hash/export': plans.flatMap((hash) =>
      ['csv', 'json'].map((format) => `/plans/${hash}/export?format=${format}`),
    ),
    '/plans/:hash/status': each(plans, (hash) => `/plans/${hash}/status`),
    '/customers/:id': each(customers, (id) => `/customers/${id}`),
    '/sign-in': [`/sign-in?next=${q}`],
    '/api/openapi.json': ['/api/openapi.json'],
    '/api/v1/conflicts': ['/api/v1/conflicts?state=all'],
    '/api/v1/conflicts/facets': ['/api/v1/conflicts/facets'],
    '/api/v1/conflicts/:id': each(open, (id) => `/api/v1/conflicts/${id}`),
    '/api/v1/conflicts/:id/notes': each(open, (id) => `/api/v1/conflicts/${id}/notes`),
    '/api/v1/views': ['/api/v1/views'],
    '/api/v1/similar': ['/api/v1/similar'],
    '/api/v1/similar/group': [`/api/v1/similar/group?${group}`],
    '/api/v1/rules': ['/api/v1/rules'],
    '/api/v1/rules/:id': each(rules, (id) => `/api/v1/rules/${id}`),
    '/api/v1/links': ['/api/v1/links'],
    '/api/v1/links/:id': each(links, (id) => `/api/v1/links/${id}`),
    '/api/v1/customers/:id': each(customers, (id) => `/api/v1/customers/${id}`),
    '/api/v1/parked': ['/api/v1/parked'],
    '/api/v1/pairs': ['/api/v1/pairs'],
    '/api/v1/pairs/:name/lately': ['/api/v1/pairs/main/lately'],
    '/api/v1/runs': ['/api/v1/runs'],
    '/api/v1/plans': ['/api/v1/plans'],
    '/api/v1/plans/:hash': each(plans, (hash) => `/api/v1/plans/${hash}`),
    '/api/v1/plans/:hash/writes': plans.flatMap((hash) =>
      ['csv', 'json'].map((format) => `/api/v1/plans/${hash}/writes?format=${format}`),
    ),
    '/api/v1/report': ['json', 'html', 'csv'].map((format) => `/api/v1/report?format=${format}`),
    '/api/v1/log': ['/api/v1/log'],
    '/api/v1/log/verdict': ['/api/v1/log/verdict'],
    // Tells that something happened, and nothing of it: its lines are read where streams are tested.
    '/api/v1/events': [],
  };
}

function expectInert({ text, headers }: Pick<Answer, 'text' | 'headers'>, where: string): void {
  const type = headers.get('content-type') ?? '';
  expect(headers.get('x-content-type-options'), where).toBe('nosniff');
  if (type.startsWith('text/html')) expectInertPage(text, where);
  else if (type.startsWith('text/csv')) expectInertTable(text, where);
  else expect(() => JSON.parse(text) as unknown, `${where}: ${type}`).not.toThrow();
}

/** No script but those of the shell, nothing that a quote ended too early, no address that a customer gave. */
function expectInertPage(text: string, where: string): void {
  const scripts = text.match(/<script[^>]*>/gi) ?? [];
  const ours = scripts.filter((tag) => /^<script src="\/assets\/[\w-]+\/\w+\.js" defer>$/.test(tag));
  expect(scripts, where).toEqual(ours);
  expect(text, where).not.toMatch(/hyperlink\("/i);
  expect(text, where).not.toMatch(/(?:href|src|action|formaction)="(?!\/|#)/i);
}

/** Cells as a spreadsheet reads them. */
function cellsOf(text: string): string[] {
  const cells = text.replace(/^\ufeff/, '').matchAll(/(?:^|,|\r?\n)("(?:[^"]|"")*"|[^,"\r\n]*)/g);
  return [...cells].map(([, cell = '']) => cell.replace(/^"|"$/g, '').replaceAll('""', '"'));
}

function expectInertTable(text: string, where: string): void {
  const cells = cellsOf(text);
  expect(
    cells.filter((cell) => /^[=+\-@\t\r]/.test(cell) && !/^-?\d+$/.test(cell)),
    where,
  ).toEqual([]);
  expect(cells, where).toContain(`'${FORMULA}`);
  expect(cells, where).toContain(SCRIPT);
}

describe('a customer who is called like a script, and one like a formula', () => {
  test('are text on every page and in every answer of the route table', async () => {
    const routes = PAGES.flatMap((page) => page.routes).filter(({ method }) => method === 'GET');
    expect(Object.keys(addresses).sort()).toEqual(routes.map(({ path }) => path).sort());
    const showing = new Set<string>();
    for (const [route, all] of Object.entries(addresses)) {
      let seen = '';
      for (const address of all) {
        const answer = await operator.get(address);
        expect([200, 303], `${address} ${answer.text.slice(0, 200)}`).toContain(answer.status);
        if (answer.status === 303) expect(answer.location).toMatch(/^\//);
        else expectInert(answer, address);
        seen += answer.text;
      }
      const names = route.startsWith('/api/') ? [SCRIPT, asJson(FORMULA)] : SHOWN;
      if (names.every((name) => seen.includes(name))) showing.add(route);
    }
    // So that the walk goes to where they are.
    expect([...showing].sort()).toEqual(
      [
        ...['/conflicts', '/conflicts/:id', '/conflicts/:id/card', '/conflicts/similar/group'],
        ...[
          '/conflicts/rules/:id',
          '/conflicts/similar',
          '/customers/:id',
          '/links',
          '/links/:id',
          '/parked',
        ],
        ...['/plans/:hash'],
        ...['/api/v1/conflicts', '/api/v1/conflicts/:id', '/api/v1/conflicts/:id/notes', '/api/v1/views'],
        ...[
          '/api/v1/customers/:id',
          '/api/v1/log',
          '/api/v1/rules',
          '/api/v1/rules/:id',
          '/api/v1/links/:id',
          '/api/v1/parked',
          '/api/v1/report',
        ],
      ].sort(),
    );
  });

  test.each(['csv', 'html', 'json'])(
    'are text in the export of conflicts and in the report: %s',
    async (format) => {
      for (const command of [
        ['conflicts', 'export', '--state', 'all'],
        ['report', '--since', '7d'],
      ]) {
        const ran = await cli.run(...command, '--format', format);
        expect(ran.code, ran.stderr).toBe(0);
        const where = `${command.join(' ')} ${format}`;
        if (format === 'csv') expectInertTable(ran.stdout, where);
        else if (format === 'html') {
          expectInertPage(ran.stdout, where);
          for (const shown of SHOWN) expect(ran.stdout).toContain(shown);
        } else expect(JSON.stringify(ran.json())).toContain(asJson(FORMULA));
      }
    },
  );

  test('are text where many are decided at once: looked at, decided, and undone', async () => {
    const preview = await operator.post('/conflicts/bulk/preview', { all: '1', take: 'crm', filter: '' });
    expectInert(preview, 'preview');
    for (const shown of SHOWN) expect(preview.text).toContain(shown);
    const picks = [...preview.text.matchAll(/name="pick" value="([^"]+)"/g)].map(([, pick = '']) => pick);
    expect(picks.length).toBeGreaterThanOrEqual(2);
    const decided = await operator.post('/conflicts/bulk', [
      ['take', 'crm'],
      ...picks.map((pick): [string, string] => ['pick', pick]),
    ]);
    expect(decided.status).toBe(303);
    for (const path of [decided.location ?? '', `/conflicts/bulk/progress${decided.location?.slice(15)}`]) {
      const result = await operator.get(path);
      expect(result.text).toContain(`${picks.length} still to do`);
      expectInert(result, path);
    }
    for (const [id] of picks.map((pick) => pick.split('@')))
      expectInert(await operator.get(`/conflicts/${id}`), 'decided');
    const ids = picks.map((pick) => pick.split('@')[0]).join(',');
    const undone = await operator.post('/conflicts/bulk/undo', { ids });
    expect(undone.status).toBe(303);
    expectInert(await operator.get(undone.location ?? ''), 'undone');
  });
});
