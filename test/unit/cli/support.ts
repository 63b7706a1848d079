import { Readable } from 'node:stream';
import { CliContext, type Terminal } from '../../../src/cli/context.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { ADAPTERS } from '../config/support.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly tty?: boolean;
  /** What a person types, when there is a terminal. */
  readonly typed?: string;
  readonly signal?: AbortSignal;
  /** Left out: those of the tests of the configuration. */
  readonly adapters?: typeof ADAPTERS;
}

class Recorder implements Terminal {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 80;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

export function contextOf(options: RunOptions = {}): {
  context: CliContext;
  stdout: Recorder;
  stderr: Recorder;
} {
  const stdout = new Recorder(options.tty ?? false);
  const stderr = new Recorder(options.tty ?? false);
  const stdin = Object.assign(Readable.from([options.typed ?? '']), { isTTY: options.tty ?? false });
  const context = new CliContext({
    env: options.env ?? {},
    cwd: options.cwd ?? '/',
    stdin,
    stdout,
    stderr,
    signal: options.signal ?? new AbortController().signal,
    adapters: options.adapters ?? ADAPTERS,
  });
  return { context, stdout, stderr };
}

/** The whole command line, as a person would run it. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { context, stdout, stderr } = contextOf(options);
  const code = await runProgram(args, context, '1.2.3');
  return { code, stdout: stdout.text, stderr: stderr.text };
}
