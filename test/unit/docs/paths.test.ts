/** The documents name files of the program and its tests: those are there. */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Where a path in a document may begin. */
const BASES = ['.', 'src', 'src/web', 'test', 'test/integration', 'docs'];
/** What a reader is led to write, and the notes about Udesk that are not part of the program. */
const OTHERS = ['test/integration/crm/toy-scenario.test.ts', 'udesk/api.md'];
const DOCUMENTS = [
  ...['README.md', 'README.zh-CN.md'],
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** In backticks, with a folder before it; braces and stars stand for several. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`((?:[\w{},*-]+\/)+[\w{},*.-]+\.(?:ts|mjs|sql|md))`/g)].map(
    ([, path = '']) => path,
  );
}

/** `a/{b,c}.ts` is two. */
function expanded(path: string): string[] {
  const braces = /\{([^{}]*)\}/.exec(path);
  if (braces === null) return [path];
  return (braces[1] ?? '').split(',').flatMap((one) => expanded(path.replace(braces[0], one)));
}

function isThere(path: string): boolean {
  return BASES.some((base) =>
    path.includes('*') ? globSync(join(ROOT, base, path)).length > 0 : existsSync(join(ROOT, base, path)),
  );
}

test('each file that a document names is there', () => {
  const named = DOCUMENTS.flatMap((document) =>
    pathsIn(readFileSync(join(ROOT, document), 'utf8'))
      .flatMap(expanded)
      .map((path) => ({ document, path })),
  );
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter(({ path }) => !OTHERS.includes(path) && !isThere(path))).toEqual([]);
});
