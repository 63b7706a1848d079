import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { call, detail, signed } from './caller.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({
    customers: [{ id: 1, nick_name: 'first' }],
    switches: { 'rate.per_minute': '0' },
  });
});

afterEach(() => simulator.close());

const create = (email: string) =>
  call(simulator, 'POST', '/customers', { body: { customer: { nick_name: 'x', email } } });
const list = () => call(simulator, 'GET', '/customers');

test('a reply that is lost after the commit: the customer exists, the caller saw nothing, the log knows', async () => {
  simulator.tenant.faults.push({ kind: 'reset-after-commit', match: { method: 'POST', path: '/customers' } });
  await expect(create('lost@example.com')).rejects.toThrow();
  expect(simulator.tenant.find('email', 'lost@example.com')).toMatchObject({ nick_name: 'x' });
  expect(simulator.log.at(-1)).toMatchObject({ status: null, code: 1000, write: true, committed: true });
  expect((await create('next@example.com')).body.code).toBe(1000);
});

test('a reply is not lost where nothing was committed', async () => {
  await create('taken@example.com');
  simulator.tenant.faults.push({ kind: 'reset-after-commit' });
  expect((await create('taken@example.com')).body.code).toBe(2005);
  expect((await list()).body.code).toBe(1000);
  expect(simulator.tenant.faults.pending.length).toBe(1);
});

test('a reset before the call does nothing', async () => {
  simulator.tenant.faults.push({ kind: 'reset' });
  await expect(create('never@example.com')).rejects.toThrow();
  expect(simulator.tenant.count).toBe(1);
});

test('a truncated answer is HTTP 200 and no JSON, and the write is done', async () => {
  simulator.tenant.faults.push({ kind: 'truncate' });
  const answer = await create('cut@example.com');
  expect(answer.status).toBe(200);
  expect(() => JSON.parse(answer.text) as unknown).toThrow();
  expect(simulator.tenant.count).toBe(2);
});

test('a status and an HTML page come before anything is done, unless `when` says after', async () => {
  simulator.tenant.faults.push({ kind: 'status', status: 503 });
  expect((await create('a@example.com')).status).toBe(503);
  simulator.tenant.faults.push({ kind: 'html' });
  expect((await create('a@example.com')).text).toContain('<html>');
  expect(simulator.tenant.count).toBe(1);
  simulator.tenant.faults.push({ kind: 'status', status: 502, when: 'after' });
  expect((await create('a@example.com')).status).toBe(502);
  expect(simulator.tenant.count).toBe(2);
});

test('faults meet only what they match, after `skip` requests, `times` times', async () => {
  simulator.tenant.faults.push({
    kind: 'status',
    match: { path: '/customers/get_customer' },
    skip: 1,
    times: 2,
  });
  const statuses: number[] = [];
  for (let calls = 0; calls < 4; calls++) {
    expect((await list()).status).toBe(200);
    statuses.push((await detail(simulator, 'id', '1')).status);
  }
  expect(statuses).toEqual([200, 500, 500, 200]);
});

test('the fault switches are probabilities: 1 always, 0 never', async () => {
  simulator.set('fault.lost_reply', '1');
  await expect(create('a@example.com')).rejects.toThrow();
  expect((await list()).body.code).toBe(1000);
  expect(simulator.tenant.count).toBe(2);
  simulator.set('fault.lost_reply', '0');
  simulator.set('fault.error_5xx', '1');
  expect((await list()).status).toBeGreaterThanOrEqual(500);
  simulator.set('fault.error_5xx', '0');
  expect((await list()).body.code).toBe(1000);
});

test('an unknown fault is refused', () => {
  expect(() => simulator.tenant.faults.push({ kind: 'nonsense' as 'reset' })).toThrow(/no fault "nonsense"/);
});

test('counts tell reads from writes, and writes that were carried out', async () => {
  await list();
  await create('a@example.com');
  await create('a@example.com');
  expect(simulator.counts()).toMatchObject({ requests: 3, writes: 2, committed: 1, customers: 2 });
  simulator.clearLog();
  expect(simulator.counts().requests).toBe(0);
  expect(simulator.log.length).toBe(0);
});

test('latency after the call: the write is done while its caller still waits', async () => {
  simulator.tenant.faults.push({ kind: 'latency', latencyMs: 600_000, when: 'after' });
  const impatient = new AbortController();
  const waiting = fetch(`${simulator.url}/open_api_v1/customers?${new URLSearchParams(signed(simulator))}`, {
    method: 'POST',
    body: JSON.stringify({ customer: { nick_name: 'slow' } }),
    signal: impatient.signal,
  });
  await vi.waitFor(() => expect(simulator.tenant.count).toBe(2));
  impatient.abort();
  await expect(waiting).rejects.toThrow();
});
