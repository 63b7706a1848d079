import { expect, test } from 'vitest';
import { driverOptions, postgresTarget } from '../../../src/lib/postgres-driver.ts';
import {
  describePostgresTarget,
  exposureOfUrl,
  PostgresUrlError,
  parsePostgresUrl,
} from '../../../src/lib/postgres-url.ts';

test.each([
  [
    'postgres://desk:pw@db.example.com:6543/sync',
    { host: 'db.example.com', port: 6543, database: 'sync', username: 'desk', password: 'pw' },
  ],
  ['postgresql://desk@db/sync', { host: 'db', port: 5432, database: 'sync', username: 'desk' }],
  ['postgres://desk@/sync?host=/run/pg', { host: '/run/pg', port: 5432, database: 'sync', username: 'desk' }],
  [
    'postgres:///sync?host=%2Frun%2Fpg&port=5433&user=desk',
    { host: '/run/pg', port: 5433, database: 'sync', username: 'desk' },
  ],
  ['postgres://desk@%2Frun%2Fpg/sync', { host: '/run/pg', port: 5432, database: 'sync', username: 'desk' }],
  [
    'postgres://desk:a%40b%3Ac%2F%23@[::1]:5432/s%20p',
    { host: '::1', port: 5432, database: 's p', username: 'desk', password: 'a@b:c/#' },
  ],
  [
    'postgres://desk:a@b@db/sync',
    { host: 'db', port: 5432, database: 'sync', username: 'desk', password: 'a@b' },
  ],
  ['postgres://desk@/sync?host=[::1]', { host: '::1', port: 5432, database: 'sync', username: 'desk' }],
  ['postgres://desk@db', { host: 'db', port: 5432, database: 'desk', username: 'desk' }],
  [
    'postgres://db/sync?sslmode=require&application_name=x',
    { host: 'db', port: 5432, database: 'sync', ssl: 'require', connection: { application_name: 'x' } },
  ],
  [
    'postgres://db/sync?sslmode=verify-ca&sslrootcert=%2Fetc%2Fca.pem',
    { host: 'db', port: 5432, database: 'sync', ssl: 'verify-full', caFile: '/etc/ca.pem' },
  ],
  [
    'postgres://db/sync?sslmode=verify-full&sslrootcert=system',
    { host: 'db', port: 5432, database: 'sync', ssl: 'verify-full' },
  ],
  ['postgres://db/sync?sslmode=disable', { host: 'db', port: 5432, database: 'sync', ssl: false }],
])('%s is understood', (url, expected) => {
  expect(parsePostgresUrl(url)).toEqual(expected);
});

test.each([
  'mysql://desk:Secret@db/sync',
  'Secret',
  'postgres://desk:Secret@db:port/sync',
  'postgres://desk:Secret@db:99999/sync',
  'postgres://desk:Sec%ret@db/sync',
  'postgres://desk:Secret@a,b/sync',
  'postgres://desk:Secret@/sync?host=a,b',
  'postgres://desk:Secret@db/sync?sslmode=Secret',
  'postgres://desk:Secret@db/sync?sslmode=require&sslrootcert=/ca.pem',
  'postgres://desk:Secret@db/sync?sslrootcert=/ca.pem',
])('what is no Postgres URL is refused without being repeated (%#)', (url) => {
  const error = (() => {
    try {
      return parsePostgresUrl(url);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(PostgresUrlError);
  expect(`${(error as PostgresUrlError).message} ${(error as PostgresUrlError).advice}`).not.toMatch(
    /Secret|Sec%ret/,
  );
});

test('a target is described without user and password', () => {
  expect(describePostgresTarget(parsePostgresUrl('postgres://desk:pw@db/sync'))).toBe(
    'database "sync" on db:5432',
  );
  expect(describePostgresTarget(parsePostgresUrl('postgres://desk:pw@/sync?host=/s'))).toBe(
    'database "sync" at the socket in /s',
  );
  expect(describePostgresTarget(parsePostgresUrl('postgres://desk:pw@[::1]/sync'))).toBe(
    'database "sync" on [::1]:5432',
  );
});

test('the driver, which cuts a host at its colons, gets an address as a list, and the folder of a socket as a text', () => {
  const given = (url: string) => driverOptions(parsePostgresUrl(url));
  expect(given('postgres://desk:pw@[::1]:5433/sync')).toMatchObject({ host: ['::1'], port: [5433] });
  expect(given('postgres://desk@/sync?host=/s')).toMatchObject({ host: '/s', port: 5432 });
});

test.each(['sslmode=require', 'sslmode=verify-full', 'sslmode=verify-full&sslrootcert=/nonexistent/ca.pem'])(
  'a socket, which has no TLS, is asked for none with %s',
  (search) => {
    expect(driverOptions(postgresTarget(`postgres://desk@/sync?host=/s&${search}`))).toEqual({
      host: '/s',
      port: 5432,
      database: 'sync',
      username: 'desk',
    });
  },
);

test('a server on the network is asked for the TLS that sslmode says', () => {
  const given = driverOptions(postgresTarget('postgres://desk@db/sync?sslmode=require'));
  expect(given).toMatchObject({ host: ['db'], ssl: 'require' });
});

test.each([
  ['postgres://db.example.com/x', 'plain'],
  ['postgres://10.0.0.7/x?sslmode=disable', 'plain'],
  ['postgres://[2001:db8::1]/x?sslmode=prefer', 'plain'],
  ['postgres://db.example.com/x?sslmode=require', 'unverified'],
  ['postgres://db.example.com/x?ssl=true', 'unverified'],
  ['postgres://db.example.com/x?sslmode=verify-full', null],
  ['postgres://localhost/x', null],
  ['postgres://127.0.0.1/x', null],
  ['postgres://[::1]/x', null],
  ['postgres://postgres:5432/x', null],
  ['postgres:///x?host=/run/pg', null],
  ['https://crm.example.com', null],
])('%s: whoever is on the way (%s)', (url, expected) => {
  expect(exposureOfUrl(url)).toBe(expected);
});
