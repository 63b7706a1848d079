// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration, not of JavaScript
/** Keeps docs/adapters.md true: its examples load and make an adapter, and it names every key of the `http` block. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openCrm } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { httpConfigSchema } from '../../../src/crm/http/config.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/adapters.md', import.meta.url)), 'utf8');
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');

describe('docs/adapters.md', () => {
  test.each(examples.map((example, at) => [at + 1, example] as const))(
    'example %i is a configuration that works',
    async (_, example) => {
      const text = `pairs:
  - name: main
    udesk: { baseUrl: 'https://demo.udesk.cn', email: admin@example.com, token: '\${UDESK_TOKEN}' }
${example.replace(/^(?=.)/gm, '    ')}`;
      const env = { UDESK_TOKEN: 'tok-0123456789abcdef', CRM_SECRET: 'sixteen-characters' };
      const [pair] = loadConfig({ env, readFile: () => text, adapters: crmAdapters }).pairs;
      if (pair === undefined) throw new Error('no pair');
      const side = await openCrm(pair);
      expect(side.manifest).toMatchObject({ adapter: 'http', canDelete: true, capacity: { phones: 2 } });
      await side.close();
    },
  );

  test('it has two examples, and names every key', () => {
    expect(examples).toHaveLength(2);
    const words = new Set(
      [...page.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].flatMap(
        (match) => match[1]?.match(/\w+/g) ?? [],
      ),
    );
    const keys = new Set<string>();
    keysOf(z.toJSONSchema(httpConfigSchema, { io: 'input', unrepresentable: 'any' }), keys);
    expect([...keys].filter((key) => !words.has(key))).toEqual([]);
    expect(keys.size).toBeGreaterThan(60);
  });
});

function keysOf(schema: unknown, into: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  if ('properties' in schema) for (const key of Object.keys(schema.properties as object)) into.add(key);
  for (const part of Object.values(schema)) keysOf(part, into);
}
