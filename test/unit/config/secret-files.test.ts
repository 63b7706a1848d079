// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration, not of JavaScript
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { type SyncError, toError } from '../../../src/errors.ts';
import { ADAPTERS, MINIMAL } from './support.ts';

const SECRET = 'tok-from-a-file-0123456789';
const CRM = 'postgres://crm:pa55word@db.local:5432/crm?sslmode=verify-full';

function load(env: Record<string, string>, files: Record<string, string> = {}, mode = 0o100600): Config {
  return loadConfig({
    env: { CRM_DATABASE_URL: CRM, ...env },
    readFile: (path) => {
      if (path === 'config/udesk-sync.yaml') return MINIMAL;
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return text;
    },
    modeOf: () => mode,
    adapters: ADAPTERS,
  });
}

function failure(env: Record<string, string>, files: Record<string, string> = {}): SyncError {
  try {
    load(env, files);
  } catch (thrown) {
    return toError(thrown) as SyncError;
  }
  throw new Error('the configuration was accepted');
}

describe('a variable whose value stands in a file', () => {
  it('is what the file holds, without the line end that editors add', () => {
    for (const text of [SECRET, `${SECRET}\n`, `${SECRET}\r\n`]) {
      const config = load({ UDESK_TOKEN_FILE: '/etc/secrets/token' }, { '/etc/secrets/token': text });
      expect(config.pairs[0]?.udesk.token).toBe(SECRET);
      expect(config.warnings).toEqual([]);
    }
  });

  it('is the database of the mirror as well, where the file of the configuration names none', () => {
    const url = 'postgres://localhost/mirror';
    const env = { UDESK_TOKEN: SECRET, DATABASE_URL_FILE: '/run/secrets/database_url' };
    expect(load(env, { '/run/secrets/database_url': url }).database.url).toBe(url);
    expect(failure(env).message).toMatch(
      /database\.url \(line \d+\): cannot be read from the file that DATABASE_URL_FILE names, \/run\/secrets\/database_url \(ENOENT\)/,
    );
  });

  it.each([
    ['given twice', { UDESK_TOKEN: SECRET }, SECRET, /given twice, by UDESK_TOKEN and by UDESK_TOKEN_FILE/],
    ['empty', {}, ' \n', /\/s\/token is empty/],
    ['of several lines', {}, `${SECRET}\nmore\n`, /holds more than one line/],
  ])('is refused when it is %s, and no secret is told', (_what, env, text, words) => {
    const error = failure({ ...env, UDESK_TOKEN_FILE: '/s/token' }, { '/s/token': text });
    expect(error.kind).toBe('config');
    expect(error.message).toMatch(words);
    expect(error.message).not.toContain(SECRET);
  });

  it('is refused when the file cannot be read, with its name and the reason', () => {
    const { message } = failure({ UDESK_TOKEN_FILE: '/s/gone' });
    expect(message).toContain('pairs[0].udesk.token');
    expect(message).toContain('UDESK_TOKEN_FILE names, /s/gone (ENOENT)');
  });

  it('warns once of a file that every user can read, except among the secrets of a container', () => {
    const open = (path: string, mode: number) =>
      load({ UDESK_TOKEN_FILE: path }, { [path]: SECRET }, mode).warnings;
    expect(open('/etc/token', 0o100644)).toMatchObject([{ advice: expect.stringContaining('chmod 600') }]);
    expect(open('/etc/token', 0o100640)).toEqual([]);
    expect(open('/run/secrets/token', 0o100444)).toEqual([]);
  });
});
