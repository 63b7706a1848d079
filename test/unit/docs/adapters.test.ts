// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration, not of JavaScript
/** Keeps docs/adapters.md and its pages true: their examples load, those of `http` make an adapter, and they name every key of these blocks. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openCrm } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { httpConfigSchema } from '../../../src/crm/http/config.ts';
import { UNVERIFIED } from '../../../src/crm/hubspot/check.ts';
import { hubspotConfigSchema } from '../../../src/crm/hubspot/config.ts';
import { odooConfigSchema } from '../../../src/crm/odoo/config.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { salesforceConfigSchema } from '../../../src/crm/salesforce/config.ts';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
const files = ['adapters.md', ...readdirSync(join(docs, 'adapters')).map((name) => `adapters/${name}`)];
const page = files.map((name) => readFileSync(join(docs, name), 'utf8')).join('\n');
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
const examples = blocks.filter((block) => block.includes('adapter: http\n'));

function pairOf(example: string) {
  const text = `pairs:
  - name: main
    udesk: { baseUrl: 'https://demo.udesk.cn', email: admin@example.com, token: '\${UDESK_TOKEN}' }
${example.replace(/^(?=.)/gm, '    ')}`;
  const secret = 'sixteen-characters';
  const env = {
    UDESK_TOKEN: 'tok-0123456789abcdef',
    CRM_SECRET: secret,
    ODOO_KEY: secret,
    CRM_DATABASE_URL: 'postgres://h/d',
    SALESFORCE_CLIENT_ID: 'client',
    SALESFORCE_CLIENT_SECRET: secret,
  };
  const [pair] = loadConfig({ env, readFile: () => text, adapters: crmAdapters }).pairs;
  if (pair === undefined) throw new Error('no pair');
  return pair;
}

describe('docs/adapters.md and docs/adapters', () => {
  test.each(examples.map((example, at) => [at + 1, example] as const))(
    'example %i is a configuration that works',
    async (_, example) => {
      const side = await openCrm(pairOf(example));
      expect(side.manifest).toMatchObject({ adapter: 'http', canDelete: true, capacity: { phones: 2 } });
      await side.close();
    },
  );

  test('the example of an Odoo is one that could be opened', () => {
    const odoo = blocks.filter((block) => block.includes('adapter: odoo\n'));
    expect(odoo.map((block) => pairOf(block).crm)).toMatchObject([
      { adapter: 'odoo', database: 'mycompany' },
    ]);
  });

  test('the example of a Salesforce org is one that could be opened', () => {
    const salesforce = blocks.filter((block) => block.includes('adapter: salesforce\n'));
    expect(salesforce.map((block) => pairOf(block).crm)).toMatchObject([
      { adapter: 'salesforce', object: 'Contact' },
    ]);
  });

  test('the example of a table in Postgres loads', () => {
    const tables = blocks.filter((block) => block.includes('adapter: postgres\n'));
    expect(tables.map((block) => pairOf(block).crm)).toMatchObject([
      { adapter: 'postgres', version: 'xmin', changedBy: 'version' },
    ]);
  });

  test('it has two examples, and names every key', () => {
    expect(examples).toHaveLength(2);
    const words = new Set(
      [...page.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].flatMap(
        (match) => match[1]?.match(/\w+/g) ?? [],
      ),
    );
    const keys = new Set<string>();
    for (const schema of [httpConfigSchema, odooConfigSchema, salesforceConfigSchema])
      keysOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), keys);
    expect([...keys].filter((key) => !words.has(key))).toEqual([]);
    expect(keys.size).toBeGreaterThan(60);
  });

  test('every adapter has a line and a page, and every link leads somewhere', () => {
    const guide = readFileSync(join(docs, 'adapters.md'), 'utf8');
    const names = Object.keys(crmAdapters);
    expect(names.filter((name) => !guide.includes(`| \`${name}\` |`))).toEqual([]);
    expect(files.slice(1).sort()).toEqual(
      names
        .filter((name) => name !== 'memory')
        .map((name) => `adapters/${name}.md`)
        .sort(),
    );
    const links = files.flatMap((name) =>
      [...readFileSync(join(docs, name), 'utf8').matchAll(/\]\(([^)#:]+)[^):]*\)/g)].map((match) =>
        join(docs, dirname(name), match[1] ?? ''),
      ),
    );
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((path) => !existsSync(path))).toEqual([]);
  });

  test('it names every key of hubspot, and says what `check` says of it', () => {
    const section = readFileSync(join(docs, 'adapters/hubspot.md'), 'utf8');
    const { adapter: _, ...block } = hubspotConfigSchema.parse({ adapter: 'hubspot', token: 'x' });
    const keys = [...Object.keys(block), ...Object.keys(block.limits)];
    expect(keys.filter((key) => !section.includes(`\`${key}\``))).toEqual([]);
    expect(UNVERIFIED).toContain('not yet verified against the live service');
    expect(section.replace(/\s+/g, ' ')).toContain('not yet verified against the live service');
  });
});

function keysOf(schema: unknown, into: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  if ('properties' in schema) for (const key of Object.keys(schema.properties as object)) into.add(key);
  for (const part of Object.values(schema)) keysOf(part, into);
}
