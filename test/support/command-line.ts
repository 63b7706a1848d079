/** The whole command line within the test's process, on the database and sides of a world: fast, and with real exit codes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CliContext } from '../../src/cli/context.ts';
import { runProgram } from '../../src/cli/program.ts';
import { crmAdapters } from '../../src/crm/registry.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document on stdout. */
  json(): Record<string, never>;
}

export interface CommandLine {
  run(...args: string[]): Promise<Ran>;
  /** A file that a command wrote. */
  read(name: string): string;
  close(): void;
}

export function commandLine(world: {
  readonly configText: string;
  readonly databaseUrl: string;
  /** What stands on stdin of each command; left out: nothing. */
  readonly typed?: string;
}): CommandLine {
  const cwd = mkdtempSync(join(tmpdir(), 'udesk-sync-cli-'));
  const config = `locale: en\ndatabase: { url: '${world.databaseUrl}' }\n${world.configText}`;
  writeFileSync(join(cwd, 'c.yaml'), config);
  return {
    async run(...args) {
      const out: string[] = [];
      const err: string[] = [];
      const context = new CliContext({
        env: {},
        cwd,
        stdin: Readable.from(world.typed === undefined ? [] : [world.typed]),
        stdout: { write: (text) => out.push(text) },
        stderr: { write: (text) => err.push(text) },
        signal: new AbortController().signal,
        adapters: crmAdapters,
      });
      const code = await runProgram([...args, '--config', 'c.yaml'], context, '0.0.0');
      const stdout = out.join('');
      return { code, stdout, stderr: err.join(''), json: () => JSON.parse(stdout) as Record<string, never> };
    },
    read: (name) => readFileSync(join(cwd, name), 'utf8'),
    close: () => rmSync(cwd, { recursive: true, force: true }),
  };
}
