/** A plan that would delete many: nobody says yes to what was not shown. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import type { Visitor } from '../../support/visitor.ts';
import { openWeb, type RunningWeb, signedIn, tokenOf } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const DELETES = 1_200;

interface WritesPage {
  readonly writes: readonly { readonly udeskId: string; readonly op: string }[];
  readonly kept: number;
  readonly total: number;
  readonly next: number | null;
}

let world: World;
let web: RunningWeb;
let cli: CommandLine;
let operator: Visitor;
let hash: string;

beforeAll(async () => {
  world = await createWorld({
    customers: Array.from({ length: DELETES + 10 }, (_, n) => ({
      nick_name: `C${n}`,
      email: `c${n}@example.com`,
    })),
    pair: { deletes: 'propagate', guards: '{ deletes: { max: 20, share: 0.02 } }' },
  });
  await world.sync();
  await world.crm`delete from contact where id > 10`;
  // Each cycle looks at no more than so many of those that went missing.
  for (let held = 0; held < DELETES; ) {
    await world.sync();
    const [row] = await ourRows(world, `select writes from udesk_sync.guard where state = 'waiting'`);
    expect(Number(row?.writes)).toBeGreaterThan(held);
    held = Number(row?.writes);
  }
  const [row] = await ourRows(world, `select hash from udesk_sync.guard where state = 'waiting'`);
  hash = String(row?.hash);
  web = await openWeb(world, { users: true });
  operator = await signedIn(web, 'operator');
  cli = commandLine(world);
}, 300_000);
afterAll(async () => {
  cli.close();
  await web.close();
  await world.close();
});

/** Those of whom the list says that they go. */
const named = (text: string) => [...new Set(text.match(/\bC\d+\b/g) ?? [])];
const going = () =>
  ourRows(
    world,
    `select r.fields ->> 'nick_name' as name from udesk_sync.intent i join udesk_sync.link l on l.id = i.link_id
     join udesk_sync.record r on r.side = 'udesk' and r.remote_id = l.udesk_id where i.state = 'held'`,
  );

async function api(path: string): Promise<Response> {
  return await fetch(`${web.url}/api/v1/plans/${path}`, {
    headers: { authorization: `Bearer ${tokenOf('viewer')}` },
  });
}

test('P8: its page shows every one of 1,200 deletes, page by page', async () => {
  const seen = new Set<string>();
  let pages = 0;
  for (let path: string | null = `/plans/${hash}`; path !== null; pages += 1) {
    const { text } = await operator.get(path);
    for (const name of named(text)) seen.add(name);
    path = /rel="next" href="([^"]+)"/.exec(text)?.[1] ?? null;
  }
  expect(pages).toBe(48);
  expect([...seen].sort()).toEqual((await going()).map(({ name }) => String(name)).sort());
  const { text } = await operator.get(`/plans/${hash}?from=99999`);
  expect(text).toContain('1,176 to 1,200 of 1,200');
  expect(text).not.toContain('A yes covers');
});

test('P8: its files, its API and the command line list the same 1,200', async () => {
  const csv = await operator.get(`/plans/${hash}/export?format=csv`);
  expect(csv.headers.get('content-disposition')).toContain('.csv');
  const lines = csv.text.trimEnd().split('\r\n');
  expect(lines).toHaveLength(DELETES + 1);
  expect(lines[0]).toBe('pair,side,op,udeskId,crmId,name,field,before,after,reason');
  expect(lines[1]).toMatch(/^main,udesk,delete,\d+,\d+,C\d+,\*,,,delete$/);
  const { plan } = JSON.parse((await operator.get(`/plans/${hash}/export?format=json`)).text);
  expect([plan.writes, plan.kept, plan.changes.length]).toEqual([DELETES, DELETES, DELETES]);

  const ids = new Set<string>();
  for (let from: number | null = 0; from !== null; ) {
    const answer = await api(`${hash}/writes?from=${from}&limit=500`);
    const page = (await answer.json()) as WritesPage;
    for (const { udeskId, op } of page.writes) if (op === 'delete') ids.add(udeskId);
    expect([page.kept, page.total]).toEqual([DELETES, DELETES]);
    from = page.next;
  }
  expect(ids.size).toBe(DELETES);
  expect(await (await api(hash)).json()).toMatchObject({ writes: DELETES, kept: DELETES });
  expect(await (await api(`${hash}/writes?format=csv`)).text()).toBe(csv.text);

  const shown = await cli.run('plan', '--show', hash);
  expect(shown.code, shown.stderr).toBe(0);
  expect(shown.stdout).toContain('a guard holds 1200 writes.');
  expect(named(shown.stdout)).toHaveLength(DELETES);
  expect((await cli.run('plan', '--show', hash, '--json')).json()).toEqual({ plan });
  expect((await cli.run('plan', '--show', hash, '--format', 'csv')).stdout).toBe(`\ufeff${csv.text}`);
  const gone = await cli.run('plan', '--show', '0'.repeat(64));
  expect([gone.code, gone.stderr.includes('`udesk-sync status`')]).toEqual([1, true]);
});

test('the list is written once while cycles find the same plan, and again when it was erased', async () => {
  const list = async (set: string) => {
    if (set !== '')
      await ourRows(world, `update udesk_sync.guard set sample = ${set} where state = 'waiting'`);
    return await ourRows(
      world,
      `select jsonb_array_length(sample -> 'writes') as n, sample ? 'mark' as marked
       from udesk_sync.guard where state = 'waiting'`,
    );
  };
  await list(`sample || '{"mark": 1}'`);
  await world.sync({ observe: { udesk: 'none', crm: 'none' } });
  expect(await list('')).toEqual([{ n: DELETES, marked: true }]);
  await list('null');
  expect((await operator.get(`/plans/${hash}/export`)).status).toBe(404);
  await world.sync({ observe: { udesk: 'none', crm: 'none' } });
  expect(await list('')).toEqual([{ n: DELETES, marked: false }]);
});

test('P8: a page that cannot show all of them says how many it shows, and what a yes covers', async () => {
  await ourRows(
    world,
    `update udesk_sync.guard set sample = jsonb_set(sample, '{writes}',
       (select jsonb_agg(w) from (select w from jsonb_array_elements(sample -> 'writes') w limit 1000) first))`,
  );
  const { text } = await operator.get(`/plans/${hash}`);
  expect(text).toContain('1,000 of these 1,200 writes are kept to be looked at. A yes covers all 1,200');
  expect((await cli.run('plan', '--show', hash)).stdout).toContain('a yes covers all 1200');
  expect(await (await api(`${hash}/writes?limit=1`)).json()).toMatchObject({ kept: 1_000, total: DELETES });
});
