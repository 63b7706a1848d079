/** A Postgres that listens on ::1, by the addresses that people write. */
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPool } from '../../../src/crm/postgres/pool.ts';
import { raw } from '../../../src/crm/postgres/sql.ts';
import { openDatabase } from '../../../src/store/database.ts';
import {
  type EmbeddedPostgres,
  removeDataDir,
  startEmbeddedPostgres,
} from '../../../src/store/embedded/start.ts';
import { temporaryFolder } from '../../support/child.ts';
import { FAST } from '../../support/postgres-setup.ts';

const hasIpv6 = await new Promise<boolean>((resolve) => {
  const server = net.createServer().once('error', () => resolve(false));
  server.listen(0, '::1', () => server.close(() => resolve(true)));
});

describe.skipIf(!hasIpv6)('a Postgres on ::1 (skipped on a machine without IPv6)', () => {
  let server: EmbeddedPostgres;
  let url: string;

  beforeAll(async () => {
    const flags = [...FAST, '-c', 'listen_addresses=::1'];
    server = await startEmbeddedPostgres({ dataDir: temporaryFolder(), flags, tcpPort: 'auto' });
    url = server.url('postgres').replace('127.0.0.1', '[::1]');
  }, 60_000);

  afterAll(async () => {
    await server?.stop();
    if (server !== undefined) removeDataDir(server);
  });

  test.each(['?', '?host=::1&', '?host=%5B::1%5D&'])('is reached as the mirror (%s)', async (search) => {
    const database = await openDatabase({ url: url + search, dataDir: '/nonexistent', max: 2 });
    try {
      expect(database.description).toContain(`database "postgres" on [::1]:${server.port}`);
      const [row] = await database.sql`select host(inet_server_addr()) as address`;
      expect(row).toEqual({ address: '::1' });
      // What listens makes a connection of its own from the same options.
      const { unlisten } = await database.sql.listen('anything', () => {});
      await unlisten();
    } finally {
      await database.close();
    }
  });

  test('is reached as a CRM', async () => {
    const pool = createPool({ url, pair: 'main', size: 1 });
    try {
      const rows = await pool.read((session) =>
        session.query(raw('select host(inet_server_addr()) as address')),
      );
      expect(rows).toEqual([{ address: '::1' }]);
    } finally {
      await pool.close();
    }
  });
});
