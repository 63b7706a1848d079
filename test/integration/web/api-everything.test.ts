import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { verifyLog } from '../../../src/report/verify-log.ts';
import { turnOn } from '../../../src/store/review-rules.ts';
import { problem } from '../../../src/web/api/contract.ts';
import { apiPage } from '../../../src/web/pages/api.ts';
import { createBusyWorld, waitingIn } from '../../support/busy-world.ts';
import { openWeb, type RunningWeb, tokenOf } from '../../support/web.ts';
import { customerId, ourRows, type World, writesSoFar } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let woken: string[];

beforeAll(async () => {
  world = await createBusyWorld();
  woken = [];
  web = await openWeb(world, { users: true, wake: (pair) => woken.push(pair) });
});
afterAll(async () => {
  await web.close();
  await world.close();
});

const idOf = (name: string) => customerId(world, name);
const question = () => waitingIn(world).question();
const parked = () => waitingIn(world).parked();
const held = () => waitingIn(world).held();
const conflict = (n: number) => waitingIn(world).conflict(n);

/** One rule, whoever asks first turns it on. */
async function rule(): Promise<string> {
  const group = { field: 'nick_name', kind: 'first-link', pattern: 'v1.person.other.together' } as const;
  made ??= turnOn(world.database.db, {
    ...group,
    ...{ pair: 'main', take: 'udesk', agrees: 10, total: 10, includeOpen: false, who: 'ann', at: new Date() },
  });
  return (await made)?.id ?? '';
}
let made: ReturnType<typeof turnOn> | undefined;

/** One of the program's own. */
async function view(): Promise<string> {
  const { body: kept } = await send('POST', { path: '/views', json: { name: 'n', filter: {} } });
  return (kept as { views: { id: string; name: string }[] }).views.find(({ name }) => name === 'n')?.id ?? '';
}

interface Call {
  readonly path: string;
  readonly json?: unknown;
}
type Answer = { readonly status: number; readonly body: unknown; readonly type: string };

/** What is asked of each operation of the document, in this order; what one decides, a later one may look at. */
const CALLS: Readonly<Record<string, () => Promise<Call>>> = {
  listConflicts: async () => ({ path: '/conflicts?limit=1&q=U' }),
  getConflict: async () => ({ path: `/conflicts/${(await conflict(0)).id}` }),
  previewDecisions: async () => ({ path: '/decisions/preview', json: { take: 'udesk', filter: {} } }),
  decide: async () => ({ path: `/conflicts/${(await conflict(0)).id}/decision`, json: { take: 'crm' } }),
  withdraw: async () => ({ path: `/conflicts/${(await conflict(0)).id}/decision` }),
  decideMany: async () => ({
    path: '/decisions',
    json: { take: 'udesk', conflicts: [await conflict(1), await conflict(2)] },
  }),
  withdrawMany: async () => ({ path: '/decisions/undo', json: { conflicts: [(await conflict(1)).id] } }),
  countConflicts: async () => ({ path: '/conflicts/facets?state=open' }),
  assign: async () => ({
    path: '/assignments',
    json: { to: 'operator program', conflicts: [(await conflict(2)).id] },
  }),
  listNotes: async () => ({ path: `/conflicts/${(await conflict(2)).id}/notes` }),
  addNote: async () => ({ path: `/conflicts/${(await conflict(2)).id}/notes`, json: { text: 'asked them' } }),
  listViews: async () => ({ path: '/views' }),
  saveView: async () => ({ path: '/views', json: { name: 'names', filter: { field: 'nick_name' } } }),
  deleteView: async () => ({ path: `/views/${await view()}` }),
  getSimilar: async () => ({
    path: '/similar/group?pair=main&field=nick_name&kind=first-link&pattern=v1.person.other.together',
  }),
  listSimilar: async () => ({ path: '/similar' }),
  listRules: async () => ({ path: '/rules' }),
  getRule: async () => ({ path: `/rules/${await rule()}` }),
  turnRuleOff: async () => ({ path: `/rules/${await rule()}/off` }),
  listLinks: async () => ({ path: '/links?limit=1' }),
  getLink: async () => ({ path: `/links/${await question()}` }),
  answerLink: async () => ({ path: `/links/${await question()}/decision`, json: { decision: 'reject' } }),
  listParked: async () => ({ path: '/parked?pair=main' }),
  answerParked: async () => ({ path: `/parked/${await parked()}/decision`, json: { decision: 'drop' } }),
  answerManyParked: async () => ({ path: '/parked/decisions', json: { decision: 'retry', parked: ['999'] } }),
  listPlans: async () => ({ path: '/plans' }),
  getPlan: async () => ({ path: `/plans/${await held()}` }),
  listPlanWrites: async () => ({ path: `/plans/${await held()}/writes?limit=2` }),
  answerPlan: async () => ({ path: `/plans/${await held()}/decision`, json: { decision: 'reject' } }),
  getCustomer: async () => ({ path: `/customers/${idOf('U1')}` }),
  refreshCustomer: async () => ({ path: `/customers/${idOf('U1')}/refresh?pair=main` }),
  listPairs: async () => ({ path: '/pairs' }),
  getPairLately: async () => ({ path: '/pairs/main/lately' }),
  listRuns: async () => ({ path: '/runs?limit=1' }),
  getReport: async () => ({ path: '/report?since=30d' }),
  listLog: async () => ({ path: '/log?limit=2' }),
  verifyLog: async () => ({ path: '/log/verdict' }),
  watch: async () => ({ path: '/events' }),
};

async function send(
  method: string,
  { path, json }: Call,
  role = 'operator',
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${web.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${tokenOf(role)}`, 'content-type': 'application/json', ...headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const type = response.headers.get('content-type') ?? '';
  const endless = type.startsWith('text/event-stream');
  if (endless) await response.body?.cancel();
  const text = endless ? '' : await response.text();
  return { status: response.status, body: type.includes('json') ? JSON.parse(text) : text, type };
}

interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly description: string;
  readonly schema: z.ZodType;
}

async function operations(): Promise<Operation[]> {
  const document = (await (await fetch(`${web.url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, never>>;
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, value]) => {
      const { operationId, description, responses } = value as unknown as {
        operationId: string;
        description: string;
        responses: { 200: { content: Record<string, { schema: never }> } };
      };
      const given = responses[200].content['application/json']?.schema;
      const schema = given === undefined ? z.literal('') : z.fromJSONSchema(given as never);
      return { operationId, description, method: method.toUpperCase(), path, schema };
    }),
  );
}

const answers = new Map<string, Answer>();
let told: Operation[];

describe('the OpenAPI document', () => {
  test('names every route below /api/v1, and no other', async () => {
    told = await operations();
    const served = apiPage.routes
      .filter(({ path }) => path.startsWith('/api/v1/'))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(told.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(served.sort());
    expect(Object.keys(CALLS).sort()).toEqual(told.map(({ operationId }) => operationId).sort());
  });

  test('says of every answer what is in it, and nothing more is', async () => {
    for (const [name, call] of Object.entries(CALLS)) {
      const { method, schema } = told.find(({ operationId }) => operationId === name) as Operation;
      const answer = await send(method, await call());
      expect({ name, status: answer.status, body: answer.status === 200 ? '' : answer.body }).toEqual({
        ...{ name, status: 200, body: '' },
      });
      const fits = schema.safeParse(answer.body);
      expect({ name, issues: fits.error?.issues ?? [] }).toEqual({ name, issues: [] });
      answers.set(name, answer);
    }
  });

  test('every call is refused to a stranger, and every decision to whoever only looks', async () => {
    for (const [name, call] of Object.entries(CALLS)) {
      const { method, description } = told.find(({ operationId }) => operationId === name) as Operation;
      const asked = await call();
      const roles: Record<string, number> = { nobody: 401 };
      // A view is one's own, whoever one is.
      if (method !== 'GET' && !description.includes('Role: viewer')) roles.viewer = 403;
      if (description.includes('operator')) roles.reviewer = 403;
      for (const [role, expected] of Object.entries(roles)) {
        const { status, type } = await send(method, asked, role);
        expect({ name, role, status, type }).toEqual({
          ...{ name, role, status: expected, type: 'application/problem+json' },
        });
      }
    }
  });
});

const body = (name: string) => answers.get(name)?.body as Record<string, unknown>;

test('what was answered is what the pages show, and what was decided took effect under the name of the program', async () => {
  expect(body('getLink')).toMatchObject({ state: 'candidate', candidates: { crm: ['4', '5'] } });
  expect(
    (body('getLink').people as { fields: { name?: string } }[]).map(({ fields }) => fields.name),
  ).toEqual(expect.arrayContaining(['Lily 0', 'Lily 1']));
  expect(body('listParked')).toMatchObject({
    total: 1,
    parked: [{ side: 'crm', fields: [{ field: 'nick_name', after: 'Bad' }] }],
  });
  expect(JSON.stringify(body('listParked'))).toContain('no_bad');
  expect(body('getPlan')).toMatchObject({ kind: 'guard', state: 'waiting', writes: 3 });
  expect((body('getPlan').sample as { cause: string }[])[0]?.cause).toContain('it was deleted in CRM');
  expect(body('answerPlan')).toMatchObject({
    state: 'rejected',
    said: [{ who: 'operator program', verdict: 'reject' }],
  });
  const third = (await conflict(2)).id;
  expect(body('assign')).toEqual({ given: [third], left: [] });
  expect(body('addNote')).toMatchObject({
    notes: [{ conflictId: third, who: 'operator program', text: 'asked them' }],
  });
  expect(body('saveView')).toMatchObject({
    views: [{ name: 'names', query: 'field=nick_name&sort=oldest' }],
  });
  expect(body('countConflicts')).toMatchObject({
    newest: null,
    facets: { pair: { main: body('countConflicts').total } },
  });
  expect(body('withdrawMany')).toEqual({ withdrawn: [expect.any(String)], left: [] });
  expect(body('getReport')).toMatchObject({ report: { conflicts: { byField: [{ name: 'nick_name' }] } } });
  const { freshness } = body('getPairLately') as { freshness: { udesk: number }[] };
  expect(freshness.reduce((sum, { udesk }) => sum + udesk, 0)).toBe(world.simulator.tenant.count);
  const verdict = await verifyLog(world.database.db, null);
  expect(verdict.faults).toEqual([]);
  expect(body('verifyLog')).toMatchObject({ entries: verdict.entries });
  // A decision, one taken back, two at once, one of them taken back, a rule on and off, a conflict given to somebody,
  // a note, and the answers to a link, a record and a plan.
  expect(verdict.entries).toBe(12);
  expect(new Set(woken)).toEqual(new Set(['main']));
});

test('P12: the timeline of a customer tells the edits, the decisions, and what happened in Udesk', async () => {
  const { timeline, fields } = body('getCustomer') as {
    timeline: Record<string, unknown>[];
    fields: unknown;
  };
  expect(timeline.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['Ticket', 'conflict-opened', 'linked', 'first-sight']),
  );
  expect(JSON.stringify(timeline)).toContain('a broken kettle');
  expect(fields).toContainEqual(
    expect.objectContaining({ field: 'nick_name', conflict: (await conflict(0)).id }),
  );
});

describe('every decision', () => {
  test('is made once per key: the same request is answered the same, whatever became of it since', async () => {
    const id = await question();
    const call = { path: `/links/${id}/decision`, json: { decision: 'confirm', crmId: '6' } };
    const key = { 'idempotency-key': 'link-1' };
    const first = await send('POST', call, 'reviewer', key);
    expect(first).toMatchObject({ status: 200, body: { state: 'confirmed', crmId: '6' } });
    expect(await send('POST', call, 'reviewer', key)).toEqual(first);
    const without = await send('POST', call, 'reviewer');
    expect([without.status, problem.parse(without.body).code]).toEqual([409, 'answered']);
    const other = await send('POST', { ...call, json: { decision: 'reject' } }, 'reviewer', key);
    expect([other.status, problem.parse(other.body).code]).toEqual([422, 'key-reused']);
    // Another program's key of the same name is another key.
    const theirs = await send('POST', call, 'operator', key);
    expect([theirs.status, problem.parse(theirs.body).code]).toEqual([409, 'answered']);
  });

  test('taking back, too: a second DELETE with the key is told that it was done', async () => {
    const path = `/conflicts/${(await conflict(0)).id}/decision`;
    await send('POST', { path, json: { take: 'crm' } });
    const key = { 'idempotency-key': 'undo-1' };
    const first = await send('DELETE', { path }, 'reviewer', key);
    expect(first.status).toBe(200);
    expect(await send('DELETE', { path }, 'reviewer', key)).toEqual(first);
    expect((await send('DELETE', { path }, 'reviewer')).status).toBe(409);
    expect((await send('DELETE', { path }, 'reviewer', { 'idempotency-key': '' })).status).toBe(400);
  });

  test('that cannot be made is a problem with a code for programs, and changes nothing', async () => {
    const before = [
      await writesSoFar(world),
      await ourRows(world, 'select count(*) from udesk_sync.decision_log'),
    ];
    const linked = await waitingIn(world).link();
    const ask = async (path: string, decision: unknown) => {
      const { status, body: answer } = await send('POST', { path, json: { decision } });
      return [status, problem.parse(answer).code];
    };
    expect(await ask(`/links/${linked}/decision`, 'confirm')).toEqual([409, 'answered']);
    const care = async (path: string, json: unknown) => {
      const { status, body: answer } = await send('POST', { path, json });
      return [status, problem.parse(answer).code];
    };
    const { id } = await conflict(1);
    expect(await care('/assignments', { to: 'a stranger', conflicts: [id] })).toEqual([400, 'bad-request']);
    expect(await care(`/conflicts/${id}/notes`, { text: ' ' })).toEqual([422, 'unfit']);
    expect(await care(`/conflicts/${id}/notes`, { text: 'x'.repeat(2_001) })).toEqual([422, 'unfit']);
    expect(await care('/views', { name: ' ', filter: {} })).toEqual([400, 'bad-request']);
    const gone = await send('DELETE', { path: '/views/x' });
    expect([gone.status, problem.parse(gone.body).code]).toEqual([404, 'not-found']);
    expect(await ask('/links/999999/decision', 'reject')).toEqual([404, 'not-found']);
    expect(await ask(`/links/${linked}/decision`, 'marry')).toEqual([400, 'bad-request']);
    expect(await ask('/parked/1x/decision', 'retry')).toEqual([404, 'not-found']);
    expect(await ask(`/plans/${'0'.repeat(64)}/decision`, 'approve')).toEqual([404, 'not-found']);
    expect(await ask("/plans/'%20or%201=1/decision", 'approve')).toEqual([404, 'not-found']);
    expect([
      await writesSoFar(world),
      await ourRows(world, 'select count(*) from udesk_sync.decision_log'),
    ]).toEqual(before);
  });
});

test('the report is a page or a table, too, and a period that cannot be read is told', async () => {
  const page = await send('GET', { path: '/report?format=html' }, 'viewer');
  expect([page.status, page.type]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.body).toContain('</html>');
  const table = await send('GET', { path: '/report?format=csv' }, 'viewer');
  expect([table.status, table.type]).toEqual([200, 'text/csv; charset=utf-8']);
  const { status, body: refused } = await send('GET', { path: '/report?since=soon' }, 'viewer');
  expect([status, problem.parse(refused).errors?.[0]?.parameter]).toEqual([400, 'since']);
  expect((await send('GET', { path: '/report?pair=other' }, 'viewer')).status).toBe(404);
});
