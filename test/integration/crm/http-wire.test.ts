/** What the `http` adapter makes of answers, and of answers that never come; and how it reads lists that move. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { createHttpSide } from '../../../src/crm/http/adapter.ts';
import type { ApiLimits } from '../../../src/crm/http/api.ts';
import { httpConfigSchema } from '../../../src/crm/http/config.ts';
import { type AttemptMade, DEFAULT_RETRY } from '../../../src/http/retry.ts';
import { CONTEXT, failure, mustRead, person, readAll, scalar } from '../../conformance/harness.ts';
import { startEnvelopeCrm } from '../../support/envelope-crm.ts';
import { startRestCrm } from '../../support/rest-crm.ts';
import { type Script, type Seen, startScriptedServer } from '../../support/scripted-server.ts';

const ONCE: ApiLimits = { retry: { ...DEFAULT_RETRY, retries: 0 } };
const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

function keep<T extends { close(): Promise<void> }>(one: T): T {
  closing.push(one);
  return one;
}

function sideOf(
  block: Readonly<Record<string, unknown>>,
  limits: ApiLimits = ONCE,
  fields = CONTEXT.fields,
): Side {
  return keep(createHttpSide(httpConfigSchema.parse(block), { ...CONTEXT, fields }, limits));
}

const NAME_ONLY = CONTEXT.fields.filter(({ name }) => name === 'name');

/** An API of one list of `{ id, name }` under /people, and what a test adds to it. */
async function scripted(script: Script, block: Readonly<Record<string, unknown>> = {}, limits = ONCE) {
  const server = keep(await startScriptedServer(script));
  const usual = {
    adapter: 'http',
    baseUrl: server.origin,
    list: {
      path: '/people',
      records: 'items',
      total: 'total',
      paging: { kind: 'page', param: 'page' },
      pageSize: { value: 2 },
    },
    get: { path: '/people/{id}' },
    create: { path: '/people' },
    update: { path: '/people/{id}' },
    ...block,
  };
  return { server, side: sideOf(usual, limits, NAME_ONLY) };
}

const people = (...ids: number[]) => ids.map((id) => ({ id, name: `person ${id}` }));
const byPage = (pages: readonly (readonly unknown[])[], total: number) => (seen: Seen) => ({
  json: { items: pages[Number(seen.query.get('page')) - 1] ?? [], total },
});

describe('what a failure proves', () => {
  test.each([
    ['cut-before', 'ambiguous', 0],
    ['cut-after', 'ambiguous', 1],
    ['silent-before', 'ambiguous', 0],
    ['silent-after', 'ambiguous', 1],
    ['unavailable', 'transient', 0],
    ['throttled', 'throttled', 0],
  ] as const)('P5: a create that meets "%s" is %s', async (kind, expected, made) => {
    for (const start of [startRestCrm, startEnvelopeCrm]) {
      const crm = keep(await start());
      const side = sideOf(crm.block, { ...ONCE, timeouts: { headersMs: 200, totalMs: 400 } });
      crm.faults.push({ on: 'write', kind });
      const error = await failure(side.create({ patch: person({ name: 'one' }), marker: 'm' }));
      expect(error).toMatchObject({ kind: expected, details: { side: 'crm', pair: 'test' } });
      if (kind === 'throttled') expect(error.details.retryAfterMs).toBe(7_000);
      expect(crm.people.all).toHaveLength(made);
    }
  });

  test('a list whose answer has no end is read once, and told with what to do', async () => {
    const quick = { retry: { ...DEFAULT_RETRY, minDelayMs: 1, maxDelayMs: 2 } };
    const made: string[] = [];
    const onAttempt = ({ outcome, attempt }: AttemptMade) => void made.push(`${attempt} ${outcome}`);
    const { server, side } = await scripted(() => ({ fault: 'endless' }), {}, { ...quick, onAttempt });
    const error = await failure(readAll(side.enumerate()));
    expect(error).toMatchObject({ kind: 'contract', details: { side: 'crm', code: 'answer-too-large' } });
    expect(error.message).toContain('larger than 64 MiB');
    expect(error.details.advice).toContain('page size');
    expect({ asked: server.seen.length, made }).toEqual({ asked: 1, made: ['1 contract'] });
  }, 120_000);

  test('a write to a host where nobody listens is transient: it was never sent', async () => {
    const crm = await startRestCrm();
    const side = sideOf({ ...crm.block, auth: { type: 'bearer', token: 'secret-token' } });
    await crm.close();
    const error = await failure(side.create({ patch: person({ name: 'one' }), marker: 'm' }));
    expect(error.kind).toBe('transient');
    expect(error.message).not.toContain('secret-token');
  });

  test('a refusal brings the words of the vendor, without what we sent', async () => {
    const crm = keep(await startRestCrm());
    const side = sideOf(crm.block);
    const patch = person({ name: 'Wang Xiaoming, refuse me' });
    const error = await failure(side.create({ patch, marker: 'm' }));
    expect(error).toMatchObject({ kind: 'rejected', details: { code: 'invalid' } });
    expect(error.message).toContain('is not allowed');
    expect(error.message).not.toContain('Wang');
  });

  test('a read is tried again; a write is not, unless the answer proves that nothing was done', async () => {
    const crm = keep(await startRestCrm());
    const id = String(crm.people.insert({ name: 'one' }).id);
    const side = sideOf(crm.block, { retry: { ...DEFAULT_RETRY, minDelayMs: 1 }, sleep: async () => {} });
    crm.faults.push({ on: 'read', kind: 'cut-before' }, { on: 'read', kind: 'throttled' });
    const current = await mustRead(side, id);
    crm.faults.push({ on: 'write', kind: 'throttled' }, { on: 'write', kind: 'unavailable' });
    await side.update({ id, current, patch: { name: scalar('one', 'two') } });
    expect(crm.people.find(id)).toMatchObject({ name: 'two', version: 2 });
    crm.faults.push({ on: 'write', kind: 'cut-after' });
    const next = { id, current: await mustRead(side, id), patch: { name: scalar('two', 'three') } };
    expect((await failure(side.update(next))).kind).toBe('ambiguous');
    expect(crm.people.find(id)?.version).toBe(3);
  });

  test('an answer that is not what the config says is never "0 records", and never "not there"', async () => {
    const { side } = await scripted(() => ({ json: { records: [] } }));
    expect((await failure(readAll(side.enumerate()))).kind).toBe('contract');
    expect((await failure(side.read('1'))).kind).toBe('contract');
    const { side: html } = await scripted(() => ({ text: '<html>Log in</html>' }));
    expect((await failure(readAll(html.enumerate()))).kind).toBe('contract');
  });

  test('a write that was done and cannot be read afterwards is ambiguous', async () => {
    const { side } = await scripted(
      ({ method }) => (method === 'POST' ? { json: { id: 7 } } : { status: 500, json: {} }),
      { create: { path: '/people', answers: 'nothing', id: 'id' } },
    );
    const error = await failure(side.create({ patch: person({ name: 'one' }), marker: 'm' }));
    expect(error).toMatchObject({ kind: 'ambiguous', details: { record: '7' } });
  });
});

describe('who we are', () => {
  test('a token that ends early is replaced once, and one that is refused for good is told as auth', async () => {
    const crm = keep(await startRestCrm());
    const side = sideOf(crm.block);
    const given = () => crm.requests.filter(({ path }) => path === '/oauth/token').length;
    await side.check();
    await side.check();
    expect(given()).toBe(1);
    crm.endTokens();
    expect((await side.create({ patch: person({ name: 'one' }), marker: 'm' })).fields.name).toBe('one');
    expect(given()).toBe(2);

    const { side: stranger, server } = await scripted(
      ({ path }) =>
        path === '/token' ? { json: { access_token: 'hidden-token' } } : { status: 401, json: {} },
      {},
    );
    expect((await failure(stranger.check())).kind).toBe('auth');
    const refused = sideOf(
      {
        ...crm.block,
        auth: {
          type: 'oauth2',
          endpoint: `${server.origin}/token`,
          clientId: 'a',
          clientSecret: 'hidden-secret',
        },
        baseUrl: server.origin,
      },
      ONCE,
    );
    const error = await failure(refused.check());
    expect(error.kind).toBe('auth');
    expect(`${error.message} ${JSON.stringify(error.details)}`).not.toContain('hidden');
  });

  test('a token is replaced before it runs out', async () => {
    let now = 0;
    let given = 0;
    const server = keep(
      await startScriptedServer(({ path }) =>
        path === '/token'
          ? { json: { access_token: `t${++given}`, expires_in: 600 } }
          : { json: { items: [], total: 0 } },
      ),
    );
    const { side } = await scripted(
      () => ({ json: {} }),
      {
        baseUrl: server.origin,
        auth: { type: 'oauth2', endpoint: `${server.origin}/token`, clientId: 'a', clientSecret: 'b' },
      },
      { ...ONCE, monotonic: () => now },
    );
    await side.check();
    now = 539_000;
    await side.check();
    expect(given).toBe(1);
    now = 541_000;
    await side.check();
    expect(given).toBe(2);
  });

  test('the address of a next page on another host is refused: it would get our key', async () => {
    const { side } = await scripted(
      () => ({ json: { items: people(1), next: 'https://elsewhere.example/people?page=2' } }),
      { list: { path: '/people', records: 'items', paging: { kind: 'next', next: 'next' } } },
    );
    expect(await failure(readAll(side.enumerate()))).toMatchObject({ kind: 'contract' });
  });
});

describe('P7: lists that move', () => {
  test('pages by number whose total changes are read again, and then certified', async () => {
    let asked = 0;
    const { side } = await scripted((seen) => {
      asked += 1;
      // The first record goes after page 1 was read: 3 moves to page 1.
      return byPage(
        asked === 1 ? [people(1, 2), people(3, 4)] : [people(2, 3), people(4)],
        asked === 1 ? 4 : 3,
      )(seen);
    });
    const { ids, end } = await readAll(side.enumerate());
    expect(ids).toEqual(['1', '2', '4', '3']);
    expect(end).toMatchObject({ certified: true, reason: null });
  });

  test('a list that never rests is not certified, and the reason names the paging', async () => {
    let total = 100;
    const { side } = await scripted((seen) => {
      total -= 1;
      return byPage([people(1, 2), people(3, 4), people(5)], total)(seen);
    });
    const { ids, end } = await readAll(side.enumerate());
    expect(ids).toEqual(['1', '2', '3', '4', '5']);
    expect(end.certified).toBe(false);
    expect(end.reason).toMatch(/moved between the pages .*page paging/);
  });

  test('by offset, a record that is skipped while the total stays the same is noticed by the overlap', async () => {
    let rows = people(1, 2, 3, 4, 5, 6, 7, 8, 9);
    let asked = 0;
    const { side } = await scripted(
      ({ query }) => {
        const at = Number(query.get('offset'));
        const page = rows.slice(at, at + 3);
        const total = rows.length;
        asked += 1;
        // Two go and two come, and 4 moves to where we have been; then one comes in front. No count tells of it.
        if (asked === 1) rows = people(3, 4, 5, 6, 7, 8, 9, 10, 11);
        if (asked === 2) rows = people(20, 3, 4, 5, 6, 7, 8, 9, 10);
        return { json: { items: page, total } };
      },
      {
        list: {
          path: '/people',
          records: 'items',
          total: 'total',
          paging: { kind: 'offset', param: 'offset' },
        },
      },
    );
    const { ids, end } = await readAll(side.enumerate());
    expect(ids.map(Number).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20]);
    expect(end.certified).toBe(true);
  });

  test('without a total, and with a page that comes twice, nothing is certified', async () => {
    const { side } = await scripted(byPage([people(1, 2), people(3)], 0), {
      list: {
        path: '/people',
        records: 'items',
        paging: { kind: 'page', param: 'page' },
        pageSize: { value: 2 },
      },
    });
    const open = await readAll(side.enumerate());
    expect(open.ids).toEqual(['1', '2', '3']);
    expect(open.end).toMatchObject({ certified: false, reason: expect.stringContaining('crm.list.total') });
    const { side: deaf } = await scripted(() => ({ json: { items: people(1, 2), total: 4 } }));
    expect((await readAll(deaf.enumerate())).end).toMatchObject({
      certified: false,
      reason: expect.stringContaining('same page twice'),
    });
  });

  test('a cursor that ends before the total is reached certifies nothing', async () => {
    const { side } = await scripted(() => ({ json: { items: people(1, 2), total: 3, next: '' } }), {
      list: {
        path: '/people',
        records: 'items',
        total: 'total',
        paging: { kind: 'cursor', param: 'cursor', next: 'next' },
      },
    });
    expect((await readAll(side.enumerate())).end).toMatchObject({ certified: false });
  });

  test('a list of empty pages without end is left, and certifies nothing', async () => {
    const { side } = await scripted(
      ({ query }) => ({ json: { items: [], next: `${query.get('cursor') ?? ''}x` } }),
      {
        list: {
          path: '/people',
          records: 'items',
          paging: { kind: 'cursor', param: 'cursor', next: 'next' },
        },
      },
    );
    expect((await readAll(side.enumerate())).end).toMatchObject({
      certified: false,
      reason: expect.stringContaining('without end'),
    });
  });

  test('a look at the changes during which pages moved does not advance the position', async () => {
    let total = 100;
    let calm = false;
    const { side } = await scripted(
      (seen) => {
        total -= calm ? 0 : 1;
        return byPage([people(1, 2), people(3)], calm ? 3 : total)(seen);
      },
      {
        updatedAt: { path: 'at' },
        list: {
          path: '/people',
          records: 'items',
          total: 'total',
          paging: { kind: 'page', param: 'page' },
          pageSize: { value: 2 },
          changedSince: { param: 'since' },
        },
      },
    );
    const cursor = '2025-01-01T00:00:00.000Z';
    expect((await readAll(side.changes(cursor))).end.cursor).toBe(cursor);
    calm = true;
    const { ids, end } = await readAll(side.changes(cursor));
    expect(ids).toEqual(['1', '2', '3']);
    expect(Date.parse(end.cursor ?? '')).toBeGreaterThan(Date.parse(cursor));
  });

  test('a Link header is followed to its end, and a record that cannot be read is dropped by its shape alone', async () => {
    const { side } = await scripted(
      ({ query }) =>
        query.get('page') === '2'
          ? { json: [...people(3), { name: 'Secret Name' }] }
          : {
              json: people(1, 2),
              headers: { link: '</people?page=1>; rel="first", </people?page=2>; rel="next"' },
            },
      { list: { path: '/people', paging: { kind: 'link', keyset: true } } },
    );
    const dropped: string[] = [];
    const ids: string[] = [];
    let certified = true;
    for await (const page of side.enumerate()) {
      ids.push(...page.records.map(({ id }) => id));
      dropped.push(...page.dropped.map(({ sample }) => sample));
      certified = page.end?.certified ?? certified;
    }
    expect({ ids, dropped, certified }).toEqual({
      ids: ['1', '2', '3'],
      dropped: ['{ name: string }'],
      certified: false,
    });
  });
});

describe('reads of one record', () => {
  test('an answer counts as "not there" only where the config says so, and for `get` alone', async () => {
    const script: Script = () => ({ status: 400, json: { code: 'bad_id' } });
    const errors = { code: 'code' };
    const { side: strict } = await scripted(script, { errors });
    expect((await failure(strict.read('x'))).kind).toBe('rejected');
    const get = { path: '/people/{id}', notFound: [{ status: 400, code: 'bad_id' }] };
    const { side } = await scripted(script, { errors, get });
    expect(await side.read('x')).toBeNull();
    const create = side.create({ patch: person({ name: 'one' }), marker: 'm' });
    expect((await failure(create)).kind).toBe('rejected');
    const { side: other } = await scripted(script, { errors, get: { ...get, notFound: [{ code: 'gone' }] } });
    expect((await failure(other.read('x'))).kind).toBe('rejected');
  });

  test('an answer about somebody else is not taken for the record', async () => {
    const { side } = await scripted(() => ({ json: { id: 8, name: 'other' } }));
    expect((await failure(side.read('7'))).kind).toBe('contract');
  });

  test('an id that the body holds as a number keeps every digit', async () => {
    const { side, server } = await scripted(() => ({ text: '{"id":900719925474099301,"name":"one"}' }), {
      idAs: 'number',
      get: { method: 'POST', path: '/people/get', idIn: 'id' },
    });
    expect(await side.read('900719925474099301')).toMatchObject({ fields: { name: 'one' } });
    expect(server.seen.at(-1)?.body).toBe('{"id":900719925474099301}');
  });

  test('another account is another fingerprint', async () => {
    let account = 'a';
    const { side } = await scripted(() => ({ json: { me: { id: account } } }), {
      account: { path: '/me', id: 'me.id' },
    });
    const before = await side.fingerprint();
    expect(await side.fingerprint()).toBe(before);
    account = 'b';
    expect(await side.fingerprint()).not.toBe(before);
  });

  test('a search whose parameter the API does not know is told, and matches nobody', async () => {
    const { side, server } = await scripted(
      ({ query }) => {
        const page = Number(query.get('page'));
        return { json: { items: people(page * 2, page * 2 + 1), total: 9_999 } };
      },
      { externalId: { path: 'ext' }, find: { externalId: { param: 'etx' } } },
    );
    expect((await failure(side.lookup('token', 'u1'))).kind).toBe('contract');
    expect(server.seen).toHaveLength(20);
  });
});

describe('writes', () => {
  test('a nested object goes along whole, so that what nobody maps in it survives', async () => {
    const crm = keep(await startRestCrm());
    const id = String(crm.people.insert({ name: 'one', note: 'n' }).id);
    const side = sideOf(crm.block);
    const token = `Bearer token-1`;
    await fetch(`${crm.origin}/api/v2/contacts/${id}`, {
      method: 'PATCH',
      headers: { authorization: token, 'content-type': 'application/json' },
      body: JSON.stringify({ custom: { note: 'n', tier: 'gold' } }),
    });
    await side.update({ id, current: await mustRead(side, id), patch: { note: scalar('n', 'm') } });
    expect(JSON.parse(crm.requests.at(-1)?.text ?? '')).toEqual({ custom: { note: 'm', tier: 'gold' } });
  });

  test('PUT of the whole keeps unknown members and every digit, with the version in the body and a key of its own', async () => {
    const text = '{"id":12345678901234567890,"name":"one","balance":10000000000000000.10,"rev":4}';
    const { side, server } = await scripted(
      ({ method, body }) => ({ text: method === 'GET' ? text : body === '' ? '{}' : body }),
      {
        update: { method: 'PUT', path: '/people/{id}', send: 'whole' },
        version: { path: 'rev', sendIn: 'rev' },
        create: { path: '/people', answers: 'nothing', id: 'id', idempotencyHeader: 'Idempotency-Key' },
      },
    );
    const id = '12345678901234567890';
    const current = await mustRead(side, id);
    expect(current).toMatchObject({ id, version: '4' });
    await side.update({ id, current, patch: { name: scalar('one', 'two') } });
    expect(server.seen.at(-1)?.body).toBe(text.replace('one', 'two'));
    await failure(side.create({ patch: person({ name: 'x' }), marker: 'm' }));
    await failure(side.create({ patch: person({ name: 'x' }), marker: 'm' }));
    await failure(side.create({ patch: person({ name: 'x' }), marker: 'n' }));
    const keys = server.seen.flatMap(({ headers }) => headers['idempotency-key'] ?? []);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).not.toBe(keys[2]);
  });

  test('without a search, the whole list is read for each look', async () => {
    const crm = keep(await startEnvelopeCrm());
    const id = `C${crm.people.insert({ name: 'one', emails: ['One@example.com'] }).id}`;
    const side = sideOf({ ...crm.block, find: { email: 'scan', phone: 'scan', externalId: 'scan' } });
    expect((await side.lookup('email', 'one@example.com')).map((record) => record.id)).toEqual([id]);
    expect((await side.check()).findings).toMatchObject([{ level: 'warning' }]);
  });

  test('P10: the calls of a minute stay within the limit', async () => {
    let now = 0;
    const { side, server } = await scripted(
      () => ({ json: { items: [], total: 0 } }),
      { limits: { perMinute: 5 } },
      {
        ...ONCE,
        monotonic: () => now,
        sleep: async (ms) => {
          now += ms;
        },
      },
    );
    const at: number[] = [];
    for (let call = 0; call < 12; call += 1) {
      await side.check();
      at.push(now);
    }
    expect(server.seen).toHaveLength(12);
    expect(at.filter((time) => time < 60_000)).toHaveLength(5);
    expect(at.filter((time) => time < 120_000)).toHaveLength(10);
  });
});
