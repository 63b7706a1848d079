/** The daemon as a process of its own, with nothing changed but a probe that is loaded before it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Alive } from './probe.ts';

const PROBE = new URL('probe.ts', import.meta.url).href;
const BIN = fileURLToPath(new URL('../../src/bin.mjs', import.meta.url));

export interface Daemon {
  readonly url: string;
  readonly pid: number;
  /** Its warnings and errors, by level and text. */
  readonly complaints: ReadonlyMap<string, number>;
  /** Resolves when it ended, wanted or not. */
  readonly ended: Promise<number | null>;
  /** Collects garbage first. */
  alive(): Promise<Alive>;
  /** SIGTERM, as an operator's machine does it. */
  stop(): Promise<number | null>;
}

/** Resolves when it listens. @param logFile where its own log goes */
export async function startDaemon(
  configFile: string,
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<Daemon> {
  const child = spawn(process.execPath, ['--import', PROBE, BIN, 'run', '--config', configFile], {
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = once(child, 'close').then(() => child.exitCode);
  const log = createWriteStream(logFile);
  const complaints = new Map<string, number>();
  const listening = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (text) => {
      log.write(`${text}\n`);
      const line = lineOf(text);
      if (line?.msg === 'running' && line.url !== undefined) listening.resolve(line.url);
      if (line !== null && !['trace', 'debug', 'info'].includes(line.level)) {
        const key = `${line.level}: ${line.msg}${line.kind === undefined ? '' : ` (${line.kind})`}`;
        complaints.set(key, (complaints.get(key) ?? 0) + 1);
      }
    });
  }
  const url = await Promise.race([
    listening.promise,
    ended.then((code) => {
      throw new Error(`the daemon ended with ${code}; its log is ${logFile}`);
    }),
  ]);
  return {
    url: url.replace(/\/$/, ''),
    pid: child.pid ?? 0,
    complaints,
    ended,
    async alive() {
      const answer = once(child, 'message');
      child.send('alive');
      const [alive] = await answer;
      return alive as Alive;
    },
    async stop() {
      child.kill('SIGTERM');
      const code = await ended;
      log.end();
      return code;
    },
  };
}

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly kind?: string;
  readonly url?: string;
}

function lineOf(text: string): Line | null {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return text.trim() === '' ? null : { level: 'no JSON', msg: text.slice(0, 200) };
  }
}
