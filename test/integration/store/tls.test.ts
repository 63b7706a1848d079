/** A real Postgres with TLS, whose certificates are made here: whom `sslmode` in DATABASE_URL and `crm.url` lets in. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createPool } from '../../../src/crm/postgres/pool.ts';
import { raw } from '../../../src/crm/postgres/sql.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { serverAccount } from '../../../src/store/embedded/account.ts';
import {
  type EmbeddedPostgres,
  removeDataDir,
  startEmbeddedPostgres,
} from '../../../src/store/embedded/start.ts';
import { temporaryFolder } from '../../support/child.ts';
import { FAST } from '../../support/postgres-setup.ts';
import { runProgram } from '../../support/program.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const cleanups: (() => unknown)[] = [];

/** Its certificate is signed by `authority.pem`, and names `localhost` alone. */
let signed: EmbeddedPostgres;
/** Its certificate is signed by itself, and names `127.0.0.1` alone. */
let selfSigned: EmbeddedPostgres;

beforeAll(async () => {
  if (!hasOpenssl) return;
  makeSelfSigned('authority', ['-subj', '/CN=an authority of our own']);
  makeSelfSigned('stranger', ['-subj', '/CN=another authority']);
  makeSelfSigned('alone', ['-subj', '/CN=alone', '-addext', 'subjectAltName=IP:127.0.0.1']);
  openssl(
    `req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=db -keyout ${file('db.key')} -out ${file('db.csr')}`,
  );
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost');
  openssl(
    `x509 -req -in ${file('db.csr')} -CA ${file('authority.pem')} -CAkey ${file('authority.key')} -CAcreateserial -days 1 -extfile ${file('names')} -out ${file('db.pem')}`,
  );
  [signed, selfSigned] = await Promise.all([start('db'), start('alone')]);
}, 120_000);

afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!hasOpenssl)('a Postgres with TLS (skipped without openssl)', () => {
  test.each(['verify-full', 'verify-ca'])(
    'that nobody vouches for is refused with sslmode=%s, and the error says what to do',
    async (sslmode) => {
      const error = await refused(url(selfSigned, '127.0.0.1', { sslmode }));
      expect(error).toMatchObject({
        kind: 'config',
        message: expect.stringContaining('could not be trusted over TLS (DEPTH_ZERO_SELF_SIGNED_CERT)'),
        details: { advice: expect.stringMatching(/sslrootcert=.*NODE_EXTRA_CA_CERTS/) },
      });
      expect(await refused(url(signed, 'localhost', { sslmode }))).toMatchObject({
        kind: 'config',
        details: {
          code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
          advice: expect.stringMatching(/sslrootcert=.*NODE_EXTRA_CA_CERTS/),
        },
      });
    },
  );

  test.each(['verify-full', 'verify-ca'])(
    'whose authority is named by sslrootcert is connected to with sslmode=%s',
    async (sslmode) => {
      const byName = url(signed, 'localhost', { sslmode, sslrootcert: file('authority.pem') });
      expect(await encrypted(byName)).toBe(true);
      const byAddress = url(selfSigned, '127.0.0.1', { sslmode, sslrootcert: file('alone.pem') });
      expect(await encrypted(byAddress)).toBe(true);
    },
  );

  test('whose authority is another one than sslrootcert names is refused', async () => {
    const sslrootcert = file('stranger.pem');
    expect(await refused(url(signed, 'localhost', { sslmode: 'verify-full', sslrootcert }))).toMatchObject({
      kind: 'config',
      details: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
    });
  });

  test.each(['verify-full', 'verify-ca'])(
    'whose certificate is for another name than the URL says is refused with sslmode=%s, by address, too',
    async (sslmode) => {
      const sslrootcert = file('authority.pem');
      expect(await refused(url(signed, '127.0.0.1', { sslmode, sslrootcert }))).toMatchObject({
        kind: 'config',
        details: { code: 'ERR_TLS_CERT_ALTNAME_INVALID', advice: expect.stringContaining('host name') },
      });
      const own = { sslmode, sslrootcert: file('alone.pem') };
      expect(await refused(url(selfSigned, 'localhost', own))).toMatchObject({
        details: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      });
    },
  );

  test('whose authority NODE_EXTRA_CA_CERTS names is connected to by the program', async () => {
    const database = url(signed, 'localhost', { sslmode: 'verify-full' });
    const config = file('c.yaml');
    writeFileSync(
      config,
      `pairs:
  - name: main
    udesk: { baseUrl: 'https://demo.udesk.cn', email: a@example.com, token: '\${T}' }
    crm: { adapter: postgres, url: 'postgres://localhost/crm', table: contact }
    fields: [{ udesk: nick_name, crm: name }]
`,
    );
    const given = { T: 'token', DATABASE_URL: database, NODE_EXTRA_CA_CERTS: file('authority.pem') };
    const migrated = await runProgram(['migrate', '--config', config], given);
    expect([migrated.code, migrated.stderr]).toEqual([0, expect.anything()]);
  });

  test('is spoken to without a certificate that is verified where sslmode=require asks for no more', async () => {
    expect(await encrypted(url(selfSigned, 'localhost', { sslmode: 'require' }))).toBe(true);
  });

  test('that is a CRM is refused and taken likewise', async () => {
    const read = async (crmUrl: string) => {
      const pool = createPool({ url: crmUrl, pair: 'main', size: 1 });
      try {
        return await pool.read((session) => session.query(raw("select 'there' as it")));
      } finally {
        await pool.close();
      }
    };
    const sslmode = 'verify-full';
    await expect(read(url(signed, 'localhost', { sslmode }))).rejects.toMatchObject({
      kind: 'config',
      details: { advice: expect.stringMatching(/sslrootcert=.*`crm.url`.*NODE_EXTRA_CA_CERTS/) },
    });
    const sslrootcert = file('authority.pem');
    await expect(read(url(signed, '127.0.0.1', { sslmode, sslrootcert }))).rejects.toMatchObject({
      kind: 'config',
      details: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    expect(await read(url(signed, 'localhost', { sslmode, sslrootcert }))).toEqual([{ it: 'there' }]);
  });

  test('that has no TLS, where sslmode asks for it, is told as that', async () => {
    for (const sslmode of ['require', 'verify-full']) {
      const error = await refused(withSearch(inject('postgresUrl'), { sslmode }));
      expect(error).toMatchObject({ details: { advice: expect.stringContaining('ssl=on') } });
    }
  });
});

test.each([
  ['that is not there', '/nonexistent/ca.pem', 'cannot be read (ENOENT)'],
  ['that holds no certificate', import.meta.filename, 'holds no certificate'],
])('a file of sslrootcert %s is a config error that names it', async (_case, path, words) => {
  const search = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: path });
  expect(await refused(`postgres://desk:Secret@localhost:1/x?${search}`)).toMatchObject({
    kind: 'config',
    message: expect.stringMatching(new RegExp(`^database\\.url .*${path}.*`)),
    details: { advice: expect.stringContaining('PEM') },
  });
  expect((await refused(`postgres://desk:Secret@localhost:1/x?${search}`)).message).toContain(words);
});

async function refused(databaseUrl: string): Promise<Error> {
  try {
    const database = await openDatabase({ url: databaseUrl, dataDir: '/nonexistent', max: 1 });
    await database.close();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was connected to');
}

async function encrypted(databaseUrl: string): Promise<boolean> {
  const database = await openDatabase({ url: databaseUrl, dataDir: '/nonexistent', max: 1 });
  try {
    const [row] = await database.sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
    return row?.ssl;
  } finally {
    await database.close();
  }
}

function url(server: EmbeddedPostgres, host: string, search: Record<string, string>): string {
  const target = new URL(server.url('postgres'));
  target.hostname = host;
  return withSearch(target.href, search);
}

function withSearch(databaseUrl: string, search: Record<string, string>): string {
  return `${databaseUrl}?${new URLSearchParams(search)}`;
}

async function start(name: string): Promise<EmbeddedPostgres> {
  const flags = [
    'ssl=on',
    `ssl_cert_file=${file(`${name}.pem`)}`,
    `ssl_key_file=${file(`${name}.server.key`)}`,
  ];
  copyFileSync(file(`${name}.key`), file(`${name}.server.key`));
  const account = serverAccount(file('none'));
  if (account !== undefined) chownSync(file(`${name}.server.key`), account.uid, account.gid);
  const server = await startEmbeddedPostgres({
    dataDir: temporaryFolder(),
    flags: [...FAST, ...flags.flatMap((setting) => ['-c', setting])],
    tcpPort: 'auto',
  });
  cleanups.push(async () => {
    await server.stop();
    removeDataDir(server);
  });
  return server;
}

function makeSelfSigned(name: string, further: readonly string[]): void {
  openssl(
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -keyout ${file(`${name}.key`)} -out ${file(`${name}.pem`)}`,
    further,
  );
}

function openssl(command: string, further: readonly string[] = []): void {
  execFileSync('openssl', [...command.split(' '), ...further], { stdio: 'ignore' });
}
