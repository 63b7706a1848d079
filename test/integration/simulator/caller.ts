/** A caller of the simulated tenant that knows nothing but udesk/api.md: signs by hand and keeps the raw text. */
import { createHash } from 'node:crypto';
import type { Simulator } from '../../../src/simulator/simulator.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  readonly query?: Record<string, string>;
  readonly body?: unknown;
  /** Sent as they are, in place of fresh ones. */
  readonly auth?: Record<string, string>;
}

let nonces = 0;

export function signed(
  simulator: Simulator,
  nowMs = Date.now(),
  nonce = `n${++nonces}`,
): Record<string, string> {
  const { email, token } = simulator.admin;
  const timestamp = String(Math.floor(nowMs / 1000));
  const sign = createHash('sha256').update([email, token, timestamp, nonce, 'v2'].join('&')).digest('hex');
  return { email, timestamp, nonce, sign_version: 'v2', sign };
}

/** Rejects when the connection is lost. `body` is {} where the answer is no JSON. */
export async function call(
  simulator: Simulator,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  const parameters = new URLSearchParams({ ...(options.auth ?? signed(simulator)), ...options.query });
  const response = await fetch(`${simulator.url}/open_api_v1${path}?${parameters}`, {
    method,
    ...(options.body === undefined
      ? {}
      : { body: JSON.stringify(options.body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  return { status: response.status, text, body: parse(text) };
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

export function update(simulator: Simulator, id: string, body: Record<string, unknown>): Promise<Answer> {
  return call(simulator, 'PUT', '/customers/update_customer', { query: { type: 'id', content: id }, body });
}

export function detail(simulator: Simulator, type: string, content: string): Promise<Answer> {
  return call(simulator, 'GET', '/customers/get_customer', { query: { type, content } });
}
