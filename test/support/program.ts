/** Runs the program as a user does: a process of its own, with a configuration file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../src/bin.mjs', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** All that it has printed so far, on both streams. */
  said(): string;
}

/** Starts the program, or another one that stands for it; `env` is all that it gets besides PATH. */
export function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  bin = BIN,
): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    said += text;
  });
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr }));
  return { process: child, ended, said: () => said };
}

export function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return startProgram(args, env).ended;
}

/** A configuration file in a folder of its own. */
export function writeConfig(text: string): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-config-'));
  const file = join(folder, 'udesk-sync.yaml');
  writeFileSync(file, text);
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Where the program that runs says its pages and figures are; it may not have said so yet. */
export function urlIn(said: string): string {
  const [, url] = /"url":"(http:\/\/127\.0\.0\.1:\d+)/.exec(said) ?? [];
  if (url === undefined) throw new Error(`it does not run: ${said.slice(-2_000)}`);
  return url;
}

/** `run` with this configuration, until it is killed. */
export function startDaemon(file: string): Pick<Running, 'said'> & { kill(): Promise<void> } {
  const { process: daemon, ended, said } = startProgram(['run', '--config', file]);
  return {
    said,
    async kill() {
      daemon.kill('SIGKILL');
      await ended;
    },
  };
}
