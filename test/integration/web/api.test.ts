import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  bulkAnswer,
  conflictDetail,
  conflictList,
  previewAnswer,
  problem,
  undoAnswer,
} from '../../../src/web/api/contract.ts';
import { visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb, tokenOf } from '../../support/web.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let woken: string[];
beforeEach(async () => {
  world = await createWorld({
    customers: ['U1', 'U2', 'U3', 'U4', 'U5'].map((nick_name, n) => ({
      nick_name,
      email: `p${n}@example.com`,
    })),
    people: ['C1', 'C2', 'C3', 'C4', 'C5'].map((name, n) => ({ name, emails: [`p${n}@example.com`] })),
  });
  await world.sync();
  woken = [];
  web = await openWeb(world, { users: true, wake: (pair) => woken.push(pair) });
});
afterEach(async () => {
  await web.close();
  await world.close();
});

interface Called {
  readonly status: number;
  readonly body: never;
  readonly type: string | null;
}

async function call(
  method: string,
  path: string,
  {
    role = 'reviewer',
    json,
    headers = {},
  }: { role?: string; json?: unknown; headers?: Record<string, string> } = {},
): Promise<Called> {
  const response = await fetch(`${web.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${tokenOf(role)}`, 'content-type': 'application/json', ...headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  return {
    status: response.status,
    body: (await response.json()) as never,
    type: response.headers.get('content-type'),
  };
}

const decisions = async () =>
  (await ourRows(world, 'select count(*)::int as n from udesk_sync.decision'))[0]?.n as number;

describe('reading conflicts', () => {
  test('goes page by page through all of them, each once, as the contract says', async () => {
    const seen: string[] = [];
    for (let path = '/conflicts?limit=2'; ; ) {
      const { status, body } = await call('GET', path, { role: 'viewer' });
      expect(status).toBe(200);
      const page = conflictList.strict().parse(body);
      expect(page.total).toBe(5);
      seen.push(...page.conflicts.map(({ id }) => id));
      if (page.next === null) break;
      path = `/conflicts?limit=2&cursor=${encodeURIComponent(page.next)}`;
    }
    expect(seen).toEqual((await world.conflicts()).map(({ id }) => id));
  });

  test('a conflict tells what each choice would write', async () => {
    const [row] = await world.conflicts();
    const { body } = await call('GET', `/conflicts/${row?.id}`, { role: 'viewer' });
    const one = conflictDetail.strict().parse(body);
    expect(one.choices[1]).toEqual({
      take: 'crm',
      refusal: null,
      record: null,
      effects: [
        { side: 'udesk', action: 'gets', now: 'U1', after: 'C1' },
        { side: 'crm', action: 'keeps', now: 'C1' },
      ],
    });
  });

  test.each([
    '/conflicts?state=nonsense',
    '/conflicts?cursor=x',
    '/conflicts?limit=0',
    '/conflicts?sate=open',
  ])('%s is a problem', async (path) => {
    const { status, body, type } = await call('GET', path);
    expect(status).toBe(400);
    expect(type).toBe('application/problem+json');
    expect(problem.parse(body)).toMatchObject({ code: 'bad-request' });
  });
});

describe('deciding', () => {
  test('takes effect through the same way as everywhere, under the name of the program', async () => {
    const [row] = await world.conflicts();
    const made = await call('POST', `/conflicts/${row?.id}/decision`, {
      json: { take: 'crm', seen: row?.changedAt },
    });
    expect(made.status).toBe(200);
    expect(conflictDetail.strict().parse(made.body)).toMatchObject({
      state: 'resolving',
      resolvedBy: 'reviewer program',
    });
    expect(woken).toEqual(['main']);
    await world.sync();
    expect(world.simulator.tenant.list().map(({ nick_name }) => nick_name)).toContain('C1');
    const late = await call('POST', `/conflicts/${row?.id}/decision`, { json: { take: 'udesk' } });
    expect([late.status, problem.parse(late.body).code]).toEqual([409, 'late']);
  });

  test('a value that does not fit, another look, and an unknown conflict are problems that change nothing', async () => {
    const [row] = await world.conflicts();
    const ask = async (id: string, json: unknown) => {
      const { status, body } = await call('POST', `/conflicts/${id}/decision`, { json });
      return [status, problem.parse(body).code];
    };
    expect(await ask(row?.id ?? '', { take: 'base' })).toEqual([422, 'unfit']);
    expect(await ask(row?.id ?? '', { take: 'value', value: ['a'] })).toEqual([422, 'unfit']);
    expect(await ask(row?.id ?? '', { take: 'crm', seen: '2020-01-01T00:00:00.000Z' })).toEqual([
      409,
      'moved',
    ]);
    expect(await ask(row?.id ?? '', { take: 'crm', surprise: 1 })).toEqual([400, 'bad-request']);
    expect(await ask('999', { take: 'crm' })).toEqual([404, 'not-found']);
    expect(await decisions()).toBe(0);
  });

  test('can be taken back', async () => {
    const [row] = await world.conflicts();
    await call('POST', `/conflicts/${row?.id}/decision`, { json: { take: 'crm' } });
    expect((await call('DELETE', `/conflicts/${row?.id}/decision`)).body).toMatchObject({ state: 'open' });
    expect((await call('DELETE', `/conflicts/${row?.id}/decision`)).status).toBe(409);
  });

  test('many at once leaves alone what is not as it was seen', async () => {
    const conflicts = (await world.conflicts()).map(({ id, changedAt }, n) => ({
      id,
      seen: n === 0 ? '2020-01-01T00:00:00.000Z' : changedAt,
    }));
    const { body } = await call('POST', '/decisions', { json: { take: 'udesk', conflicts } });
    const { decided, left } = bulkAnswer.strict().parse(body);
    expect(left).toEqual([conflicts[0]?.id]);
    expect(decided).toHaveLength(4);
  });

  test('the same request with the same key is done once, and answered the same', async () => {
    const [row] = await world.conflicts();
    const request = { json: { take: 'crm' }, headers: { 'idempotency-key': 'k1' } };
    const path = `/conflicts/${row?.id}/decision`;
    const answers = await Promise.all([1, 2, 3, 4].map(() => call('POST', path, request)));
    const done = answers.filter(({ status }) => status === 200);
    expect(done.length).toBeGreaterThanOrEqual(1);
    for (const { status, body } of answers) {
      expect(status === 200 ? 'done' : problem.parse(body).code).toMatch(/^(done|key-busy)$/);
    }
    expect(await decisions()).toBe(1);
    const again = await call('POST', path, request);
    expect(again).toEqual(done[0]);
    const other = await call('POST', path, { ...request, json: { take: 'udesk' } });
    expect([other.status, problem.parse(other.body).code]).toEqual([422, 'key-reused']);
  });

  test('many at once: one that is not there keeps none of the others from being decided, or taken back', async () => {
    const [row] = await world.conflicts();
    const seen = row?.changedAt ?? '';
    const conflicts = [
      { id: '999', seen },
      { id: row?.id, seen },
    ];
    const { body } = await call('POST', '/decisions', { json: { take: 'udesk', conflicts } });
    expect(bulkAnswer.strict().parse(body)).toEqual({ decided: [row?.id], left: ['999'] });
    const undone = await call('POST', '/decisions/undo', { json: { conflicts: ['999', row?.id] } });
    expect(undoAnswer.strict().parse(undone.body)).toEqual({ withdrawn: [row?.id], left: ['999'] });
    expect((await world.conflicts()).map(({ state }) => state)).toEqual(Array(5).fill('open'));
  });

  test('the preview of many says what would be written, and writes nothing', async () => {
    const ids = (await world.conflicts()).map(({ id }) => id);
    for (const which of [{ conflicts: ids }, { filter: { field: 'nick_name' } }]) {
      const { body, status } = await call('POST', '/decisions/preview', { json: { take: 'crm', ...which } });
      expect(status).toBe(200);
      const view = previewAnswer.strict().parse(body);
      expect(view.decidable.map(({ id }) => id)).toEqual(ids);
      expect(view.writes).toEqual({ udesk: 5, crm: 0 });
      expect(view.decidable[0]?.effects[0]).toMatchObject({ action: 'gets', now: 'U1', after: 'C1' });
    }
    expect((await call('POST', '/decisions/preview', { json: { take: 'crm' } })).status).toBe(400);
    expect(await decisions()).toBe(0);
  });

  test('a request that cannot be read is told everything that is wrong with it, and not what it said', async () => {
    const [row] = await world.conflicts();
    const path = `/conflicts/${row?.id}/decision?secret=1`;
    const { status, body } = await call('POST', path, { json: { take: 'Wang Fang', seen: 'x', extra: 1 } });
    expect(status).toBe(400);
    const { errors = [] } = problem.parse(body);
    const places = errors.map(({ pointer, parameter }) => pointer ?? parameter ?? '?');
    expect(places.sort()).toEqual(['', '/seen', '/take', '?']);
    expect(JSON.stringify(body)).not.toContain('Wang Fang');
    const nothing = await call('POST', `/conflicts/${row?.id}/decision`);
    expect(problem.parse(nothing.body).errors).toMatchObject([
      { pointer: '', detail: 'The body is not JSON.' },
    ]);
  });
});

describe('who may call', () => {
  test('a viewer reads and does not decide; a wrong token does neither; tokens open no pages', async () => {
    const [row] = await world.conflicts();
    const path = `/conflicts/${row?.id}/decision`;
    expect((await call('POST', path, { role: 'viewer', json: { take: 'crm' } })).status).toBe(403);
    expect((await call('GET', '/conflicts', { role: 'nobody' })).status).toBe(401);
    const page = await fetch(`${web.url}/conflicts`, {
      headers: { authorization: `Bearer ${tokenOf('operator')}` },
      redirect: 'manual',
    });
    expect(page.status).toBe(303);
    expect(await decisions()).toBe(0);
  });

  test('a signed-in browser needs the token of its forms, too', async () => {
    const browser = visitor(web.url);
    await browser.get('/sign-in');
    await browser.post('/sign-in', { name: 'reviewer', password: PASSWORD });
    const page = await browser.get('/conflicts');
    const [row] = await world.conflicts();
    const send = (headers: Record<string, string>) =>
      fetch(`${web.url}/api/v1/conflicts/${row?.id}/decision`, {
        method: 'POST',
        headers: {
          cookie: `udesk_sync=${browser.cookie('udesk_sync')}`,
          'content-type': 'application/json',
          ...headers,
        },
        body: JSON.stringify({ take: 'crm' }),
      });
    expect((await send({})).status).toBe(403);
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect((await send({ 'x-csrf-token': csrf, origin: 'https://evil.example' })).status).toBe(403);
    expect((await send({ 'x-csrf-token': csrf })).status).toBe(200);
  });
});
