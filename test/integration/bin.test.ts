import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('../../src/bin.mjs', import.meta.url));

/** A Node of this machine that does not strip types; undefined when there is none. */
function oldNode(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
  return folders
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .filter((file) => existsSync(file))
    .find((file) => {
      const version = spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout;
      const [major = 0, minor = 0] = version.replace('v', '').split('.').map(Number);
      return major < 22 || (major === 22 && minor < 18);
    });
}

test('an old Node says in one line how to run udesk-sync, and exits with 2', (context) => {
  const node = oldNode();
  if (node === undefined) return context.skip('this machine has no Node older than 22.19');
  const run = spawnSync(node, [BIN, 'status'], { encoding: 'utf8' });
  expect(run.status).toBe(2);
  expect(run.stdout).toBe('');
  expect(run.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(run.stderr).toMatch(/npx udesk-sync/);
});
