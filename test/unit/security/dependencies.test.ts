import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string) => JSON.parse(readFileSync(`${root}${path}`, 'utf8'));

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
}

const locked = Object.entries(read('package-lock.json').packages as Record<string, Locked>).filter(
  ([path]) => path !== '',
);

/** Licences that ask for nothing but to be named. What only tests and builds use may have one more. */
const FREE = [
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'Unlicense',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'MIT-0',
  'PostgreSQL',
];
const FOR_TESTS = [...FREE, 'MPL-2.0', 'Python-2.0', 'CC-BY-4.0'];
/** Node for each platform as npm packages: they name no licence or a file of it, and Node itself is MIT. */
const NODE = /^node_modules\/node-(bin-)?(darwin|linux|win)-\w+$/;

/** The lock file does not know every licence; the installed package does. */
function licenceOf(path: string, { license }: Locked): string {
  if (license !== undefined) return license;
  const file = `${path}/package.json`;
  const installed = existsSync(`${root}${file}`) ? read(file).license : undefined;
  return typeof installed === 'string' ? installed : NODE.test(path) ? 'MIT' : 'none';
}

/** One of several that may be chosen is enough. */
function isAllowed(licence: string, allowed: readonly string[]): boolean {
  return licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((one) => allowed.includes(one.trim()));
}

describe('dependencies', () => {
  test('have licences that this program may be given away with', () => {
    const refused = locked
      .map(([path, entry]) => ({ path, licence: licenceOf(path, entry), dev: entry.dev === true }))
      .filter(({ licence, dev }) => !isAllowed(licence, dev ? FOR_TESTS : FREE));
    expect(refused).toEqual([]);
  });

  test('are locked: one version, with a digest of its contents, and never over plain http', () => {
    const loose = locked.filter(
      ([, { version, resolved, integrity }]) =>
        !version || !/^https:\/\//.test(resolved ?? 'https://') || !/^sha512-/.test(integrity ?? ''),
    );
    expect(loose.map(([path]) => path)).toEqual([]);
  });

  test('run no script when they are installed', () => {
    const { allowScripts } = read('package.json') as { allowScripts: Record<string, boolean> };
    expect(Object.values(allowScripts)).not.toContain(true);
  });

  test('have no known vulnerability that is high or worse, as far as the registry says', (context) => {
    const ran = spawnSync(
      'npm',
      ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=8000'],
      {
        cwd: root,
        encoding: 'utf8',
        timeout: 20_000,
      },
    );
    const report = parsed(ran.stdout) as { metadata?: { vulnerabilities?: Record<string, number> } } | null;
    const found = report?.metadata?.vulnerabilities;
    if (found === undefined) {
      const reason = (ran.stderr ?? '').split('\n')[0]?.trim() || ran.error?.message || 'no answer';
      context.skip(`the registry does not answer npm audit: ${reason.slice(0, 120)}`);
      return;
    }
    expect((found.high ?? 0) + (found.critical ?? 0)).toBe(0);
  });
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
