import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { layOut, writeAdapter } from '../../support/new-adapter/lay-out.ts';

let root: string;
const put = (path: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), '');
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'udesk-sync-new-adapter-'));
  put('src/crm/adapter.ts');
  put('test/conformance/suite.ts');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('new-adapter', () => {
  test.each([
    '',
    'Acme',
    '1crm',
    '-acme',
    'acme-',
    'acme--crm',
    'acme_crm',
    'acme crm',
    'acme/crm',
    '../acme',
    'acme.ts',
    '客户',
    'acme\n',
    'a'.repeat(41),
  ])('the name %j is refused with what to write instead, and nothing is written', (name) => {
    expect(() => writeAdapter(name, root)).toThrow(/no name for an adapter: .* as in acme-crm/);
    expect(readdirSync(join(root, 'src/crm'))).toEqual(['adapter.ts']);
    expect(readdirSync(join(root, 'test/conformance'))).toEqual(['suite.ts']);
  });

  test.each([
    'src/crm/acme/mine.ts',
    'test/conformance/acme-harness.ts',
    'test/conformance/acme.conf.test.ts',
  ])('what is there already is never overwritten: %s', (path) => {
    put(path);
    expect(() => writeAdapter('acme', root)).toThrow(/acme.* is there already; nothing was written/);
    const all = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((one) => /\.ts$/.test(one));
    expect(all.sort()).toEqual([path, 'src/crm/adapter.ts', 'test/conformance/suite.ts'].sort());
  });

  test('a folder that is no copy of udesk-sync is refused', () => {
    rmSync(join(root, 'src'), { recursive: true });
    expect(() => writeAdapter('acme', root)).toThrow('src/crm/adapter.ts is missing');
    expect(existsSync(join(root, 'src'))).toBe(false);
  });

  test('a name with hyphens is a folder, a value of the configuration and names in the code', () => {
    const { files, next } = layOut('acme-crm-2');
    expect(files['src/crm/acme-crm-2/config.ts']).toContain("z.literal('acme-crm-2')");
    expect(files['src/crm/acme-crm-2/adapter.ts']).toContain('export const acmeCrm2Adapter');
    expect(next.join('\n')).toContain("import { acmeCrm2Adapter } from './acme-crm-2/adapter.ts';");
    expect(Object.values(files).filter((text) => text.includes('__'))).toEqual([]);
  });

  test('every step that the files send to is a heading of docs/adapters.md', () => {
    const guide = readFileSync(join(import.meta.dirname, '../../../docs/adapters.md'), 'utf8');
    const steps = Object.values(layOut('acme').files).flatMap((text) => text.match(/Step \d: [^']+/g) ?? []);
    expect(new Set(steps).size).toBe(4);
    expect(steps.filter((step) => !guide.includes(`\n### ${step}\n`))).toEqual([]);
  });
});
