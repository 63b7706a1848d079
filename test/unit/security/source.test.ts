// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration, not of JavaScript
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { failure, load, MINIMAL } from '../config/support.ts';

const source = fileURLToPath(new URL('../../../src', import.meta.url));
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(source, name), 'utf8') }));

test.each(['0.0.0.0', "'::'", '192.168.1.7', 'sync.example.com'])(
  'an address that other machines reach (%s) is refused without users, and taken with them',
  (host) => {
    expect(failure(`${MINIMAL}http: { host: ${host} }\n`).message).toContain('without a login');
    const hash = `scrypt:16:8:2:${'A'.repeat(22)}:${'B'.repeat(43)}`;
    const users = `auth: { users: [ { name: desk, role: viewer, passwordHash: '${hash}' } ] }`;
    expect(load(`${MINIMAL}http: { host: ${host}, ${users} }\n`).http.auth?.users).toHaveLength(1);
  },
);

test('what a visitor or a callback shows us is compared with a secret in constant time, and nowhere by ===', () => {
  for (const name of ['web/hooks.ts', 'web/auth/secret.ts', 'lib/password.ts']) {
    expect(files.find((file) => file.name === name)?.text, name).toContain('timingSafeEqual(');
  }
  const plain = files
    .filter(({ name }) => name.startsWith('web/'))
    .flatMap(({ name, text }) =>
      [...text.matchAll(/\b\w*(?:secret|csrf|token|password|digest)\w*\s*[!=]==\s*(\w+)/gi)]
        .filter(([, right]) => !['undefined', 'null', 'true', 'false'].includes(right ?? ''))
        .map(([found]) => `${name}: ${found}`),
    );
  expect(plain).toEqual([]);
});

/** The statements of drizzle/, names of our own columns, states and months, time formats, the name of a role that was quoted as an identifier, and what pg-boss says. */
const LOOKED_AT = [
  'store/backfill.ts',
  'store/intents.ts',
  'store/jobs.ts',
  'store/migrate.ts',
  'store/partitions.ts',
  'store/report-conflicts.ts',
  'store/report-traffic.ts',
  'store/reporting-role.ts',
];

test('SQL is put together as text in the files only that somebody has looked at; values are parameters', () => {
  const raw = files
    .filter(({ name }) => /^(store|web|report|cli|engine|daemon)\//.test(name))
    .filter(({ text }) => /sql\.raw\((?!'[^']*'\))|\.unsafe\(\s*(`[^`]*\$\{|\w+[,)])/.test(text))
    .map(({ name }) => name);
  expect(raw.sort()).toEqual(LOOKED_AT);
});
