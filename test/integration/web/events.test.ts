import { afterEach, describe, expect, test } from 'vitest';
import { sleep } from '../../../src/lib/sleep.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { problem } from '../../../src/web/api/contract.ts';
import type { EventsSource } from '../../../src/web/events/events.ts';
import { visitor } from '../../support/visitor.ts';
import { openWeb, PASSWORD, type RunningWeb, tokenOf } from '../../support/web.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let web: RunningWeb;
let listeners: AbortController[] = [];
afterEach(async () => {
  for (const each of listeners) each.abort();
  listeners = [];
  await web.close();
  await world.close();
});

async function open(events: Partial<EventsSource> = {}): Promise<void> {
  world = await createWorld({
    customers: [{ nick_name: '<i>U</i>', email: 'a@example.com' }],
    people: [{ name: 'C', emails: ['a@example.com'] }],
  });
  await world.sync();
  web = await openWeb(world, { users: true, events: { intervalMs: 10, ...events } });
}

interface Listening {
  readonly response: Response;
  /** Resolves with all that was told, once it holds this; with the end of the stream, whatever it holds. */
  until(text: string | null): Promise<string>;
}

async function listen(headers: Record<string, string> = {}): Promise<Listening> {
  const abort = new AbortController();
  listeners.push(abort);
  const response = await fetch(`${web.url}/api/v1/events`, {
    headers: { authorization: `Bearer ${tokenOf('viewer')}`, ...headers },
    signal: abort.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let told = '';
  return {
    response,
    async until(text) {
      while (text === null || !told.includes(text)) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: '' };
        if (done) break;
        told += value;
      }
      return told;
    },
  };
}

describe('the stream of events', () => {
  test('tells that a cycle ended and that somebody decided, to everybody who listens, and nothing of a customer', async () => {
    await open();
    const [one, other] = [await listen(), await listen()];
    expect(one.response.headers.get('content-type')).toContain('text/event-stream');
    expect(one.response.headers.get('content-security-policy')).toContain("connect-src 'self'");
    await one.until('retry: ');
    await world.sync();
    const told = await one.until('"main"');
    expect(told).toContain('event: change\nid: 1\ndata: {"pairs":["main"]}\n\n');
    await other.until('"main"');
    const again = await listen();
    await again.until('retry: ');
    const [conflict] = await world.conflicts();
    const conflictId = conflict?.id ?? '';
    await decideConflict(world.database.db, {
      conflictId,
      who: 'ann',
      take: 'crm',
      value: null,
      at: new Date(),
    });
    expect(await again.until('"main"')).not.toMatch(/<i>|ann|example\.com/);
  });

  test('who comes back after a break is told that there may be news', async () => {
    await open({ intervalMs: 3_600_000 });
    const back = await listen({ 'last-event-id': '1' });
    expect(await back.until('event: change')).toContain('{"pairs":[]}');
  });

  test('is for those who are signed in, and ends for whoever is not any more', async () => {
    await open({ heartbeatMs: 20 });
    expect((await listen({ authorization: 'Bearer nobody' })).response.status).toBe(401);
    const browser = visitor(web.url);
    await browser.get('/sign-in');
    await browser.post('/sign-in', { name: 'viewer', password: PASSWORD });
    const cookie = `udesk_sync=${browser.cookie('udesk_sync')}`;
    const own = await listen({ authorization: '', cookie });
    expect(own.response.status).toBe(200);
    await own.until(': alive');
    await browser.get('/');
    await browser.post('/sign-out');
    await own.until(null);
    expect(web.services.events.size).toBe(0);
  });

  test('so many at once and no more; one that ended makes room', async () => {
    await open({ maxStreams: 3, maxPerActor: 2 });
    const first = await listen();
    await listen();
    const third = await listen();
    expect(third.response.status).toBe(503);
    expect(third.response.headers.get('retry-after')).toBe('60');
    expect(problem.parse(JSON.parse(await third.until(null)))).toMatchObject({ code: 'too-many-streams' });
    const operator = { authorization: `Bearer ${tokenOf('operator')}` };
    expect((await listen(operator)).response.status).toBe(200);
    expect((await listen(operator)).response.status).toBe(503);
    await first.until('retry: ');
    listeners[0]?.abort();
    await expect.poll(() => web.services.events.size).toBe(2);
    expect((await listen()).response.status).toBe(200);
  });

  test('asks the database nothing once nobody listens any more, and asks again for who comes next', async () => {
    let asked = 0;
    const intervals: (() => void)[] = [];
    await open({
      intervalMs: 7,
      pulse: async () => {
        asked += 1;
        return new Map([['main', 'same']]);
      },
      // The time between two questions passes when the test says so.
      sleep: (ms, signal) =>
        ms === 7 ? new Promise((resolve) => intervals.push(resolve)) : sleep(ms, signal),
    });
    const one = await listen();
    await one.until('retry: ');
    await expect.poll(() => intervals.length).toBe(1);
    listeners[0]?.abort();
    await expect.poll(() => web.services.events.size).toBe(0);
    const before = asked;
    intervals.shift()?.();
    await expect.poll(() => asked).toBe(before + 1);
    // Whatever follows a question has followed it when another request was answered.
    await fetch(`${web.url}/healthz`);
    expect(intervals).toHaveLength(0);
    const next = await listen();
    await next.until('retry: ');
    await expect.poll(() => intervals.length).toBe(1);
  });

  test('ends at once when the program stops, and asks the database nothing while nobody listens', async () => {
    const stop = new AbortController();
    let asked = 0;
    const pulse = async () => {
      asked += 1;
      return new Map([['main', 'same']]);
    };
    await open({ stopping: stop.signal, pulse });
    expect(asked).toBe(0);
    const one = await listen();
    await one.until('retry: ');
    stop.abort();
    await one.until(null);
    expect(web.services.events.size).toBe(0);
    expect((await listen()).response.status).toBe(503);
    const before = asked;
    await world.sync();
    expect(asked).toBe(before);
  });

  test('goes on while the database does not answer, and tells what happened when it does', async () => {
    let away = true;
    let version = 0;
    const pulse = async () => {
      if (away) throw new Error('the database is away');
      return new Map([['main', String(version)]]);
    };
    await open({ pulse, heartbeatMs: 20 });
    const one = await listen();
    await one.until(': alive');
    away = false;
    version = 1;
    expect(await one.until('"main"')).toContain('event: change');
  });
});
