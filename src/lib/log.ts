/**
 * The logger: JSON lines, or coloured text on a terminal. Promise: no secret of the configuration leaves through it,
 * whatever a caller or a library puts into a line.
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { CENSORED, redactText } from './redact.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Keys whose values are never shown, at the top of a line or one level down. */
const SECRET_KEYS = ['token', 'password', 'secret', 'authorization', 'url'];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Text for people instead of JSON lines. */
  readonly pretty: boolean;
  readonly color: boolean;
  readonly stream: DestinationStream;
  /** Asked for each line: the configuration may be read after the logger was made. */
  readonly secrets: () => readonly string[];
}

/** Fixed keys of the lines: pair side linkId runId cycle attempt code kind durationMs; ids and field names, no contents. */
export function createLogger(options: LoggerOptions): Logger {
  const stream = options.pretty ? prettyStream(options) : options.stream;
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor },
      hooks: { streamWrite: (line) => redactText(line, options.secrets()) },
    },
    stream,
  );
}

/** Of an address, what names a place is kept; user, password and query (Udesk's holds the signature) are not. */
function censor(value: unknown, path: readonly string[]): string {
  if (path.at(-1) !== 'url' || typeof value !== 'string' || !URL.canParse(value)) return CENSORED;
  const { protocol, host, pathname } = new URL(value);
  return `${protocol}//${host}${pathname}`;
}

/** Line by line and at once, so that the last words before an exit are not lost. */
function prettyStream(options: LoggerOptions): DestinationStream {
  const format = prettyFactory({
    colorize: options.color,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
  });
  return { write: (line) => options.stream.write(format(line)) };
}

export type { Logger };
