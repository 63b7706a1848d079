/** A Udesk client against a scripted server: quota wide open unless given, no pauses between attempts. */
import { createSideDispatcher, type Timeouts } from '../../src/http/dispatcher.ts';
import { createQuota, memoryLedger, type Quota } from '../../src/http/quota.ts';
import { DEFAULT_RETRY } from '../../src/http/retry.ts';
import { createUdeskClient, type UdeskClient } from '../../src/udesk/client.ts';
import type { TransportOptions } from '../../src/udesk/transport.ts';
import { type Script, type ScriptedServer, startScriptedServer } from './scripted-server.ts';

export const ADMIN = 'admin+api@example.com';
export const TOKEN = '00000000-0000-4000-8000-000000000001';

export interface ClientUnderTest {
  readonly client: UdeskClient;
  readonly server: ScriptedServer;
  /** Moves both clocks. */
  advance(ms: number): void;
  /** Everything that was logged, as text. */
  logged(): string;
  /** Calls that the quota let through, in order, by endpoint. */
  readonly taken: string[];
  close(): Promise<void>;
}

export async function startClient(
  script: Script,
  over: Partial<TransportOptions> & { timeouts?: Partial<Timeouts> } = {},
): Promise<ClientUnderTest> {
  const server = await startScriptedServer(script);
  let nowMs = 1_700_000_000_000;
  let nonce = 0;
  const lines: string[] = [];
  const taken: string[] = [];
  const sleep = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  const open = createQuota({
    key: 'test',
    perMinute: 60_000,
    scope: 'tenant',
    ledger: memoryLedger(() => nowMs),
    clock: () => nowMs,
    sleep,
  });
  const quota: Quota = {
    async take(endpoint, signal, urgency) {
      await open.take(endpoint, signal, urgency);
      taken.push(endpoint);
    },
    waitMs: (endpoint, urgency) => open.waitMs(endpoint, urgency),
    slowDown: (suspected) => open.slowDown(suspected),
  };
  const log =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push(JSON.stringify({ level, ...fields, message }));
  const { timeouts, ...rest } = over;
  const made = (): UdeskClient =>
    createUdeskClient({
      baseUrl: server.origin,
      email: ADMIN,
      ...('password' in over ? {} : { token: TOKEN }),
      sign: 'sha256',
      quota,
      dispatcher: createSideDispatcher(timeouts),
      clock: () => nowMs,
      monotonic: () => nowMs,
      sleep,
      randomNonce: () => `nonce-${++nonce}`,
      retry: { ...DEFAULT_RETRY, minDelayMs: 0, maxDelayMs: 0 },
      log: { debug: log('debug'), warn: log('warn') },
      ...rest,
    });
  let client: UdeskClient;
  try {
    client = made();
  } catch (error) {
    await server.close();
    throw error;
  }
  return {
    client,
    server,
    advance: (ms) => {
      nowMs += ms;
    },
    logged: () => lines.join('\n'),
    taken,
    async close() {
      await client.close();
      await server.close();
    },
  };
}
