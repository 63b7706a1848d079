import { afterEach, describe, expect, it } from 'vitest';
import type { Quota } from '../../../src/http/quota.ts';
import type { AttemptMade } from '../../../src/http/retry.ts';
import { sign } from '../../../src/udesk/sign.ts';
import type { Script, Scripted } from '../../support/scripted-server.ts';
import { ADMIN, type ClientUnderTest, startClient, TOKEN } from '../../support/udesk-client.ts';

let made: ClientUnderTest | null = null;
afterEach(async () => {
  await made?.close();
  made = null;
});

async function start(script: Script, over: Parameters<typeof startClient>[1] = {}): Promise<ClientUnderTest> {
  made = await startClient(script, over);
  return made;
}

/** Answers in order, the last one for ever. */
const inTurn =
  (...replies: readonly Scripted[]): Script =>
  (_request, n) =>
    replies[Math.min(n, replies.length) - 1] ?? { status: 500 };

const EMPTY_LIST = { json: { code: 1000, meta: { total_count: 0, total_pages: 0 }, customers: [] } };
const ONE = { json: { code: 1000, customer: { id: 5 } } };
const code = (value: number, words = '错误'): Scripted => ({ json: { code: value, code_message: words } });
const page = { page: 1, pageSize: 100 };

describe('every attempt', () => {
  it('has a nonce, a timestamp and a signature of its own, and counts against the quota (P10)', async () => {
    const { client, server, taken, advance } = await start((_request, n) => {
      advance(1_000);
      return n < 3 ? { status: 503 } : EMPTY_LIST;
    });
    await client.listCustomers(page);
    expect(server.seen).toHaveLength(3);
    expect(taken).toEqual(['customers', 'customers', 'customers']);
    for (const key of ['nonce', 'timestamp', 'sign']) {
      expect(new Set(server.seen.map((request) => request.query.get(key))).size, key).toBe(3);
    }
    for (const { query } of server.seen) {
      const [timestamp = '', nonce = ''] = [query.get('timestamp') ?? '', query.get('nonce') ?? ''];
      const expected = sign({ algorithm: 'sha256', email: ADMIN, token: TOKEN, timestamp, nonce });
      expect(query.get('sign')).toBe(expected.sign);
      expect(query.get('sign_version')).toBe('v2');
    }
  });

  it('signs the raw text and percent-encodes it afterwards: + in an address stays a +', async () => {
    const { client, server } = await start(inTurn(ONE));
    await client.getCustomer('email', 'a+b c&d@example.com');
    const [request] = server.seen;
    expect(request?.rawQuery).toContain('email=admin%2Bapi%40example.com');
    expect(request?.rawQuery).toContain('content=a%2Bb%20c%26d%40example.com');
    expect(request?.query.get('content')).toBe('a+b c&d@example.com');
    expect(request?.path).toBe('/open_api_v1/customers/get_customer');
  });

  it('carries its signature in the query for every method, and the token nowhere', async () => {
    const { client, server, logged } = await start((request) =>
      request.method === 'DELETE' ? { json: { code: 1000, customer_id: 5 } } : ONE,
    );
    await client.createCustomer({ customer: { nick_name: 'x' } });
    await client.updateCustomer('id', '5', { customer: { nick_name: 'y' }, tags: 'a,b' });
    await client.deleteCustomer('id', '5');
    expect(server.seen.map((request) => `${request.method} ${request.path}`)).toEqual([
      'POST /open_api_v1/customers',
      'PUT /open_api_v1/customers/update_customer',
      'DELETE /open_api_v1/customers/destroy_customer',
    ]);
    expect(server.seen[1]?.headers['content-type']).toContain('application/json');
    expect(JSON.parse(server.seen[1]?.body ?? '')).toEqual({ customer: { nick_name: 'y' }, tags: 'a,b' });
    for (const request of server.seen) expect(request.query.get('sign')).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(server.seen)).not.toContain(TOKEN);
    expect(logged()).not.toMatch(/sign|nonce-|[0-9a-f]{40}/);
  });
});

it('of the attempts those are told that left, and not one that was aborted while it waited for the quota', async () => {
  const told: string[] = [];
  const onAttempt = ({ outcome, attempt }: AttemptMade) => void told.push(`${attempt} ${outcome}`);
  const { client } = await start(inTurn({ status: 503 }, EMPTY_LIST), { onAttempt });
  await client.listCustomers(page);
  expect(told.splice(0)).toEqual(['1 transient', '2 done']);
  await made?.close();

  const stop = new AbortController();
  const full: Quota = {
    take: (_endpoint, signal) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
        stop.abort(new Error('stopped'));
      }),
    waitMs: async () => 0,
    slowDown: () => {},
  };
  const { client: waiting } = await start(inTurn(EMPTY_LIST), { onAttempt, quota: full });
  await expect(waiting.listCustomers(page, stop.signal)).rejects.toThrow('stopped');
  expect(told).toEqual([]);
});

describe('a write', () => {
  it.each<[string, Scripted]>([
    ['the connection is reset after it was sent', { fault: 'reset' }],
    ['the answer is cut short', { text: '{"code":1000,"customer":{"id":5' }],
    ['an HTML page comes back', { text: '<html>busy</html>' }],
    ['HTTP 500 comes back', { status: 500, json: { code: 2000 } }],
    [
      'HTTP 502 comes back, even with a success in it',
      { status: 502, json: { code: 1000, customer: { id: 5 } } },
    ],
    ['the answer does not hold the customer', { json: { code: 1000 } }],
    ['the answer is another kind of object', { json: { hello: 1 } }],
  ])('is ambiguous and never sent again when %s', async (_what, reply) => {
    const { client, server } = await start(inTurn(reply));
    await expect(client.createCustomer({ customer: {} })).rejects.toMatchObject({ kind: 'ambiguous' });
    expect(server.seen).toHaveLength(1);
  });

  it('is ambiguous when no answer comes in time', async () => {
    const { client, server } = await start(inTurn({ fault: 'silence' }), { timeouts: { totalMs: 1_000 } });
    await expect(client.updateCustomer('id', '5', {})).rejects.toMatchObject({ kind: 'ambiguous' });
    expect(server.seen).toHaveLength(1);
  });

  it.each<[string, Scripted]>([
    ['HTTP 429', { status: 429, text: '' }],
    ['a text about frequency at HTTP 200', code(2000, '访问频率过快')],
    ['a nonce that was used before', code(20623)],
  ])('is sent again after %s: nothing was done', async (_what, reply) => {
    const { client, server } = await start(inTurn(reply, ONE));
    expect(await client.createCustomer({ customer: {} })).toEqual({ id: 5 });
    expect(server.seen).toHaveLength(2);
  });

  it('that Udesk refuses is rejected, with the words of Udesk, and not sent again', async () => {
    const { client, server } = await start(inTurn(code(2005, '手机号已存在')));
    await expect(client.createCustomer({ customer: {} })).rejects.toMatchObject({
      kind: 'rejected',
      message: 'Udesk refused the write (code 2005): 手机号已存在',
      details: { code: '2005' },
    });
    expect(server.seen).toHaveLength(1);
  });

  it('that is refused in words which no text column takes is told without those characters', async () => {
    const { client } = await start(inTurn(code(2005, '手机号\u0000已存在')));
    await expect(client.createCustomer({ customer: {} })).rejects.toMatchObject({
      message: 'Udesk refused the write (code 2005): 手机号已存在',
    });
  });

  it('to a customer that is gone gives null only after a lookup says so', async () => {
    const gone = await start((request) => {
      if (request.path.endsWith('/customers')) return EMPTY_LIST;
      return code(2005, '参数错误');
    });
    expect(await gone.client.updateCustomer('id', '5', {})).toBeNull();
    await gone.close();
    const refused = await start((request) => (request.method === 'GET' ? ONE : code(2005, '参数错误')));
    await expect(refused.client.updateCustomer('id', '5', {})).rejects.toMatchObject({ kind: 'rejected' });
  });

  it('of a delete counts as done only when a lookup says that there was nothing to delete', async () => {
    const gone = await start((request) =>
      request.path.endsWith('/customers') ? EMPTY_LIST : code(2015, '客户不存在'),
    );
    expect(await gone.client.deleteCustomer('id', '5')).toBe(false);
    await gone.close();
    const refused = await start((request) => (request.method === 'GET' ? ONE : code(2005, '参数错误')));
    await refused.client.getCustomer('id', '5');
    await expect(refused.client.deleteCustomer('id', '5')).rejects.toMatchObject({ kind: 'rejected' });
  });
});

describe('success is judged by the code', () => {
  it.each<[string, Scripted, string]>([
    ['2059: the signature', code(2059), 'auth'],
    ['20621: the timestamp', code(20621), 'auth'],
    ['20624: the nonce is missing', code(20624), 'auth'],
    ['2058: the plan', code(2058), 'auth'],
    ['2015 on a list: not an administrator', code(2015), 'auth'],
    ['2002: the subdomain', code(2002), 'config'],
    ['HTTP 401', { status: 401, text: '' }, 'auth'],
    ['HTTP 404 without a Udesk answer', { status: 404, text: '<html>' }, 'config'],
    ['a redirect', { status: 301, text: '', headers: { location: 'https://x.invalid/' } }, 'config'],
    ['a list that is missing', { json: { code: 1000, items: [] } }, 'contract'],
    ['a list that is null', { json: { code: 1000, customers: null } }, 'contract'],
    ['an unknown code', code(4711), 'contract'],
    ['an object without a code', { json: { status: 0 } }, 'contract'],
  ])('%s', async (_what, reply, kind) => {
    const { client, server } = await start(inTurn(reply));
    await expect(client.listCustomers(page)).rejects.toMatchObject({ kind });
    expect(server.seen).toHaveLength(1);
  });

  it('also when the HTTP status says otherwise, and when the code is a text', async () => {
    const odd = { status: 404, json: { code: '1000', customers: [{ id: 1 }], meta: { total_count: '7' } } };
    const { client } = await start(inTurn(odd));
    expect(await client.listCustomers(page)).toEqual({ rows: [{ id: 1 }], total: 7, totalPages: null });
  });

  it.each<[string, Scripted]>([
    ['5xx', { status: 502, text: 'bad gateway' }],
    ['an HTML page at HTTP 200', { text: '<html>' }],
    ['a body cut short', { text: '{"code":1000,"customers":[' }],
    ['a connection reset', { fault: 'reset' }],
    ['HTTP 429', { status: 429, text: '' }],
    ['2000 without a reason', code(2000)],
    ['a text about frequency', code(4711, '调用频次超限')],
  ])('a read is tried again after %s', async (_what, reply) => {
    const { client, server } = await start(inTurn(reply, EMPTY_LIST));
    expect((await client.listCustomers(page)).rows).toEqual([]);
    expect(server.seen).toHaveLength(2);
  });

  it('a clock that is off is told with its seconds', async () => {
    const { client } = await start(
      inTurn({
        json: { code: 20622 },
        headers: { date: new Date(1_700_000_000_000 - 600_000).toUTCString() },
      }),
    );
    await expect(client.listCustomers(page)).rejects.toMatchObject({
      kind: 'auth',
      message: expect.stringContaining('off by about 600 s (ahead)'),
    });
    // The header is cut to the second: half of one is added.
    expect(client.clockSkewMs()).toBe(-599_500);
  });
});

describe('"no such customer" is proven before it is said', () => {
  const refusing =
    (refusal: Scripted, list: Scripted, known: Scripted): Script =>
    (request) => {
      if (request.path.endsWith('/customers')) return list;
      return request.query.get('content') === '1' ? known : refusal;
    };
  const list = { json: { code: 1000, customers: [{ id: 1 }], meta: {} } };

  it.each([
    ['2005', code(2005, '参数错误')],
    ['2015', code(2015, '客户不存在')],
    ['2000 whose words say so', code(2000, '客户不存在')],
    ['an unknown code whose words say so', code(3001, 'customer not found')],
  ])('with %s: a known customer is found by the same call', async (_what, refusal) => {
    const { client, server } = await start(refusing(refusal, list, ONE));
    expect(await client.getCustomer('token', 'x')).toBeNull();
    expect(server.seen.map((request) => request.query.get('content'))).toEqual(['x', null, '1']);
    // The proof holds for a while: the next miss costs one call.
    expect(await client.getCustomer('token', 'y')).toBeNull();
    expect(server.seen).toHaveLength(4);
  });

  it('a minute later it is proven again', async () => {
    const { client, server, advance } = await start(refusing(code(2005), list, ONE));
    await client.getCustomer('token', 'x');
    advance(60_000);
    await client.getCustomer('token', 'x');
    expect(server.seen).toHaveLength(6);
  });

  it.each<[string, Scripted, Scripted, Scripted, string]>([
    ['known customers are refused too', code(2005), list, code(2005), 'contract'],
    ['the list is refused', code(2005), code(2059), ONE, 'auth'],
    ['the words speak of a parameter', code(2005, 'param is missing: type'), list, ONE, 'contract'],
    ['the words speak of an administrator', code(2015, '管理员不存在'), list, ONE, 'auth'],
    ['the code is 2059', code(2059, '不存在'), list, ONE, 'auth'],
  ])('and not said when %s', async (_what, refusal, listing, known, kind) => {
    const { client } = await start(refusing(refusal, listing, known));
    await expect(client.getCustomer('email', 'a@x.cn')).rejects.toMatchObject({ kind });
  });

  it('a bare 2000 proves nothing', async () => {
    const { client } = await start(refusing(code(2000, '未知错误'), list, ONE));
    await expect(client.getCustomer('email', 'a@x.cn')).rejects.toMatchObject({ kind: 'transient' });
  });

  it('an empty or malformed selector is never sent', async () => {
    const { client, server } = await start(inTurn(ONE));
    await expect(client.getCustomer('email', ' ')).rejects.toMatchObject({ kind: 'rejected' });
    await expect(client.getCustomer('id', 'abc')).rejects.toMatchObject({ kind: 'rejected' });
    expect(server.seen).toHaveLength(0);
  });
});

describe('log in by password', () => {
  const tenant =
    (key: string, sessions: { token: string }): Script =>
    (request) => {
      if (request.path.endsWith('/log_in')) return { json: { code: 1000, [key]: sessions.token } };
      const [timestamp = '', nonce = ''] = [
        request.query.get('timestamp') ?? '',
        request.query.get('nonce') ?? '',
      ];
      const good = sign({ algorithm: 'sha256', email: ADMIN, token: sessions.token, timestamp, nonce }).sign;
      return request.query.get('sign') === good ? EMPTY_LIST : code(2059);
    };

  it.each(['open_api_auth_token', 'open_api_token'])(
    'reads %s, once for all calls, unsigned',
    async (key) => {
      const { client, server } = await start(tenant(key, { token: 'fetched' }), { password: 'secret' });
      await Promise.all([client.listCustomers(page), client.listCustomers(page)]);
      const logins = server.seen.filter((request) => request.path.endsWith('/log_in'));
      expect(logins).toHaveLength(1);
      expect(logins[0]?.rawQuery).toBe('');
      expect(JSON.parse(logins[0]?.body ?? '')).toEqual({ email: ADMIN, password: 'secret' });
    },
  );

  it('logs in again, once, when the token was replaced', async () => {
    const sessions = { token: 'first' };
    const { client, server, advance } = await start(tenant('open_api_auth_token', sessions), {
      password: 'secret',
    });
    await client.listCustomers(page);
    sessions.token = 'second';
    advance(120_000);
    await client.listCustomers(page);
    expect(server.seen.filter((request) => request.path.endsWith('/log_in'))).toHaveLength(2);
  });

  it('and a refusal of the old token that comes after that is no refusal of the new one', async () => {
    const sessions = { token: 'first' };
    const answer = tenant('open_api_auth_token', sessions);
    const loggedInAgain = Promise.withResolvers<void>();
    let logins = 0;
    let refusals = 0;
    const { client, server, advance } = await start(
      async (request, n) => {
        const reply = await answer(request, n);
        if (request.path.endsWith('/log_in')) {
          if (++logins === 2) loggedInAgain.resolve();
        } else if (reply !== EMPTY_LIST && ++refusals === 2) {
          // The second of two calls that left with the old token hears of it last.
          await loggedInAgain.promise;
        }
        return reply;
      },
      { password: 'secret' },
    );
    await client.listCustomers(page);
    sessions.token = 'second';
    advance(120_000);
    await Promise.all([client.listCustomers(page), client.listCustomers(page)]);
    expect(refusals).toBe(2);
    expect(server.seen.filter((request) => request.path.endsWith('/log_in'))).toHaveLength(2);
  });

  it('says that the password is wrong, without it', async () => {
    const { client, logged } = await start(inTurn(code(2005, '密码错误')), { password: 'secret' });
    const error = await client.logIn().catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ kind: 'auth', details: { code: '2005' } });
    expect(`${JSON.stringify(error)} ${(error as Error).message} ${logged()}`).not.toContain('secret');
  });
});

it('a base URL that is no origin is refused at once', async () => {
  const { server } = await start(inTurn(ONE));
  for (const baseUrl of [
    'demo.udesk.cn',
    'ftp://demo.udesk.cn',
    `http://user:secret@${new URL(server.origin).host}`,
  ]) {
    const error = await startClient(inTurn(ONE), { baseUrl }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ kind: 'config' });
    expect((error as Error).message).not.toContain('secret');
  }
});

describe('what an operator is told', () => {
  it('a trouble once, and not once per attempt; and a new one after it was over', async () => {
    let broken = true;
    const { client, logged } = await start(() => (broken ? { status: 503 } : EMPTY_LIST));
    const told = () =>
      logged()
        .split('\n')
        .filter((line) => line.includes('"level":"warn"') && line.includes('trying again')).length;
    await expect(client.listCustomers(page)).rejects.toThrow();
    await expect(client.listCustomers(page)).rejects.toThrow();
    expect(told()).toBe(1);
    broken = false;
    await client.listCustomers(page);
    broken = true;
    await expect(client.listCustomers(page)).rejects.toThrow();
    expect(told()).toBe(2);
  });
});
