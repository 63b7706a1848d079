import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { expect, test } from 'vitest';
import { createSideDispatcher } from '../../../src/http/dispatcher.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl)(
  'a side whose certificate nobody vouches for is not spoken to (skipped without openssl)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '1',
        '-subj',
        '/CN=localhost',
      ],
      { stdio: 'ignore' },
    );
    let spoken = 0;
    const server = createServer(
      { key: readFileSync(key), cert: readFileSync(cert) },
      (_request, response) => {
        spoken += 1;
        response.end('{}');
      },
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const side = createSideDispatcher();
    try {
      const { port } = server.address() as AddressInfo;
      await expect(
        request(`https://localhost:${port}/open_api_v1/customers?sign=secret`, {
          dispatcher: side.dispatcher,
        }),
      ).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      expect(spoken).toBe(0);
    } finally {
      await side.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test('nothing in the program turns the verification of certificates off', () => {
  const source = fileURLToPath(new URL('../../../src', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(ts|mjs)$/.test(name),
  );
  expect(files.length).toBeGreaterThan(200);
  const off = files.filter((name) =>
    /rejectUnauthorized['"]?\s*:\s*false|NODE_TLS_REJECT_UNAUTHORIZED|checkServerIdentity/.test(
      readFileSync(join(source, name), 'utf8'),
    ),
  );
  expect(off).toEqual([]);
});
