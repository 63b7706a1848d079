/** `npm run test:odoo [-- --start] [paths …]`: the tests against a real Odoo; with `--start` one is started first. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const args = process.argv.slice(2);
if (args.includes('--start')) {
  const started = spawnSync(join(import.meta.dirname, 'start.sh'), { cwd: root, stdio: 'inherit' });
  if (started.status !== 0) console.error('Odoo was not started (see above): its tests will be skipped.');
}
const vitest = ['run', '--config', 'config/vitest.config.ts', '--project', 'odoo'];
const rest = args.filter((arg) => arg !== '--start');
const run = spawnSync(join(root, 'node_modules/.bin/vitest'), [...vitest, ...rest], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = run.status ?? 1;
