/** What somebody from outside does: lays an adapter out, reads what is left, and follows docs/adapters.md until it passes. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const REPO = join(import.meta.dirname, '../../..');
const guide = readFileSync(join(REPO, 'docs/adapters.md'), 'utf8');
/** Path → code, as the guide has it. */
const blocks = new Map(
  [...guide.matchAll(/```ts\n(\/\/ (\S+)\n[\s\S]*?)```/g)].map(([, code = '', path = '']) => [path, code]),
);

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'udesk-sync-outside-'));
  for (const path of ['src', 'test/conformance', 'test/support/new-adapter', 'package.json', 'biome.json']) {
    cpSync(join(REPO, path), join(root, path), { recursive: true });
  }
  symlinkSync(join(REPO, 'node_modules'), join(root, 'node_modules'));
  const strict = JSON.parse(readFileSync(join(REPO, 'tsconfig.json'), 'utf8')) as object;
  const include = ['src/crm/registry.ts', ...['toy', 'acme-crm'].flatMap((name) => OWN(name))];
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify({ ...strict, include }));
  const config = { cacheDir: join(root, '.cache'), test: { include: ['test/conformance/toy.conf.test.ts'] } };
  writeFileSync(join(root, 'vitest.config.ts'), `export default ${JSON.stringify(config)};`);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const OWN = (name: string) => [
  `src/crm/${name}`,
  `test/conformance/${name}-harness.ts`,
  `test/conformance/${name}.conf.test.ts`,
];

function run(program: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const { PATH, HOME } = process.env;
  const child = spawn(program, args, { cwd: root, env: { PATH, HOME, NO_COLOR: '1' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, output }));
  });
}

const tool = (name: string, ...args: string[]) => run(join(root, 'node_modules/.bin', name), ...args);
const lay = (name: string) => run(process.execPath, 'test/support/new-adapter/command.ts', name);

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
  /** What the failures call not written yet. */
  readonly left: readonly string[];
}

async function suite(): Promise<Outcome> {
  const file = join(root, 'outcome.json');
  const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${file}`];
  const { output } = await tool('vitest', 'run', '--config', 'vitest.config.ts', ...reporters);
  const told = JSON.parse(readFileSync(file, 'utf8')) as { numPassedTests: number; numFailedTests: number };
  const left = [
    ...output.matchAll(/toy: (\S+) is not written yet\. It must .+ \(docs\/adapters\.md, "Step \d: /g),
  ];
  return {
    passed: told.numPassedTests,
    failed: told.numFailedTests,
    output,
    left: [...new Set(left.map(([, what = '']) => what))].sort(),
  };
}

function follow(...paths: string[]): void {
  for (const path of paths) {
    const code = blocks.get(path);
    if (code === undefined) throw new Error(`docs/adapters.md has no block for ${path}`);
    writeFileSync(join(root, path), code);
  }
}

test('what is laid out compiles, is not there twice, and a bad name is told', async () => {
  for (const name of ['toy', 'acme-crm']) expect(await lay(name)).toMatchObject({ code: 0 });
  expect(await lay('toy')).toMatchObject({ code: 2, output: expect.stringContaining('there already') });
  expect(await lay('Toy')).toMatchObject({ code: 2, output: expect.stringContaining('as in acme-crm') });
  expect(await tool('tsc', '--noEmit')).toEqual({ code: 0, output: '' });
  const lint = await tool('biome', 'lint', '--vcs-enabled=false', ...OWN('toy'), ...OWN('acme-crm'));
  expect(lint.output).toContain('No fixes applied');
  expect(lint.code).toBe(0);
});

test('the suite fails with what is left to write, and each step of the guide takes some of it away', async () => {
  const bare = await suite();
  expect(bare.passed).toBe(0);
  // In the order of the alphabet; what stands behind the first missing call of a test shows up later.
  expect(bare.left).toEqual([
    'create()',
    'enumerate()',
    'harness.count()',
    'harness.insert()',
    'harness.insertMany()',
  ]);

  follow('test/conformance/toy-harness.ts');
  const person = await suite();
  expect(person.left).toEqual(['check()', 'create()', 'delete()', 'enumerate()', 'lookup()', 'read()']);
  const [shown = 'no message'] = /toy: read\(\)[^)]*\)/.exec(guide) ?? [];
  expect(person.output).toContain(shown.replace(/\s+/g, ' '));

  const observing = ['config', 'manifest', 'api', 'observe'].map((part) => `src/crm/toy/${part}.ts`);
  follow(...observing);
  const seen = await suite();
  expect(seen.left).toEqual(['create()', 'delete()', 'update()']);
  expect(seen.passed).toBeGreaterThan(15);
});

test('the guide, followed to its end, is an adapter that passes the whole suite', async () => {
  const parts = ['config', 'manifest', 'api', 'observe', 'write'].map((part) => `src/crm/toy/${part}.ts`);
  expect([...blocks.keys()]).toEqual(['test/conformance/toy-harness.ts', ...parts]);
  follow(...blocks.keys());
  rmSync(join(root, 'src/crm/toy/missing.ts'));
  const registry = join(root, 'src/crm/registry.ts');
  const listed = readFileSync(registry, 'utf8')
    .replace(/^export const .*$/m, '$&\n  [toyAdapter.name]: toyAdapter,')
    .replace(/^import .*postgres.*$/m, "$&\nimport { toyAdapter } from './toy/adapter.ts';");
  writeFileSync(registry, listed);
  const { failed, passed, left, output } = await suite();
  expect({ failed, left }, output).toEqual({ failed: 0, left: [] });
  expect(passed).toBeGreaterThan(50);
  expect(output).toContain('[no open transactions in this store]');
  expect(await tool('tsc', '--noEmit')).toEqual({ code: 0, output: '' });
  const check = await tool('biome', 'check', '--vcs-enabled=false', ...OWN('toy'));
  expect(check, check.output).toMatchObject({ code: 0 });
});
