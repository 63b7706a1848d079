import { createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Breakers, createBreakers } from '../../../src/http/breakers.ts';
import { classifyNetworkError, retryAfterMs } from '../../../src/http/classify.ts';
import { createSideDispatcher, type SideDispatcher } from '../../../src/http/dispatcher.ts';
import { type Exchange, exchange } from '../../../src/http/exchange.ts';
import { type Scripted, startScriptedServer } from '../../support/scripted-server.ts';

type Rest = [connections?: number, breakers?: Breakers, maxResponseBytes?: number];

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function side(timeouts: Parameters<typeof createSideDispatcher>[0] = {}, ...rest: Rest): SideDispatcher {
  const made = createSideDispatcher(timeouts, ...rest);
  closers.unshift(() => made.close());
  return made;
}

async function server(reply: Scripted) {
  const made = await startScriptedServer(() => reply);
  closers.push(() => made.close());
  return made;
}

function call(origin: string, over: Partial<Exchange> = {}): Exchange {
  const url = new URL('/path?sign=SECRET', origin);
  return { side: side(), method: 'GET', url, write: false, ...over };
}

/** A port where nothing listens. */
async function deadOrigin(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

describe('what a failure on the wire proves', () => {
  it.each([false, true])('nothing was done when nobody listens (write: %s)', async (write) => {
    await expect(exchange(call(await deadOrigin(), { write }))).rejects.toMatchObject({
      kind: 'transient',
      undone: true,
      details: { code: 'ECONNREFUSED' },
    });
  });

  it('nothing was done when the host name is unknown', async () => {
    await expect(exchange(call('http://no-such-host.invalid', { write: true }))).rejects.toMatchObject({
      kind: 'transient',
      undone: true,
    });
  });

  it.each([
    ['the connection is reset', { fault: 'reset' }],
    ['the connection is reset in the middle of the answer', { fault: 'reset-in-body' }],
  ] as const)('a write may have happened when %s', async (_what, reply) => {
    const { origin } = await server(reply);
    await expect(exchange(call(origin, { write: true, method: 'POST', body: '{}' }))).rejects.toMatchObject({
      kind: 'ambiguous',
      undone: false,
    });
    await expect(exchange(call(origin))).rejects.toMatchObject({ kind: 'transient', undone: false });
  });

  it('a write may have happened when no answer comes in time', async () => {
    const { origin } = await server({ fault: 'silence' });
    const impatient = side({ totalMs: 50 });
    await expect(
      exchange(call(origin, { side: impatient, write: true, method: 'POST' })),
    ).rejects.toMatchObject({
      kind: 'ambiguous',
    });
    await expect(exchange(call(origin, { side: impatient }))).rejects.toMatchObject({ kind: 'transient' });
  });

  it('says where, and never with which query', async () => {
    const { origin } = await server({ fault: 'reset' });
    const error = await exchange(call(origin)).catch((thrown: Error) => thrown);
    expect(String((error as Error).message)).toContain(`GET ${origin}/path`);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('SECRET');
  });

  it('blames the configuration for a host that speaks no TLS, or whose certificate is not accepted', async () => {
    const { origin } = await server({ json: {} });
    const tls = origin.replace('http:', 'https:');
    await expect(exchange(call(tls, { write: true }))).rejects.toMatchObject({
      kind: 'config',
      undone: true,
    });
    const certificate = Object.assign(new Error('x'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(classifyNetworkError(certificate, 't', true)).toMatchObject({ kind: 'config', undone: true });
  });

  it('takes an unknown error of a write for a write that may have happened', () => {
    expect(classifyNetworkError(new Error('new kind'), 't', true)).toMatchObject({
      kind: 'ambiguous',
      undone: false,
    });
    const late = Object.assign(new Error('x'), { code: 'EHOSTUNREACH', syscall: 'read' });
    expect(classifyNetworkError(late, 't', true)).toMatchObject({ kind: 'ambiguous' });
    const early = Object.assign(new Error('x'), { code: 'EHOSTUNREACH', syscall: 'connect' });
    expect(classifyNetworkError(early, 't', true)).toMatchObject({ kind: 'transient', undone: true });
  });
});

describe('an answer beyond the limit', () => {
  const LIMIT = 1_000;
  const small = (breakers?: Breakers) => side({}, 1, breakers, LIMIT);

  it.each([
    ['has no end', { fault: 'endless' }],
    // Whoever waited for the rest would wait until a timeout.
    ['is announced as larger, and does not come', { text: '{', headers: { 'content-length': '1001' } }],
  ] as const)('that %s is final for a read, and a write may have happened', async (_what, reply) => {
    const { origin } = await server(reply);
    const error = await exchange(call(origin, { side: small() })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'contract', details: { code: 'answer-too-large' } });
    expect(String(error)).toContain(`GET ${origin}/path: the answer is larger than 1000 bytes`);
    expect(error).toMatchObject({ details: { advice: expect.stringContaining('smaller pages') } });
    await expect(
      exchange(call(origin, { side: small(), write: true, method: 'POST' })),
    ).rejects.toMatchObject({ kind: 'ambiguous', undone: false, details: { code: 'answer-too-large' } });
  });

  it('is no reason to leave the endpoint alone: the next call is told the same', async () => {
    const { origin, seen } = await server({ fault: 'endless' });
    const patient = small(createBreakers({ monotonic: () => 0, now: () => 0 }));
    for (let n = 0; n < 12; n += 1) {
      await expect(exchange(call(origin, { side: patient }))).rejects.toMatchObject({ kind: 'contract' });
    }
    expect(seen).toHaveLength(12);
  });

  it('does not begin at the limit itself', async () => {
    const { origin } = await server({ text: 'x'.repeat(LIMIT) });
    expect((await exchange(call(origin, { side: small() }))).text).toHaveLength(LIMIT);
  });
});

describe('what was tried', () => {
  const counting = () => {
    let tries = 0;
    const tried = () => {
      tries += 1;
    };
    return { tried, tries: () => tries };
  };

  it.each([
    ['was answered', { json: {} }],
    ['was cut off', { fault: 'reset' }],
  ] as const)('is a call that %s, once', async (_what, reply) => {
    const { origin } = await server(reply);
    const { tried, tries } = counting();
    await exchange(call(origin, { tried })).catch(() => {});
    expect(tries()).toBe(1);
  });

  it('is a call that reached nobody, and one that was aborted on its way', async () => {
    const unreachable = counting();
    await exchange(call(await deadOrigin(), { tried: unreachable.tried })).catch(() => {});
    const stop = new AbortController();
    const { origin, seen } = await server({ fault: 'silence' });
    const aborted = counting();
    const reading = exchange(call(origin, { tried: aborted.tried, signal: stop.signal })).catch(() => {});
    await vi.waitFor(() => expect(seen).toHaveLength(1));
    stop.abort();
    await reading;
    expect([unreachable.tries(), aborted.tries()]).toEqual([1, 1]);
  });

  it('is no call that was aborted before it left, or while it waited for a connection', async () => {
    const { origin, seen } = await server({ fault: 'silence' });
    const { tried, tries } = counting();
    await exchange(call(origin, { tried, signal: AbortSignal.abort() })).catch(() => {});
    const narrow = side({}, 1);
    const first = new AbortController();
    const second = new AbortController();
    const having = exchange(call(origin, { side: narrow, signal: first.signal })).catch(() => {});
    await vi.waitFor(() => expect(seen).toHaveLength(1));
    const waiting = exchange(call(origin, { side: narrow, signal: second.signal, tried })).catch(() => {});
    second.abort();
    first.abort();
    await Promise.all([having, waiting]);
    expect({ tries: tries(), seen: seen.length }).toEqual({ tries: 0, seen: 1 });
  });
});

describe('an abort', () => {
  it('ends a read with the reason that was given', async () => {
    const { origin } = await server({ fault: 'silence' });
    const stop = new AbortController();
    const reading = exchange(call(origin, { signal: stop.signal }));
    stop.abort(new Error('shutting down'));
    await expect(reading).rejects.toThrow('shutting down');
  });

  it('does not end a write that was begun: its outcome is worth waiting for', async () => {
    const stop = new AbortController();
    const made = await startScriptedServer(() => {
      stop.abort(new Error('shutting down'));
      return { json: { done: true } };
    });
    closers.push(() => made.close());
    const reply = await exchange(call(made.origin, { write: true, method: 'POST', signal: stop.signal }));
    expect(reply.text).toBe('{"done":true}');
  });

  it('before a write was begun sends nothing', async () => {
    const { origin, seen } = await server({ json: {} });
    const signal = AbortSignal.abort(new Error('shutting down'));
    await expect(exchange(call(origin, { write: true, signal }))).rejects.toThrow('shutting down');
    expect(seen).toHaveLength(0);
  });
});

it('Retry-After is seconds or a date', () => {
  const now = Date.parse('Mon, 02 Jan 2023 00:00:00 GMT');
  expect(retryAfterMs('7', now)).toBe(7_000);
  expect(retryAfterMs('Mon, 02 Jan 2023 00:00:30 GMT', now)).toBe(30_000);
  expect(retryAfterMs('Sun, 01 Jan 2023 00:00:00 GMT', now)).toBe(0);
  expect(retryAfterMs('soon', now)).toBeUndefined();
  expect(retryAfterMs(undefined, now)).toBeUndefined();
});
