/** Child processes of the benchmark: each sends one message, and is gone with us. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { UdeskAccount } from './stage.ts';

export interface UdeskProcess {
  readonly account: UdeskAccount;
  /** What a person at Udesk does goes here; see `src/simulator/control.ts`. */
  readonly controlUrl: string;
  close(): Promise<void>;
}

export async function startUdesk(
  customers: number,
  switches: Readonly<Record<string, string>>,
): Promise<UdeskProcess> {
  const child = start('simulator-child.ts', [String(customers), JSON.stringify(switches)]);
  const { controlUrl, ...account } = await message<UdeskAccount & { readonly controlUrl: string }>(child);
  return { account, controlUrl, close: () => stop(child) };
}

/** Runs `program` to its one message. */
export async function ask<T>(program: string, args: readonly string[]): Promise<T> {
  const child = start(program, args);
  try {
    return await message<T>(child);
  } finally {
    await stop(child);
  }
}

function start(program: string, args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(program, import.meta.url)), args, {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (value) => resolve(value as T));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`a child process ended with ${code} and said nothing`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.disconnect();
  await gone;
}
