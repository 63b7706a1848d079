import { z } from 'zod';
import { type ConfigAdapters, loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { type SyncError, toError } from '../../../src/errors.ts';

/** Stand-ins, so that these tests do not depend on any adapter of the project. */
export const ADAPTERS: ConfigAdapters = {
  postgres: {
    schema: z.strictObject({
      adapter: z.literal('postgres'),
      url: z.string(),
      table: z.string(),
      key: z.string().optional(),
      phones: z.strictObject({ column: z.string() }).optional(),
      emails: z
        .union([z.strictObject({ column: z.string() }), z.strictObject({ columns: z.array(z.string()) })])
        .optional(),
    }),
  },
  memory: { schema: z.strictObject({ adapter: z.literal('memory') }) },
};

export const ENV = {
  UDESK_TOKEN: 'tok-0123456789abcdef',
  CRM_DATABASE_URL: 'postgres://crm:pa55word@db.local:5432/crm?sslmode=verify-full',
};

export const MINIMAL = `
pairs:
  - name: main
    udesk: { baseUrl: 'https://demo.udesk.cn', email: admin@example.com, token: '\${UDESK_TOKEN}' }
    crm: { adapter: postgres, url: '\${CRM_DATABASE_URL}', table: contact }
    fields:
      - { udesk: nick_name, crm: name }
`;

export function load(yaml: string, env: Record<string, string> = ENV): Config {
  return loadConfig({ env, readFile: () => yaml, adapters: ADAPTERS });
}

/** The error that loading ends in; fails the test when it does not. */
export function failure(yaml: string, env: Record<string, string> = ENV): SyncError {
  try {
    load(yaml, env);
  } catch (thrown) {
    return toError(thrown) as SyncError;
  }
  throw new Error('the configuration was accepted');
}
