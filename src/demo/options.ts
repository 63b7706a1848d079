/** The options of `npm run demo -- …`. */
import { parseArgs } from 'node:util';
import { SyncError, toError } from '../errors.ts';
import { LOG_LEVELS, type LogLevel } from '../lib/log.ts';
import { LANGUAGES, type Language } from './words.ts';

export interface DemoOptions {
  readonly help: boolean;
  /** End after the first round. */
  readonly once: boolean;
  readonly keep: boolean;
  readonly dir: string | undefined;
  readonly seed: string;
  readonly sql: string | null;
  readonly lang: Language;
  readonly logLevel: LogLevel;
}

export const usage = `npm run demo -- [options]

  --once             end after the first round: exit code 0 when each claim held, 1 otherwise
  --dir FOLDER       where the demo keeps its files (default: .demo in the checkout)
  --keep             leave the database in that folder at the end
  --seed TEXT        other people (default: 1)
  --lang en|zh       language (default: en)
  --sql STATEMENT    run one statement in the CRM of the demo that is running, and end
  --log-level LEVEL  of the engine: ${LOG_LEVELS.join(', ')} (default: error)
  --help`;

/** Throws `SyncError('config')` for what it does not know. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const values = parse(args);
  return {
    help: values.help,
    once: values.once,
    keep: values.keep,
    dir: values.dir,
    seed: values.seed,
    sql: values.sql ?? null,
    lang: oneOf('lang', values.lang, LANGUAGES),
    logLevel: oneOf('log-level', values['log-level'], LOG_LEVELS),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        once: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        dir: { type: 'string' },
        seed: { type: 'string', default: '1' },
        sql: { type: 'string' },
        lang: { type: 'string', default: 'en' },
        'log-level': { type: 'string', default: 'error' },
      },
    }).values;
  } catch (thrown) {
    throw badUsage(toError(thrown).message.split('\n', 1)[0] ?? '');
  }
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw badUsage(`--${name} cannot be "${value}"; allowed: ${allowed.join(', ')}`);
  return found;
}

function badUsage(message: string): SyncError {
  return new SyncError('config', message, { advice: 'See `npm run demo -- --help`.' });
}
