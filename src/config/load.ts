/**
 * Finds, reads and validates the configuration. Promise: either the whole of it is sound, or one error lists every
 * problem with its place, what is wrong and how to mend it; no secret is ever part of a message.
 */
import type { z } from 'zod';
import { SyncError, toError } from '../errors.ts';
import { exposureOfUrl } from '../lib/postgres-url.ts';
import { didYouMean } from '../lib/suggest.ts';
import { crossCheck, type Draft, isLoopback } from './cross-check.ts';
import { type Env, expandEnv } from './env.ts';
import { formatPath, type Path, type Problem, problemsOf } from './problems.ts';
import {
  type Config,
  type ConfigWarning,
  configSchema,
  emailAlertSchema,
  fieldSchema,
  type PairConfig,
  reportSchema,
} from './schema.ts';
import { readVariable } from './secret-files.ts';
import { readYaml, type YamlFile } from './yaml.ts';

export const DEFAULT_CONFIG_FILE = 'config/udesk-sync.yaml';

/** Each adapter brings the schema of its own block, its `adapter` key included (src/crm/definition.ts). */
export type ConfigAdapters = Readonly<Record<string, { readonly schema: z.ZodType }>>;

export interface LoadOptions {
  /** From `--config`; else `UDESK_SYNC_CONFIG`, else config/udesk-sync.yaml. */
  readonly file?: string | undefined;
  readonly env: Env;
  /** UTF-8 text of a file; throws as node:fs does. */
  readonly readFile: (path: string) => string;
  /** Permission bits of a file, so that secrets which others can read are told; left out: not looked at. */
  readonly modeOf?: (path: string) => number | null;
  readonly adapters: ConfigAdapters;
}

/** Throws `SyncError('config')` that lists all problems. */
export function loadConfig(options: LoadOptions): Config {
  const file = configFile(options.file, options.env);
  const yaml = readYaml(readSource(file, options.readFile), file);
  const expanded = expandEnv(yaml.data ?? {}, options.env, options);
  const problems: Problem[] = [];
  // The variable counts where the file names no database (interface of the project, "Configuration").
  const named =
    isObject(expanded.data) && isObject(expanded.data.database) && 'url' in expanded.data.database;
  const fallback = named ? null : readVariable('DATABASE_URL', options.env, options);
  if (fallback !== null && fallback.problem !== null) {
    problems.push({ path: ['database', 'url'], message: fallback.problem });
  }
  const mayQuote = (path: Path) => !expanded.cameFromEnv(path);

  const parsed = configSchema.safeParse(expanded.data);
  if (!parsed.success) {
    const scope = { schema: configSchema, data: expanded.data, prefix: [], mayQuote };
    problems.push(...problemsOf(parsed.error.issues, scope));
  }
  const crmBlocks = pairsOf(expanded.data).map((pair, index) =>
    parseCrm(pair.crm, ['pairs', index, 'crm'], options.adapters, mayQuote, problems),
  );
  problems.push(...crossCheck(draftOf(expanded.data)));
  const all = withoutEchoes(expanded.problems, problems);
  if (all.length > 0 || !parsed.success) throw problemsError(file, all, yaml);

  const config = parsed.data;
  const url = config.database.url ?? fallback?.value ?? undefined;
  const { url: _, ...database } = config.database;
  return {
    ...config,
    database: { ...database, ...(url === undefined ? {} : { url }) },
    pairs: config.pairs.map((pair, index): PairConfig => ({ ...pair, crm: crmBlocks[index] ?? pair.crm })),
    file,
    warnings: [
      ...warningsOf(config.pairs, mayQuote),
      ...exposures([
        [['database', 'url'], url],
        ...config.pairs.map(({ crm }, n): [Path, unknown] => [['pairs', n, 'crm', 'url'], crm.url]),
      ]),
      ...expanded.warnings,
      ...(fallback?.warning ? [fallback.warning] : []).filter(
        ({ message }) => !expanded.warnings.some((told) => told.message === message),
      ),
    ],
  };
}

/** The file that would be read. */
export function configFile(option: string | undefined, env: Env): string {
  return option ?? (env.UDESK_SYNC_CONFIG || DEFAULT_CONFIG_FILE);
}

function readSource(file: string, readFile: (path: string) => string): string {
  try {
    return readFile(file);
  } catch (thrown) {
    const code = (toError(thrown) as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      throw new SyncError('config', `There is no config file at ${file}.`, {
        code: 'config-missing',
        advice: 'Write one with `udesk-sync init`, or name another with --config or UDESK_SYNC_CONFIG.',
      });
    }
    throw new SyncError('config', `The config file ${file} cannot be read (${code ?? 'unknown reason'}).`, {
      code: 'config-unreadable',
      advice: 'Check that it is a file and that this user may read it.',
    });
  }
}

/** Validates one CRM block with its adapter's own schema; pushes what is wrong. */
function parseCrm(
  block: unknown,
  path: Path,
  adapters: ConfigAdapters,
  mayQuote: (path: Path) => boolean,
  problems: Problem[],
): PairConfig['crm'] | null {
  if (!isObject(block) || typeof block.adapter !== 'string' || block.adapter === '') return null;
  const name = block.adapter;
  const adapter = Object.hasOwn(adapters, name) ? adapters[name] : undefined;
  if (adapter === undefined) {
    const known = Object.keys(adapters);
    const place = [...path, 'adapter'];
    const said = mayQuote(place) ? `"${name}" is not an adapter.` : 'is not an adapter.';
    problems.push({ path: place, message: `${said}${didYouMean(name, known)} Allowed: ${known.join(', ')}` });
    return null;
  }
  const { sandbox, ...own } = block;
  const parsed = adapter.schema.safeParse(own);
  if (!parsed.success) {
    problems.push(
      ...problemsOf(parsed.error.issues, { schema: adapter.schema, data: own, prefix: path, mayQuote }),
    );
    return null;
  }
  // What else it may be is told where the whole file is parsed.
  return { ...(parsed.data as object), adapter: name, ...(typeof sandbox === 'boolean' ? { sandbox } : {}) };
}

/** Reads each part alone, so that one slip does not hide another. */
function draftOf(data: unknown): Draft {
  const http = isObject(data) ? (data.http ?? {}) : {};
  const host = isObject(http) ? (http.host ?? '127.0.0.1') : null;
  return {
    http: typeof host === 'string' && isObject(http) ? { host, hasAuth: isObject(http.auth) } : null,
    people: isObject(http) ? [...namedOf(http.auth, 'users'), ...namedOf(http.auth, 'tokens')] : [],
    mails: (isObject(data) && Array.isArray(data.alerts) ? data.alerts : []).map((alert: unknown) => {
      const parsed = emailAlertSchema.safeParse(alert);
      return parsed.success ? parsed.data : null;
    }),
    reports: (isObject(data) && Array.isArray(data.reports) ? data.reports : []).map((report: unknown) => {
      const parsed = reportSchema.safeParse(report);
      return parsed.success ? parsed.data : null;
    }),
    reportAlerts: (isObject(data) && Array.isArray(data.alerts) ? data.alerts : []).map(
      (alert: unknown) => isObject(alert) && Array.isArray(alert.on) && alert.on.includes('report'),
    ),
    pairs: pairsOf(data).map((pair) => ({
      name: typeof pair.name === 'string' ? pair.name : null,
      udeskKeys: isObject(pair.udesk) ? Object.keys(pair.udesk) : null,
      fields: (Array.isArray(pair.fields) ? pair.fields : []).map((field: unknown) => {
        const parsed = fieldSchema.safeParse(field);
        return parsed.success ? parsed.data : null;
      }),
    })),
  };
}

function namedOf(auth: unknown, key: 'users' | 'tokens'): Draft['people'] {
  const list = isObject(auth) ? auth[key] : null;
  return (Array.isArray(list) ? list : []).flatMap((one: unknown, index) =>
    isObject(one) && typeof one.name === 'string'
      ? [{ name: one.name, path: ['http', 'auth', key, index] }]
      : [],
  );
}

function pairsOf(data: unknown): Record<string, unknown>[] {
  const pairs = isObject(data) ? data.pairs : null;
  return Array.isArray(pairs) ? pairs.map((pair) => (isObject(pair) ? pair : {})) : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problemsError(file: string, problems: readonly Problem[], yaml: YamlFile): SyncError {
  const lines = problems
    .map((problem) => ({ line: yaml.lineOf(problem.path), problem }))
    .sort((a, b) => a.line - b.line)
    .map(
      ({ line, problem }, index) =>
        `  ${index + 1}. ${formatPath(problem.path)} (line ${line}): ${problem.message}`,
    );
  const head = `${file} has ${lines.length === 1 ? 'a problem' : `${lines.length} problems`}:`;
  return new SyncError('config', [head, ...lines].join('\n'), {
    code: 'config-invalid',
    advice: 'Mend the file, then run `udesk-sync check`.',
  });
}

/** A variable that is missing makes its value wrong as well: that second message would only confuse. */
function withoutEchoes(envProblems: readonly Problem[], others: readonly Problem[]): Problem[] {
  const said = new Set(envProblems.map((problem) => formatPath(problem.path)));
  return [...envProblems, ...others.filter((problem) => !said.has(formatPath(problem.path)))];
}

/** Addresses of Postgres servers whose certificate nobody verifies; what is no such address is told elsewhere. */
function exposures(urls: readonly (readonly [Path, unknown])[]): ConfigWarning[] {
  return urls.flatMap(([path, url]) => {
    const exposure = typeof url === 'string' ? exposureOfUrl(url) : null;
    if (exposure === null) return [];
    const what =
      exposure === 'plain'
        ? 'reaches another machine without TLS that is asked for: customers can be read and changed on the way'
        : 'encrypts without verifying the server: whoever answers in its place reads and changes customers';
    const advice = 'Add sslmode=verify-full (and sslrootcert=FILE for an authority of your own).';
    return [{ message: `${formatPath(path)} ${what}.`, advice }];
  });
}

/** A secret that stands in the file itself works, but gets into backups and version control. */
function warningsOf(pairs: readonly PairConfig[], mayQuote: (path: Path) => boolean): ConfigWarning[] {
  return pairs.flatMap((pair, index) => {
    const at: Path = ['pairs', index, 'udesk'];
    const warnings: ConfigWarning[] = [];
    const written = (path: Path, variable: string) => {
      const message = `${formatPath(path)} is written into the file.`;
      warnings.push({ message, advice: `\${${variable}} keeps it out of backups and version control.` });
    };
    for (const key of ['token', 'password'] as const) {
      if (pair.udesk[key] !== undefined && mayQuote([...at, key])) {
        written([...at, key], `UDESK_${key.toUpperCase()}`);
      }
    }
    if (pair.udesk.webhook !== undefined && mayQuote([...at, 'webhook', 'secret'])) {
      written([...at, 'webhook', 'secret'], 'UDESK_HOOK_SECRET');
    }
    const url = new URL(pair.udesk.baseUrl);
    if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
      warnings.push({
        message: `${formatPath([...at, 'baseUrl'])} is not https: requests can be read on the way.`,
        advice: 'Name the address with https://.',
      });
    }
    return warnings;
  });
}
