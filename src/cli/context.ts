/** What every command is given: where to write, what the person asked for, and how to read the configuration. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { type ConfigAdapters, configFile, loadConfig } from '../config/load.ts';
import { secretsOf } from '../config/redact.ts';
import type { Config } from '../config/schema.ts';
import { createLogger, type Logger, type LogLevel } from '../lib/log.ts';
import { redactText } from '../lib/redact.ts';
import { STOP_LIMITS } from './stop-limits.ts';

export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface GlobalOptions {
  readonly config?: string;
  readonly logLevel?: LogLevel;
  readonly json?: boolean;
}

export interface ContextOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable & {
    readonly isTTY?: boolean | undefined;
    /** Of a terminal: hands over each key at once. */
    setRawMode?(raw: boolean): unknown;
  };
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Aborted by Ctrl-C and SIGTERM: finish or release what is in flight, then return. */
  readonly signal: AbortSignal;
  /** How long a daemon that is stopped waits for what is in flight. Default: that of the program. */
  readonly drainMs?: number;
  readonly adapters: ConfigAdapters;
}

/** One per invocation of the program. */
export class CliContext {
  readonly env: ContextOptions['env'];
  readonly cwd: string;
  readonly stdin: ContextOptions['stdin'];
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly signal: AbortSignal;
  readonly drainMs: number;
  readonly adapters: ConfigAdapters;
  /** Exit code of a command that ended without an error: 0, or 4 where `--strict` asks for it. */
  exitCode = 0;
  #globals: GlobalOptions = {};
  #secrets: readonly string[] = [];
  #config: Config | null = null;
  #logger: Logger | null = null;

  constructor(options: ContextOptions) {
    this.env = options.env;
    this.cwd = options.cwd;
    this.stdin = options.stdin;
    this.stdout = options.stdout;
    this.stderr = options.stderr;
    this.signal = options.signal;
    this.drainMs = options.drainMs ?? STOP_LIMITS.drainMs;
    this.adapters = options.adapters;
  }

  /** Called by the program as soon as the options are known. */
  setGlobals(globals: GlobalOptions): void {
    this.#globals = globals;
  }

  get json(): boolean {
    return this.#globals.json === true;
  }

  /** What went wrong inside may be shown: stack traces, causes. */
  get debug(): boolean {
    return this.#globals.logLevel === 'debug' || this.#globals.logLevel === 'trace';
  }

  /** People can be asked, and will read the answer. */
  get interactive(): boolean {
    return this.stdin.isTTY === true && this.stderr.isTTY === true && !this.json;
  }

  color(terminal: Terminal): boolean {
    return terminal.isTTY === true && !this.env.NO_COLOR && this.env.TERM !== 'dumb';
  }

  /** The path of the configuration as the person named it, or by default. */
  get configFile(): string {
    return configFile(this.#globals.config, this.env);
  }

  /** Reads it once; its secrets are blacked out in everything that is printed from then on. Throws `config`. */
  loadConfig(): Config {
    this.#config ??= loadConfig({
      file: this.#globals.config,
      env: this.env,
      readFile: (path) => readFileSync(resolve(this.cwd, path), 'utf8'),
      modeOf: (path) => (process.platform === 'win32' ? null : statSync(resolve(this.cwd, path)).mode),
      adapters: this.adapters,
    });
    this.#secrets = secretsOf(this.#config);
    return this.#config;
  }

  /** To stderr. `level` counts when no --log-level was given: `info` suits the daemon, `warn` a short command. */
  logger(level: LogLevel = 'info'): Logger {
    this.#logger ??= createLogger({
      level: this.#globals.logLevel ?? level,
      pretty: this.stderr.isTTY === true,
      color: this.color(this.stderr),
      stream: { write: (line) => void this.stderr.write(line) },
      secrets: () => this.#secrets,
    });
    return this.#logger;
  }

  /** A result, for people or for a pipe: stdout. */
  print(text: string): void {
    this.stdout.write(`${this.redact(text)}\n`);
  }

  /** What is going on: stderr, and nothing at all with --json. */
  say(text: string): void {
    if (!this.json) this.stderr.write(`${this.redact(text)}\n`);
  }

  /** The one document of a command run with --json. */
  printJson(document: unknown): void {
    this.stdout.write(`${this.redact(JSON.stringify(document, null, 2))}\n`);
  }

  redact(text: string): string {
    return redactText(text, this.#secrets);
  }
}
