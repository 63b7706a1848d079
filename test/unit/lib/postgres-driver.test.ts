import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { driverOptions, postgresTarget } from '../../../src/lib/postgres-driver.ts';
import { PostgresUrlError } from '../../../src/lib/postgres-url.ts';

const [one = '', other = ''] = rootCertificates.map((pem) => new X509Certificate(pem).toString().trim());

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'udesk-sync-ca-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the file of sslrootcert', () => {
  const given = (text: string) => {
    const file = join(folder, 'ca.pem');
    writeFileSync(file, text);
    return driverOptions(postgresTarget(`postgres://desk@db/sync?sslmode=verify-full&sslrootcert=${file}`));
  };

  test.each([
    ['one below the other', `${one}\n${other}\n`],
    ['with words and empty lines between them', `# ours\r\n${one}\r\n\r\n# theirs\r\n${other}`],
    [
      'with the key of one of them',
      `${one}\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${other}\n`,
    ],
  ])('may hold several certificates, %s: all are trusted', (_case, text) => {
    expect(given(text)).toMatchObject({ ssl: { host: 'db', ca: `${one}\n${other}\n` } });
  });

  const body = other.split('\n');
  test.each([
    ['cut off', body.slice(0, 5).join('\n')],
    ['garbled', body.toSpliced(3, 1, 'AAAA').join('\n')],
    ['empty', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----'],
  ])('whose second certificate is %s is refused', (_case, broken) => {
    for (const text of [`${one}\n${broken}\n`, `${one}\n${broken}\n${one}\n`]) {
      expect(() => given(text)).toThrow(PostgresUrlError);
      expect(() => given(text)).toThrow(/certificate 2 of [23] cannot be read/);
    }
  });

  test.each([[''], ['words\n'], ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n']])(
    'without a certificate is refused (%#)',
    (text) => {
      expect(() => given(text)).toThrow('holds no certificate');
    },
  );
});
