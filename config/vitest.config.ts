import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

export default defineConfig({
  root,
  test: {
    root,
    // Most files wait for Postgres, HTTP or a browser. On two cores vitest alone would run one file at a time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { test: { name: 'unit', root, include: ['test/unit/**/*.test.ts'] } },
      { test: { name: 'property', root, include: ['test/property/**/*.prop.test.ts'] } },
      {
        test: {
          name: 'conformance',
          root,
          include: ['test/conformance/**/*.conf.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'integration',
          root,
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'odoo',
          root,
          include: ['test/odoo/**/*.odoo.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts', 'test/support/odoo/setup.ts'],
          // One Odoo for all of them, and one table of partners.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'simulation',
          root,
          include: ['test/simulation/**/*.sim.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          root,
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts', 'test/support/browser-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
