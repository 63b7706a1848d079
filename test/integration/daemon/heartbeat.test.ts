// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration, not of JavaScript
import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Running, startProgram, writeConfig } from '../../support/program.ts';
import { startScriptedServer } from '../../support/scripted-server.ts';
import { createWorld, EVERY_SECOND, type World } from '../../support/world.ts';

const SLOWLY = { timeout: 90_000, interval: 50 };
let world: World;
let monitor: Monitor;
const started: Daemon[] = [];
beforeEach(async () => {
  world = await createWorld({
    customers: [{ nick_name: 'Ann', email: 'ann@example.com' }],
    pair: { schedule: EVERY_SECOND },
  });
  monitor = await startMonitor();
});
afterEach(async () => {
  for (const daemon of started.splice(0)) await daemon.end('SIGKILL');
  await monitor.close();
  await world.close();
});

describe('a heartbeat', () => {
  test('beats while the daemon is well, each daemon for itself, and falls silent with it', async () => {
    const one = daemon('one', '{ type: heartbeat, url: "${BEAT_URL}", everyMs: 1000 }');
    const two = daemon('two', '{ type: heartbeat, url: "${BEAT_URL}", everyMs: 1000, method: POST }');
    await vi.waitFor(() => {
      expect(monitor.beats('one')).toBeGreaterThan(1);
      expect(monitor.beats('two')).toBeGreaterThan(1);
    }, SLOWLY);

    await one.end('SIGKILL');
    const atDeath = monitor.beats('one');
    const before = monitor.beats('two');
    // The pairs of the one that was killed are the other's: all is well, and its own beats say so.
    await vi.waitFor(() => expect(monitor.beats('two')).toBeGreaterThan(before + 5), SLOWLY);
    expect(monitor.beats('one')).toBe(atDeath);
    expect(await two.end('SIGTERM')).toBe(0);

    expect(monitor.methods).toEqual({ one: 'GET', two: 'POST' });
    expect(one.said() + two.said()).toContain('the heartbeat beats');
    expect(one.said() + two.said()).not.toMatch(/s3cr3t|127\.0\.0\.1:\d+\/ping/);
  }, 200_000);

  test('falls silent when a lane is stuck in a daemon that lives, says why, and beats again when it is over (T20)', async () => {
    // The second forgives everything for a month: it shows that the daemon itself lives, and goes on calling.
    const stuck = daemon(
      'strict',
      '{ type: heartbeat, url: "${BEAT_URL}", everyMs: 1000 }',
      `{ type: heartbeat, url: "${monitor.url('lenient')}", everyMs: 1000, stalledMinutes: 43200, sweepHours: 720 }`,
    );
    await vi.waitFor(() => expect(monitor.beats('strict')).toBeGreaterThan(1), SLOWLY);

    // Whoever reads the CRM waits for this to end.
    const done = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const holding = world.crm.begin(async (tx) => {
      await tx`lock table contact in access exclusive mode`;
      locked.resolve();
      await done.promise;
    });
    holding.catch(() => {});
    await locked.promise;
    // Not before: a cycle that was past its reading of the CRM, or had no need of it, still ends well, and is a reason to beat.
    await vi.waitFor(async () => {
      const [row] = await world.crm<{ waiting: number }[]>`
        select count(*)::int as waiting from pg_locks where relation = 'contact'::regclass and not granted`;
      expect(row?.waiting).toBeGreaterThan(0);
    }, SLOWLY);
    // Before its first cycle it said the same: only what it says from here on counts.
    const saidBefore = stuck.said().length;
    // An hour of it has passed.
    await world.database.sql`update udesk_sync.run set finished_at = finished_at - interval '1 hour'`;
    await vi.waitFor(
      () =>
        expect(stuck.said().slice(saidBefore)).toMatch(
          /"channel":"alerts\[0\]","code":"cycle","pair":"main"|"pair":"main","code":"cycle"/,
        ),
      SLOWLY,
    );
    const silentAt = monitor.beats('strict');
    const alive = monitor.beats('lenient');
    await vi.waitFor(() => expect(monitor.beats('lenient')).toBeGreaterThan(alive + 5), SLOWLY);
    expect(monitor.beats('strict')).toBe(silentAt);

    done.resolve();
    await holding;
    await vi.waitFor(() => expect(monitor.beats('strict')).toBeGreaterThan(silentAt), SLOWLY);
    expect(stuck.said()).toContain('the heartbeat beats again');
  }, 300_000);

  test('that is not taken is told once, without its address, and tried on', async () => {
    monitor.answer = 500;
    const refused = daemon('refused', '{ type: heartbeat, url: "${BEAT_URL}", everyMs: 1000 }');
    await vi.waitFor(() => expect(refused.said()).toContain('"code":"not-taken http-500"'), SLOWLY);
    monitor.answer = 200;
    await vi.waitFor(() => expect(refused.said()).toContain('the heartbeat beats again'), SLOWLY);
    expect(refused.said().match(/not-taken/g)).toHaveLength(1);
    expect(refused.said()).not.toMatch(/s3cr3t|127\.0\.0\.1:\d+\/ping/);
  }, 200_000);
});

interface Daemon {
  said(): string;
  /** Its exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** A daemon of its own; the address of its first heartbeat comes from a file. */
function daemon(name: string, ...alerts: readonly string[]): Daemon {
  const config = writeConfig(`
database: { url: '${world.databaseUrl}' }
http: { port: 0 }
alerts:
${alerts.map((alert) => `  - ${alert}`).join('\n')}
${world.configText}`);
  const secret = join(dirname(config.file), 'beat-url');
  writeFileSync(secret, `${monitor.url(name)}\n`);
  chmodSync(secret, 0o600);
  const running: Running = startProgram(['--config', config.file, 'run'], { BEAT_URL_FILE: secret });
  const made: Daemon = {
    said: running.said,
    async end(signal) {
      running.process.kill(signal);
      const { code } = await running.ended;
      config.remove();
      return code;
    },
  };
  started.push(made);
  return made;
}

interface Monitor {
  url(name: string): string;
  beats(name: string): number;
  readonly methods: Readonly<Record<string, string>>;
  answer: number;
  close(): Promise<void>;
}

/** What watches from elsewhere: counts the calls of each address, as such services do. */
async function startMonitor(): Promise<Monitor> {
  const beats = new Map<string, number>();
  const methods: Record<string, string> = {};
  const server = await startScriptedServer(({ path, method }) => {
    const name = path.split('/').at(-1) ?? '';
    if (monitor.answer === 200) beats.set(name, (beats.get(name) ?? 0) + 1);
    methods[name] = method;
    return { status: monitor.answer, text: 'OK' };
  });
  const monitor: Monitor = {
    url: (name) => `${server.origin}/ping/s3cr3t/${name}`,
    beats: (name) => beats.get(name) ?? 0,
    methods,
    answer: 200,
    close: server.close,
  };
  return monitor;
}
